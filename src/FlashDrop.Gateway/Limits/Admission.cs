using System.Globalization;
using FlashDrop.Core.Budgets;
using FlashDrop.Core.Callers;

namespace FlashDrop.Gateway.Limits;

/// <summary>What a call may use at most, before it is made.</summary>
/// <param name="Tokens">Tokens of the prompt, estimated with caution.</param>
/// <param name="CostUsd">Cost in USD if the whole output cap is used.</param>
internal readonly record struct Reservation(long Tokens, decimal CostUsd);

/// <summary>Admits drop-in calls: the limits of the minute first, then the budget of the day. Safe for concurrent use.</summary>
internal sealed class Admission(LimitBook limits, IBudgetBook budgets, TimeProvider time)
{
    /// <summary>How long a call waits for the ledger before it is decided from memory.</summary>
    private static readonly TimeSpan LedgerPatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan CallsEnd = TimeSpan.FromSeconds(5);

    /// <summary>Admits a call, or says why not. The lease has to be settled or disposed.</summary>
    public async ValueTask<(LimitLease? Lease, LimitRefusal? Refusal)> EnterAsync(Caller caller, Reservation reservation, CancellationToken cancellationToken)
    {
        var (minute, full) = limits.Enter(caller, reservation.Tokens);
        if (minute is null)
        {
            return (null, full);
        }

        try
        {
            var answer = await budgets.ReserveAsync(caller.Name, reservation.CostUsd, LedgerPatience, cancellationToken);
            if (answer.Reservation is { } reserved)
            {
                return (new LimitLease(minute, reserved), null);
            }

            minute.Dispose();
            return (null, Refuse(answer.Refusal!));
        }
        catch
        {
            minute.Dispose();
            throw;
        }
    }

    private LimitRefusal Refuse(BudgetRefusal refusal) => refusal.Kind == BudgetRefusalKind.Reserved
        ? new LimitRefusal(
            "budget_reserved", "Calls and jobs under way hold what is left of the daily budget; their unused part comes back when they end.", CallsEnd)
        : new LimitRefusal(
            "daily_budget",
            string.Create(
                CultureInfo.InvariantCulture,
                $"The daily budget of {refusal.BudgetUsd} USD does not leave room for this request, which may cost up to {refusal.NeededUsd:0.######} USD; a lower output cap makes it cheaper."),
            refusal.NextDay - time.GetUtcNow())
        {
            IsBudget = true,
        };
}

/// <summary>One admitted call. Disposing it without settling gives back everything but the request itself.</summary>
internal sealed class LimitLease(MinuteLease minute, BudgetReservation budget) : IDisposable
{
    /// <summary>Replaces the reservation by what was used; what is not known stays as reserved.</summary>
    public void Settle(long? tokens, decimal? costUsd)
    {
        minute.Settle(tokens);
        budget.Settle(costUsd);
    }

    public void Dispose()
    {
        minute.Dispose();
        budget.Release();
    }
}
