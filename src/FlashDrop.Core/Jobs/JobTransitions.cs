using FlashDrop.Core.Metering;
using FlashDrop.Core.Pipeline;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;

namespace FlashDrop.Core.Jobs;

/// <summary>
/// Decides every change of a job: pure functions of the job, what happened, the settings, the time and a random number.
/// Terminal jobs never change by themselves; only a person can retry or discard a failed one. Whoever stores the outcome does so only over the version the job was read at.
/// </summary>
/// <param name="options">Limits and delays.</param>
internal sealed class JobTransitions(PipelineOptions options)
{
    /// <summary>Attempts kept in the row; older ones without usage are forgotten first.</summary>
    private const int MaxAttemptsKept = 24;

    /// <summary>How long a job's time stands still while it is held over a budget.</summary>
    private static readonly TimeSpan MaxHeldFor = TimeSpan.FromDays(7);

    /// <summary>
    /// The change that <paramref name="happened"/> makes to <paramref name="job"/>.
    /// </summary>
    /// <param name="job">The job as stored.</param>
    /// <param name="happened">What happened.</param>
    /// <param name="now">The time.</param>
    /// <param name="random">0 to 1; spreads delays.</param>
    public Transition Decide(Job job, JobEvent happened, DateTimeOffset now, double random) =>
        job.IsTerminal ? OnTerminal(job, happened, now) : happened switch
        {
            JobEvent.TaskCreated e => OnTaskCreated(job, e, now),
            JobEvent.Answered e => OnAnswered(job, e, now, random),
            JobEvent.AttemptFailed e => OnAttemptFailed(job, e, now, random),
            JobEvent.OverBudget e => OnOverBudget(job, e, now),
            JobEvent.Interrupted => OnInterrupted(job, now, random),
            JobEvent.Rejected e => new Transition(End(job, JobState.Failed, e.Error, now), NextStep.Nothing),
            JobEvent.CancelRequested => new Transition(End(job, JobState.Cancelled, error: null, now), NextStep.Nothing),
            JobEvent.DeadlinePassed => new Transition(
                End(job, JobState.Failed, JobErrors.Deadline(TimeAllowed(job)), now), NextStep.Nothing),
            JobEvent.Poisoned e => new Transition(End(job, JobState.Failed, JobErrors.Poisoned(e.Queue), now), NextStep.Nothing),
            JobEvent.Superseded e => new Transition(End(job, JobState.Cancelled, e.Error, now), NextStep.Nothing),
            JobEvent.RetryRequested or JobEvent.DiscardRequested => Transition.None(job),
            JobEvent.Seen => new Transition(job with { UpdatedAt = now, DueAt = now + options.Heartbeat }, NextStep.Nothing),
            _ => throw new InvalidOperationException($"No transition for {happened.GetType().Name}."),
        };

    /// <summary>The tier the job's current attempt asks for.</summary>
    public Tier TierOf(Job job) => job.TierPolicy switch
    {
        TierPolicy.Standard => Tier.Standard,
        TierPolicy.Beta => Tier.Beta,
        _ => job.Attempts.Any(a => a.Tier == Tier.Standard || a.ModelRefused)
            || job.Attempts.Count(a => a.Tier == Tier.Beta) >= options.BetaAttempts
            ? Tier.Standard
            : Tier.Beta,
    };

    /// <summary>
    /// The key sent with the current attempt. Attempts that follow one nobody answered repeat its key, so that an upstream that
    /// honours keys can replay the lost answer instead of charging again.
    /// </summary>
    public static string IdempotencyKeyOf(Job job)
    {
        var first = job.Attempt;
        for (var i = job.Attempts.Count - 1; i >= 0 && job.Attempts[i].ErrorCode is JobErrors.Unanswered or JobErrors.Interrupted; i--)
        {
            first = job.Attempts[i].Number;
        }

        return $"fd-{job.Id}-{first}";
    }

