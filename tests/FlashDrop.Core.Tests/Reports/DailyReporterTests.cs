using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Tests.Reports;

public sealed class DailyReporterTests
{
    private static readonly DateOnly Day = ReportFixture.Yesterday;
    private static readonly string[] Extensions = ["csv", "html", "json", "md"];

    [Fact]
    public async Task Nothing_happened_still_has_reports_of_every_period()
    {
        using var fixture = new ReportFixture();

        var run = await fixture.RunAsync();

        string[] folders = ["daily/2026-11-19", "daily/2026-11-20", "daily/2026-11-21", "daily/2026-11-22", "monthly/2026-11", "weekly/2026-W47"];
        var files = string.Join('\n', folders.SelectMany(folder => Extensions.Select(extension => $"{folder}/summary.{extension}")));
        Assert.Equal(files, string.Join('\n', fixture.Files().Keys));
        Assert.Equal(files, string.Join('\n', run.Written.Order(StringComparer.Ordinal)));
        Assert.Contains("Nothing came in", fixture.Text("daily/2026-11-22/summary.html"), StringComparison.Ordinal);
        Assert.True(fixture.Report("daily/2026-11-22").Complete);
    }

    [Fact]
    public async Task Running_again_writes_nothing_and_leaves_the_same_bytes()
    {
        using var fixture = new ReportFixture();
        await fixture.AddAsync(SampleDay.Busy(Day, 40));
        await fixture.RunAsync();
        var before = fixture.Files();
        fixture.Storage.Operations.Reset();
        fixture.Time.Advance(TimeSpan.FromHours(3));

        var run = await fixture.RunAsync();

        Assert.Empty(run.Written);
        Assert.Equal(6, run.Unchanged);
        Assert.Equal(0, fixture.Storage.Operations.Of(StorageOperations.BlobWrite));
        Assert.Equal(before, fixture.Files());
    }

    [Fact]
    public async Task Two_accounts_with_the_same_rows_get_the_same_bytes()
    {
        using var first = new ReportFixture();
        using var second = new ReportFixture();
        await first.AddAsync(SampleDay.Busy(Day, 40));
        await second.AddAsync(SampleDay.Busy(Day, 40).Reverse());

        await first.RunAsync();
        await second.RunAsync();

        Assert.Equal(first.Files(), second.Files());
    }

