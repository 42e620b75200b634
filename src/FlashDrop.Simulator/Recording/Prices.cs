using FlashDrop.Simulator.Answers;

namespace FlashDrop.Simulator.Recording;

/// <summary>What the upstream charges, USD per million tokens.</summary>
internal sealed record Prices(decimal Input, decimal Output, decimal Cached)
{
    public const decimal CreditsPerUsd = 68m;

    private static readonly Prices Standard = new(0.24m, 2.00m, 0.024m);
    private static readonly Prices Beta = new(0.078m, 0.65m, 0.008m);
    private static readonly Prices Successor = new(0.30m, 2.50m, 0.03m);

    public static Prices Of(string model) =>
        model.EndsWith("-beta", StringComparison.Ordinal) ? Beta
        : model.StartsWith("gemini-3.5", StringComparison.Ordinal) ? Successor
        : Standard;

    public decimal Cost(TokenCounts tokens) =>
        (((tokens.PromptTotal - tokens.CachedTotal) * Input) + (tokens.CachedTotal * Cached) + ((tokens.Candidates + tokens.Thoughts) * Output))
        / 1_000_000m;
}