    private Transition OnTerminal(Job job, JobEvent happened, DateTimeOffset now) => happened switch
    {
        JobEvent.RetryRequested when job.State == JobState.Failed && IsYoungEnough(job, now) => Reopen(job, now),
        JobEvent.DiscardRequested when job is { State: JobState.Failed, DiscardedAt: null } => new Transition(
            job with { DiscardedAt = now, UpdatedAt = now }, NextStep.Nothing),

        // The state stands, but what was paid is counted.
        JobEvent.Answered e => Transition.None(job) with { Usage = [UsageOf(job, e, now) with { Late = true }] },
        _ => Transition.None(job),
    };

    /// <summary>The same job goes on under the next attempt's number, with its full time and number of attempts ahead of it.</summary>
    private static Transition Reopen(Job job, DateTimeOffset now)
    {
        var queued = NextAttempt(job) with
        {
            State = JobState.Queued,
            RetriedAt = now,
            ForgivenAttempts = job.Attempt - job.Holds,
            DiscardedAt = null,
            CompletedAt = null,
            UpdatedAt = now,
            DueAt = now,
            DeadlineAt = now + TimeAllowed(job),
            HeldFor = TimeSpan.Zero,
        };
        return new Transition(queued, NextStep.Submit(TimeSpan.Zero));
    }

    /// <summary>The sweep finds jobs by the day of their id: one that it would no longer find must not be under way.</summary>
    private bool IsYoungEnough(Job job, DateTimeOffset now) => now + TimeAllowed(job) - job.Id.Time <= options.SweepLookback;

    private static TimeSpan TimeAllowed(Job job) => job.DeadlineAt - job.HeldFor - (job.RetriedAt ?? job.AcceptedAt);

    private Transition OnTaskCreated(Job job, JobEvent.TaskCreated e, DateTimeOffset now)
    {
        if (e.Attempt.Number != job.Attempt || job.State == JobState.Submitted)
        {
            // Somebody moved the job on meanwhile: this task is given up, and looked at later for its usage.
            return Transition.None(job);
        }

        var submitted = job with
        {
            State = JobState.Submitted,
            TaskId = e.Task.Id,
            Error = null,
            UpdatedAt = now,
            DueAt = now + e.FirstPollIn + options.Heartbeat,
            Attempts = Append(job.Attempts, e.Attempt.ToAttempt() with { TaskId = e.Task.Id }),
        };
        return new Transition(submitted, NextStep.Poll(e.FirstPollIn));
    }

    private Transition OnAnswered(Job job, JobEvent.Answered e, DateTimeOffset now, double random)
    {
        if (e.Attempt.TaskId is { } task && job.Attempts.Any(a => a.TaskId == task && IsAnswered(a)))
        {
            // Somebody else looked at the task as well, and was first: what it cost is counted and settled.
            return Transition.None(job);
        }

        var usage = UsageOf(job, e, now) with { Late = !IsCurrent(job, e.Attempt) };
        var attempt = e.Attempt.ToAttempt() with
        {
            EndedAt = now,
            ErrorCode = e.Defect?.Error.Code,
            ModelVersion = e.Answer.ModelVersion,
            Usage = e.Answer.Usage,
            CostUsd = usage.CostUsd,
        };
        var recorded = Record(job, attempt);

        if (e.Defect is null)
        {
            var done = End(recorded, JobState.Succeeded, error: null, now) with { Usage = e.Answer.Usage };
            return new Transition(done, NextStep.Nothing) { Usage = [usage] };
        }

        if (!IsCurrent(job, e.Attempt))
        {
            // A late and useless answer of a given-up task: the current attempt goes on.
            return new Transition(recorded with { UpdatedAt = now }, NextStep.Nothing) { Usage = [usage] };
        }

        var next = e.Defect.Repair && recorded.Attempt - recorded.Holds < recorded.MaxAttempts
            ? Queue(NextAttempt(recorded), e.Defect.Error, TimeSpan.Zero, now)
            : e.Defect.Retryable
            ? Retry(recorded, e.Defect.Error, TimeSpan.Zero, now, random)
            : new Transition(End(recorded, JobState.Failed, e.Defect.Error, now), NextStep.Nothing);
        return next with { Job = next.Job with { Usage = e.Answer.Usage }, Usage = [usage] };
    }