    [Fact]
    public async Task A_late_job_updates_its_day_and_what_is_built_on_it()
    {
        using var fixture = new ReportFixture();
        var job = SampleDay.Job(Day.AddDays(-2), state: JobState.Submitted);
        await fixture.AddAsync(job);
        await fixture.RunAsync();
        Assert.False(fixture.Report("daily/2026-11-20").Complete);
        var stored = await fixture.Storage.Jobs.FindAsync(job.Id, TestContext.Current.CancellationToken);
        var done = job with { State = JobState.Succeeded, CompletedAt = job.Id.Time.AddHours(30), CostUsd = 0.5m };
        await fixture.Storage.Jobs.UpdateAsync(
            done, stored!.Version, [SampleDay.Usage(done, new TokenUsage { PromptTokens = 1_000_000 })], TestContext.Current.CancellationToken);

        var run = await fixture.RunAsync();

        Assert.True(fixture.Report("daily/2026-11-20").Complete);
        Assert.Equal(0.24m, fixture.Report("daily/2026-11-20").Usage.CostUsd);
        Assert.Equal(0.24m, fixture.Report("weekly/2026-W47").Usage.CostUsd);
        Assert.Equal(0.24m, fixture.Report("monthly/2026-11").Usage.CostUsd);
        Assert.Equal(0.24m, Assert.Single(fixture.Report("daily/2026-11-21").Comparisons).CostUsd);
        Assert.DoesNotContain(run.Written, name => name.StartsWith("daily/2026-11-22", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_that_broke_off_is_finished_by_the_next_one()
    {
        using var fixture = new ReportFixture();
        await fixture.AddAsync(SampleDay.Busy(Day, 10));
        using var whole = new ReportFixture();
        await whole.AddAsync(SampleDay.Busy(Day, 10));
        await whole.RunAsync();
        for (var writes = 0; writes < 24; writes += 5)
        {
            fixture.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BlobWrite, skip: writes);
            await Assert.ThrowsAsync<StorageUnavailableException>(fixture.RunAsync);
            foreach (var name in fixture.Storage.Content.Names(Containers.Reports).Where(name => name.EndsWith(".json", StringComparison.Ordinal)).ToList())
            {
                // Begin again, as if every break had been the first.
                await fixture.Storage.Content.DeleteAsync(new BlobAddress(Containers.Reports, name), null, TestContext.Current.CancellationToken);
            }
        }

        fixture.Storage.Faults = null;
        await fixture.RunAsync();

        Assert.Equal(whole.Files(), fixture.Files());
    }

    [Fact]
    public async Task A_day_is_compared_with_the_day_and_the_week_before()
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:RefreshDays", "7"));
        await fixture.AddAsync(SampleDay.Busy(Day, 30));
        await fixture.AddAsync(SampleDay.Busy(Day.AddDays(-1), 20));
        await fixture.AddAsync(SampleDay.Busy(Day.AddDays(-7), 25));

        await fixture.RunAsync();

        var comparisons = fixture.Report("daily/2026-11-22").Comparisons;
        Assert.Equal([("day before", "2026-11-21", 20L), ("week before", "2026-11-15", 25L)], comparisons.Select(c => (c.Label, c.Name, c.Jobs)));
        Assert.Equal(fixture.Report("daily/2026-11-15").Usage.CostUsd, comparisons[1].CostUsd);
        Assert.Equal("2026-W46", Assert.Single(fixture.Report("weekly/2026-W47").Comparisons).Name);
    }

    [Fact]
    public async Task Roll_ups_add_up_their_days_and_say_which_are_missing()
    {
        using var fixture = new ReportFixture();
        foreach (var back in Enumerable.Range(0, 4))
        {
            await fixture.AddAsync(SampleDay.Busy(Day.AddDays(-back), 15));
        }

        await fixture.RunAsync();

        var week = fixture.Report("weekly/2026-W47");
        Assert.Equal(fixture.Storage.Jobs.AllUsage().Sum(usage => usage.CostUsd ?? 0), week.Usage.CostUsd);
        Assert.Equal((60, 4, false), (week.Jobs.Accepted, week.Days, week.Complete));
        Assert.Equal("2026-11-19 2026-11-20 2026-11-21 2026-11-22", string.Join(' ', week.Series.Select(point => point.Name)));
        Assert.Contains("4 of 7 days", fixture.Text("weekly/2026-W47/summary.html"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_day_in_two_periods_updates_both()
    {
        using var fixture = new ReportFixture();
        fixture.Time.Advance(new DateTimeOffset(2027, 1, 2, 0, 15, 0, TimeSpan.Zero) - fixture.Time.GetUtcNow());

        var run = await fixture.RunAsync();

        var rollUps = run.Written.Where(name => name.EndsWith(".json", StringComparison.Ordinal) && !name.StartsWith("daily", StringComparison.Ordinal));
        Assert.Equal("weekly/2026-W53/summary.json monthly/2026-12/summary.json monthly/2027-01/summary.json", string.Join(' ', rollUps));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("""{"format":0}""")]
    public async Task A_file_that_is_no_report_is_replaced(string text)
    {
        using var fixture = new ReportFixture();
        await fixture.RunAsync();
        var before = fixture.Files();
        fixture.Storage.Content.Put(Containers.Reports, "daily/2026-11-22/summary.json", System.Text.Encoding.UTF8.GetBytes(text));

        await fixture.RunAsync();

        Assert.Equal(before, fixture.Files());
    }

    [Fact]
    public async Task Budgets_show_what_was_spent_of_them()
    {
        using var fixture = new ReportFixture(
            ("FlashDrop:Budgets:web-portal", "0.10"), ("FlashDrop:Budgets:drop:receipts", "5"), ("FlashDrop:Reports:RefreshDays", "1"));
        var job = SampleDay.Job(Day);
        await fixture.AddAsync(job, SampleDay.Usage(job, new TokenUsage { PromptTokens = 1_000_000 }));

        await fixture.RunAsync();

        var day = fixture.Report("daily/2026-11-22");
        Assert.Equal([("drop:receipts", 5m, 0m), ("web-portal", 0.10m, 0.24m)], day.Budgets.Select(b => (b.Caller, b.BudgetUsd, b.SpentUsd)));
        Assert.Contains("web-portal spent $0.2400 of a budget of $0.1000", fixture.Text("daily/2026-11-22/summary.html"), StringComparison.Ordinal);
        Assert.Equal(0.20m, fixture.Report("weekly/2026-W47").Budgets[1].BudgetUsd);
    }

    [Theory]
    [InlineData("FlashDrop:Budgets:web-portal", "a lot")]
    [InlineData("FlashDrop:Budgets:web-portal", "0")]
    [InlineData("FlashDrop:Reports:RefreshDays", "-1")]
    public async Task Wrong_settings_are_refused(string key, string value)
    {
        using var fixture = new ReportFixture((key, value));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(fixture.RunAsync);

        Assert.Contains(key.Split(':')[^1], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Oddities_are_called_out()
    {
        using var fixture = new ReportFixture();
        var job = SampleDay.Job(Day, state: JobState.Failed);
        await fixture.AddAsync(
            job,
            SampleDay.Usage(job, usage: null),
            SampleDay.Usage(job, new TokenUsage { PromptTokens = 5 }, model: "gemini-3.5-flash-lite", attempt: 2) with { Late = true });

        await fixture.RunAsync();

        foreach (var text in new[] { fixture.Text("daily/2026-11-22/summary.html"), fixture.Text("daily/2026-11-22/summary.md") })
        {
            Assert.Contains("1 job failed (100.0% of all)", text, StringComparison.Ordinal);
            Assert.Contains("2 answers of unknown cost", text, StringComparison.Ordinal);
            Assert.Contains("1 answer came without token counts", text, StringComparison.Ordinal);
            Assert.Contains("1 answer matched no price row", text, StringComparison.Ordinal);
            Assert.Contains("another family than asked for: gemini-3.5-flash-lite", text, StringComparison.Ordinal);
            Assert.Contains("1 answer came after being given up", text, StringComparison.Ordinal);
        }
    }
}
