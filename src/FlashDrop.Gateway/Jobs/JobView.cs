using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Jobs;

/// <summary>A job as its caller sees it: nothing of storage, nothing of the upstream's own ids.</summary>
internal sealed record JobView
{
    public required string Id { get; init; }

    public required JobState State { get; init; }

    public required JobOrigin Origin { get; init; }

    public required string Caller { get; init; }

    public required string Profile { get; init; }

    public required TierPolicy Tier { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public required DateTimeOffset DeadlineAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public DateTimeOffset? RetriedAt { get; init; }

    public DateTimeOffset? DiscardedAt { get; init; }

    public required int Attempt { get; init; }

    public required IReadOnlyList<AttemptView> Attempts { get; init; }

    public UsageView? Usage { get; init; }

    public decimal? CostUsd { get; init; }

    public ErrorView? Error { get; init; }

    public MediaView? Media { get; init; }

    public string? DropPath { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    public required JobLinks Links { get; init; }

    public static JobView Of(Job job, PathString pathBase)
    {
        var self = Path(pathBase, job.Id);
        return new JobView
        {
            Id = job.Id.ToString(),
            State = job.State,
            Origin = job.Origin,
            Caller = job.Caller,
            Profile = job.Profile,
            Tier = job.TierPolicy,
            AcceptedAt = job.AcceptedAt,
            DeadlineAt = job.DeadlineAt,
            UpdatedAt = job.UpdatedAt,
            CompletedAt = job.CompletedAt,
            RetriedAt = job.RetriedAt,
            DiscardedAt = job.DiscardedAt,
            Attempt = job.Attempt,
            Attempts = [.. job.Attempts.Select(AttemptView.Of)],
            Usage = UsageView.Of(job.Usage),
            CostUsd = job.CostUsd,
            Error = job.Error is { } error ? new ErrorView(error.Code, error.Message, error.Remedy) : null,
            Media = job.Media is { } media ? new MediaView(media.Kind, media.MimeType, media.Bytes, media.Seconds) : null,
            DropPath = job.Drop?.Path,
            Tags = job.Tags,
            Links = new JobLinks(
                self,
                $"{self}/result",
                job.IsTerminal ? null : self,
                job.State == JobState.Failed ? $"{self}/retry" : null,
                job is { State: JobState.Failed, DiscardedAt: null } ? $"{self}/discard" : null),
        };
    }

    /// <summary>Where a job is read.</summary>
    public static string Path(PathString pathBase, JobId id) => $"{pathBase}/{Routes.Jobs}/{id}";
}

/// <summary>One attempt. <see cref="Model"/> is the model that answered.</summary>
internal sealed record AttemptView(
    int Number,
    Tier Tier,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    string? ErrorCode,
    string? Model,
    UsageView? Usage,
    decimal? CostUsd)
{
    public static AttemptView Of(Attempt attempt) => new(
        attempt.Number, attempt.Tier, attempt.StartedAt, attempt.EndedAt, attempt.ErrorCode, attempt.ModelVersion,
        UsageView.Of(attempt.Usage), attempt.CostUsd);
}

/// <summary>Token counts; absent altogether when unknown.</summary>
internal sealed record UsageView(
    long PromptTokens, long CachedTokens, long CandidatesTokens, long ThoughtsTokens, long ToolUsePromptTokens, long OutputTokens)
{
    public static UsageView? Of(TokenUsage? usage) => usage is null ? null : new UsageView(
        usage.PromptTokens, usage.CachedTokens, usage.CandidatesTokens, usage.ThoughtsTokens, usage.ToolUsePromptTokens, usage.OutputTokens);
}

/// <summary>Why it failed, is held or was last retried.</summary>
internal sealed record ErrorView(string Code, string Message, string Remedy);

/// <summary>What the first media input is.</summary>
internal sealed record MediaView(string Kind, string MimeType, long Bytes, double? Seconds);

/// <summary>
/// Where to go from here: paths on this host. <see cref="Cancel"/> (a <c>DELETE</c>) is absent once the job is finished;
/// <see cref="Retry"/> and <see cref="Discard"/> (a <c>POST</c> each) are there once it has failed.
/// </summary>
internal sealed record JobLinks(string Self, string Result, string? Cancel, string? Retry, string? Discard);

/// <summary>A page of jobs.</summary>
internal sealed record JobListView(IReadOnlyList<JobView> Jobs, string? Cursor, JobListLinks Links);

/// <summary>Where the next page is; absent at the end.</summary>
internal sealed record JobListLinks(string? Next);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(JobListView))]
internal sealed partial class JobsJsonContext : JsonSerializerContext;
