using CsCheck;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Jobs;

public sealed class JobTransitionsTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 3, 9, 0, 0, TimeSpan.Zero);
    private readonly JobTransitions _sut = new(new PipelineOptions());

    [Fact]
    public void TerminalJobs_NeverChange_WhateverHappens()
    {
        Gen.Select(Gen.OneOf(Gen.Const(JobState.Succeeded), Gen.Const(JobState.Failed), Gen.Const(JobState.Cancelled)), AnyEvent).Sample((state, happened) =>
        {
            var job = NewJob() with { State = state };
            var change = _sut.Decide(job, happened, Now, 0.5);
            return ReferenceEquals(change.Job, job) && change.Next == NextStep.Nothing && change.Usage.All(u => u.Late);
        });
    }

    [Fact]
    public void RetriedJob_HasItsTimeAndAttemptsAheadOfIt_AndKeepsItsHistory()
    {
        var failed = Fail(NewJob());
        var later = Now.AddDays(2);

        var retried = _sut.Decide(failed, new JobEvent.RetryRequested(), later, 0.5);
        var failedAgain = Fail(retried.Job);

        Assert.Equal((JobState.Queued, 6, NextStep.Submit(TimeSpan.Zero)), (retried.Job.State, retried.Job.Attempt, retried.Next));
        Assert.Equal((later.AddDays(1), later), (retried.Job.DeadlineAt, retried.Job.RetriedAt));
        Assert.Null(retried.Job.CompletedAt);
        Assert.Equal(failed.Attempts, retried.Job.Attempts);
        Assert.Equal((10, 10, "attempts_exhausted"), (failedAgain.Attempt, failedAgain.Attempts.Count, failedAgain.Error!.Code));

        Job Fail(Job job)
        {
            while (!job.IsTerminal)
            {
                job = _sut.Decide(job, FailedAttempt(job, Errors.ServiceError()), Now, 0.5).Job;
            }

            return job;
        }
    }

    [Fact]
    public void RefusalByTheBudgetThatIsDecidedAgainTooLate_IsLookedAtAtOnce()
    {
        var job = NewJob();

        var change = _sut.Decide(job, new JobEvent.OverBudget(new JobError("over_budget", "No room.", "Wait."), Now.AddMinutes(-4)), Now, 0.5);

        Assert.Equal((JobState.Held, NextStep.Submit(TimeSpan.Zero)), (change.Job.State, change.Next));
        Assert.Equal((job.DeadlineAt, TimeSpan.Zero, Now), (change.Job.DeadlineAt, change.Job.HeldFor, change.Job.DueAt));
    }

    [Theory]
    [InlineData(JobState.Queued, 0)]
    [InlineData(JobState.Submitted, 0)]
    [InlineData(JobState.Held, 0)]
    [InlineData(JobState.Succeeded, 0)]
    [InlineData(JobState.Cancelled, 0)]
    [InlineData(JobState.Failed, 29.1)]
    public void Retry_IsForFailedJobsTheSweepWouldFind(JobState state, double days)
    {
        var job = NewJob() with { State = state };

        Assert.Same(job, _sut.Decide(job, new JobEvent.RetryRequested(), Now.AddDays(days), 0.5).Job);
    }

    [Theory]
    [InlineData(JobState.Queued)]
    [InlineData(JobState.Succeeded)]
    [InlineData(JobState.Cancelled)]
    public void Discard_IsForFailedJobs(JobState state)
    {
        var job = NewJob() with { State = state };

        Assert.Same(job, _sut.Decide(job, new JobEvent.DiscardRequested(), Now, 0.5).Job);
    }

    [Fact]
    public void AnySequenceOfEvents_EndsWithinTheAttemptLimit_OrWaitsForItsNextStep()
    {
        AnyEvent.List[1, 60].Sample(events =>
        {
            var job = NewJob();
            foreach (var happened in events)
            {
                var change = _sut.Decide(job, happened, Now, 0.5);
                var changed = !ReferenceEquals(change.Job, job);
                var waits = change.Job.IsTerminal || !changed || change.Job.State == JobState.Submitted
                    || change.Next.Kind == NextStepKind.Submit || change.Job.Attempt == job.Attempt;
                if (!waits || change.Job.Attempt < job.Attempt || change.Job.Attempt - change.Job.Holds > change.Job.MaxAttempts)
                {
                    return false;
                }

                job = change.Job;
            }

            return true;
        });
    }

    [Fact]
    public void Cost_IsTheSumOfTheAnsweredAttempts_AndUnknownIfOneIs()
    {
        var useless = _sut.Decide(NewJob(), Answered(1, "", 0.10m), Now, 0.5).Job;
        Assert.Equal(0.35m, _sut.Decide(useless, Answered(2, "Yes.", 0.25m), Now, 0.5).Job.CostUsd);

        var unknown = _sut.Decide(NewJob(), Answered(1, "", costUsd: null), Now, 0.5).Job;
        Assert.Null(_sut.Decide(unknown, Answered(2, "Yes.", 0.25m), Now, 0.5).Job.CostUsd);
    }

    [Theory]
    [InlineData(TierPolicy.Standard, new[] { Tier.Standard, Tier.Standard, Tier.Standard })]
    [InlineData(TierPolicy.Beta, new[] { Tier.Beta, Tier.Beta, Tier.Beta })]
    [InlineData(TierPolicy.BetaThenStandard, new[] { Tier.Beta, Tier.Beta, Tier.Standard })]
    public void TierPolicy_DecidesTheTierOfEachAttempt(TierPolicy policy, Tier[] expected)
    {
        var job = NewJob() with { TierPolicy = policy };
        foreach (var tier in expected)
        {
            Assert.Equal(tier, _sut.TierOf(job));
            job = _sut.Decide(job, FailedAttempt(job, Errors.ServiceError()), Now, 0.5).Job;
        }
    }

    [Fact]
    public void BetaModelThatIsRetired_MovesOnToStandard_AtOnce()
    {
        var job = NewJob() with { TierPolicy = TierPolicy.BetaThenStandard };

        var change = _sut.Decide(job, FailedAttempt(job, Errors.ModelGone), Now, 0.5);

        Assert.Equal((JobState.Queued, NextStep.Submit(TimeSpan.Zero)), (change.Job.State, change.Next));
        Assert.Equal(Tier.Standard, _sut.TierOf(change.Job));
    }

    [Fact]
    public void AttemptHistory_IsBounded_ButForgetsNothingThatWasPaid()
    {
        var job = NewJob() with { MaxAttempts = 20 };
        job = _sut.Decide(job, Answered(1, "", 0.5m), Now, 0.5).Job;
        for (var i = 0; i < 100; i++)
        {
            job = _sut.Decide(job, FailedAttempt(job, Errors.AccountEmpty), Now, 0.5).Job;
        }

        Assert.Equal(24, job.Attempts.Count);
        Assert.Equal(0.5m, job.Attempts[0].CostUsd);
        Assert.Equal((102, 100, JobState.Held), (job.Attempt, job.Holds, job.State));
    }

    [Fact]
    public void Delays_GrowThreefold_WithinTheirSpread_UpToTheLimit()
    {
        Gen.Double[0, 1].Sample(random =>
        {
            var job = NewJob() with { MaxAttempts = 9 };
            double expected = 10;
            for (var i = 0; i < 8; i++)
            {
                var change = _sut.Decide(job, FailedAttempt(job, Errors.ServiceError(500)), Now, random);
                var seconds = change.Next.Delay.TotalSeconds;
                if (seconds < (expected * 0.8) - 0.001 || seconds > (expected * 1.2) + 0.001)
                {
                    return false;
                }

                job = change.Job;
                expected = Math.Min(expected * 3, 600);
            }

            return true;
        });
    }

    [Fact]
    public void TaskThatWasCreated_IsLookedAtWhenItIsDue()
    {
        var change = _sut.Decide(NewJob(), new JobEvent.TaskCreated(Attempt(1), Task, TimeSpan.FromSeconds(5)), Now, 0.5);

        Assert.Equal((JobState.Submitted, "t1", Now.AddSeconds(5).AddMinutes(5), NextStep.Poll(TimeSpan.FromSeconds(5))), (change.Job.State, change.Job.TaskId, change.Job.DueAt, change.Next));
        Assert.Equal("t1", Assert.Single(change.Job.Attempts).TaskId);
    }

    [Theory]
    [InlineData(2, JobState.Queued)]
    [InlineData(1, JobState.Submitted)]
    public void TaskOfAnAttemptThatIsOver_IsGivenUp(int attempt, JobState state)
    {
        var job = NewJob() with { State = state, TaskId = state == JobState.Submitted ? "t0" : null };

        Assert.Same(job, _sut.Decide(job, new JobEvent.TaskCreated(Attempt(attempt), Task, TimeSpan.FromSeconds(5)), Now, 0.5).Job);
    }

    [Fact]
    public void TaskThatIsStillRunning_ShowsThatSomebodyLooksAfterIt()
    {
        var change = _sut.Decide(Submitted(), new JobEvent.Seen(), Now.AddMinutes(1), 0.5);

        Assert.Equal((Now.AddMinutes(1), Now.AddMinutes(6), NextStep.Nothing), (change.Job.UpdatedAt, change.Job.DueAt, change.Next));
    }

    [Fact]
    public void TaskThatIsAnsweredTwice_IsCountedOnce()
    {
        var job = Submitted();
        var answered = Answered(1, "Yes.", 0.1m) with { Attempt = Attempt(1) with { TaskId = "t1" } };
        var done = _sut.Decide(job with { Attempts = [new Attempt { Number = 1, Tier = Tier.Standard, StartedAt = Now, TaskId = "t0" }, .. job.Attempts] }, answered, Now, 0.5);

        Assert.Single(done.Usage);
        Assert.Empty(_sut.Decide(done.Job with { State = JobState.Queued }, answered, Now, 0.5).Usage);
    }

    [Fact]
    public void UselessAnswerOfAGivenUpTask_IsCountedAndChangesNothingElse()
    {
        var job = Submitted() with { Attempt = 2, TaskId = "t2" };

        var change = _sut.Decide(job, Answered(1, "", 0.1m) with { Attempt = Attempt(1) with { TaskId = "t1" } }, Now.AddMinutes(1), 0.5);

        Assert.Equal((JobState.Submitted, 2, "t2", NextStep.Nothing), (change.Job.State, change.Job.Attempt, change.Job.TaskId, change.Next));
        Assert.Equal((true, 0.1m, "t1"), (Assert.Single(change.Usage).Late, change.Usage[0].CostUsd, change.Usage[0].Id));
    }

    [Fact]
    public void AnswerThatCameWithTheSubmission_IsNamedByItsJobAndAttempt() =>
        Assert.Equal($"{NewJob().Id}-1", Assert.Single(_sut.Decide(NewJob(), Answered(1, "Yes.", 0.1m), Now, 0.5).Usage).Id);

    [Theory]
    [InlineData(0.5, true, 0.25, 0.5)]
    [InlineData(null, false, 0.25, 0.25)]
    [InlineData(null, true, 0.25, null)]
    [InlineData(null, false, null, null)]
    public void Cost_IsByTheCountsElseAsTheUpstreamSays(double? byCounts, bool counted, double? reported, double? expected)
    {
        var answer = Answers.Text("Yes.") with { Usage = counted ? Answers.Usage : null, ReportedCostUsd = (decimal?)reported };

        Assert.Equal((decimal?)expected, new JobEvent.Answered(Attempt(1), answer, new PricedUsage { CostUsd = (decimal?)byCounts }, Defect: null).CostUsd);
    }

    [Theory]
    [InlineData(4, 0, JobState.Queued)]
    [InlineData(5, 0, JobState.Failed)]
    [InlineData(6, 2, JobState.Queued)]
    [InlineData(7, 2, JobState.Failed)]
    public void AnswerToBeRepaired_IsSentBackAtOnce_WhileAttemptsAreLeft(int attempt, int holds, JobState state)
    {
        var job = NewJob() with { Attempt = attempt, Holds = holds };
        var misfit = new AnswerDefect(JobErrors.Misfit(["$.a is missing."], repaired: false), Retryable: false) { Repair = true };

        var change = _sut.Decide(job, Answered(attempt, "{}", 0.1m) with { Defect = misfit }, Now, 0.5);

        Assert.Equal(state, change.Job.State);
        Assert.Equal(state == JobState.Queued ? NextStep.Submit(TimeSpan.Zero) : NextStep.Nothing, change.Next);
        Assert.Single(change.Usage);
    }

    [Theory]
    [InlineData(4, 0, JobState.Queued)]
    [InlineData(5, 0, JobState.Failed)]
    [InlineData(6, 2, JobState.Queued)]
    [InlineData(7, 2, JobState.Failed)]
    public void FailedAttempt_IsTheLastOfThoseThatCount(int attempt, int holds, JobState state)
    {
        var job = NewJob() with { Attempt = attempt, Holds = holds };

        Assert.Equal(state, _sut.Decide(job, FailedAttempt(job, Errors.ServiceError()), Now, 0.5).Job.State);
    }

    [Theory]
    [InlineData(null, 10)]
    [InlineData(4.0, 10)]
    [InlineData(120.0, 120)]
    public void FailedAttempt_WaitsAsLongAsTheUpstreamAsks_AndNoShorterThanItself(double? retryAfter, double seconds)
    {
        var change = _sut.Decide(NewJob(), FailedAttempt(NewJob(), Errors.ServiceError(retryAfter: Seconds(retryAfter))), Now, 0.5);

        Assert.Equal((2, NextStep.Submit(TimeSpan.FromSeconds(seconds)), Now.AddSeconds(seconds)), (change.Job.Attempt, change.Next, change.Job.DueAt));
    }

    [Theory]
    [InlineData(null, 300)]
    [InlineData(20.0, 300)]
    [InlineData(900.0, 900)]
    public void EmptyAccount_HoldsTheJobForAWhile(double? retryAfter, double seconds)
    {
        var change = _sut.Decide(NewJob(), FailedAttempt(NewJob(), Errors.AccountEmpty with { RetryAfter = Seconds(retryAfter) }), Now, 0.5);

        Assert.Equal((JobState.Held, 1, NextStep.Submit(TimeSpan.FromSeconds(seconds)), Now.AddSeconds(seconds)), (change.Job.State, change.Job.Holds, change.Next, change.Job.DueAt));
    }

    [Theory]
    [InlineData(ErrorKind.Retry, null, JobState.Queued, 10)]
    [InlineData(ErrorKind.Retry, 20.0, JobState.Queued, 20)]
    [InlineData(ErrorKind.Hold, 20.0, JobState.Held, 20)]
    public void AttemptThatWasNeverSent_IsNoAttempt(ErrorKind kind, double? retryAfter, JobState state, double seconds)
    {
        var failed = new JobEvent.AttemptFailed(Attempt(1), Errors.Of(kind, "circuit_open", retryAfter: Seconds(retryAfter), sent: false), AttemptFailure.NeverSent);

        var change = _sut.Decide(NewJob(), failed, Now, 0.5);

        Assert.Equal((state, 1, NextStep.Submit(TimeSpan.FromSeconds(seconds))), (change.Job.State, change.Job.Attempt, change.Next));
        Assert.Empty(change.Job.Attempts);
    }

    [Theory]
    [InlineData(2, JobState.Queued, null)]
    [InlineData(1, JobState.Submitted, "t2")]
    public void FailureOfAnAttemptThatIsOver_ChangesNothing(int attempt, JobState state, string? task)
    {
        var job = NewJob() with { State = state, TaskId = task };

        Assert.Same(job, _sut.Decide(job, FailedAttempt(job, Errors.ServiceError()) with { Attempt = Attempt(attempt) with { TaskId = "t1" } }, Now, 0.5).Job);
    }

    [Theory]
    [InlineData(TierPolicy.BetaThenStandard, Tier.Beta, true, JobState.Queued)]
    [InlineData(TierPolicy.BetaThenStandard, Tier.Beta, false, JobState.Failed)]
    [InlineData(TierPolicy.BetaThenStandard, Tier.Standard, true, JobState.Failed)]
    [InlineData(TierPolicy.Beta, Tier.Beta, true, JobState.Failed)]
    public void OnlyARefusedBetaModel_MovesOnToStandard(TierPolicy policy, Tier tier, bool concernsModel, JobState state)
    {
        var job = NewJob() with { TierPolicy = policy };
        var failed = new JobEvent.AttemptFailed(new AttemptInfo(1, tier, Now), Errors.ModelGone with { ConcernsModel = concernsModel }, AttemptFailure.Refused);

        Assert.Equal(state, _sut.Decide(job, failed, Now, 0.5).Job.State);
    }

    [Fact]
    public void WaitForABudget_StandsStillForAWeekAtMost()
    {
        var job = NewJob() with { HeldFor = TimeSpan.FromDays(6) };

        var change = _sut.Decide(job, new JobEvent.OverBudget(new JobError("over_budget", "No room.", "Wait."), Now.AddHours(30)), Now, 0.5);

        Assert.Equal((JobState.Held, TimeSpan.FromDays(7), job.DeadlineAt.AddDays(1), Now.AddHours(30)), (change.Job.State, change.Job.HeldFor, change.Job.DeadlineAt, change.Job.DueAt));
        Assert.Equal(NextStep.Submit(TimeSpan.FromHours(30)), change.Next);
        Assert.Equal(
            TimeSpan.FromHours(2), _sut.Decide(NewJob(), new JobEvent.OverBudget(change.Job.Error!, Now.AddHours(2)), Now, 0.5).Job.HeldFor);
    }

    [Fact]
    public void JobUnderWay_NeitherWaitsForABudgetNorIsInterrupted()
    {
        var job = Submitted();

        Assert.Same(job, _sut.Decide(job, new JobEvent.OverBudget(new JobError("over_budget", "No room.", "Wait."), Now.AddHours(2)), Now, 0.5).Job);
        Assert.Same(job, _sut.Decide(job, new JobEvent.Interrupted(), Now, 0.5).Job);
    }

    [Fact]
    public void InterruptedAttempt_IsWrittenOffAndTheNextBeginsAtOnce_UnlessItWasTheLast()
    {
        var change = _sut.Decide(NewJob(), new JobEvent.Interrupted(), Now, 0.5);

        Assert.Equal((JobState.Queued, 2, NextStep.Submit(TimeSpan.Zero)), (change.Job.State, change.Job.Attempt, change.Next));
        Assert.Equal("interrupted", Assert.Single(change.Job.Attempts).ErrorCode);
        Assert.Equal(
            new JobError("interrupted", "The work on it was interrupted; whether the upstream had answered is unknown.", "Nothing to do: it is tried again."), change.Job.Error);
        var last = _sut.Decide(NewJob() with { Attempt = 5 }, new JobEvent.Interrupted(), Now, 0.5);
        Assert.Equal((JobState.Failed, NextStep.Nothing), (last.Job.State, last.Next));
    }

    [Fact]
    public void RetriedJob_HasTheTimeItWasGiven_WithoutWhatItWaitedForItsBudget()
    {
        var failed = NewJob() with { State = JobState.Failed, Attempt = 7, Holds = 2, HeldFor = TimeSpan.FromHours(5), DeadlineAt = Now.AddHours(29) };

        var retried = _sut.Decide(failed, new JobEvent.RetryRequested(), Now.AddDays(2), 0.5).Job;
        var again = _sut.Decide(retried with { State = JobState.Failed }, new JobEvent.RetryRequested(), Now.AddDays(3), 0.5).Job;

        Assert.Equal((Now.AddDays(3), 5, 8, TimeSpan.Zero), (retried.DeadlineAt, retried.ForgivenAttempts, retried.Attempt, retried.HeldFor));
        Assert.Equal(Now.AddDays(4), again.DeadlineAt);
    }

    [Fact]
    public void Retry_IsPossibleAsLongAsTheSweepFindsTheJobUntilItsEnd()
    {
        var failed = NewJob() with { State = JobState.Failed };

        Assert.Equal(JobState.Queued, _sut.Decide(failed, new JobEvent.RetryRequested(), Now.AddDays(29), 0.5).Job.State);
        Assert.Same(failed, _sut.Decide(failed, new JobEvent.RetryRequested(), Now.AddDays(29).AddTicks(1), 0.5).Job);
    }

    [Fact]
    public void WhatAnAttemptReserved_IsKnownToItsLedger()
    {
        var attempt = Attempt(1) with { ReservedUsd = 0.5m, ReservedBy = "instance-1" };

        Assert.Equal(new Core.Budgets.HeldBudget("tests", new DateOnly(2026, 11, 3), 0.5m, "instance-1"), attempt.HeldOf(NewJob()));
        Assert.Equal("", (attempt with { ReservedBy = null }).HeldOf(NewJob())?.Instance);
        Assert.Null(Attempt(1).HeldOf(NewJob()));
    }

    private static UpstreamTask Task { get; } = new() { Id = "t1", Status = "pending" };

    private Job Submitted() => _sut.Decide(NewJob(), new JobEvent.TaskCreated(Attempt(1), Task, TimeSpan.FromSeconds(5)), Now, 0.5).Job;

    private static TimeSpan? Seconds(double? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;

    private static Gen<JobEvent> AnyEvent => Gen.OneOf(
        Gen.Int[1, 6].Select(n => (JobEvent)new JobEvent.TaskCreated(Attempt(n), new UpstreamTask { Id = $"t{n}", Status = "pending" }, TimeSpan.FromSeconds(5))),
        Gen.Select(Gen.Int[1, 6], Gen.Bool).Select((n, whole) => (JobEvent)Answered(n, whole ? "Yes." : "", 0.1m)),
        Gen.Select(Gen.Int[1, 6], Gen.Enum<ErrorKind>(), Gen.Enum<AttemptFailure>())
            .Select((n, kind, failure) => (JobEvent)new JobEvent.AttemptFailed(Attempt(n), Errors.Of(kind, "any"), failure)),
        Gen.Const((JobEvent)new JobEvent.Interrupted()),
        Gen.Const((JobEvent)new JobEvent.Seen()),
        Gen.Const((JobEvent)new JobEvent.CancelRequested()),
        Gen.Const((JobEvent)new JobEvent.DeadlinePassed()),
        Gen.Const((JobEvent)new JobEvent.Poisoned("submit-poison")));

    private static JobEvent.Answered Answered(int attempt, string text, decimal? costUsd)
    {
        var answer = Answers.Text(text);
        return new JobEvent.Answered(Attempt(attempt), answer, new PricedUsage { CostUsd = costUsd }, JobErrors.DefectOf(answer));
    }

    private static JobEvent.AttemptFailed FailedAttempt(Job job, UpstreamError error) =>
        new(new AttemptInfo(job.Attempt, new JobTransitions(new PipelineOptions()).TierOf(job), Now), error, AttemptFailure.Refused);

    private static AttemptInfo Attempt(int number) => new(number, Tier.Standard, Now);

    private static Job NewJob() => new()
    {
        Id = JobId.Create(Now, new byte[10]),
        State = JobState.Queued,
        Origin = JobOrigin.Api,
        Caller = "tests",
        Profile = "default",
        TierPolicy = TierPolicy.Standard,
        ResultName = "api/x",
        AcceptedAt = Now,
        UpdatedAt = Now,
        DeadlineAt = Now.AddDays(1),
    };
}
