using System.Diagnostics;
using FlashDrop.Core.Budgets;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>
/// Works off the due <c>poll</c> messages. A cycle costs operations in proportion to what is due, whatever is in flight. Two
/// instances at once share the messages; one that both got hold of is decided by the row's version.
/// </summary>
internal sealed class TaskPoller(
    IEvoLinkClient upstream,
    IJobStore jobs,
    IWorkQueue queue,
    AttemptRunner attempts,
    JobChanges changes,
    PollSchedule schedule,
    IBudgetBook budgets,
    JobMetrics metrics,
    IOptions<PipelineOptions> options,
    Random random,
    TimeProvider time,
    ILogger<TaskPoller> logger)
{
    /// <summary>The queue service hands out this many messages at most at a time.</summary>
    private const int BatchSize = 32;

    private readonly PipelineOptions _options = options.Value;

    /// <summary>Runs one cycle: until nothing is due, or its time is up.</summary>
    public async Task<PollReport> RunAsync(CancellationToken cancellationToken)
    {
        using var cycle = Telemetry.Source.StartActivity(TelemetryNames.PollCycleSpan);
        var stopAt = time.GetUtcNow() + _options.PollCycle;
        int received = 0, running = 0, finished = 0, failed = 0;
        while (time.GetUtcNow() < stopAt && !cancellationToken.IsCancellationRequested)
        {
            var batch = await queue.ReceivePollsAsync(BatchSize, _options.PollLease, cancellationToken);
            if (batch.Count == 0)
            {
                break;
            }

            received += batch.Count;
            var parallel = new ParallelOptions
            {
                MaxDegreeOfParallelism = _options.PollConcurrency,
                CancellationToken = cancellationToken,

                // Parallel work is scheduled like everything else: on the thread pool, or by a test that decides what comes next.
                TaskScheduler = TaskScheduler.Current,
            };
            await Parallel.ForEachAsync(batch, parallel, async (delivery, ct) =>
            {
                try
                {
                    if (await LookAsync(delivery, ct))
                    {
                        Interlocked.Increment(ref finished);
                    }
                    else
                    {
                        Interlocked.Increment(ref running);
                    }
                }
                catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
                {
                    // One bad message must not stop the others; the lease brings it back.
                    Interlocked.Increment(ref failed);
                    Log.PollFailed(logger, e, delivery.Message.Job.Id.ToString());
                }
            });

            // Fewer than asked for: nothing more was due a moment ago.
            if (batch.Count < BatchSize)
            {
                break;
            }
        }

        await schedule.FlushAsync(cancellationToken);
        await budgets.RenewAsync(closing: false, cancellationToken);
        Log.PollCycle(logger, received, running, finished, failed);
        return new PollReport(received, running, finished, failed);
    }

    /// <summary>Looks at one task; true when there is nothing left to look at.</summary>
    private async Task<bool> LookAsync(PollDelivery delivery, CancellationToken cancellationToken)
    {
        var message = delivery.Message;
        var job = message.Job;
        if (job.TaskId is not { } taskId || job.Attempts.LastOrDefault(a => a.TaskId == taskId) is not { } live)
        {
            await queue.PoisonAsync(delivery, cancellationToken);
            return true;
        }

        using var activity = Telemetry.StartJobSpan(TelemetryNames.PollSpan, message.TraceParent, ActivityKind.Consumer);
        activity?.Describe(job);
        activity?.SetTag(TelemetryNames.TaskIdTag, taskId);
        activity?.SetTag(TelemetryNames.AttemptTag, live.Number);
        if (message.DueAt is { } dueAt)
        {
            metrics.Polling(job, dueAt, time.GetUtcNow());
        }

        var stored = new StoredJob(job, message.Version);
        var attempt = new AttemptInfo(live.Number, live.Tier, live.StartedAt, taskId) { ReservedUsd = live.ReservedUsd, ReservedBy = live.ReservedBy };
        switch (await upstream.ReadTaskAsync(taskId, cancellationToken))
        {
            // The job has moved on since the message was written, perhaps to another answer: look before writing.
            case TaskReading.Completed late when message.GivenUp:
                // A job that was erased meanwhile counts as cancelled: only its usage is recorded.
                var current = await jobs.FindAsync(job.Id, cancellationToken) ?? stored with { Job = job with { State = JobState.Cancelled } };
                await changes.ApplyAsync(current, await attempts.JudgeAsync(current.Job, attempt, late.Answer, cancellationToken), cancellationToken);
                await queue.DeleteAsync(delivery, cancellationToken);
                return true;

            case TaskReading.Completed completed:
                schedule.Observe(job.Profile, (message.DueAt ?? time.GetUtcNow()) - live.StartedAt, firstLook: message.Polls == 0);
                await changes.ApplyAsync(stored, await attempts.JudgeAsync(job, attempt, completed.Answer, cancellationToken), cancellationToken);
                await queue.DeleteAsync(delivery, cancellationToken);
                return true;

            case TaskReading.Failed failed:
                await changes.ApplyAsync(stored, new JobEvent.AttemptFailed(attempt, failed.Error, AttemptFailure.Refused), cancellationToken);
                await queue.DeleteAsync(delivery, cancellationToken);
                return true;

            case TaskReading.Unknown unknown:
                return await LookAgainAsync(delivery, stored, attempt, unknown.Error.RetryAfter, cancellationToken);

            default:
                return await LookAgainAsync(delivery, stored, attempt, hint: null, cancellationToken);
        }
    }

    private async Task<bool> LookAgainAsync(
        PollDelivery delivery, StoredJob stored, AttemptInfo attempt, TimeSpan? hint, CancellationToken cancellationToken)
    {
        var message = delivery.Message;
        var now = time.GetUtcNow();
        var elapsed = now - attempt.StartedAt;
        if (!message.GivenUp)
        {
            var happened = now >= stored.Job.DeadlineAt ? new JobEvent.DeadlinePassed()
                : elapsed > _options.TaskTimeout ? GivenUp(attempt, elapsed)
                : now >= stored.Job.DueAt ? new JobEvent.Seen()
                : (JobEvent?)null;
            if (happened is not null)
            {
                var (current, _) = await changes.ApplyAsync(stored, happened, cancellationToken);
                message = current is { Job.State: JobState.Submitted } && current.Job.TaskId == attempt.TaskId
                    ? message with { Job = current.Job, Version = current.Version }
                    : message with { GivenUp = true };
            }
        }

        if (message.GivenUp && elapsed > _options.TaskTimeout + _options.AbandonedTaskWindow)
        {
            await queue.DeleteAsync(delivery, cancellationToken);
            return true;
        }

        var delay = message.GivenUp ? _options.AbandonedPollDelay : schedule.Next(elapsed, hint, random.NextDouble());
        await queue.RescheduleAsync(delivery, message with { Polls = message.Polls + 1, DueAt = now + delay }, delay, cancellationToken);
        return false;
    }

    private static JobEvent.AttemptFailed GivenUp(AttemptInfo attempt, TimeSpan elapsed) => new(
        attempt,
        new UpstreamError
        {
            Kind = ErrorKind.Retry,
            Code = JobErrors.GivenUp,
            Message = $"the task was still running after {elapsed.TotalMinutes:0} min",
        },
        AttemptFailure.GivenUp);
}