    private Transition OnAttemptFailed(Job job, JobEvent.AttemptFailed e, DateTimeOffset now, double random)
    {
        if (!IsCurrent(job, e.Attempt))
        {
            return Transition.None(job);
        }

        var error = JobErrors.FromUpstream(e.Error, e.Failure);
        if (e.Failure == AttemptFailure.NeverSent)
        {
            var wait = e.Error.RetryAfter ?? DelayAfter(attempts: 1, random);
            var queued = Queue(job, error, wait, now);
            return e.Error.Kind == ErrorKind.Hold ? queued with { Job = queued.Job with { State = JobState.Held } } : queued;
        }

        var recorded = Record(job, e.Attempt.ToAttempt() with
        {
            EndedAt = now,
            ErrorCode = error.Code,
            ModelRefused = e.Error.ConcernsModel,
        });

        if (e.Error.ConcernsModel && job.TierPolicy == TierPolicy.BetaThenStandard && e.Attempt.Tier == Tier.Beta)
        {
            return Queue(NextAttempt(recorded), error, TimeSpan.Zero, now);
        }

        if (e.Failure == AttemptFailure.Unanswered
            && recorded.Attempts.Count(a => a.ErrorCode == JobErrors.Unanswered) >= options.MaxUnanswered)
        {
            return new Transition(End(recorded, JobState.Failed, error, now), NextStep.Nothing);
        }

        return e.Error.Kind switch
        {
            _ when e.Failure is AttemptFailure.Unanswered or AttemptFailure.GivenUp => Retry(recorded, error, TimeSpan.Zero, now, random),
            ErrorKind.Retry => Retry(recorded, error, e.Error.RetryAfter ?? TimeSpan.Zero, now, random),
            ErrorKind.Hold => Hold(recorded, error, e.Error.RetryAfter ?? TimeSpan.Zero, now),

            _ => new Transition(End(recorded, JobState.Failed, error, now), NextStep.Nothing),
        };
    }

    /// <summary>Nothing was sent, so no attempt is counted; waiting for money is not the job's fault, so its time stands still for a while.</summary>
    private static Transition OnOverBudget(Job job, JobEvent.OverBudget e, DateTimeOffset now)
    {
        if (job.State is not (JobState.Queued or JobState.Held))
        {
            return Transition.None(job);
        }

        // A lost race may be decided again after the time to look again.
        var wait = e.RetryAt > now ? e.RetryAt - now : TimeSpan.Zero;
        var left = MaxHeldFor - job.HeldFor;
        var granted = wait < left ? wait : left;
        var queued = Queue(job, e.Error, wait, now);
        return queued with
        {
            Job = queued.Job with { State = JobState.Held, HeldFor = job.HeldFor + granted, DeadlineAt = job.DeadlineAt + granted },
        };
    }

    private Transition OnInterrupted(Job job, DateTimeOffset now, double random)
    {
        if (job.State == JobState.Submitted)
        {
            return Transition.None(job);
        }

        var error = new JobError(
            JobErrors.Interrupted,
            "The work on it was interrupted; whether the upstream had answered is unknown.",
            "Nothing to do: it is tried again.");
        var recorded = Record(job, new Attempt
        {
            Number = job.Attempt,
            Tier = TierOf(job),
            StartedAt = job.UpdatedAt,
            EndedAt = now,
            ErrorCode = JobErrors.Interrupted,
        });
        var retried = Retry(recorded, error, TimeSpan.Zero, now, random);
        return retried.Job.IsTerminal ? retried : retried with { Next = NextStep.Submit(TimeSpan.Zero) };
    }

    private Transition Retry(Job recorded, JobError error, TimeSpan atLeast, DateTimeOffset now, double random)
    {
        var counted = recorded.Attempt - recorded.Holds - recorded.ForgivenAttempts;
        if (counted >= recorded.MaxAttempts)
        {
            return new Transition(End(recorded, JobState.Failed, JobErrors.AttemptsExhausted(counted, error), now), NextStep.Nothing);
        }

        var delay = DelayAfter(counted, random);
        return Queue(NextAttempt(recorded), error, delay > atLeast ? delay : atLeast, now);
    }

