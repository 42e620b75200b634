using System.Text;
using System.Text.Json;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Reports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Tests.Reports;

public sealed class UsageQueryTests : IDisposable
{
    private static readonly DateOnly Day = ReportFixture.Yesterday;

    private readonly ReportFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Every_combination_of_groups_sums_up_to_all_rows()
    {
        await _fixture.AddAsync(SampleDay.Busy(Day, 60));
        await _fixture.AddAsync(SampleDay.Busy(Day.AddDays(-1), 40));
        var rows = _fixture.Storage.Jobs.AllUsage();

        for (var grouping = 0; grouping < 16; grouping++)
        {
            var answer = await AskAsync(new UsageRequest { From = Day.AddDays(-6), To = Day, GroupBy = (UsageGrouping)grouping });

            Assert.Equal(rows.Sum(row => row.CostUsd ?? 0), answer.Rows.Sum(row => row.Usage.CostUsd));
            Assert.Equal(rows.Count, answer.Rows.Sum(row => row.Usage.Answers));
            Assert.Equal(rows.Sum(row => row.CostUsd ?? 0), answer.Total.CostUsd);
            Assert.Equal(rows.Select(row => KeyOf(row, (UsageGrouping)grouping)).Distinct(StringComparer.Ordinal).Count(), answer.Rows.Count);
            Assert.False(answer.Truncated);
        }
    }

    [Fact]
    public async Task Days_outside_the_span_and_other_callers_are_left_out()
    {
        await _fixture.AddAsync(SampleDay.Busy(Day, 30));
        await _fixture.AddAsync(SampleDay.Busy(Day.AddDays(-1), 30));

        var answer = await AskAsync(new UsageRequest { From = Day, To = Day, GroupBy = UsageGrouping.Caller | UsageGrouping.Day, Caller = "mobile-app" });

        var row = Assert.Single(answer.Rows);
        Assert.Equal((Day, "mobile-app"), (row.Day, row.Caller));
        Assert.Equal(
            _fixture.Storage.Jobs.AllUsage().Where(usage => usage.Caller == "mobile-app" && DateOnly.FromDateTime(usage.JobId.Time.UtcDateTime) == Day).Sum(usage => usage.CostUsd ?? 0),
            row.Usage.CostUsd);
    }

    [Fact]
    public async Task Csv_and_json_hold_the_exact_figures()
    {
        var job = SampleDay.Job(Day) with { Caller = "=cmd|'/c calc'!A0" };
        await _fixture.AddAsync(job, SampleDay.Usage(job, new TokenUsage { PromptTokens = 13_120, CachedTokens = 2_048, CandidatesTokens = 640, ThoughtsTokens = 1_210 }, Tier.Beta));

        var answer = await AskAsync(new UsageRequest { From = Day, To = Day, GroupBy = UsageGrouping.Day | UsageGrouping.Caller | UsageGrouping.Tier });

        var lines = answer.ToCsv().Split("\r\n");
        Assert.StartsWith("day,caller,tier,answers,", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("2026-11-22,\"'=cmd|'/c calc'!A0\",beta,1,0,0,0,0,0,13120,2048,640,1210,0,14970,0.0020825", lines[1], StringComparison.Ordinal);
        using var json = new MemoryStream();
        await answer.WriteJsonAsync(json, TestContext.Current.CancellationToken);
        using var document = JsonDocument.Parse(Encoding.UTF8.GetString(json.ToArray()));
        var row = document.RootElement.GetProperty("rows")[0];
        Assert.Equal("beta", row.GetProperty("tier").GetString());
        Assert.Equal("2026-11-22", row.GetProperty("day").GetString());
        Assert.Equal(0.0020825m, row.GetProperty("usage").GetProperty("costUsd").GetDecimal());
        Assert.False(row.TryGetProperty("profile", out _));
    }

    [Fact]
    public async Task More_groups_than_rows_allowed_are_counted_together()
    {
        var job = SampleDay.Job(Day);
        var usage = SampleDay.Usage(job, new TokenUsage { PromptTokens = 1 });
        for (var number = 0; number < UsageQuery.MaxRows + 5; number++)
        {
            await _fixture.Storage.Jobs.AddUsageAsync(usage with { Id = $"u{number}", Caller = $"c{number:00000}" }, TestContext.Current.CancellationToken);
        }

        var answer = await AskAsync(new UsageRequest { From = Day, To = Day, GroupBy = UsageGrouping.Caller });

        Assert.True(answer.Truncated);
        Assert.Equal(UsageQuery.MaxRows + 1, answer.Rows.Count);
        Assert.Equal(("(other)", 5L), (answer.Rows[^1].Caller, answer.Rows[^1].Usage.Answers));
        Assert.Equal(UsageQuery.MaxRows + 5, answer.Total.Answers);
    }

    [Fact]
    public async Task No_usage_has_no_rows()
    {
        var answer = await AskAsync(new UsageRequest { From = Day, To = Day });

        Assert.Empty(answer.Rows);
        Assert.Equal(0, answer.Total.Answers);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-UsageQuery.MaxDays)]
    public async Task A_span_without_end_or_too_long_is_refused(int daysBefore) =>
        await Assert.ThrowsAsync<ArgumentException>(() => AskAsync(new UsageRequest { From = Day.AddDays(daysBefore), To = Day }));

    [Theory]
    [InlineData(null, true, UsageGrouping.None)]
    [InlineData("", true, UsageGrouping.None)]
    [InlineData("caller", true, UsageGrouping.Caller)]
    [InlineData("Day, tier,profile", true, UsageGrouping.Day | UsageGrouping.Tier | UsageGrouping.Profile)]
    [InlineData("caller,colour", false, UsageGrouping.None)]
    [InlineData("3", false, UsageGrouping.None)]
    public void Groupings_are_read_by_name(string? text, bool valid, UsageGrouping grouping)
    {
        Assert.Equal(valid, UsageRequest.TryParseGrouping(text, out var read));
        Assert.Equal(grouping, read);
    }

    private Task<UsageAnswer> AskAsync(UsageRequest request) => _fixture.Usage.RunAsync(request, TestContext.Current.CancellationToken);

    private static string KeyOf(UsageRecord row, UsageGrouping grouping) => string.Join(
        '|',
        grouping.HasFlag(UsageGrouping.Day) ? $"{row.JobId.Time:yyyyMMdd}" : "",
        grouping.HasFlag(UsageGrouping.Caller) ? row.Caller : "",
        grouping.HasFlag(UsageGrouping.Profile) ? row.Profile : "",
        grouping.HasFlag(UsageGrouping.Tier) ? $"{row.Tier}" : "");
}
