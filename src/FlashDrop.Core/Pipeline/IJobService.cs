using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;

namespace FlashDrop.Core.Pipeline;

/// <summary>What the HTTP face does with jobs. Safe for concurrent use.</summary>
public interface IJobService
{
    /// <summary>
    /// Accepts a job durably: request blob, job and active row, <c>submit</c> message; when this returns
    /// <see cref="AcceptOutcome.Accepted"/> the job survives any crash.
    /// </summary>
    Task<AcceptOutcome> AcceptAsync(NewJob job, CancellationToken cancellationToken);

    /// <summary>The job and its version (usable as an HTTP ETag), or null.</summary>
    Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>One page of jobs.</summary>
    Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>Cancels a job that is not terminal; a later completion only records its usage. Idempotent.</summary>
    /// <returns>The job as it stands now, or null when there is none.</returns>
    Task<Job?> CancelAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>
    /// Removes everything that belongs to a job but its usage: drop, request, inline inputs, results, row. A job that is not terminal is
    /// cancelled first; a later completion only records its usage. Can run again after a failure.
    /// </summary>
    /// <returns>Whether there was such a job.</returns>
    Task<bool> EraseAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>Opens the result envelope (state <c>Succeeded</c>) or the error envelope (<c>Failed</c>), or null when there is none.</summary>
    Task<BlobContent?> OpenResultAsync(Job job, CancellationToken cancellationToken);
}

/// <summary>A job to accept over HTTP.</summary>
public sealed record NewJob
{
    /// <summary>Who is billed.</summary>
    public required string Caller { get; init; }

    /// <summary>How it came in.</summary>
    public required JobOrigin Origin { get; init; }

    /// <summary>Profile name. Default <c>default</c>.</summary>
    public string Profile { get; init; } = "default";

    /// <summary>Tier policy; null takes the profile's.</summary>
    public TierPolicy? TierPolicy { get; init; }

    /// <summary>The question and its inputs.</summary>
    public required JobRequest Request { get; init; }

    /// <summary>
    /// Caller's idempotency key, already scoped to nobody: the service scopes it to the caller. Null for none.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>SHA-256 of the request body as received, hexadecimal; decides whether a repeated key is the same request.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Caller's own labels, at most 16 of at most 64 and 256 characters.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>W3C trace context of the request.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>What became of a request to accept a job: a closed set.</summary>
public abstract record AcceptOutcome
{
    private AcceptOutcome()
    {
    }

    /// <summary>Accepted now, or before under the same idempotency key.</summary>
    /// <param name="Job">The job.</param>
    /// <param name="Version">Its version.</param>
    /// <param name="Replayed">Whether it had been accepted before.</param>
    public sealed record Accepted(Job Job, string Version, bool Replayed) : AcceptOutcome;

    /// <summary>The idempotency key was used with another body.</summary>
    /// <param name="Existing">The job it belongs to.</param>
    public sealed record KeyReused(JobId Existing) : AcceptOutcome;

    /// <summary>The request cannot be accepted as it is.</summary>
    /// <param name="Error">Why, and what to change.</param>
    /// <param name="Field">JSON path of the field to blame, for example <c>inputs[1].url</c>.</param>
    public sealed record Rejected(JobError Error, string? Field) : AcceptOutcome;
}
