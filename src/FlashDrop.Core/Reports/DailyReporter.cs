using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Reports;

/// <inheritdoc cref="IReporter" />
internal sealed class DailyReporter(
    DayAggregator aggregator,
    DigestWriter digests,
    IContentStore content,
    IOptions<ReportOptions> options,
    TimeProvider time,
    ILogger<DailyReporter> logger) : IReporter
{
    public Task<ReportRun> RunAsync(CancellationToken cancellationToken) => RunAsync(time.GetUtcNow(), cancellationToken);

    /// <summary>Runs as if it were the given time.</summary>
    public async Task<ReportRun> RunAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        var yesterday = DateOnly.FromDateTime(now.UtcDateTime).AddDays(-1);
        var days = Enumerable.Range(0, options.Value.RefreshDays + 1).Select(back => yesterday.AddDays(-back)).Order().ToList();
        var store = new ReportStore(content, logger);
        List<JobId> asked = [];
        foreach (var day in days)
        {
            await ReportDayAsync(store, day, asked, cancellationToken);
        }

        foreach (var period in days.Select(ReportPeriod.WeekOf).Concat(days.Select(ReportPeriod.MonthOf)).Distinct())
        {
            await RollUpAsync(store, period, cancellationToken);
        }

        Log.Reported(logger, yesterday, store.Written.Count, store.Unchanged);
        return new ReportRun(store.Written, store.Unchanged, asked);
    }

    private async Task ReportDayAsync(ReportStore store, DateOnly day, List<JobId> asked, CancellationToken cancellationToken)
    {
        var period = ReportPeriod.Day(day);
        var earlier = await store.FindAsync(period, cancellationToken);
        var digest = await digests.UpdateAsync(day, earlier?.Digest, cancellationToken);
        if (digest is not null && earlier?.Digest is null)
        {
            asked.Add(digest.JobId);
        }

        var report = await aggregator.RunAsync(day, cancellationToken) with
        {
            Digest = digest,
            Comparisons = await CompareAsync(
                store, [("day before", period.Previous), ("week before", ReportPeriod.Day(day.AddDays(-7)))], cancellationToken),
        };
        await store.SaveAsync(period, report, cancellationToken);
    }

    private async Task RollUpAsync(ReportStore store, ReportPeriod period, CancellationToken cancellationToken)
    {
        List<Report> days = [];
        for (var day = period.From; day <= period.To; day = day.AddDays(1))
        {
            if (await store.FindAsync(ReportPeriod.Day(day), cancellationToken) is { } report)
            {
                days.Add(report);
            }
        }

        var label = period.Kind == PeriodKind.Week ? "week before" : "month before";
        await store.SaveAsync(
            period,
            ReportTotals.RollUp(period, days, options.Value.MaxGroups) with
            {
                Comparisons = await CompareAsync(store, [(label, period.Previous)], cancellationToken),
            },
            cancellationToken);
    }

    private static async Task<IReadOnlyList<Comparison>> CompareAsync(
        ReportStore store, IEnumerable<(string Label, ReportPeriod Period)> earlier, CancellationToken cancellationToken)
    {
        List<Comparison> comparisons = [];
        foreach (var (label, period) in earlier)
        {
            if (await store.FindAsync(period, cancellationToken) is { } report)
            {
                comparisons.Add(Comparison.With(label, report));
            }
        }

        return comparisons;
    }
}
