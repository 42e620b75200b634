using System.Text.Json.Serialization;

namespace FlashDrop.Core.Budgets;

/// <summary>
/// What a caller's budget of one day is committed to, over all instances: spent, held by jobs under way, and granted to instances that
/// serve reservations from memory. What an instance spends of its grant is in the grant until the instance says so.
/// </summary>
public sealed record BudgetLedger
{
    /// <summary>The UTC day; the ledger of a day that is over counts for nothing.</summary>
    public required DateOnly Day { get; init; }

    /// <summary>USD spent, as far as instances have said.</summary>
    public decimal SpentUsd { get; init; }

    /// <summary>The part of <see cref="SpentUsd"/> that the usage rows of the day do not show: calls whose cost nobody knows, and jobs of other days.</summary>
    public decimal UncountedUsd { get; init; }

    /// <summary>USD reserved by jobs under way.</summary>
    public decimal HeldUsd { get; init; }

    /// <summary>Grants by instance.</summary>
    public IReadOnlyDictionary<string, BudgetGrant> Grants { get; init; } = new Dictionary<string, BudgetGrant>(StringComparer.Ordinal);

    /// <summary>When it was last reconciled with the usage rows, UTC.</summary>
    public DateTimeOffset ReconciledAt { get; init; }

    /// <summary>All of it together, USD.</summary>
    [JsonIgnore]
    public decimal CommittedUsd => SpentUsd + HeldUsd + Grants.Values.Sum(grant => grant.Usd - grant.SettledUsd);
}

/// <summary>What one instance may spend without asking.</summary>
/// <param name="Usd">USD, what it has reserved included.</param>
/// <param name="Number">Number of the instance's write, to tell a write whose answer was lost.</param>
/// <param name="ExpiresAt">When the instance counts as gone, unless it writes again; UTC.</param>
public sealed record BudgetGrant(decimal Usd, long Number, DateTimeOffset ExpiresAt)
{
    /// <summary>
    /// USD that jobs had reserved on this instance and others have settled since its last write: whether they are in its grant still, or among what is
    /// held already, it tells with its next one.
    /// </summary>
    public decimal SettledUsd { get; init; }

    /// <summary>Whether others took the instance for gone and its grant back. What its jobs had reserved is not given back a second time.</summary>
    public bool IsGone { get; init; }
}
