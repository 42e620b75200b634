using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Callers;

/// <summary>A named API client.</summary>
public sealed record Caller
{
    /// <summary>Name, 1 to 64 characters of <c>[a-z0-9-]</c>; what usage is billed to.</summary>
    public required string Name { get; init; }

    /// <summary>Whether it may see and change everybody's jobs, and manage callers.</summary>
    public bool IsAdmin { get; init; }

    /// <summary>Tier policy of its requests when they do not ask for one.</summary>
    public TierPolicy TierPolicy { get; init; } = TierPolicy.Standard;

    /// <summary>What it may use of the drop-in endpoints; null for no limits.</summary>
    public CallerLimits? Limits { get; init; }
}

/// <summary>What one caller may use of the drop-in endpoints; a limit that is null does not apply.</summary>
public sealed record CallerLimits
{
    /// <summary>Requests in any 60 seconds, at least 1.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens, prompt and output, in any 60 seconds, at least 1.</summary>
    public long? TokensPerMinute { get; init; }

    /// <summary>Requests at once, at least 1.</summary>
    public int? Concurrent { get; init; }

    /// <summary>Spending per UTC day in USD, more than 0.</summary>
    public decimal? DailyBudgetUsd { get; init; }
}

/// <summary>Knows callers by the hash of their key. Safe for concurrent use; answers from memory in the common case.</summary>
public interface ICallerDirectory
{
    /// <summary>
    /// The caller whose key this is, or null. Compares SHA-256 hashes in constant time; the key itself is stored nowhere.
    /// </summary>
    ValueTask<Caller?> AuthenticateAsync(string presentedKey, CancellationToken cancellationToken);
}
