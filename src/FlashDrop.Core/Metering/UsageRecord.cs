using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Metering;

/// <summary>
/// The metered usage of one answered upstream call: exactly one per answered task or request. Written in the same transaction
/// as the job's change, so the sum of the rows is the sum of what was paid.
/// </summary>
public sealed record UsageRecord
{
    /// <summary>Task id, or response/request id for a call without a task: unique within the job's partition.</summary>
    public required string Id { get; init; }

    /// <summary>The job; for a gateway call without a job, an id of its own.</summary>
    public required JobId JobId { get; init; }

    /// <summary>Number of the attempt.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>How the work came in.</summary>
    public required JobOrigin Origin { get; init; }

    /// <summary>Who is billed.</summary>
    public required string Caller { get; init; }

    /// <summary>Profile; for gateway calls the endpoint's format.</summary>
    public required string Profile { get; init; }

    /// <summary>Tier asked for: the price's tier.</summary>
    public required Tier Tier { get; init; }

    /// <summary>The model that answered.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>When the answer was known.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Token counts; null means unknown, which is never zero.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>Exact cost in USD; null when unknown.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>What the same counts cost at the official list price in USD; null when unknown.</summary>
    public decimal? ListUsd { get; init; }

    /// <summary>Whether a model of another family answered.</summary>
    public bool ForeignModel { get; init; }

    /// <summary>Whether no price row matched.</summary>
    public bool Unpriced { get; init; }

    /// <summary>Name of the price row used.</summary>
    public string? PriceRow { get; init; }

    /// <summary>Media kind of the job (<c>image</c>, <c>audio</c>, …), for reports.</summary>
    public string? MediaKind { get; init; }

    /// <summary>Playing time in seconds of the audio or video, when known.</summary>
    public double? MediaSeconds { get; init; }

    /// <summary>Whether the answer arrived after its attempt had been given up or its job cancelled.</summary>
    public bool Late { get; init; }
}
