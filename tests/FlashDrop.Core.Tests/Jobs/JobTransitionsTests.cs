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