    private Transition Hold(Job recorded, JobError error, TimeSpan atLeast, DateTimeOffset now)
    {
        var delay = options.HoldDelay > atLeast ? options.HoldDelay : atLeast;
        var held = NextAttempt(recorded) with
        {
            State = JobState.Held,
            Holds = recorded.Holds + 1,
            Error = error,
            UpdatedAt = now,
            DueAt = now + delay,
        };
        return new Transition(held, NextStep.Submit(delay));
    }

    private static Transition Queue(Job job, JobError error, TimeSpan delay, DateTimeOffset now) =>
        new(
            job with { State = JobState.Queued, TaskId = null, Error = error, UpdatedAt = now, DueAt = now + delay },
            NextStep.Submit(delay));

    private static Job NextAttempt(Job job) => job with { Attempt = job.Attempt + 1, TaskId = null };

    private static Job End(Job job, JobState state, JobError? error, DateTimeOffset now) =>
        job with { State = state, Error = error, TaskId = null, UpdatedAt = now, DueAt = now, CompletedAt = now };

    /// <summary>Delay after so many counted attempts: it triples, is capped, and is spread over ±20%.</summary>
    private TimeSpan DelayAfter(int attempts, double random)
    {
        var grown = options.RetryDelay.TotalSeconds * Math.Pow(3, Math.Min(attempts - 1, 12));
        var capped = Math.Min(grown, options.MaxRetryDelay.TotalSeconds);
        return TimeSpan.FromSeconds(capped * (0.8 + (0.4 * random)));
    }

    /// <summary>
    /// Whether an outcome is that of the attempt under way. A message that was delivered twice at once makes two submissions under one number;
    /// the one whose task is in the row is under way, the other is not.
    /// </summary>
    private static bool IsCurrent(Job job, AttemptInfo attempt) =>
        attempt.Number == job.Attempt && (job.State != JobState.Submitted || attempt.TaskId == job.TaskId);

    /// <summary>Puts an attempt's outcome in place of its live entry, and sums what is known about cost.</summary>
    private static Job Record(Job job, Attempt attempt)
    {
        var attempts = job.Attempts.Any(IsSame) ? job.Attempts.Select(a => IsSame(a) ? attempt : a).ToList() : Append(job.Attempts, attempt);
        var answered = attempts.Where(IsAnswered).ToList();
        return job with
        {
            Attempts = attempts,
            CostUsd = answered.Count > 0 && answered.All(a => a.CostUsd is not null) ? answered.Sum(a => a.CostUsd) : null,
        };

        bool IsSame(Attempt other) => other.Number == attempt.Number && other.TaskId == attempt.TaskId;
    }

    private static bool IsAnswered(Attempt attempt) => attempt.ModelVersion is not null || attempt.Usage is not null || attempt.CostUsd is not null;

    private static List<Attempt> Append(IReadOnlyList<Attempt> attempts, Attempt attempt)
    {
        List<Attempt> all = [.. attempts, attempt];
        while (all.Count > MaxAttemptsKept && all.FindIndex(a => a.Usage is null && a.CostUsd is null) is var forgotten and >= 0)
        {
            all.RemoveAt(forgotten);
        }

        return all;
    }

    private static UsageRecord UsageOf(Job job, JobEvent.Answered e, DateTimeOffset now) => new()
    {
        Id = e.Attempt.TaskId ?? $"{job.Id}-{e.Attempt.Number}",
        JobId = job.Id,
        Attempt = e.Attempt.Number,
        Origin = job.Origin,
        Caller = job.Caller,
        Profile = job.Profile,
        Tier = e.Attempt.Tier,
        ModelVersion = e.Answer.ModelVersion,
        At = now,
        Usage = e.Answer.Usage,
        CostUsd = e.CostUsd,
        ListUsd = e.Price.ListUsd,
        ForeignModel = e.Price.ForeignModel,
        Unpriced = e.Price.Unpriced,
        PriceRow = e.Price.PriceRow,
        MediaKind = job.Media?.Kind,
        MediaSeconds = job.Media?.Seconds,
    };
}
