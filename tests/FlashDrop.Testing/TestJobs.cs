using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Testing;

/// <summary>Jobs and usage with every field that matters to storage filled in.</summary>
public static class TestJobs
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 14, 12, 0, 0, TimeSpan.Zero);

    /// <summary>An id at a time, in a shard, distinguished by a number.</summary>
    public static JobId Id(DateTimeOffset time, int number, int shard = 0)
    {
        Span<byte> random = stackalloc byte[10];
        BitConverter.TryWriteBytes(random, number);
        random[9] = (byte)shard;
        return JobId.Create(time, random);
    }

    /// <summary>A queued job.</summary>
    public static Job Job(JobId id, JobState state = JobState.Queued) => new()
    {
        Id = id,
        State = state,
        Origin = JobOrigin.Drop,
        Caller = "drop:meeting-notes",
        Profile = "meeting-notes",
        TierPolicy = TierPolicy.BetaThenStandard,
        ResultName = "meeting-notes/2026/stand up – März.mp3",
        Drop = new DropReference("meeting-notes/2026/stand up – März.mp3", "0x8DD", id.Time, 1_234_567),
        Media = new MediaSummary { Kind = "audio", MimeType = "audio/mpeg", Bytes = 1_234_567, Seconds = 12.5 },
        AcceptedAt = id.Time,
        DeadlineAt = id.Time.AddDays(1),
        UpdatedAt = id.Time.AddTicks(7),
        DueAt = id.Time.AddMinutes(1),
        Tags = new Dictionary<string, string>(StringComparer.Ordinal) { ["team"] = "Überblick \"x\" <y> 🎧" },
        TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    };

    /// <summary>The job, answered.</summary>
    public static Job Succeeded(Job job, UsageRecord usage) => job with
    {
        State = JobState.Succeeded,
        CompletedAt = job.AcceptedAt.AddMinutes(2),
        Attempts =
        [
            new Attempt
            {
                Number = 1,
                Tier = usage.Tier,
                TaskId = usage.Id,
                StartedAt = job.AcceptedAt,
                EndedAt = job.AcceptedAt.AddMinutes(2),
                ModelVersion = usage.ModelVersion,
                Usage = usage.Usage,
                CostUsd = usage.CostUsd,
            },
        ],
        CostUsd = usage.CostUsd,
        Usage = usage.Usage,
    };

    /// <summary>A metered answer.</summary>
    public static UsageRecord Usage(JobId job, string id) => new()
    {
        Id = id,
        JobId = job,
        Attempt = 2,
        Origin = JobOrigin.Drop,
        Caller = "drop:meeting-notes",
        Profile = "meeting-notes",
        Tier = Tier.Beta,
        ModelVersion = "gemini-2.5-flash",
        At = job.Time.AddMinutes(2).AddTicks(3),
        Usage = new TokenUsage
        {
            PromptTokens = 5_000_000_000,
            CachedTokens = 100,
            CandidatesTokens = 200,
            ThoughtsTokens = 300,
            ToolUsePromptTokens = 4,
            TotalTokens = 5_000_000_504,
            PromptDetails = [new ModalityTokens("AUDIO", 400), new ModalityTokens("TEXT", 100)],
            CacheDetails = [new ModalityTokens("TEXT", 100)],
        },
        CostUsd = 0.000123456789m,
        ListUsd = 0.0200m,
        ForeignModel = true,
        PriceRow = "beta/gemini-2.5-flash",
        MediaKind = "audio",
        MediaSeconds = 12.5,
        Late = true,
    };
}
