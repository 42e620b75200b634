using FlashDrop.Core.Callers;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Budgets;

/// <summary>
/// Who has a budget: a caller's own limit, else what <c>FlashDrop:Budgets</c> says of its name. The one answer for admission, jobs and
/// reports. Safe for concurrent use.
/// </summary>
internal sealed class BudgetCatalog(ICallerBook callers, IOptions<BudgetOptions> options)
{
    /// <summary>In the names of drops' callers (<c>drop:{profile}</c>) and in no API client's.</summary>
    private const char OfDrops = ':';

    private readonly Dictionary<string, decimal> _settings = options.Value.DailyUsd;

    /// <summary>USD a day, or null for no budget.</summary>
    public async ValueTask<decimal?> FindAsync(string caller, CancellationToken cancellationToken)
    {
        if (!caller.Contains(OfDrops, StringComparison.Ordinal)
            && (await callers.ListAsync(cancellationToken)).TryGetValue(caller, out var known)
            && known.Limits?.DailyBudgetUsd is { } own)
        {
            return own;
        }

        return _settings.TryGetValue(caller, out var setting) ? setting : null;
    }

    /// <summary>Every budget, USD a day by caller.</summary>
    public async ValueTask<IReadOnlyDictionary<string, decimal>> ListAsync(CancellationToken cancellationToken)
    {
        var budgets = new Dictionary<string, decimal>(_settings, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, caller) in await callers.ListAsync(cancellationToken))
        {
            if (caller.Limits?.DailyBudgetUsd is { } own)
            {
                budgets[name] = own;
            }
        }

        return budgets;
    }
}
