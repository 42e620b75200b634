using System.Collections.Concurrent;
using System.Globalization;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Budgets;

/// <inheritdoc cref="IBudgetBook" />
internal sealed class BudgetBook(
    IBudgetStore store, IJobStore jobs, BudgetCatalog budgets, Random random, TimeProvider time, ILogger<BudgetBook> logger) : IBudgetBook
{
    /// <summary>Share of a budget that is granted at a time, unless a reservation needs more.</summary>
    public const decimal GrantShare = 0.02m;

    /// <summary>Races lost in a row before the ledger counts as out of reach.</summary>
    private const int MaxRaces = 16;

    /// <summary>How long an instance may go without writing before others take it for gone.</summary>
    public static readonly TimeSpan GrantLife = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AwayFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RefusalStands = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SumStands = TimeSpan.FromMinutes(1);

    private readonly string _instance = random.NextInt64().ToString("x16", CultureInfo.InvariantCulture);
    private readonly ConcurrentDictionary<string, BudgetAccount> _accounts = new(StringComparer.Ordinal);
    private readonly Turnstile _summing = new();
    private (DateOnly Day, DateTimeOffset At, Dictionary<string, decimal> Usd)? _sums;

    public async ValueTask<BudgetAnswer> ReserveAsync(string caller, decimal usd, TimeSpan? patience, CancellationToken cancellationToken)
    {
        if (await budgets.FindAsync(caller, cancellationToken) is not { } budget)
        {
            return new BudgetAnswer(BudgetReservation.Free, Refusal: null);
        }

        if (usd > budget)
        {
            return Refuse(budget, usd, BudgetRefusalKind.TooLarge);
        }

        var account = AccountOf(caller);
        var now = time.GetUtcNow();
        var reserved = account.TryReserve(now, usd);
        if (reserved is not null)
        {
            return new BudgetAnswer(reserved, Refusal: null);
        }

        var isAway = now < account.AwayUntil;
        if (!isAway && !(now < account.Refused.Until && usd >= account.Refused.Usd))
        {
            (reserved, isAway) = await LookAsync(account, budget, usd, patience, cancellationToken);
        }

        reserved ??= isAway ? account.TryReserveUnseen(Today(), budget, usd) : null;
        return reserved is not null
            ? new BudgetAnswer(reserved, Refusal: null)
            : Refuse(budget, usd, account.IsOnlyReserved(budget, usd) ? BudgetRefusalKind.Reserved : BudgetRefusalKind.Spent);
    }

    public void Settle(HeldBudget held, decimal? costUsd, bool counted) =>
        AccountOf(held.Caller).SettleHeld(Today(), held, costUsd, counted);

    public async Task RenewAsync(bool closing, CancellationToken cancellationToken)
    {
        foreach (var account in _accounts.Values.OrderBy(account => account.Caller, StringComparer.Ordinal))
        {
            var age = time.GetUtcNow() - account.WrittenAt;

            // Not asked at half a grant's life, when it is written anyway: what was used since is kept then.
            if (!account.IsOpen || (!closing && (age < RenewEvery || (age < GrantLife / 2 && !account.AskWhetherToWrite()))))
            {
                continue;
            }

            await account.Turn.EnterAsync(cancellationToken);
            try
            {
                // Without a budget any more there is nothing to keep, but what was spent is told.
                var budget = await budgets.FindAsync(account.Caller, cancellationToken) ?? 0;
                await WriteAsync(account, closing ? 0 : budget, usd: 0, cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                Away(account, exception);
            }
            finally
            {
                account.Turn.Leave();
            }
        }
    }

    private async Task<(BudgetReservation? Reserved, bool Away)> LookAsync(
        BudgetAccount account, decimal budget, decimal usd, TimeSpan? patience, CancellationToken cancellationToken)
    {
        using var limit = patience is { } longest ? new CancellationTokenSource(longest, time) : null;
        using var linked = limit is null ? null : CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var stop = linked?.Token ?? cancellationToken;
        var isOnTurn = false;
        try
        {
            await account.Turn.EnterAsync(stop);
            isOnTurn = true;

            // Whoever was here before may have brought enough for both, or have found the ledger out of reach.
            var now = time.GetUtcNow();
            var reserved = account.TryReserve(now, usd);
            if (reserved is not null)
            {
                return (reserved, Away: false);
            }

            if (now < account.AwayUntil)
            {
                return (null, Away: true);
            }

            await WriteAsync(account, budget, usd, stop);
            reserved = account.TryReserve(time.GetUtcNow(), usd);
            account.Refused = reserved is null ? (time.GetUtcNow() + RefusalStands, usd) : default;
            return (reserved, Away: false);
        }
        catch (Exception exception) when (
            exception is StorageUnavailableException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Answers keep flowing while the ledger is away; whoever is next knows it before the turn is passed on.
            Away(account, exception);
            return (null, Away: true);
        }
        finally
        {
            if (isOnTurn)
            {
                account.Turn.Leave();
            }
        }
    }

    /// <summary>Tells the ledger the news, and asks it for room.</summary>
    private async Task WriteAsync(BudgetAccount account, decimal budget, decimal usd, CancellationToken cancellationToken)
    {
        for (var race = 0; race < MaxRaces; race++)
        {
            var now = time.GetUtcNow();
            var today = DateOnly.FromDateTime(now.UtcDateTime);
            var stored = await store.FindAsync(account.Caller, cancellationToken);
            var ledger = stored?.Ledger;
            if (ledger is null || ledger.Day < today)
            {
                // The first to look on a day; the usage rows know what was spent before there was a budget.
                ledger = new BudgetLedger { Day = today, SpentUsd = await SpentAsync(account.Caller, today, SumStands, cancellationToken), ReconciledAt = now };
            }

            account.See(ledger);
            ledger = await TidyAsync(ledger, account.Caller, budget, usd, now, cancellationToken);
            if (account.Write(ledger, budget, usd, budget * GrantShare, now + GrantLife) is not { } write)
            {
                return;
            }

            if (await store.WriteAsync(account.Caller, write.Ledger, stored?.Version, cancellationToken))
            {
                account.Written(write);
                account.WrittenAt = now;
                return;
            }
        }

        throw new StorageUnavailableException($"The ledger of {account.Caller} kept changing.");
    }

    /// <summary>
    /// Forgets instances that are gone. What one of them had been granted and not returned is lost to the budget until there is no room
    /// without it; then the usage rows, which know what it spent, take the place of the ledger's own sum.
    /// </summary>
    private async Task<BudgetLedger> TidyAsync(
        BudgetLedger ledger, string caller, decimal budget, decimal usd, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var grants = new Dictionary<string, BudgetGrant>(ledger.Grants, StringComparer.Ordinal);
        var ended = ledger.Grants.Where(grant => grant.Value.ExpiresAt <= now && grant.Key != _instance && !grant.Value.IsGone).ToList();
        var held = ledger.HeldUsd;
        foreach (var (instance, grant) in ended.Where(grant => grant.Value.Usd == 0))
        {
            // It had nothing left when it wrote last, so what others settled for it is among what is held.
            held -= grant.SettledUsd;
            grants.Remove(instance);
        }

        var tidied = ledger with { HeldUsd = held, Grants = grants };
        var lost = ended.Where(grant => grant.Value.Usd > 0).ToList();
        if (usd == 0 || lost.Count == 0 || budget - ledger.CommittedUsd >= usd || now - ledger.ReconciledAt < ReconcileEvery)
        {
            return tidied;
        }

        foreach (var (instance, grant) in lost)
        {
            grants[instance] = new BudgetGrant(0, grant.Number, grant.ExpiresAt) { IsGone = true };
        }

        // The rows are read after the ledger: what it was told of is among them.
        var spent = await SpentAsync(caller, ledger.Day, TimeSpan.Zero, cancellationToken);
        tidied = tidied with { SpentUsd = spent + ledger.UncountedUsd, ReconciledAt = now };
        Log.BudgetReconciled(logger, caller, ledger.CommittedUsd - tidied.CommittedUsd);
        return tidied;
    }

    /// <summary>USD a caller spent by the usage rows of a day. One reading serves all callers that accept one of that age.</summary>
    private async Task<decimal> SpentAsync(string caller, DateOnly day, TimeSpan age, CancellationToken cancellationToken)
    {
        await _summing.EnterAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_sums is not { } known || known.Day != day || now - known.At >= age)
            {
                var sums = new Dictionary<string, decimal>(StringComparer.Ordinal);
                await foreach (var usage in jobs.ListUsageAsync(day, cancellationToken))
                {
                    sums[usage.Caller] = sums.GetValueOrDefault(usage.Caller) + (usage.CostUsd ?? 0);
                }

                _sums = known = (day, now, sums);
            }

            return known.Usd.GetValueOrDefault(caller);
        }
        finally
        {
            _summing.Leave();
        }
    }

    private void Away(BudgetAccount account, Exception exception)
    {
        account.AwayUntil = time.GetUtcNow() + AwayFor;
        Log.LedgerAway(logger, exception, account.Caller);
    }

    private BudgetAnswer Refuse(decimal budget, decimal usd, BudgetRefusalKind kind) =>
        new(Reservation: null, new BudgetRefusal(budget, usd, kind, new DateTimeOffset(Today().AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)));

    private BudgetAccount AccountOf(string caller) =>
        _accounts.GetOrAdd(caller, static (name, instance) => new BudgetAccount(name, instance), _instance);

    private DateOnly Today() => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
}
