using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Results;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Pipeline;

/// <summary>
/// Carries out what <see cref="JobTransitions"/> decides, in the one order that survives a crash anywhere: result blobs, then one
/// conditional table transaction, then the message of the next step. A lost race is decided again on the fresh row.
/// </summary>
internal sealed class JobChanges(
    IJobStore jobs,
    IWorkQueue queue,
    ResultWriter results,
    JobTransitions transitions,
    IEnumerable<IJobObserver> observers,
    JobMetrics metrics,
    Random random,
    TimeProvider time,
    ILogger<JobChanges> logger)
{
    /// <summary>Races lost in a row before the work is given back to its queue.</summary>
    private const int MaxRaces = 8;

    private readonly IJobObserver[] _observers = [.. observers];

    /// <summary>Applies an event to a job.</summary>
    /// <param name="stored">The job as last read or written; when it is out of date, it is read again.</param>
    /// <param name="happened">What happened.</param>
    /// <param name="cancellationToken">Shutdown.</param>
    /// <returns>The job as it stands now, or null when it is gone; and whether the event changed it.</returns>
    /// <exception cref="StorageUnavailableException">Storage failed, or the row kept changing; deliver the work again.</exception>
    public async Task<(StoredJob? Job, bool Changed)> ApplyAsync(StoredJob stored, JobEvent happened, CancellationToken cancellationToken)
    {
        for (var race = 1; race <= MaxRaces; race++)
        {
            var change = transitions.Decide(stored.Job, happened, time.GetUtcNow(), random.NextDouble());
            if (ReferenceEquals(change.Job, stored.Job))
            {
                await AddLateUsageAsync(change.Usage, cancellationToken);
                return (stored, false);
            }

            using var completing = change.Job.IsTerminal
                ? Telemetry.StartStep(TelemetryNames.CompleteSpan, change.Job)
                : null;
            var written = change.Job.IsTerminal ? await WriteResultsAsync(change, happened, cancellationToken) : [];
            if (await jobs.UpdateAsync(change.Job, stored.Version, change.Usage, cancellationToken) is { } version)
            {
                completing?.SetTag(TelemetryNames.StateTag, change.Job.State.ToString());
                metrics.Ended(happened, time.GetUtcNow());
                foreach (var usage in change.Usage)
                {
                    metrics.Used(usage);
                }

                Announce(change.Job);
                await SendAsync(change, version, cancellationToken);
                return (new StoredJob(change.Job, version), true);
            }

            Log.LostRace(logger, change.Job.Id.ToString(), race);
            var fresh = await jobs.FindAsync(change.Job.Id, cancellationToken);
            if (written.Count > 0 && (fresh is null || (fresh.Job.IsTerminal && fresh.Job.State != change.Job.State)))
            {
                await results.WithdrawAsync(change.Job, written, cancellationToken);
            }

            if (fresh is null)
            {
                // Erased meanwhile: its usage is all that is left of it.
                await AddLateUsageAsync(change.Usage.Select(u => u with { Late = true }), cancellationToken);
                return (null, false);
            }

            stored = fresh;
        }

        throw new StorageUnavailableException($"Job {stored.Job.Id} kept changing; its work is delivered again.");
    }

    /// <summary>Tells observers and the log of a job's new state.</summary>
    public void Announce(Job job)
    {
        Log.Changed(logger, job.Id.ToString(), job.State.ToString(), job.Attempt, job.Error?.Code);
        metrics.Changed(job);
        foreach (var observer in _observers)
        {
            observer.OnChanged(job);
        }
    }

    private async Task AddLateUsageAsync(IEnumerable<UsageRecord> late, CancellationToken cancellationToken)
    {
        foreach (var usage in late)
        {
            if (await jobs.AddUsageAsync(usage, cancellationToken))
            {
                metrics.Used(usage);
            }

            Log.LateTask(logger, usage.Id, usage.JobId.ToString());
        }
    }

    private Task<IReadOnlyList<string>> WriteResultsAsync(Transition change, JobEvent happened, CancellationToken cancellationToken) =>
        happened is JobEvent.Answered answered
            ? results.WriteAsync(change.Job, answered.Answer, answered.Price.ListUsd, cancellationToken)
            : results.WriteAsync(change.Job, answer: null, listUsd: null, cancellationToken);

    private async Task SendAsync(Transition change, string version, CancellationToken cancellationToken)
    {
        var job = change.Job;
        switch (change.Next.Kind)
        {
            case NextStepKind.Submit:
                await queue.SendSubmitAsync(new SubmitMessage(job.Id, job.Attempt, job.TraceParent), change.Next.Delay, cancellationToken);
                break;
            case NextStepKind.Poll:
                var poll = new PollMessage(job, version, Polls: 0, job.TraceParent) { DueAt = time.GetUtcNow() + change.Next.Delay };
                await queue.SendPollAsync(poll, change.Next.Delay, cancellationToken);
                break;
            case NextStepKind.Nothing:
            default:
                break;
        }
    }
}
