using System.Globalization;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink.Requests;

/// <summary>
/// Says how much to think in the form a model understands: Gemini 2.5 takes a budget and no level, Gemini 3 and later take a level, and
/// both together are refused (<see href="https://ai.google.dev/gemini-api/docs/thinking"/>). So a profile need not change with the model.
/// </summary>
internal static class ThinkingForms
{
    private const string Prefix = "gemini-";
    private const int FirstWithLevels = 3;

    // Google's own equivalents of its OpenAI-compatible efforts (https://ai.google.dev/gemini-api/docs/openai#thinking).
    private const int LowBudget = 1024;
    private const int MediumBudget = 8192;

    /// <summary>The request as the model takes it; one for a model that is not named like a Gemini stays as it is.</summary>
    /// <param name="modelId">The model asked, possibly with a path in front.</param>
    /// <param name="request">The request as given.</param>
    public static GenerateContentRequest For(string modelId, GenerateContentRequest request)
    {
        if (request.GenerationConfig is not { ThinkingConfig: { } thinking } config || GenerationOf(modelId) is not { } generation)
        {
            return request;
        }

        var adapted = generation >= FirstWithLevels
            ? thinking with { ThinkingLevel = thinking.ThinkingLevel ?? LevelOf(thinking.ThinkingBudget), ThinkingBudget = null }
            : thinking with { ThinkingBudget = thinking.ThinkingBudget ?? BudgetOf(thinking.ThinkingLevel), ThinkingLevel = null };
        return request with { GenerationConfig = config with { ThinkingConfig = adapted == new ThinkingConfig() ? null : adapted } };
    }

    /// <summary>The generation of a Gemini model id, for example 2 of <c>evolink/gemini-2.5-flash</c>; null when it cannot be told.</summary>
    private static int? GenerationOf(string modelId)
    {
        var name = modelId.AsSpan()[(modelId.LastIndexOf('/') + 1)..];
        if (!name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var version = name[Prefix.Length..];
        var end = version.IndexOfAnyExceptInRange('0', '9');
        return int.TryParse(end < 0 ? version : version[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var generation) ? generation : null;
    }

    private static string? LevelOf(int? budget) => budget switch
    {
        null or < 0 => null,
        0 => "minimal",
        <= LowBudget => "low",
        <= MediumBudget => "medium",
        _ => "high",
    };

    private static int? BudgetOf(string? level) => level?.ToLowerInvariant() switch
    {
        "minimal" => 0,
        "low" => LowBudget,
        "medium" => MediumBudget,
        "high" => ThinkingConfig.MaxBudget,
        _ => null,
    };
}
