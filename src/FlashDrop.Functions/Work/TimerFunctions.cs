using System.Diagnostics.CodeAnalysis;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Reports;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Work;

/// <summary>Work on a schedule.</summary>
/// <param name="pipeline">The work.</param>
/// <param name="reporter">The reports.</param>
[SuppressMessage("Style", "IDE0060", Justification = "The parameter carries the trigger; the schedule itself is of no interest.")]
public sealed class TimerFunctions(IPipeline pipeline, IReporter reporter)
{
    /// <summary>Looks at the tasks that are due.</summary>
    [Function(nameof(PollTasks))]
    public Task PollTasks([TimerTrigger("%PollTasksSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        pipeline.WatchTasksAsync(cancellationToken);

    /// <summary>Puts forgotten work back on its way.</summary>
    [Function(nameof(Sweep))]
    public Task Sweep([TimerTrigger("%SweepSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        pipeline.SweepAsync(cancellationToken);

    /// <summary>Writes yesterday's report, and refreshes the days before whose late jobs have finished since.</summary>
    [Function(nameof(DailyReport))]
    public Task DailyReport([TimerTrigger("%DailyReportSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        reporter.RunAsync(cancellationToken);
}
