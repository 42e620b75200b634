using System.Text.Json;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Pricing;

namespace FlashDrop.Core.Reports;

/// <summary>What usage is grouped by; any combination.</summary>
[Flags]
public enum UsageGrouping
{
    /// <summary>One row for everything.</summary>
    None = 0,

    /// <summary>By the day (UTC) on which the job was accepted.</summary>
    Day = 1,

    /// <summary>By who is billed.</summary>
    Caller = 2,

    /// <summary>By profile.</summary>
    Profile = 4,

    /// <summary>By the tier asked for.</summary>
    Tier = 8,
}

/// <summary>What to sum.</summary>
public sealed record UsageRequest
{
    /// <summary>First day (UTC) on which the jobs were accepted.</summary>
    public required DateOnly From { get; init; }

    /// <summary>Last day, inclusive; at most <see cref="UsageQuery.MaxDays"/> days from <see cref="From"/>.</summary>
    public required DateOnly To { get; init; }

    /// <summary>What to group by. Default: nothing.</summary>
    public UsageGrouping GroupBy { get; init; }

    /// <summary>Only this caller's usage; null for everybody's.</summary>
    public string? Caller { get; init; }

    /// <summary>Reads a comma-separated list of <c>caller</c>, <c>profile</c>, <c>tier</c> and <c>day</c>; empty or null is none of them.</summary>
    public static bool TryParseGrouping(string? text, out UsageGrouping grouping)
    {
        grouping = UsageGrouping.None;
        foreach (var word in (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            UsageGrouping? named = word.ToLowerInvariant() switch
            {
                "caller" => UsageGrouping.Caller,
                "profile" => UsageGrouping.Profile,
                "tier" => UsageGrouping.Tier,
                "day" => UsageGrouping.Day,
                _ => null,
            };
            if (named is null)
            {
                grouping = UsageGrouping.None;
                return false;
            }

            grouping |= named.Value;
        }

        return true;
    }
}

/// <summary>
/// Sums usage rows on demand, streaming the days side by side: memory grows with the number of groups, which is bounded, never with the
/// rows. Safe for concurrent use.
/// </summary>
/// <param name="jobs">The rows.</param>
/// <param name="prices">Tells what cached tokens saved.</param>
public sealed class UsageQuery(IJobStore jobs, IPriceBook prices)
{
    /// <summary>Days a query may span.</summary>
    public const int MaxDays = 366;

    /// <summary>
    /// Groups kept apart in an answer. Of more, the first ones in the order of day, caller, profile and tier are kept, and all others are
    /// one row named <c>(other)</c>, with <see cref="UsageAnswer.Truncated"/> set. Sums are never affected.
    /// </summary>
    public const int MaxRows = 20_000;

    private const int DaysAtOnce = 4;

    private static readonly Comparer<Key> KeyOrder = Comparer<Key>.Create(static (left, right) =>
    {
        var order = Nullable.Compare(left.Day, right.Day);
        order = order != 0 ? order : string.CompareOrdinal(left.Caller, right.Caller);
        order = order != 0 ? order : string.CompareOrdinal(left.Profile, right.Profile);
        return order != 0 ? order : string.CompareOrdinal(left.Tier, right.Tier);
    });

    /// <summary>Sums the usage of a span of days.</summary>
    /// <exception cref="ArgumentException">The span is empty or longer than <see cref="MaxDays"/>.</exception>
    /// <exception cref="StorageUnavailableException">Storage failed; ask again later.</exception>
    public async Task<UsageAnswer> RunAsync(UsageRequest request, CancellationToken cancellationToken)
    {
        var days = request.To.DayNumber - request.From.DayNumber + 1;
        if (days is < 1 or > MaxDays)
        {
            throw new ArgumentException($"From {request.From:yyyy-MM-dd} to {request.To:yyyy-MM-dd} are {days} days; 1 to {MaxDays} are allowed.", nameof(request));
        }

        var all = NewGroups();
        var merging = new Lock();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, days).Select(request.From.AddDays),
            new ParallelOptions { MaxDegreeOfParallelism = DaysAtOnce, CancellationToken = cancellationToken },
            async (day, token) =>
            {
                var groups = await SumAsync(request, day, token);
                lock (merging)
                {
                    all.Merge(groups);
                }
            });

        var total = new UsageTotals();
        List<UsageRow> rows = [];
        foreach (var (key, totals) in all.Ordered)
        {
            rows.Add(key.ToRow(totals));
            total.Merge(totals);
        }

        if (all.Other is { } other)
        {
            rows.Add(Key.Other(request.GroupBy).ToRow(other));
            total.Merge(other);
        }

