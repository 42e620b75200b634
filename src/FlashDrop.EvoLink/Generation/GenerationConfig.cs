using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlashDrop.EvoLink.Generation;

/// <summary>
/// Generation settings, all optional. Ranges are the upstream's for Gemini 2.5 Flash
/// (<see href="https://ai.google.dev/api/generate-content#generationconfig"/>).
/// </summary>
public sealed record GenerationConfig
{
    /// <summary>The largest value <see cref="MaxOutputTokens"/> may take, and what is sent when it is not set.</summary>
    public const int OutputTokenLimit = 65_536;

    /// <summary>Sampling temperature, 0 to 2. Upstream default 1.</summary>
    public double? Temperature { get; init; }

    /// <summary>Nucleus sampling, 0 to 1. Upstream default 0.95.</summary>
    public double? TopP { get; init; }

    /// <summary>Top-k sampling. Upstream default 64.</summary>
    public int? TopK { get; init; }

    /// <summary>Cap on output tokens, thinking included, 1 to 65,536. Always sent; default <see cref="OutputTokenLimit"/>.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Number of candidates; keep 1.</summary>
    public int? CandidateCount { get; init; }

    /// <summary>At most five strings that end the answer.</summary>
    public IReadOnlyList<string>? StopSequences { get; init; }

    /// <summary>Seed for best-effort repeatability.</summary>
    public int? Seed { get; init; }

    /// <summary><c>text/plain</c> (default), <c>application/json</c> or <c>text/x.enum</c>.</summary>
    public string? ResponseMimeType { get; init; }

    /// <summary>OpenAPI-subset schema of the answer; needs a JSON or enum <see cref="ResponseMimeType"/>.</summary>
    public JsonElement? ResponseSchema { get; init; }

    /// <summary>JSON Schema of the answer; excludes <see cref="ResponseSchema"/>.</summary>
    public JsonElement? ResponseJsonSchema { get; init; }

    /// <summary>Presence penalty, −2 to 2. May be refused.</summary>
    public double? PresencePenalty { get; init; }

    /// <summary>Frequency penalty, −2 to 2. May be refused.</summary>
    public double? FrequencyPenalty { get; init; }

    /// <summary><c>MEDIA_RESOLUTION_LOW</c>, <c>MEDIA_RESOLUTION_MEDIUM</c> or <c>MEDIA_RESOLUTION_HIGH</c>.</summary>
    public string? MediaResolution { get; init; }

    /// <summary>Thinking budget and whether thought summaries are returned.</summary>
    public ThinkingConfig? ThinkingConfig { get; init; }

    /// <summary>Settings this type does not name, passed through unchanged.</summary>
    /// <remarks>Settable, because generated JSON code cannot bind extension data that can only be initialised.</remarks>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Other { get; set; }
}

/// <summary>
/// Thinking settings. Give a budget or a level, not both; whichever is given is sent in the form that the model asked understands
/// (<see href="https://ai.google.dev/gemini-api/docs/thinking"/>).
/// </summary>
public sealed record ThinkingConfig
{
    /// <summary>The largest value <see cref="ThinkingBudget"/> may take, in tokens.</summary>
    public const int MaxBudget = 24_576;

    /// <summary>The values <see cref="ThinkingLevel"/> may take, least thinking first.</summary>
    public static IReadOnlyList<string> Levels { get; } = ["minimal", "low", "medium", "high"];

    /// <summary>0 turns thinking off, −1 lets the model decide (upstream default), 1 to <see cref="MaxBudget"/> is a budget in tokens.</summary>
    public int? ThinkingBudget { get; init; }

    /// <summary>One of <see cref="Levels"/>: how models from Gemini 3 on are told.</summary>
    public string? ThinkingLevel { get; init; }

    /// <summary>Whether thought summaries are returned as parts marked <c>thought</c>.</summary>
    public bool? IncludeThoughts { get; init; }
}
