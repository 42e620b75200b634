using System.Globalization;
using System.Text;
using Azure.Data.Tables;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Azure.Storage;

/// <summary>
/// The rows of the <c>jobs</c> table. A job is kept as JSON, beside columns that people and filters read; usage is kept in columns
/// alone. Prices are decimals and tables have none, so money is invariant text.
/// </summary>
internal static class JobRows
{
    public const string JobPrefix = "job:";
    public const string ActivePrefix = "active:";
    public const string UsagePrefix = "usage:";

    public const string State = nameof(Job.State);
    public const string Caller = nameof(Job.Caller);
    public const string Profile = nameof(Job.Profile);
    public const string DueAt = nameof(Job.DueAt);

    /// <summary>A value of its own for every write, so that a write whose answer was lost is known again.</summary>
    public const string WriteId = "WriteId";

    private const string Json = "Json";

    // A string property holds 32 Ki UTF-16 units, a row 1 MiB.
    private const int ChunkLength = 30_000;
    private const int MaxChunks = 15;

    // Tables have no earlier time.
    private static readonly DateTimeOffset Earliest = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static string JobKey(JobId id) => $"{JobPrefix}{id}";

    public static string ActiveKey(JobId id) => $"{ActivePrefix}{id}";

    public static string UsageKey(string id) => $"{UsagePrefix}{TableKeys.Escape(id)}";

    /// <summary>The first key after all that begin with a prefix ending in <c>:</c>.</summary>
    public static string EndOf(string prefix) => $"{prefix[..^1]};";

    public static TableEntity FromJob(Job job, string writeId)
    {
        var row = new TableEntity(job.Id.Partition, JobKey(job.Id))
        {
            [State] = job.State.ToString(),
            [nameof(Job.Origin)] = job.Origin.ToString(),
            [Caller] = job.Caller,
            [Profile] = job.Profile,
            [nameof(Job.TierPolicy)] = job.TierPolicy.ToString(),
            [nameof(Job.ResultName)] = job.ResultName,
            [nameof(Job.AcceptedAt)] = Stored(job.AcceptedAt),
            [nameof(Job.UpdatedAt)] = Stored(job.UpdatedAt),
            [DueAt] = Stored(job.DueAt),
            [nameof(Job.Attempt)] = job.Attempt,
            [WriteId] = writeId,
        };
        AddIfSet(row, nameof(Job.CompletedAt), job.CompletedAt is { } completed ? Stored(completed) : null);
        AddIfSet(row, nameof(Job.TaskId), job.TaskId);
        AddIfSet(row, "ErrorCode", job.Error?.Code);
        AddIfSet(row, nameof(Job.CostUsd), Money(job.CostUsd));
        AddIfSet(row, nameof(TokenUsage.PromptTokens), job.Usage?.PromptTokens);
        AddIfSet(row, nameof(TokenUsage.OutputTokens), job.Usage?.OutputTokens);

        var json = PortJson.Write(job);
        var chunk = 0;
        for (var start = 0; start < json.Length; chunk++)
        {
            if (chunk == MaxChunks)
            {
                throw new ArgumentException(
                    $"Job {job.Id} has {json.Length} characters of state; a row holds {MaxChunks * ChunkLength}. Shorten its tags or errors.",
                    nameof(job));
            }

            var length = Math.Min(ChunkLength, json.Length - start);
            // The JSON holds no surrogates, only their escapes, so no chunk ends within a character.
            row[JsonColumn(chunk)] = json.Substring(start, length);
            start += length;
        }

        return row;
    }

    public static Job ToJob(TableEntity row)
    {
        if (row.GetString(JsonColumn(1)) is null)
        {
            return PortJson.ReadJob(row.GetString(Json));
        }

        var json = new StringBuilder();
        for (var chunk = 0; row.GetString(JsonColumn(chunk)) is { } text; chunk++)
        {
            json.Append(text);
        }

        return PortJson.ReadJob(json.ToString());
    }

    public static bool IsTerminal(TableEntity row) =>
        row.GetString(State) is nameof(JobState.Succeeded) or nameof(JobState.Failed) or nameof(JobState.Cancelled);

    public static JobId ToJobId(TableEntity row) => JobId.Parse(row.RowKey[(row.RowKey.IndexOf(':', StringComparison.Ordinal) + 1)..]);

    public static TableEntity FromActive(Job job) => new(job.Id.Partition, ActiveKey(job.Id))
    {
        [DueAt] = Stored(job.DueAt),
        [State] = job.State.ToString(),
    };

    public static ActiveJob ToActive(TableEntity row) => new(ToJobId(row), Time(row, DueAt));

    public static DateTimeOffset Stored(DateTimeOffset time) => time > Earliest ? time.ToUniversalTime() : Earliest;

