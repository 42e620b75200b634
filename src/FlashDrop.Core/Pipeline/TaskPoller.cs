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
    /// <param name="stay">
    /// How long to stay with tasks that are due again soon. Such a task is kept in hand under its lease: its next look costs no storage
    /// operation, and does not wait for the timer.
    /// </param>
    /// <param name="cancellationToken">Shutdown; what is in hand comes back when its lease runs out.</param>
    public async Task<PollReport> RunAsync(TimeSpan stay, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity(TelemetryNames.PollCycleSpan);
        var started = time.GetUtcNow();
        var cycle = new Cycle();
        while (time.GetUtcNow() < started + _options.PollCycle && !cancellationToken.IsCancellationRequested)
        {
            var batch = await queue.ReceivePollsAsync(BatchSize, _options.PollLease, cancellationToken);
            cycle.Received += batch.Count;

            // Fewer than asked for: nothing more was due a moment ago, so nobody waits for those who stay.
            var isLast = batch.Count < BatchSize;
            cycle.StayUntil = isLast && stay > TimeSpan.Zero ? started + stay : null;
            await LookAllAsync(batch, cycle, cancellationToken);
            if (isLast)
            {
                break;
            }
        }

        while (cycle.Kept.MinBy(delivery => delivery.Message.DueAt) is { Message.DueAt: { } next })
        {
            if (next - time.GetUtcNow() is { } wait && wait > TimeSpan.Zero)
            {
                // Waiting counts in whole milliseconds; what is cut off would be waited for again and again.
                await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), time, cancellationToken);
            }

            await LookAllAsync(cycle.TakeDue(time.GetUtcNow()), cycle, cancellationToken);
        }

        await schedule.FlushAsync(cancellationToken);
        await budgets.RenewAsync(closing: false, cancellationToken);
        Log.PollCycle(logger, cycle.Received, cycle.Running, cycle.Finished, cycle.Failed);
        return new PollReport(cycle.Received, cycle.Running, cycle.Finished, cycle.Failed);
    }

    private async Task LookAllAsync(IReadOnlyCollection<PollDelivery> batch, Cycle cycle, CancellationToken cancellationToken)
    {
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
                cycle.Count(await LookAsync(delivery, cycle.StayUntil, ct));
            }
            catch (Exception e) when (e is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // One bad message must not stop the others; the lease brings it back.
                cycle.CountFailed();
                Log.PollFailed(logger, e, delivery.Message.Job.Id.ToString());
            }
        });
    }

    /// <summary>Looks at one task.</summary>
    private async Task<Look> LookAsync(PollDelivery delivery, DateTimeOffset? stayUntil, CancellationToken cancellationToken)
    {
        var message = delivery.Message;
        var job = message.Job;
        if (job.TaskId is not { } taskId || job.Attempts.LastOrDefault(a => a.TaskId == taskId) is not { } live)
        {
            await queue.PoisonAsync(delivery, cancellationToken);
            return Look.Finished;
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
        var attempt = AttemptInfo.Of(live);
        switch (await upstream.ReadTaskAsync(taskId, cancellationToken))
        {
            // The job has moved on since the message was written, perhaps to another answer: look before writing.
            case TaskReading.Completed late when message.GivenUp:
                // A job that was erased meanwhile counts as cancelled: only its usage is recorded.
                var current = await jobs.FindAsync(job.Id, cancellationToken) ?? stored with { Job = job with { State = JobState.Cancelled } };
                await changes.ApplyAsync(current, await attempts.JudgeAsync(current.Job, attempt, late.Answer, cancellationToken), cancellationToken);
                await queue.DeleteAsync(delivery, cancellationToken);
                return Look.Finished;

            case TaskReading.Completed completed:
                schedule.Observe(job.Profile, (message.DueAt ?? time.GetUtcNow()) - live.StartedAt, firstLook: message.Polls == 0);
                await changes.ApplyAsync(stored, await attempts.JudgeAsync(job, attempt, completed.Answer, cancellationToken), cancellationToken);
                await queue.DeleteAsync(delivery, cancellationToken);
                return Look.Finished;

            case TaskReading.Failed failed:
                await changes.ApplyAsync(stored, new JobEvent.AttemptFailed(attempt, failed.Error, AttemptFailure.Refused), cancellationToken);
                await queue.DeleteAsync(delivery, cancellationToken);
                return Look.Finished;

            case TaskReading.Unknown unknown:
                return await LookAgainAsync(delivery, stored, attempt, unknown.Error.RetryAfter, stayUntil, cancellationToken);

            default:
                return await LookAgainAsync(delivery, stored, attempt, hint: null, stayUntil, cancellationToken);
        }
    }

    private async Task<Look> LookAgainAsync(
        PollDelivery delivery, StoredJob stored, AttemptInfo attempt, TimeSpan? hint, DateTimeOffset? stayUntil, CancellationToken cancellationToken)
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
            return Look.Finished;
        }

        var delay = message.GivenUp ? _options.AbandonedPollDelay : schedule.Next(elapsed, hint, random.NextDouble());
        var next = message with { Polls = message.Polls + 1, DueAt = now + delay };
        if (next.DueAt <= stayUntil)
        {
            return new Look(delivery with { Message = next }, IsFinished: false);
        }

        await queue.RescheduleAsync(delivery, next, delay, cancellationToken);
        return Look.Rescheduled;
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

    /// <summary>What came of one look.</summary>
    /// <param name="Kept">The message, when it is kept in hand for another look.</param>
    /// <param name="IsFinished">Whether there is nothing left to look at.</param>
    private readonly record struct Look(PollDelivery? Kept, bool IsFinished)
    {
        public static Look Finished { get; } = new(Kept: null, IsFinished: true);

        public static Look Rescheduled { get; } = new(Kept: null, IsFinished: false);
    }

    /// <summary>The counts of one cycle, and what it has in hand.</summary>
    private sealed class Cycle
    {
        private readonly Lock _lock = new();
        private readonly List<PollDelivery> _kept = [];
        private int _running;
        private int _finished;
        private int _failed;

        public int Received { get; set; }

        public int Running => _running;

        public int Finished => _finished;

        public int Failed => _failed;

        /// <summary>Until when tasks are kept in hand; null keeps none.</summary>
        public DateTimeOffset? StayUntil { get; set; }

        /// <summary>Read between rounds of looks only.</summary>
        public IReadOnlyList<PollDelivery> Kept => _kept;

        public void Count(Look look)
        {
            lock (_lock)
            {
                if (look.Kept is { } kept)
                {
                    _kept.Add(kept);
                }
                else if (look.IsFinished)
                {
                    _finished++;
                }
                else
                {
                    _running++;
                }
            }
        }

        public void CountFailed()
        {
            lock (_lock)
            {
                _failed++;
            }
        }

        public List<PollDelivery> TakeDue(DateTimeOffset now)
        {
            var due = _kept.FindAll(IsDue);
            _kept.RemoveAll(IsDue);
            return due;

            bool IsDue(PollDelivery delivery) => delivery.Message.DueAt <= now;
        }
    }
}
