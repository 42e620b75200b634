using System.Text.Json.Serialization;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Jobs;

/// <summary>
/// One unit of work: one question about one set of inputs, from acceptance to result. Immutable; every change goes through
/// <see cref="JobTransitions"/> and is written conditionally on the version it was read at.
/// </summary>
public sealed record Job
{
    /// <summary>Identity.</summary>
    public required JobId Id { get; init; }

    /// <summary>Where the job stands.</summary>
    public required JobState State { get; init; }

    /// <summary>How the job came in.</summary>
    public required JobOrigin Origin { get; init; }

    /// <summary>Who is billed: the name of an API client, or <c>drop:{profile}</c>.</summary>
    public required string Caller { get; init; }

    /// <summary>Name of the profile the request is built from.</summary>
    public required string Profile { get; init; }

    /// <summary>Which tiers its attempts may use.</summary>
    public required TierPolicy TierPolicy { get; init; }

    /// <summary>Name prefix of its blobs in <c>results</c>: <c>{profile}/{path}</c> for a drop, <c>api/{yyyy}/{MM}/{dd}/{id}</c> over HTTP.</summary>
    public required string ResultName { get; init; }

    /// <summary>The drop, when the job came from one.</summary>
    public DropReference? Drop { get; init; }

    /// <summary>Name of the request body in <c>requests</c>; null for a drop, whose request is its profile.</summary>
    public string? RequestName { get; init; }

    /// <summary>How the bare answer of a drop is stored.</summary>
    public OutputKind Output { get; init; }

    /// <summary>What its answer is held against; null when any text will do.</summary>
    public AnswerCheck? Check { get; init; }

    /// <summary>Attempts it may take, holds not counted; at least 1.</summary>
    public int MaxAttempts { get; init; } = 5;

    /// <summary>What the first media input is, once its bytes were looked at; for reports.</summary>
    public MediaSummary? Media { get; init; }

    /// <summary>What it was expected to take; null when that could not be told before it was sent.</summary>
    public JobEstimate? Estimate { get; init; }

    /// <summary>When the job was accepted.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>When the job is given up if it has no result by then.</summary>
    public required DateTimeOffset DeadlineAt { get; init; }

    /// <summary>When the row was last written.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When something is next expected to happen to it (submit or poll); the sweep looks for jobs long past it.</summary>
    public DateTimeOffset DueAt { get; init; }

    /// <summary>When it reached a terminal state.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Number of the current attempt, from 1: the one about to be made while <see cref="JobState.Queued"/>, the live one while <see cref="JobState.Submitted"/>.</summary>
    public int Attempt { get; init; } = 1;

    /// <summary>Every attempt made so far, oldest first; bounded by the attempt limit.</summary>
    public IReadOnlyList<Attempt> Attempts { get; init; } = [];

    /// <summary>How many of the attempts ended in a hold; they do not count against the attempt limit.</summary>
    public int Holds { get; init; }

    /// <summary>How long it has been held over its caller's budget; its deadline moves on by as much.</summary>
    public TimeSpan HeldFor { get; init; }

    /// <summary>When somebody last asked for another attempt after the job had failed; its deadline counts from then. Null for never.</summary>
    public DateTimeOffset? RetriedAt { get; init; }

    /// <summary>Attempts made before <see cref="RetriedAt"/>, holds not among them; they do not count against the attempt limit.</summary>
    public int ForgivenAttempts { get; init; }

    /// <summary>When somebody decided that the failed job needs nothing more; its error is erased from storage then. Null for not.</summary>
    public DateTimeOffset? DiscardedAt { get; init; }

    /// <summary>Id of the live task while <see cref="JobState.Submitted"/>.</summary>
    public string? TaskId { get; init; }

    /// <summary>Why it failed, is held or was last retried.</summary>
    public JobError? Error { get; init; }

    /// <summary>Sum of the attempts' costs in USD; null when any of them is unknown or none was answered.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Token counts of the answer; null when unknown.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>Caller's own labels, at most 16.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = EmptyTags;

    /// <summary>W3C trace context the job was accepted under.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Whether the job has ended. Nothing that happens by itself changes its state again; a failed one can be retried by hand.</summary>
    [JsonIgnore]
    public bool IsTerminal => State is JobState.Succeeded or JobState.Failed or JobState.Cancelled;

    private static readonly Dictionary<string, string> EmptyTags = [];
}

/// <summary>State of a job; see the state diagram in <c>docs/architecture.md</c>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobState>))]
public enum JobState
{
    /// <summary>Accepted, waiting for its next upstream submission.</summary>
    Queued,

