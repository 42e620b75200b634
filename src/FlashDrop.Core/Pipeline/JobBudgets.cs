using FlashDrop.Core.Budgets;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>
/// Jobs and their callers' budgets: each attempt reserves what it may cost before it is sent, keeps the reservation in the job's row, and
/// settles it once, when its outcome is recorded. A caller without a budget costs nothing.
/// </summary>
internal sealed class JobBudgets(IBudgetBook book, IPriceBook prices, IOptions<PipelineOptions> options, Random random, TimeProvider time)
{
    /// <summary>Prompt tokens reserved for a request whose size nobody knows before it is sent.</summary>
    private const long UnknownPrompt = 100_000;

    /// <summary>Longest wait of a held job before it looks again whether the budget was raised.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>Reserves an attempt's cost; or says what has to happen to the job instead.</summary>
    public async Task<(HeldBudget? Held, JobEvent? Refusal)> ReserveAsync(Job job, Tier tier, CancellationToken cancellationToken)
    {
        var answer = await book.ReserveAsync(job.Caller, MostUsd(job, tier), patience: null, cancellationToken);
        if (answer.Refusal is not { } refusal)
        {
            return (answer.Reservation!.Hold(), null);
        }

        return refusal.Kind == BudgetRefusalKind.TooLarge
            ? (null, new JobEvent.Rejected(JobErrors.BudgetTooSmall(job.Caller, refusal)))
            : (null, new JobEvent.OverBudget(JobErrors.OverBudget(job.Caller, refusal), RetryAt(job, refusal)));
    }

    /// <summary>Settles what an attempt had reserved, once its outcome is stored.</summary>
    public void Settle(Job job, JobEvent happened)
    {
        switch (happened)
        {
            case JobEvent.Answered answered when answered.Attempt.HeldOf(job) is { } held:
                book.Settle(held, answered.CostUsd, counted: held.Day == DateOnly.FromDateTime(job.Id.Time.UtcDateTime));
                break;

            // It may have been charged without an answer: what it reserved counts as spent.
            case JobEvent.AttemptFailed { Failure: AttemptFailure.Unanswered } lost when lost.Attempt.HeldOf(job) is { } held:
                book.Settle(held, costUsd: null, counted: false);
                break;

            // A task that was given up may still be charged; it is looked at until it is.
            case JobEvent.AttemptFailed { Failure: AttemptFailure.Refused or AttemptFailure.NeverSent } failed:
                Release(job, failed.Attempt);
                break;

            default:
                break;
        }
    }

    /// <summary>Nothing was sent.</summary>
    public void Release(Job job, AttemptInfo attempt)
    {
        if (attempt.HeldOf(job) is { } held)
        {
            book.Settle(held, costUsd: 0, counted: true);
        }
    }

    private decimal MostUsd(Job job, Tier tier)
    {
        // The estimate knows the output limit, but is of the first attempt's tier.
        var isEstimated = tier == Tier.Beta || job.TierPolicy == TierPolicy.Standard;
        if (isEstimated && job.Estimate?.MaxUsd is { } most)
        {
            return most;
        }

        var usage = new TokenUsage
        {
            PromptTokens = job.Estimate?.InputTokens ?? UnknownPrompt,
            CandidatesTokens = GenerationConfig.OutputTokenLimit,
        };
        return prices.Price(tier, modelVersion: null, usage, time.GetUtcNow()).CostUsd ?? 0;
    }

    /// <summary>When the day turns; before that now and then, since the budget may be raised. Jobs of one caller do not all come at once.</summary>
    private DateTimeOffset RetryAt(Job job, BudgetRefusal refusal)
    {
        var now = time.GetUtcNow();
        var wait = options.Value.HoldDelay + (job.HeldFor / 4);
        var next = now + (wait < LongestWait ? wait : LongestWait);
        return next < refusal.NextDay ? next : refusal.NextDay + TimeSpan.FromMinutes(random.NextDouble());
    }
}