    public static TableEntity FromUsage(UsageRecord usage, string writeId)
    {
        var row = new TableEntity(usage.JobId.Partition, UsageKey(usage.Id))
        {
            [nameof(UsageRecord.JobId)] = usage.JobId.ToString(),
            [nameof(UsageRecord.Attempt)] = usage.Attempt,
            [nameof(UsageRecord.Origin)] = usage.Origin.ToString(),
            [Caller] = usage.Caller,
            [Profile] = usage.Profile,
            [nameof(UsageRecord.Tier)] = usage.Tier.ToString(),
            [nameof(UsageRecord.At)] = Stored(usage.At),
            [UsageKnown] = usage.Usage is not null,
            [nameof(UsageRecord.ForeignModel)] = usage.ForeignModel,
            [nameof(UsageRecord.Unpriced)] = usage.Unpriced,
            [nameof(UsageRecord.Late)] = usage.Late,
            [WriteId] = writeId,
        };
        if (!TableKeys.TryUnescape(row.RowKey[UsagePrefix.Length..], out var id) || id != usage.Id)
        {
            row[nameof(UsageRecord.Id)] = usage.Id;
        }

        AddIfSet(row, nameof(UsageRecord.ModelVersion), usage.ModelVersion);
        AddIfSet(row, nameof(UsageRecord.CostUsd), Money(usage.CostUsd));
        AddIfSet(row, nameof(UsageRecord.ListUsd), Money(usage.ListUsd));
        AddIfSet(row, nameof(UsageRecord.PriceRow), usage.PriceRow);
        AddIfSet(row, nameof(UsageRecord.MediaKind), usage.MediaKind);
        AddIfSet(row, nameof(UsageRecord.MediaSeconds), usage.MediaSeconds);
        if (usage.Usage is { } tokens)
        {
            row[nameof(TokenUsage.PromptTokens)] = tokens.PromptTokens;
            row[nameof(TokenUsage.CachedTokens)] = tokens.CachedTokens;
            row[nameof(TokenUsage.CandidatesTokens)] = tokens.CandidatesTokens;
            row[nameof(TokenUsage.ThoughtsTokens)] = tokens.ThoughtsTokens;
            row[nameof(TokenUsage.ToolUsePromptTokens)] = tokens.ToolUsePromptTokens;
            row[nameof(TokenUsage.TotalTokens)] = tokens.TotalTokens;
            row[nameof(TokenUsage.PromptDetails)] = PortJson.Write(tokens.PromptDetails);
            row[nameof(TokenUsage.CacheDetails)] = PortJson.Write(tokens.CacheDetails);
        }

        return row;
    }

    public static UsageRecord ToUsage(TableEntity row) => new()
    {
        Id = row.GetString(nameof(UsageRecord.Id)) ?? UnescapedId(row),
        JobId = JobId.Parse(row.GetString(nameof(UsageRecord.JobId))),
        Attempt = row.GetInt32(nameof(UsageRecord.Attempt)) ?? 1,
        Origin = Enum.Parse<JobOrigin>(row.GetString(nameof(UsageRecord.Origin))),
        Caller = row.GetString(Caller),
        Profile = row.GetString(Profile),
        Tier = Enum.Parse<Tier>(row.GetString(nameof(UsageRecord.Tier))),
        ModelVersion = row.GetString(nameof(UsageRecord.ModelVersion)),
        At = Time(row, nameof(UsageRecord.At)),
        Usage = row.GetBoolean(UsageKnown) == true ? Tokens(row) : null,
        CostUsd = Money(row, nameof(UsageRecord.CostUsd)),
        ListUsd = Money(row, nameof(UsageRecord.ListUsd)),
        ForeignModel = row.GetBoolean(nameof(UsageRecord.ForeignModel)) ?? false,
        Unpriced = row.GetBoolean(nameof(UsageRecord.Unpriced)) ?? false,
        PriceRow = row.GetString(nameof(UsageRecord.PriceRow)),
        MediaKind = row.GetString(nameof(UsageRecord.MediaKind)),
        MediaSeconds = row.GetDouble(nameof(UsageRecord.MediaSeconds)),
        Late = row.GetBoolean(nameof(UsageRecord.Late)) ?? false,
    };

    private const string UsageKnown = "UsageKnown";

    private static TokenUsage Tokens(TableEntity row) => new()
    {
        PromptTokens = row.GetInt64(nameof(TokenUsage.PromptTokens)) ?? 0,
        CachedTokens = row.GetInt64(nameof(TokenUsage.CachedTokens)) ?? 0,
        CandidatesTokens = row.GetInt64(nameof(TokenUsage.CandidatesTokens)) ?? 0,
        ThoughtsTokens = row.GetInt64(nameof(TokenUsage.ThoughtsTokens)) ?? 0,
        ToolUsePromptTokens = row.GetInt64(nameof(TokenUsage.ToolUsePromptTokens)) ?? 0,
        TotalTokens = row.GetInt64(nameof(TokenUsage.TotalTokens)) ?? 0,
        PromptDetails = PortJson.ReadModalities(row.GetString(nameof(TokenUsage.PromptDetails))),
        CacheDetails = PortJson.ReadModalities(row.GetString(nameof(TokenUsage.CacheDetails))),
    };

    private static string UnescapedId(TableEntity row) =>
        TableKeys.TryUnescape(row.RowKey[UsagePrefix.Length..], out var id)
            ? id
            : throw new FormatException($"Usage row {row.PartitionKey}/{row.RowKey} has no readable id.");

    private static string JsonColumn(int chunk) => chunk == 0 ? Json : $"{Json}{chunk}";

    private static DateTimeOffset Time(TableEntity row, string column) =>
        row.GetDateTimeOffset(column) is { } time && time > Earliest ? time : default;

    private static string? Money(decimal? amount) => amount?.ToString(CultureInfo.InvariantCulture);

    private static decimal? Money(TableEntity row, string column) =>
        row.GetString(column) is { } text ? decimal.Parse(text, NumberStyles.Number, CultureInfo.InvariantCulture) : null;

    private static void AddIfSet(TableEntity row, string column, object? value)
    {
        if (value is not null)
        {
            row[column] = value;
        }
    }
}
