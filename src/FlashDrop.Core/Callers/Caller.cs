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

    /// <summary>What it may use; null for no limits.</summary>
    public CallerLimits? Limits { get; init; }
}

/// <summary>What one caller may use; a limit that is null does not apply.</summary>
public sealed record CallerLimits
{
    /// <summary>Requests that make the model work, in any 60 seconds, at least 1.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens, prompt and output, in any 60 seconds, at least 1; of a job, its prompt as estimated.</summary>
    public long? TokensPerMinute { get; init; }

    /// <summary>Drop-in calls at once, at least 1; jobs wait by themselves and are not counted.</summary>
    public int? Concurrent { get; init; }

    /// <summary>Spending per UTC day in USD, more than 0; calls and jobs together.</summary>
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

/// <summary>Knows callers by name. Safe for concurrent use; answers from memory in the common case.</summary>
public interface ICallerBook
{
    /// <summary>Every caller with its limits, those of the table and those of the configuration; what was known last while the table is away.</summary>
    ValueTask<IReadOnlyDictionary<string, Caller>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>The book of a host without callers.</summary>
internal sealed class NoCallers : ICallerBook
{
    private static readonly IReadOnlyDictionary<string, Caller> None = new Dictionary<string, Caller>(StringComparer.Ordinal);

    public ValueTask<IReadOnlyDictionary<string, Caller>> ListAsync(CancellationToken cancellationToken) => ValueTask.FromResult(None);
}
