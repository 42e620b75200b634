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
    JobBudgets budgets,
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
        var claim = new ResultClaim();
        for (var race = 1; race <= MaxRaces; race++)
        {
            var change = transitions.Decide(stored.Job, happened, time.GetUtcNow(), random.NextDouble());
            if (ReferenceEquals(change.Job, stored.Job))
            {
                await AddLateUsageAsync(stored.Job, happened, change.Usage, cancellationToken);
                if (happened is JobEvent.AttemptFailed { Attempt.TaskId: null })
                {
                    // The job went on without it. Without a task nobody else knows of the attempt: what it reserved is settled here or never.
                    budgets.Settle(stored.Job, happened);
                }

                // The job ended another way: nothing we wrote stands, nor what an earlier look at its task wrote and died before it took it back.
                await results.WithdrawAsync(claim.Own, cancellationToken);
                if (stored.Job.State == JobState.Cancelled && happened is JobEvent.Answered)
                {
                    await TidyAsync(stored.Job, cancellationToken);
                }

                return (stored, false);
            }

            using var completing = change.Job.IsTerminal && !stored.Job.IsTerminal
                ? Telemetry.StartStep(TelemetryNames.CompleteSpan, change.Job)
                : null;
            var inTheWay = change.Job.IsTerminal && !stored.Job.IsTerminal ? await WriteResultsAsync(change, happened, claim, cancellationToken) : null;
            if (inTheWay is null && await jobs.UpdateAsync(change.Job, stored.Version, change.Usage, cancellationToken) is { } version)
            {
                completing?.SetTag(TelemetryNames.StateTag, change.Job.State.ToString());
                budgets.Settle(change.Job, happened);
                metrics.Ended(happened, time.GetUtcNow());
                foreach (var usage in change.Usage)
                {
                    metrics.Used(usage);
                }

                Announce(change.Job);
                await SendAsync(change, version, cancellationToken);
                await TidyAsync(change.Job, cancellationToken);
                return (new StoredJob(change.Job, version), true);
            }

            if (inTheWay is null)
            {
                Log.LostRace(logger, change.Job.Id.ToString(), race);
            }

            var fresh = await jobs.FindAsync(change.Job.Id, cancellationToken);
            if (fresh is null)
            {
                // Erased meanwhile: its usage is all that is left of it.
                await results.WithdrawAsync(claim.Own, cancellationToken);
                await AddLateUsageAsync(change.Job, happened, change.Usage.Select(u => u with { Late = true }), cancellationToken);
                return (null, false);
            }

            stored = inTheWay is { } found ? await TakeOverAsync(fresh, change.Job, found, claim, cancellationToken) : fresh;
        }

        throw new StorageUnavailableException($"Job {stored.Job.Id} kept changing; its work is delivered again.");
    }

    /// <summary>
    /// A blob is in the way of a result: one of an older or a newer drop, or one that somebody wrote for this job and either died before the
    /// row said so or is about to write that row. If the row is not terminal it may go. For our own, a new version of the row decides between
    /// them: the other's is refused from then on. A newer drop's stays, unless that drop was cancelled: then it is about to be withdrawn.
    /// </summary>
    private async Task<StoredJob> TakeOverAsync(
        StoredJob fresh, Job wanted, BlobInTheWay found, ResultClaim claim, CancellationToken cancellationToken)
    {
        if (fresh.Job.IsTerminal)
        {
            if (found.IsOwn && fresh.Job.State != wanted.State)
            {
                await results.RemoveAsync(fresh.Job, wanted.State, cancellationToken);
            }

            return fresh;
        }

        if (found.Newer is { } newer)
        {
            if (await jobs.FindAsync(newer, cancellationToken) is null or { Job.State: JobState.Cancelled })
            {
                claim.Own.Add(found.Blob);
            }
            else
            {
                claim.GivesWay = true;
            }

            return fresh;
        }

        claim.MayReplaceOlder = true;
        if (!found.IsOwn)
        {
            return fresh;
        }

        var touched = fresh.Job with { UpdatedAt = time.GetUtcNow() };
        if (await jobs.UpdateAsync(touched, fresh.Version, usage: [], cancellationToken) is not { } version)
        {
            return fresh;
        }

        claim.Own.Add(found.Blob);
        return new StoredJob(touched, version);
    }

    /// <summary>
    /// A try that died between its result and its row can leave a blob of another ending. Failed jobs may have had such tries (a task that was answered can be
    /// lost by the next look), and cancelled ones; successful ones only when retried, past their deadline or after several attempts: the others do not pay for the look.
    /// </summary>
    private async Task TidyAsync(Job ended, CancellationToken cancellationToken)
    {
        if (ended.State == JobState.Cancelled)
        {
            await results.RemoveAsync(ended, JobState.Succeeded, cancellationToken);
            await results.RemoveAsync(ended, JobState.Failed, cancellationToken);
        }
        else if (ended.IsTerminal
            && ((ended.State == JobState.Failed && ended.Attempts.Count > 0) || ended.CompletedAt >= ended.DeadlineAt || ended.Attempts.Count > 1 || ended.RetriedAt is not null
                || ended.Attempts.Any(a => a.ErrorCode == JobErrors.Interrupted)))
        {
            await results.RemoveAsync(ended, ended.State == JobState.Failed ? JobState.Succeeded : JobState.Failed, cancellationToken);
        }
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

    private async Task AddLateUsageAsync(Job job, JobEvent happened, IEnumerable<UsageRecord> late, CancellationToken cancellationToken)
    {
        foreach (var usage in late)
        {
            if (await jobs.AddUsageAsync(usage, cancellationToken))
            {
                budgets.Settle(job, happened);
                metrics.Used(usage);
            }

            Log.LateTask(logger, usage.Id, usage.JobId.ToString());
        }
    }

    private Task<BlobInTheWay?> WriteResultsAsync(
        Transition change, JobEvent happened, ResultClaim claim, CancellationToken cancellationToken) =>
        happened is JobEvent.Answered answered
            ? results.WriteAsync(change.Job, answered.Answer, answered.Price.ListUsd, claim, cancellationToken)
            : results.WriteAsync(change.Job, answer: null, listUsd: null, claim, cancellationToken);

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
