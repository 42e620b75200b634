using FlashDrop.Core.Budgets;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Pricing;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Reports;

/// <summary>Counts a day's rows. Rows are streamed; memory grows with the number of groups, which is bounded, never with the rows.</summary>
internal sealed class DayAggregator(IJobStore jobs, IPriceBook prices, IOptions<ReportOptions> options, BudgetCatalog budgets)
{
    /// <summary>The report of the jobs accepted on a day and of all usage they caused, whenever that was.</summary>
    public async Task<Report> RunAsync(DateOnly day, CancellationToken cancellationToken)
    {
        var totals = new ReportTotals(options.Value.MaxGroups, await budgets.ListAsync(cancellationToken));
        await Task.WhenAll(AddJobsAsync(day, totals, cancellationToken), AddUsageAsync(day, totals, cancellationToken));
        return totals.ToDay(day);
    }

    private async Task AddJobsAsync(DateOnly day, ReportTotals totals, CancellationToken cancellationToken)
    {
        await foreach (var job in jobs.ListJobsAsync(day, cancellationToken))
        {
            totals.Add(job);
        }
    }

    private async Task AddUsageAsync(DateOnly day, ReportTotals totals, CancellationToken cancellationToken)
    {
        var savings = new CacheSavings(prices);
        await foreach (var row in jobs.ListUsageAsync(day, cancellationToken))
        {
            totals.Add(row, savings.Of(row));
        }
    }
}
