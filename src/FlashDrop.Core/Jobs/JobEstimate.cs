namespace FlashDrop.Core.Jobs;

/// <summary>
/// What a job was expected to take, told before anything was paid. An estimate for admission and budgets: bills come from the
/// upstream's counts.
/// </summary>
public sealed record JobEstimate
{
    /// <summary>Tokens of the whole request.</summary>
    public required long InputTokens { get; init; }

    /// <summary>Cost of the input in USD at the prices of the first attempt's tier; null when there is no price.</summary>
    public decimal? InputUsd { get; init; }

    /// <summary>The same with an answer that uses up the whole output limit; null when there is no price.</summary>
    public decimal? MaxUsd { get; init; }
}
