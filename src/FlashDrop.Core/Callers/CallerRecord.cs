using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Callers;

/// <summary>A caller as the <c>callers</c> table knows it.</summary>
public sealed record CallerRecord
{
    /// <summary>Most keys a caller has, those that have expired not counted.</summary>
    public const int MaxKeys = 8;

    /// <summary>Name, 1 to 64 characters of <c>[a-z0-9-]</c>; never changes.</summary>
    public required string Name { get; init; }

    /// <summary>Its keys, oldest first; only their hashes.</summary>
    public required IReadOnlyList<CallerKey> Keys { get; init; }

    /// <summary>Whether it may see and change everybody's jobs, and manage callers.</summary>
    public bool IsAdmin { get; init; }

    /// <summary>Tier policy of its requests when they do not ask for one.</summary>
    public TierPolicy TierPolicy { get; init; } = TierPolicy.Standard;

    /// <summary>What it may use; null for no limits.</summary>
    public CallerLimits? Limits { get; init; }

    /// <summary>Whether its keys are refused.</summary>
    public bool IsDisabled { get; init; }

    /// <summary>When it was created, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last changed, UTC.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The caller its keys stand for.</summary>
    public Caller ToCaller() => new() { Name = Name, IsAdmin = IsAdmin, TierPolicy = TierPolicy, Limits = Limits };
}

/// <summary>One key of a caller: never the key itself.</summary>
public sealed record CallerKey
{
    /// <summary>Names the key among its caller's, for people.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of the key, 64 lower-case hexadecimal digits.</summary>
    public required string Hash { get; init; }

    /// <summary>Its first characters, to be recognised by.</summary>
    public required string Hint { get; init; }

    /// <summary>When it was made, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>From when on it is refused, UTC; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Whether the key is accepted at a moment.</summary>
    public bool IsValidAt(DateTimeOffset now) => ExpiresAt is not { } end || now < end;
}
