using System.Diagnostics;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Pipeline;

/// <summary>Makes one attempt: builds the request, submits it, and records what came back.</summary>
internal sealed class AttemptRunner(
    IEvoLinkClient upstream,
    IPriceBook prices,
    AnswerRepairs repairs,
    JobChanges changes,
    JobTransitions transitions,
    PollSchedule schedule,
    IWorkQueue queue,
    HoldGate gate,
    JobBudgets budgets,
    Random random,
    TimeProvider time,
    ILogger<AttemptRunner> logger)
{
    /// <summary>Submits a queued or held job.</summary>
    /// <param name="stored">The job.</param>
    /// <param name="build">Builds its request.</param>
    /// <param name="cancellationToken">Shutdown.</param>
    public async Task RunAsync(
        StoredJob stored, Func<CancellationToken, Task<BuiltRequest>> build, CancellationToken cancellationToken)
    {
        var job = stored.Job;
        var attempt = new AttemptInfo(job.Attempt, transitions.TierOf(job), time.GetUtcNow());
        if (attempt.StartedAt >= job.DeadlineAt)
        {
            await changes.ApplyAsync(stored, new JobEvent.DeadlinePassed(), cancellationToken);
            return;
        }

        if (gate.Closed is { } reason)
        {
            await changes.ApplyAsync(stored, new JobEvent.AttemptFailed(attempt, reason, AttemptFailure.NeverSent), cancellationToken);
            return;
        }

        BuiltRequest request;
        try
        {
            request = await BuildAsync(job, build, cancellationToken);
        }
        catch (InputException e)
        {
            await changes.ApplyAsync(stored, Unusable(job, e.Error), cancellationToken);
            return;
        }

        // Stored inputs may have been looked at for the first time: what they are goes into the row, and decides what is reserved.
        job = job with { Media = request.Media ?? job.Media, Estimate = job.Estimate ?? request.Estimate };
        stored = stored with { Job = job };
        var (reserved, refusal) = await budgets.ReserveAsync(job, attempt.Tier, cancellationToken);
        if (refusal is not null)
        {
            await changes.ApplyAsync(stored, refusal, cancellationToken);
            return;
        }

        if (reserved is { } held)
        {
            attempt = attempt with { ReservedUsd = held.Usd, ReservedBy = held.Instance, StartedAt = time.GetUtcNow() };
        }

        var sent = new SentMedia(request.Body);
        var outcome = await SubmitAsync(job, attempt, sent.Body, cancellationToken);
        if (outcome is SubmitOutcome.Failed && sent.Unusable is { } gone)
        {
            // Media is opened when it is sent: it may be gone by then.
            budgets.Release(job, attempt);
            await changes.ApplyAsync(stored, Unusable(job, gone), cancellationToken);
            return;
        }

        await RecordAsync(stored, attempt, outcome, cancellationToken);
    }

    /// <summary>What an answer means for its job.</summary>
    public async Task<JobEvent.Answered> JudgeAsync(Job job, AttemptInfo attempt, Answer answer, CancellationToken cancellationToken)
    {
        var price = prices.Price(attempt.Tier, answer.ModelVersion, answer.Usage, time.GetUtcNow());
        var defect = JobErrors.DefectOf(answer) ?? await MisfitOfAsync(job, attempt, answer, cancellationToken);
        return new JobEvent.Answered(attempt, answer, price, defect);
    }

    /// <summary>Why an answer that is whole does not fit its schema; what is to be repaired is kept before the row says so.</summary>
    private async Task<AnswerDefect?> MisfitOfAsync(Job job, AttemptInfo attempt, Answer answer, CancellationToken cancellationToken)
    {
        // Function calls are an answer of their own kind.
        if (job.Check is not { } check || answer.Text.Length == 0)
        {
            return null;
        }

        var misfits = StructuredAnswers.Misfits(check, answer.Text).Select(m => m.ToString()).ToList();
        if (misfits.Count == 0)
        {
            return null;
        }

        var repair = !job.IsTerminal && attempt.Number == job.Attempt && AnswerRepairs.IsAllowed(job);
        if (repair)
        {
            await repairs.KeepAsync(job, answer.Text, misfits, cancellationToken);
        }

        return new AnswerDefect(JobErrors.Misfit(misfits, AnswerRepairs.IsDue(job)), Retryable: false) { Repair = repair };
    }

    private async Task<BuiltRequest> BuildAsync(Job job, Func<CancellationToken, Task<BuiltRequest>> build, CancellationToken cancellationToken)
    {
        var request = await build(cancellationToken);
        return AnswerRepairs.IsDue(job) ? request with { Body = await repairs.AskAsync(job, request.Body, cancellationToken) } : request;
    }

    private async Task<SubmitOutcome> SubmitAsync(Job job, AttemptInfo attempt, GenerateContentRequest body, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity(TelemetryNames.GenerateSpan, ActivityKind.Client);
        activity?.Describe(job);
        activity?.SetTag(TelemetryNames.OperationTag, TelemetryNames.GenerateSpan);
        activity?.SetTag(TelemetryNames.ProviderTag, TelemetryNames.Provider);
        activity?.SetTag(TelemetryNames.TierTag, attempt.Tier.ToString());
        activity?.SetTag(TelemetryNames.AttemptTag, attempt.Number);
        var outcome = await upstream.SubmitAsync(
            new UpstreamRequest { Tier = attempt.Tier, Body = body, IdempotencyKey = JobTransitions.IdempotencyKeyOf(job) },
            cancellationToken);
        switch (outcome)
        {
            case SubmitOutcome.TaskCreated created:
                activity?.SetTag(TelemetryNames.TaskIdTag, created.Task.Id);
                break;
            case SubmitOutcome.Unanswered lost:
                activity?.Fail(lost.Error.Code);
                break;
            case SubmitOutcome.Failed failed:
                activity?.Fail(failed.Error.Code);
                break;
            default:
                break;
        }

        return outcome;
    }

    private async Task RecordAsync(StoredJob stored, AttemptInfo attempt, SubmitOutcome outcome, CancellationToken cancellationToken)
    {
        switch (outcome)
        {
            case SubmitOutcome.TaskCreated created:
                gate.Open();
                await FollowAsync(stored, attempt with { TaskId = created.Task.Id }, created.Task, cancellationToken);
                break;
            case SubmitOutcome.Answered answered:
                gate.Open();
                await changes.ApplyAsync(stored, await JudgeAsync(stored.Job, attempt, answered.Answer, cancellationToken), cancellationToken);
                break;
            case SubmitOutcome.Streamed streamed:
                gate.Open();
                await changes.ApplyAsync(stored, await JudgeAsync(stored.Job, attempt, streamed.Answer, cancellationToken), cancellationToken);
                break;
            case SubmitOutcome.Unanswered lost:
                await changes.ApplyAsync(stored, new JobEvent.AttemptFailed(attempt, lost.Error, AttemptFailure.Unanswered), cancellationToken);
                break;
            case SubmitOutcome.Failed failed:
                await changes.ApplyAsync(stored, Failed(attempt, failed.Error), cancellationToken);
                break;
            default:
                throw new InvalidOperationException($"No case for {outcome.GetType().Name}.");
        }
    }

    private JobEvent.AttemptFailed Failed(AttemptInfo attempt, UpstreamError error)
    {
        if (error.Kind == ErrorKind.Hold)
        {
            gate.Close(error);
        }
        else if (error.Kind == ErrorKind.Stop && !error.ConcernsModel)
        {
            Log.KeyRefused(logger, error.Code);
        }

        // A request that broke off over its own media was never whole, so nobody can have worked on it.
        var isAttempt = error.Sent && error.Code is not "media_unreadable";
        return new JobEvent.AttemptFailed(attempt, error, isAttempt ? AttemptFailure.Refused : AttemptFailure.NeverSent);
    }

    private async Task FollowAsync(StoredJob stored, AttemptInfo attempt, UpstreamTask task, CancellationToken cancellationToken)
    {
        var firstPollIn = await schedule.FirstAsync(stored.Job.Profile, task, random.NextDouble(), cancellationToken);
        var (current, changed) = await changes.ApplyAsync(stored, new JobEvent.TaskCreated(attempt, task, firstPollIn), cancellationToken);
        if (changed || current?.Job.TaskId == task.Id)
        {
            return;
        }

        // The job moved on while the upstream was answering: the task is paid for all the same, so somebody has to look at it.
        var orphan = stored.Job with
        {
            TaskId = task.Id,
            Attempts = [attempt.ToAttempt()],
        };
        var message = new PollMessage(orphan, stored.Version, Polls: 0, orphan.TraceParent) { GivenUp = true };
        await queue.SendPollAsync(message, firstPollIn, cancellationToken);
    }

    /// <summary>A drop that is gone or replaced has no use for an error; everything else does.</summary>
    private static JobEvent Unusable(Job job, JobError error) =>
        job.Drop is not null && error.Code is "input_changed" or "input_missing" ? new JobEvent.Superseded(error) : new JobEvent.Rejected(error);
}
