using System.Diagnostics.CodeAnalysis;
using FlashDrop.Core.Retention;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Work;

/// <summary>Deletes what has been kept long enough.</summary>
/// <param name="purger">The work.</param>
[SuppressMessage("Style", "IDE0060", Justification = "The parameter carries the trigger; the schedule itself is of no interest.")]
public sealed class RetentionFunctions(IPurger purger)
{
    /// <summary>Deletes rows and blobs beyond their ages.</summary>
    [Function(nameof(Purge))]
    public Task Purge([TimerTrigger("%PurgeSchedule%")] TimerInfo timer, CancellationToken cancellationToken) =>
        purger.RunAsync(cancellationToken);
}