    /// <summary>A task is live upstream.</summary>
    Submitted,

    /// <summary>Waiting for the upstream account or a budget; returns to <see cref="Queued"/> by itself.</summary>
    Held,

    /// <summary>Answered; the result is in storage.</summary>
    Succeeded,

    /// <summary>Given up; the error blob says why and what to do.</summary>
    Failed,

    /// <summary>Cancelled by its caller.</summary>
    Cancelled,
}

/// <summary>How a job came in.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobOrigin>))]
public enum JobOrigin
{
    /// <summary>A file in the <c>inbox</c> container.</summary>
    Drop,

    /// <summary><c>POST /api/jobs</c>.</summary>
    Api,

    /// <summary>A drop-in endpoint with <c>X-Async-Mode: true</c>.</summary>
    Gateway,

    /// <summary>A scheduled report's digest.</summary>
    Digest,
}

/// <summary>Which tiers a job may use.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TierPolicy>))]
public enum TierPolicy
{
    /// <summary>The standard tier only.</summary>
    [JsonStringEnumMemberName("standard")]
    Standard,

    /// <summary>The beta tier only.</summary>
    [JsonStringEnumMemberName("beta")]
    Beta,

    /// <summary>The beta tier first, then standard: after the beta's allowed attempts, or when its model is refused or retired.</summary>
    [JsonStringEnumMemberName("beta-then-standard")]
    BetaThenStandard,
}

/// <summary>The blob a job answers.</summary>
/// <param name="Path">Name in <c>inbox</c>, for example <c>meeting-notes/2026/standup.mp3</c>.</param>
/// <param name="ETag">The blob's ETag when it was accepted; a later one is another drop.</param>
/// <param name="LastModified">The blob's last modification.</param>
/// <param name="Length">Size in bytes.</param>
public sealed record DropReference(string Path, string ETag, DateTimeOffset LastModified, long Length);

/// <summary>What an input is, told by its bytes.</summary>
public sealed record MediaSummary
{
    /// <summary><c>image</c>, <c>audio</c>, <c>video</c>, <c>document</c> or <c>text</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>Media type as sent upstream.</summary>
    public required string MimeType { get; init; }

    /// <summary>Size in bytes of all inputs together.</summary>
    public long Bytes { get; init; }

    /// <summary>Playing time in seconds of all audio and video together, when known.</summary>
    public double? Seconds { get; init; }

    /// <summary>Width of an image in pixels, when known.</summary>
    public int? Width { get; init; }

    /// <summary>Height of an image in pixels, when known.</summary>
    public int? Height { get; init; }

    /// <summary>Pages of all documents together, when known.</summary>
    public int? Pages { get; init; }

    /// <summary>Encoding of a text.</summary>
    public string? Encoding { get; init; }

    /// <summary>How many files there are, when there are several.</summary>
    public int? Files { get; init; }

    /// <summary>The extension the file has by mistake, when its bytes are of another type; it was processed by its bytes.</summary>
    public string? NamedAs { get; init; }
}

/// <summary>One upstream submission made for a job.</summary>
public sealed record Attempt
{
    /// <summary>Number, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Tier asked for.</summary>
    public required Tier Tier { get; init; }

    /// <summary>The task, when the upstream made one.</summary>
    public string? TaskId { get; init; }

    /// <summary>When the request was sent.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When its outcome was known.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What it reserved of its caller's budget of the day it was sent on, USD; null for a caller without a budget.</summary>
    public decimal? ReservedUsd { get; init; }

    /// <summary>The instance whose grant it reserved it from.</summary>
    public string? ReservedBy { get; init; }

    /// <summary>Code of the failure, when it failed.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>Whether the upstream refused or had retired the tier's model; a policy with a second tier then moves on to it.</summary>
    public bool ModelRefused { get; init; }

    /// <summary>The model that answered.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>Its token counts; null when unknown or not answered.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>Its cost in USD; null when unknown or not answered.</summary>
    public decimal? CostUsd { get; init; }
}

/// <summary>Why a job did not succeed, in words a person can act on.</summary>
/// <param name="Code">Stable code, listed in <c>docs/errors.md</c>, for example <c>unsupported_type</c>.</param>
/// <param name="Message">What went wrong, with the offending value.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record JobError(string Code, string Message, string Remedy)
{
    /// <summary>The upstream's own code, when the failure came from there.</summary>
    public string? UpstreamCode { get; init; }

    /// <summary>The upstream's correlation id.</summary>
    public string? RequestId { get; init; }
}
