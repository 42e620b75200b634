using System.ComponentModel.DataAnnotations;
using FlashDrop.Core.Profiles;

namespace FlashDrop.Core.Pipeline;

/// <summary>How jobs are driven. Section <c>FlashDrop:Pipeline</c>. Durations are <c>hh:mm:ss</c> in configuration.</summary>
public sealed class PipelineOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Pipeline";

    /// <summary>Upstream submissions a job may take, holds not counted. Default 5, range 1 to 20. A profile may lower it.</summary>
    [Range(1, 20)]
    public int MaxAttempts { get; set; } = 5;

    /// <summary>Attempts on the beta tier before a <c>beta-then-standard</c> job moves on. Default 2, range 1 to 20.</summary>
    [Range(1, 20)]
    public int BetaAttempts { get; set; } = 2;

    /// <summary>
    /// Submissions that may go unanswered: each may have been charged without an answer. Default 2, range 1 to 20.
    /// </summary>
    [Range(1, 20)]
    public int MaxUnanswered { get; set; } = 2;

    /// <summary>Delay before the second attempt; it triples with each further one. Default 10 s.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest delay between attempts, unless the upstream asks for more. Default 10 min.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Delay before a held job tries again. Default 5 min.</summary>
    public TimeSpan HoldDelay { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a job may take from acceptance to result, holds included. Default 24 h. A profile may lower it.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How long a task may run before its attempt is given up. Default 45 min.</summary>
    public TimeSpan TaskTimeout { get; set; } = TimeSpan.FromMinutes(45);

    /// <summary>How long a given-up task is still looked at, slowly, so that its usage is counted when it finishes late. Default 6 h.</summary>
    public TimeSpan AbandonedTaskWindow { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Pause between looks at a given-up task. Default 15 min.</summary>
    public TimeSpan AbandonedPollDelay { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>First look at a task when nothing is known about how long it takes. Default 5 s.</summary>
    public TimeSpan FirstPollDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Shortest pause between two looks. Default 2 s.</summary>
    public TimeSpan MinPollDelay { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How often a running task's row is written, to show that somebody looks after it. Default 5 min.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Longest pause between two looks. Default 30 s.</summary>
    public TimeSpan MaxPollDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Later looks come after this share of the time the task has taken so far. Default 0.15, range 0.05 to 2.</summary>
    [Range(0.05, 2)]
    public double PollBackoff { get; set; } = 0.15;

    /// <summary>Tasks looked at at once. Default 16, range 1 to 256.</summary>
    [Range(1, 256)]
    public int PollConcurrency { get; set; } = 16;

    /// <summary>How long a received poll message is hidden from other receivers. Default 90 s.</summary>
    public TimeSpan PollLease { get; set; } = TimeSpan.FromSeconds(90);

    /// <summary>How long one poll cycle takes in new messages; well below the function timeout. Default 3 min.</summary>
    public TimeSpan PollCycle { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>
    /// How long a poll cycle stays with running tasks that are due again so soon; shorter than the poll timer's period and than
    /// <see cref="PollLease"/>. Default 3.5 s; zero leaves every look to the timer.
    /// </summary>
    public TimeSpan PollStay { get; set; } = TimeSpan.FromSeconds(3.5);

    /// <summary>
    /// How long after it was due a job counts as forgotten. Longer than a submit can take, so that work in progress is never
    /// done twice. Default 10 min.
    /// </summary>
    public TimeSpan ForgottenAfter { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The same for a queued job while the <c>submit</c> queue is long: its message probably just waits. Default 6 h.
    /// </summary>
    public TimeSpan ForgottenInBacklogAfter { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Length from which the <c>submit</c> queue counts as a backlog. Default 100.</summary>
    [Range(0, int.MaxValue)]
    public int BacklogLength { get; set; } = 100;

    /// <summary>How old an inbox blob must be before the sweep asks whether its event was lost. Default 2 min.</summary>
    public TimeSpan InboxGrace { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How far back the sweep looks for active jobs and, on its first run, for drops. Default 30 days, 1 to 366.</summary>
    public TimeSpan SweepLookback { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long one sweep takes in new work. Default 4 min.</summary>
    public TimeSpan SweepBudget { get; set; } = TimeSpan.FromMinutes(4);

    /// <summary>How long signed URLs of large media stay readable for the upstream. Default 6 h.</summary>
    public TimeSpan SignedUrlLifetime { get; set; } = TimeSpan.FromHours(6);

    /// <summary>Attempts a job of a profile may take: a profile can lower the limit, not raise it.</summary>
    internal int AttemptsOf(Profile profile) => Math.Min(profile.MaxAttempts ?? MaxAttempts, MaxAttempts);

    /// <summary>How long a job of a profile may take: a profile can lower the deadline, not raise it.</summary>
    internal TimeSpan DeadlineOf(Profile profile) => profile.Deadline < Deadline ? profile.Deadline.Value : Deadline;
}
