namespace FlashDrop.Simulator.Recording;

/// <summary>What one answer was charged: the truth a client's own metering can be held against.</summary>
public sealed record UsageRecord
{
    /// <summary>Task id for a task, otherwise the answer's id (<c>responseId</c>; a chat completion's id without <c>chatcmpl-</c>).</summary>
    public required string Id { get; init; }

    /// <summary>Id of the answer.</summary>
    public required string AnswerId { get; init; }

    /// <summary>Model asked for, by whose prices the charge is made.</summary>
    public required string Model { get; init; }

    /// <summary>When it was charged, UTC: for a task, when it completed.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Whole prompt, cached part included.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Part of the prompt served from the cache.</summary>
    public required long CachedTokens { get; init; }

    /// <summary>Visible output.</summary>
    public required long CandidatesTokens { get; init; }

    /// <summary>Thinking.</summary>
    public required long ThoughtsTokens { get; init; }

    /// <summary>Charge in USD.</summary>
    public required decimal CostUsd { get; init; }

    /// <summary>True for a task whose id a fault makes unknown: charged, but nobody can read it.</summary>
    public bool Lost { get; init; }
}

/// <summary>Everything charged so far.</summary>
/// <param name="Count">Number of charges.</param>
/// <param name="PromptTokens">Sum over all charges.</param>
/// <param name="CachedTokens">Sum over all charges.</param>
/// <param name="CandidatesTokens">Sum over all charges.</param>
/// <param name="ThoughtsTokens">Sum over all charges.</param>
/// <param name="CostUsd">Sum over all charges, USD.</param>
/// <param name="Charges">The charges, oldest first.</param>
public sealed record UsageReport(
    int Count, long PromptTokens, long CachedTokens, long CandidatesTokens, long ThoughtsTokens, decimal CostUsd, IReadOnlyList<UsageRecord> Charges)
{
    internal static UsageReport Of(IReadOnlyList<UsageRecord> charges) => new(
        charges.Count, charges.Sum(c => c.PromptTokens), charges.Sum(c => c.CachedTokens), charges.Sum(c => c.CandidatesTokens),
        charges.Sum(c => c.ThoughtsTokens), charges.Sum(c => c.CostUsd), charges);
}
