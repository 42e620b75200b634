using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Testing.Simulation;

/// <summary>
/// Gives every caller the same tight budget, and raises it when the faults end, so that what is held goes on. Checks at every row that what is
/// spent and what jobs under way may still spend stays within it.
/// </summary>
internal sealed class SimulatedBudgets(SimulatedWorld simulation, decimal usd) : ICallerBook
{
    private const decimal Raised = 1_000;

    private static readonly string[] Callers = ["caller-0", "caller-1"];

    private Exception? _broken;

    public ValueTask<IReadOnlyDictionary<string, Caller>> ListAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, Caller>>(Callers.ToDictionary(
            name => name,
            name => new Caller { Name = name, Limits = new CallerLimits { DailyBudgetUsd = simulation.Faulty ? usd : Raised } },
            StringComparer.Ordinal));

    public void ThrowIfBroken()
    {
        if (_broken is not null)
        {
            throw _broken;
        }
    }

    /// <summary>Called right after an effect on storage, before anything else can happen.</summary>
    public void AfterEffect(StorageCall effect)
    {
        if (!simulation.Faulty || effect.Operation is not (StorageOperations.JobUpdate or StorageOperations.UsageAdd))
        {
            return;
        }

        foreach (var caller in Callers)
        {
            // An instance that died, or stalled so long that it was taken for dead, may leave jobs its ledger did not hear of: the stated error.
            var ledger = simulation.Storage.Budgets.Peek(caller);
            var attempts = simulation.Storage.Jobs.AllJobs().Where(job => job.Caller == caller).SelectMany(job => job.Attempts).ToList();
            var unheard = attempts.Where(IsUnheard).Sum(attempt => attempt.CostUsd ?? 0);
            var underWay = attempts.Where(attempt => attempt.EndedAt is null && !IsUnheard(attempt)).Sum(attempt => attempt.ReservedUsd ?? 0);
            var spent = simulation.Storage.Jobs.AllUsage().Where(usage => usage.Caller == caller).Sum(usage => usage.CostUsd ?? 0);
            if (spent - unheard + underWay > usd)
            {
                _broken ??= simulation.Fail(
                    "a budget is never exceeded",
                    $"{caller} has {usd} USD a day; {spent} are spent and jobs under way may spend {underWay} more.");
            }

            bool IsUnheard(Attempt attempt) =>
                attempt.ReservedBy is { } instance && ledger?.Grants.GetValueOrDefault(instance) is { IsGone: true };
        }
    }
}
