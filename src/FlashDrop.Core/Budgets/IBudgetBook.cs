namespace FlashDrop.Core.Budgets;

/// <summary>
/// Holds every caller to its budget of the day, over all instances: money is reserved before it is spent, settled when the cost is known,
/// and released when nothing was. Safe for concurrent use.
/// </summary>
/// <remarks>
/// Reservations are served from a grant of this instance; only getting one touches storage, so their cost is amortised. What is spent
/// exceeds a budget by no more than what calls under way cost beyond their reservations, unless the ledger cannot be reached: then each
/// instance may use what was left when it last looked.
/// </remarks>
public interface IBudgetBook
{
    /// <summary>Reserves money for a call or an attempt of a job, or says why not.</summary>
    /// <param name="caller">Who is billed.</param>
    /// <param name="usd">What it may cost at most, USD.</param>
    /// <param name="patience">How long the ledger may take before the answer is given from memory; null for as long as storage takes.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    ValueTask<BudgetAnswer> ReserveAsync(string caller, decimal usd, TimeSpan? patience, CancellationToken cancellationToken);

    /// <summary>Settles what a job had reserved (<see cref="BudgetReservation.Hold"/>), on whatever instance and however much later.</summary>
    /// <param name="held">The reservation.</param>
    /// <param name="costUsd">What it cost, USD; null when nobody knows, and then the reservation counts.</param>
    /// <param name="counted">Whether a usage row of the same day shows the cost.</param>
    void Settle(HeldBudget held, decimal? costUsd, bool counted);

    /// <summary>Tells the ledgers what was settled and returns grants that are not needed. Never fails: what cannot be told now is told later.</summary>
    /// <param name="closing">Whether this instance is about to end, and keeps nothing.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task RenewAsync(bool closing, CancellationToken cancellationToken);
}

/// <summary>A job's reservation, as its row keeps it.</summary>
/// <param name="Caller">Who is billed.</param>
/// <param name="Day">The UTC day it was made on, whose budget it is of.</param>
/// <param name="Usd">How much, USD.</param>
/// <param name="Instance">The instance whose grant it was made of.</param>
public readonly record struct HeldBudget(string Caller, DateOnly Day, decimal Usd, string Instance);

/// <summary>What a reservation came to: one of the two.</summary>
/// <param name="Reservation">The reservation, to be settled, held or released.</param>
/// <param name="Refusal">Why there is none.</param>
public readonly record struct BudgetAnswer(BudgetReservation? Reservation, BudgetRefusal? Refusal);

/// <summary>Why a budget leaves no room.</summary>
/// <param name="BudgetUsd">The budget of a day, USD.</param>
/// <param name="NeededUsd">What was asked for, USD.</param>
/// <param name="Kind">What can be done.</param>
/// <param name="NextDay">When the next day begins, UTC.</param>
public sealed record BudgetRefusal(decimal BudgetUsd, decimal NeededUsd, BudgetRefusalKind Kind, DateTimeOffset NextDay);

/// <summary>What can be done about a refusal.</summary>
public enum BudgetRefusalKind
{
    /// <summary>Spent: wait for the next day, or raise the budget.</summary>
    Spent,

    /// <summary>Calls under way hold what is left, and give back what they do not use: wait a moment.</summary>
    Reserved,

    /// <summary>It alone may cost more than the budget of a whole day: raise the budget or ask for less.</summary>
    TooLarge,
}

/// <summary>Money set aside. Settling, holding or releasing it a second time does nothing. Safe for concurrent use.</summary>
public sealed class BudgetReservation
{
    private BudgetAccount? _account;

    internal BudgetReservation(BudgetAccount? account, DateOnly day, decimal usd) => (_account, Day, Usd) = (account, day, usd);

    /// <summary>The UTC day whose budget it is of.</summary>
    public DateOnly Day { get; }

    /// <summary>How much, USD; 0 for callers without a budget.</summary>
    public decimal Usd { get; }

    /// <summary>The reservation of a caller without a budget.</summary>
    internal static BudgetReservation Free { get; } = new(account: null, default, 0);

    /// <summary>The call is over.</summary>
    /// <param name="costUsd">What it cost, USD; null when nobody knows, and then the reservation counts.</param>
    public void Settle(decimal? costUsd) => Take()?.Settle(Day, Usd, costUsd);

    /// <summary>Nothing was spent.</summary>
    public void Release() => Settle(0);

    /// <summary>
    /// A job keeps it in its row, from where it is settled by whoever ends the attempt. Null for a caller without a budget: nothing to keep.
    /// </summary>
    public HeldBudget? Hold()
    {
        if (Take() is not { } account)
        {
            return null;
        }

        account.Hold(Day, Usd);
        return new HeldBudget(account.Caller, Day, Usd, account.Instance);
    }

    private BudgetAccount? Take() => Interlocked.Exchange(ref _account, null);
}