        return new UsageAnswer
        {
            From = request.From,
            To = request.To,
            GroupBy = [.. NamesOf(request.GroupBy)],
            Truncated = all.Other is not null,
            Total = total,
            Rows = rows,
        };
    }

    /// <summary>The words for a grouping, in the order of the columns.</summary>
    internal static IEnumerable<string> NamesOf(UsageGrouping grouping)
    {
        foreach (var (flag, name) in new[]
        {
            (UsageGrouping.Day, "day"), (UsageGrouping.Caller, "caller"), (UsageGrouping.Profile, "profile"), (UsageGrouping.Tier, "tier"),
        })
        {
            if (grouping.HasFlag(flag))
            {
                yield return name;
            }
        }
    }

    private async Task<GroupSet<Key, UsageTotals>> SumAsync(UsageRequest request, DateOnly day, CancellationToken cancellationToken)
    {
        var groups = NewGroups();
        var savings = new CacheSavings(prices);
        var byCaller = request.GroupBy.HasFlag(UsageGrouping.Caller);
        var byProfile = request.GroupBy.HasFlag(UsageGrouping.Profile);
        var byTier = request.GroupBy.HasFlag(UsageGrouping.Tier);
        DateOnly? keyDay = request.GroupBy.HasFlag(UsageGrouping.Day) ? day : null;
        await foreach (var row in jobs.ListUsageAsync(day, cancellationToken))
        {
            if (request.Caller is null || request.Caller == row.Caller)
            {
                var key = new Key(keyDay, byCaller ? row.Caller : null, byProfile ? row.Profile : null, byTier ? ReportTotals.NameOf(row.Tier) : null);
                groups.For(key).Add(row, savings.Of(row));
            }
        }

        return groups;
    }

    private static GroupSet<Key, UsageTotals> NewGroups() => new(MaxRows, KeyOrder, static (into, from) => into.Merge(from));

    private readonly record struct Key(DateOnly? Day, string? Caller, string? Profile, string? Tier)
    {
        public static Key Other(UsageGrouping grouping) => new(
            null,
            grouping.HasFlag(UsageGrouping.Caller) ? ReportGroup.OtherName : null,
            grouping.HasFlag(UsageGrouping.Profile) ? ReportGroup.OtherName : null,
            grouping.HasFlag(UsageGrouping.Tier) ? ReportGroup.OtherName : null);

        public UsageRow ToRow(UsageTotals totals) => new() { Day = Day, Caller = Caller, Profile = Profile, Tier = Tier, Usage = totals };
    }
}

/// <summary>The sums of a query.</summary>
public sealed record UsageAnswer
{
    /// <summary>First day asked for.</summary>
    public required DateOnly From { get; init; }

    /// <summary>Last day asked for, inclusive.</summary>
    public required DateOnly To { get; init; }

    /// <summary>What the rows are grouped by, in the order of the columns.</summary>
    public required IReadOnlyList<string> GroupBy { get; init; }

    /// <summary>Whether some groups are counted together because there were more than <see cref="UsageQuery.MaxRows"/>.</summary>
    public required bool Truncated { get; init; }

    /// <summary>The sum of the rows.</summary>
    public required UsageTotals Total { get; init; }

    /// <summary>One row for each group, by day, caller, profile and tier. No usage, no row.</summary>
    public required IReadOnlyList<UsageRow> Rows { get; init; }

    /// <summary>Writes it as JSON (<c>application/json</c>): camel case, amounts exact.</summary>
    public Task WriteJsonAsync(Stream stream, CancellationToken cancellationToken) =>
        JsonSerializer.SerializeAsync(stream, this, ReportJson.Readable.UsageAnswer, cancellationToken);

    /// <summary>
    /// It as CSV (<c>text/csv; charset=utf-8</c>): a header, one line for each row, amounts exact. Names that a spreadsheet would take for
    /// a formula are made harmless with a leading apostrophe.
    /// </summary>
    public string ToCsv()
    {
        var csv = new CsvWriter().Row(
        [
            .. GroupBy, "answers", "unknown_usage", "unknown_cost", "unpriced", "foreign_model", "late",
            "prompt_tokens", "cached_tokens", "answer_tokens", "thinking_tokens", "tool_use_tokens", "total_tokens",
            "cost_usd", "list_usd", "saved_usd", "cache_saved_usd", "media_seconds", "media_cost_usd",
        ]);
        foreach (var row in Rows)
        {
            foreach (var column in GroupBy)
            {
                csv.Text(column switch
                {
                    "day" => row.Day is { } day ? $"{day:yyyy-MM-dd}" : ReportGroup.OtherName,
                    "caller" => row.Caller,
                    "profile" => row.Profile,
                    _ => row.Tier,
                });
            }

            var usage = row.Usage;
            csv.Number(usage.Answers).Number(usage.UnknownUsage).Number(usage.UnknownCost).Number(usage.Unpriced).Number(usage.ForeignModel).Number(usage.Late)
                .Number(usage.PromptTokens).Number(usage.CachedTokens).Number(usage.AnswerTokens).Number(usage.ThinkingTokens)
                .Number(usage.ToolUseTokens).Number(usage.TotalTokens)
                .Number(usage.CostUsd).Number(usage.ListUsd).Number(usage.SavedUsd).Number(usage.CacheSavedUsd)
                .Number(usage.MediaMilliseconds / 1000m).Number(usage.MediaCostUsd).EndRow();
        }

        return csv.ToString();
    }
}

/// <summary>The sums of one group; what was not grouped by is null.</summary>
public sealed record UsageRow
{
    /// <summary>Day (UTC) on which the jobs were accepted; null too in the row of all others.</summary>
    public DateOnly? Day { get; init; }

    /// <summary>Who is billed.</summary>
    public string? Caller { get; init; }

    /// <summary>The profile.</summary>
    public string? Profile { get; init; }

    /// <summary>The tier asked for.</summary>
    public string? Tier { get; init; }

    /// <summary>The sums.</summary>
    public required UsageTotals Usage { get; init; }
}
