using FlashDrop.Core.Budgets;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.Core.Jobs;

/// <summary>Something that happened to a job: a closed set.</summary>
internal abstract record JobEvent
{
    private JobEvent()
    {
    }

    /// <summary>The upstream made a task of the attempt, to be looked at first after <paramref name="FirstPollIn"/>.</summary>
    public sealed record TaskCreated(AttemptInfo Attempt, UpstreamTask Task, TimeSpan FirstPollIn) : JobEvent;

    /// <summary>
    /// An attempt was answered. <paramref name="Defect"/> says why the answer cannot be handed out as it is; null when it can.
    /// </summary>
    public sealed record Answered(AttemptInfo Attempt, Answer Answer, PricedUsage Price, AnswerDefect? Defect) : JobEvent
    {
        /// <summary>What it cost, USD: by its counts, else as the upstream says; null when nobody knows.</summary>
        public decimal? CostUsd => Price.CostUsd ?? (Answer.Usage is null ? Answer.ReportedCostUsd : null);
    }

    /// <summary>An attempt came to nothing.</summary>
    public sealed record AttemptFailed(AttemptInfo Attempt, UpstreamError Error, AttemptFailure Failure) : JobEvent;

    /// <summary>
    /// The job is queued but whoever worked on its attempt is gone: what the attempt did is unknown, so the next one gets a new number.
    /// </summary>
    public sealed record Interrupted : JobEvent;

    /// <summary>Its caller's budget leaves no room: it waits until <paramref name="RetryAt"/>.</summary>
    public sealed record OverBudget(JobError Error, DateTimeOffset RetryAt) : JobEvent;

    /// <summary>Its inputs cannot be used.</summary>
    public sealed record Rejected(JobError Error) : JobEvent;

    /// <summary>Its drop was deleted, or replaced by a newer one that is a job of its own.</summary>
    public sealed record Superseded(JobError Error) : JobEvent;

    /// <summary>Its caller does not want it any more.</summary>
    public sealed record CancelRequested : JobEvent;

    /// <summary>It failed, and somebody asks for another attempt.</summary>
    public sealed record RetryRequested : JobEvent;

    /// <summary>It failed, and somebody says that nothing is to be done about it.</summary>
    public sealed record DiscardRequested : JobEvent;

    /// <summary>It took too long.</summary>
    public sealed record DeadlinePassed : JobEvent;

    /// <summary>Its message failed too often.</summary>
    public sealed record Poisoned(string Queue) : JobEvent;

    /// <summary>Its task is still running: time to show that somebody is looking after it.</summary>
    public sealed record Seen : JobEvent;
}

/// <summary>Which attempt an event is about.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Tier">Tier asked for.</param>
/// <param name="StartedAt">When it was sent.</param>
/// <param name="TaskId">Its task, if it had become one.</param>
internal sealed record AttemptInfo(int Number, Tier Tier, DateTimeOffset StartedAt, string? TaskId = null)
{
    /// <summary>What it reserved of its caller's budget, USD; null for nothing.</summary>
    public decimal? ReservedUsd { get; init; }

    /// <summary>The instance whose grant it reserved it from.</summary>
    public string? ReservedBy { get; init; }

    /// <summary>An attempt under way, as its row keeps it.</summary>
    public static AttemptInfo Of(Attempt attempt) => new(attempt.Number, attempt.Tier, attempt.StartedAt, attempt.TaskId)
    {
        ReservedUsd = attempt.ReservedUsd,
        ReservedBy = attempt.ReservedBy,
    };

    /// <summary>The attempt as its row keeps it while it is under way.</summary>
    public Attempt ToAttempt() => new()
    {
        Number = Number,
        Tier = Tier,
        TaskId = TaskId,
        StartedAt = StartedAt,
        ReservedUsd = ReservedUsd,
        ReservedBy = ReservedBy,
    };

    /// <summary>What it reserved, as the ledger knows it.</summary>
    public HeldBudget? HeldOf(Job job) =>
        ReservedUsd is { } usd ? new HeldBudget(job.Caller, DateOnly.FromDateTime(StartedAt.UtcDateTime), usd, ReservedBy ?? "") : null;
}

/// <summary>How an attempt came to nothing.</summary>
internal enum AttemptFailure
{
    /// <summary>The upstream said no, or its task failed.</summary>
    Refused,

    /// <summary>Nothing came back: it may have been done and charged.</summary>
    Unanswered,

    /// <summary>It never left this process (circuit open, concurrency limit): not an attempt.</summary>
    NeverSent,

    /// <summary>Its task ran too long and was given up.</summary>
    GivenUp,
}

/// <summary>Why an answer is not a success.</summary>
/// <param name="Error">What to tell.</param>
/// <param name="Retryable">Whether a further attempt is reasonable.</param>
internal sealed record AnswerDefect(JobError Error, bool Retryable)
{
    /// <summary>Whether the next attempt shows the model its answer and what is wrong with it, at once.</summary>
    public bool Repair { get; init; }
}
