using FlashDrop.Core.Budgets;

namespace FlashDrop.Core.Tests.Budgets;

/// <summary>One instance's account of a caller whose budget is 1 USD, to the cent: what it may spend, and what it tells the ledger.</summary>
public sealed class BudgetAccountTests
{
    private const string Own = "a";
    private const string Other = "b";

    private static readonly DateTimeOffset Now = new(2026, 11, 3, 23, 55, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Expires = Now + BudgetBook.GrantLife;
    private static readonly DateOnly Today = new(2026, 11, 3);
    private static readonly DateOnly Tomorrow = Today.AddDays(1);

    private readonly BudgetAccount _account = new("acme", Own);

    public BudgetAccountTests() => _account.See(Ledger());

    [Fact]
    public void NewAccount_HasNothingToTell_AndNothingToSpend()
    {
        Assert.False(_account.IsOpen);
        Assert.False(_account.AskWhetherToWrite());
        Assert.Null(_account.TryReserve(Now, 0.01m));
    }

    [Fact]
    public void Grant_IsSpentToTheCent_AndUntilItExpires()
    {
        Tell(Ledger(), usd: 0.05m, chunk: 0.2m);

        Assert.Null(_account.TryReserve(Now, 0.21m));
        Assert.NotNull(_account.TryReserve(Now, 0.15m));
        Assert.Null(_account.TryReserve(Now, 0.06m));
        Assert.NotNull(_account.TryReserve(Now, 0.05m));
        Assert.Null(_account.TryReserve(Now, 0.01m));
    }

    [Fact]
    public void Grant_IsNotUsedFromTheMomentItExpires()
    {
        var expires = Now.AddMinutes(2);
        var write = _account.Write(Ledger(), budget: 1, usd: 0.1m, chunk: 0.1m, expires)!;
        _account.Written(write);

        Assert.Null(_account.TryReserve(expires, 0.01m));
        Assert.NotNull(_account.TryReserve(expires.AddTicks(-1), 0.01m));
    }

    [Fact]
    public void Grant_EndsWithItsDay()
    {
        Tell(Ledger(), usd: 0.1m);

        Assert.Null(_account.TryReserve(Now.AddMinutes(5), 0.1m));

        Assert.False(_account.IsOpen);
    }

    [Fact]
    public void Write_GrantsWhatIsAskedFor_OrTheChunk_OrWhatIsLeft()
    {
        Assert.Equal(new BudgetGrant(0.02m, 1, Expires), Tell(Ledger(), usd: 0.01m).Grants[Own]);
        Assert.Equal(new BudgetGrant(0.3m, 2, Expires), Tell(Ledger(), usd: 0.3m).Grants[Own]);
        Assert.Equal(new BudgetGrant(0.015m, 3, Expires), Tell(Ledger(spent: 0.985m), usd: 0.01m).Grants[Own]);
    }

    [Theory]
    [InlineData(0.2, true)]
    [InlineData(0.2001, false)]
    public void Room_IsWhatNobodyHasSpentHeldOrGotGranted_ToTheCent(double usd, bool granted)
    {
        // 0.1 spent, 0.4 held, 0.5 granted of which others have settled 0.2.
        var ledger = Ledger(spent: 0.1m, held: 0.4m, (Other, new BudgetGrant(0.5m, 1, Expires) { SettledUsd = 0.2m }));

        var write = _account.Write(ledger, budget: 1, (decimal)usd, chunk: 0.02m, Expires);

        Assert.Equal(granted, write is not null);
    }

    [Fact]
    public void Refusal_IsNotWritten_UnlessThereIsNewsToTellToo()
    {
        Tell(Ledger(), usd: 0.1m);
        Assert.Null(_account.Write(Ledger(spent: 0.9m), budget: 1, usd: 0.5m, chunk: 0.02m, Expires));
        _account.TryReserve(Now, 0.04m)!.Settle(0.04m);

        var write = _account.Write(Ledger(spent: 0.9m), budget: 1, usd: 0.5m, chunk: 0.02m, Expires)!;

        // What was free stays.
        Assert.Equal((0.94m, 0.06m), (write.Ledger.SpentUsd, write.Ledger.Grants[Own].Usd));
    }

    [Theory]
    [InlineData(0.93, 0.03)]
    [InlineData(0.9, 0.06)]
    [InlineData(0.5, 0.06)]
    [InlineData(1.2, 0)]
    public void RefusedInstance_KeepsWhatItHadFree_AsFarAsThereIsRoom(double spentByOthers, double kept)
    {
        Tell(Ledger(), usd: 0.1m);
        _account.TryReserve(Now, 0.04m)!.Settle(0.04m);

        var ledger = Tell(Ledger(spent: (decimal)spentByOthers), usd: 0.9m);

        Assert.Equal((decimal)kept, ledger.Grants[Own].Usd);
        Assert.Null(_account.TryReserve(Now, (decimal)kept + 0.001m));
        Assert.NotNull(_account.TryReserve(Now, (decimal)kept));
    }

    [Fact]
    public void UsedGrant_IsKeptUpToAChunk_UnusedOneGoesBack()
    {
        var ledger = Tell(Ledger(), usd: 0.1m);
        _account.TryReserve(Now, 0.01m)!.Settle(0.01m);

        ledger = Tell(ledger);
        Assert.Equal((0.01m, 0.02m, 0.03m), (ledger.SpentUsd, ledger.Grants[Own].Usd, ledger.CommittedUsd));
        Assert.Null(_account.TryReserve(Now, 0.021m));
        Assert.True(_account.IsOpen);

        ledger = Tell(ledger);
        Assert.Equal((0.01m, 0m, 0.01m), (ledger.SpentUsd, ledger.Grants[Own].Usd, ledger.CommittedUsd));
        Assert.False(_account.IsOpen);
    }

    [Fact]
    public void UsedGrantSmallerThanAChunk_IsKeptAsItIs()
    {
        var ledger = Tell(Ledger(), usd: 0.02m);
        _account.TryReserve(Now, 0.015m)!.Settle(0.015m);

        Assert.Equal(0.005m, Tell(ledger).Grants[Own].Usd);
    }

    [Fact]
    public void WhatIsReserved_StaysGranted_ThoughNothingIsFree()
    {
        var ledger = Tell(Ledger(), usd: 0.3m);
        var call = _account.TryReserve(Now, 0.3m)!;

        Assert.Equal(0.3m, Tell(ledger).Grants[Own].Usd);
        call.Settle(0.1m);

        ledger = Tell(ledger);
        Assert.Equal((0.1m, 0.1m), (ledger.SpentUsd, ledger.CommittedUsd));
    }

    [Fact]
    public void CallThatCostMoreThanItReserved_IsTold_AndLeavesNoGrant()
    {
        var ledger = Tell(Ledger(), usd: 0.1m);
        _account.TryReserve(Now, 0.1m)!.Settle(0.25m);

        ledger = Tell(ledger);

        Assert.Equal((0.25m, 0.25m, 0m), (ledger.SpentUsd, ledger.CommittedUsd, ledger.Grants[Own].Usd));
        Assert.False(_account.IsOpen);
    }

    [Fact]
    public void Grant_IsAskedAbout_WhenThereIsNews_OrNobodyUsedItSince()
    {
        Tell(Ledger(), usd: 0.1m);
        Assert.True(_account.AskWhetherToWrite());

        _account.TryReserve(Now, 0.05m)!.Release();
        Assert.False(_account.AskWhetherToWrite());
        Assert.True(_account.AskWhetherToWrite());

        _account.TryReserve(Now, 0.05m)!.Settle(0.01m);
        Assert.True(_account.AskWhetherToWrite());
    }

    [Theory]
    [InlineData(0.3, true)]
    [InlineData(0.3001, false)]
    public void Room_IsOnlyReserved_WhenWhatAllHaveSpentLeavesEnough(double usd, bool expected)
    {
        Tell(Ledger(spent: 0.5m, held: 0.1m), usd: 0.3m);
        _account.TryReserve(Now, 0.2m)!.Settle(0.2m);

        Assert.Equal(expected, _account.IsOnlyReserved(budget: 1, (decimal)usd));
    }

    [Theory]
    [InlineData(0.3, true)]
    [InlineData(0.3001, false)]
    public void WithoutTheLedger_WhatWasLeftAtTheLastLook_IsSpentToTheCent(double usd, bool expected)
    {
        // 0.3 by others; 0.1 spent, 0.15 held and 0.15 reserved here.
        Tell(Ledger(spent: 0.1m, held: 0.1m, (Other, new BudgetGrant(0.1m, 1, Expires))), usd: 0.4m);
        _account.TryReserve(Now, 0.1m)!.Settle(0.1m);
        _account.TryReserve(Now, 0.15m)!.Hold();
        _account.TryReserve(Now, 0.15m);

        Assert.Equal(expected, _account.TryReserveUnseen(Today, budget: 1, (decimal)usd) is not null);
    }

    [Theory]
    [InlineData(0.7, true)]
    [InlineData(0.7001, false)]
    public void WithoutTheLedger_WhatItWasToldCountsOnce(double usd, bool expected)
    {
        var ledger = Tell(Ledger(), usd: 0.3m);
        _account.TryReserve(Now, 0.1m)!.Settle(0.1m);
        _account.TryReserve(Now, 0.2m)!.Hold();
        ledger = Tell(ledger);
        Assert.Equal((0.1m, 0.2m, 0.3m), (ledger.SpentUsd, ledger.HeldUsd, ledger.CommittedUsd));

        Assert.Equal(expected, _account.TryReserveUnseen(Today, budget: 1, (decimal)usd) is not null);
    }

    [Fact]
    public void WithoutTheLedger_ANewDayHasItsWholeBudget()
    {
        Tell(Ledger(spent: 0.9m), usd: 0.05m);
        Assert.Null(_account.TryReserveUnseen(Today, budget: 1, 1m));

        Assert.Equal(Tomorrow, _account.TryReserveUnseen(Tomorrow, budget: 1, 1m)!.Day);
        Assert.Null(_account.TryReserveUnseen(Tomorrow, budget: 1, 0.01m));
    }

    [Theory]
    [InlineData(0.2, true, 0.2, 0)]
    [InlineData(0.2, false, 0.2, 0.2)]
    [InlineData(null, true, 0.3, 0.3)]
    [InlineData(null, false, 0.3, 0.3)]
    public void SettledJob_IsSpent_AndUncountedWhenTheUsageRowsDoNotShowIt(double? cost, bool counted, double spent, double uncounted)
    {
        var ledger = Tell(Ledger(), usd: 0.3m);
        var job = _account.TryReserve(Now, 0.3m)!.Hold()!.Value;
        ledger = Tell(ledger);
        Assert.Equal((0.3m, 0m), (ledger.HeldUsd, ledger.Grants[Own].Usd));

        _account.SettleHeld(Today, job, (decimal?)cost, counted);
        ledger = Tell(ledger);

        Assert.Equal((0m, (decimal)spent, (decimal)uncounted), (ledger.HeldUsd, ledger.SpentUsd, ledger.UncountedUsd));
        Assert.Equal((decimal)spent, ledger.CommittedUsd);

        // Told once.
        Assert.False(_account.IsOpen);
        var again = Tell(ledger);
        Assert.Equal((ledger.HeldUsd, ledger.SpentUsd, ledger.UncountedUsd), (again.HeldUsd, again.SpentUsd, again.UncountedUsd));
    }

    [Theory]
    [InlineData(0.2, 0.2, 0)]
    [InlineData(null, 0.3, 0.3)]
    public void SettledCall_IsSpent_AndUncountedWhenNobodyKnowsItsCost(double? cost, double spent, double uncounted)
    {
        var ledger = Tell(Ledger(), usd: 0.3m);
        _account.TryReserve(Now, 0.3m)!.Settle((decimal?)cost);

        ledger = Tell(Tell(ledger));

        Assert.Equal(((decimal)spent, (decimal)uncounted), (ledger.SpentUsd, ledger.UncountedUsd));
    }

    /// <summary>A job that was reserved on another instance, by what the ledger knows of that one.</summary>
    /// <param name="grant">What it has granted; null when it is forgotten.</param>
    /// <param name="isGone">Whether its grant was taken back.</param>
    /// <param name="settled">What it says is settled for that instance, afterwards.</param>
    /// <param name="held">What is held by all, afterwards.</param>
    [Theory]
    [InlineData(0.5, false, 0.4, 0.6)]
    [InlineData(0.0, false, 0.1, 0.3)]
    [InlineData(0.0, true, 0.1, 0.6)]
    [InlineData(null, false, null, 0.3)]
    public void JobOfAnotherInstance_GivesBackWhatThatOneHadReserved(double? grant, bool isGone, double? settled, double held)
    {
        var before = grant is { } usd
            ? Ledger(held: 0.6m, grants: (Other, new BudgetGrant((decimal)usd, 4, Expires) { SettledUsd = 0.1m, IsGone = isGone }))
            : Ledger(held: 0.6m);
        _account.SettleHeld(Today, new HeldBudget("acme", Today, 0.3m, Other), cost: 0.25m, counted: true);
        Assert.True(_account.IsOpen);

        var after = Tell(before);

        Assert.Equal(((decimal)held, 0.25m), (after.HeldUsd, after.SpentUsd));
        Assert.Equal((decimal?)settled, after.Grants.GetValueOrDefault(Other)?.SettledUsd);
        Assert.Equal((decimal?)grant, after.Grants.GetValueOrDefault(Other)?.Usd);
        Assert.False(_account.IsOpen);
    }

    [Fact]
    public void WhatOthersSettledForThisInstance_IsNotHeldAnyMore_WhenItTellsOfItself()
    {
        var ledger = Tell(Ledger(held: 0.1m), usd: 0.3m);
        _account.TryReserve(Now, 0.3m)!.Hold();
        ledger = ledger with { SpentUsd = 0.05m, Grants = Grants((Own, ledger.Grants[Own] with { SettledUsd = 0.3m })) };

        ledger = Tell(ledger);

        Assert.Equal((0.1m, 0m, 0.15m), (ledger.HeldUsd, ledger.Grants[Own].SettledUsd, ledger.CommittedUsd));
    }

    [Fact]
    public void JobSettledWhileTheLedgerIsWritten_IsToldNext_AndOnce()
    {
        var grant = new BudgetGrant(0.5m, 4, Expires);
        _account.SettleHeld(Today, new HeldBudget("acme", Today, 0.3m, Other), cost: 0.2m, counted: true);
        var write = _account.Write(Ledger(grants: (Other, grant)), budget: 1, usd: 0, chunk: 0.02m, Expires)!;
        _account.SettleHeld(Today, new HeldBudget("acme", Today, 0.1m, Other), cost: 0.1m, counted: true);
        _account.Written(write);
        Assert.True(_account.IsOpen);

        var ledger = Tell(write.Ledger);
        Assert.Equal((0.4m, 0.3m), (ledger.Grants[Other].SettledUsd, ledger.SpentUsd));

        Assert.False(_account.IsOpen);
        Assert.Equal(0.4m, Tell(ledger).Grants[Other].SettledUsd);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void JobOfAnotherDay_TouchesNothing(bool own)
    {
        _account.SettleHeld(Today, new HeldBudget("acme", Today.AddDays(-1), 0.3m, own ? Own : Other), cost: 0.2m, counted: true);

        Assert.False(_account.IsOpen);
    }

    [Fact]
    public void LedgerOfALaterDay_TurnsTheDay()
    {
        Tell(Ledger(), usd: 0.5m);
        _account.TryReserve(Now, 0.3m)!.Settle(0.3m);

        _account.See(Ledger(spent: 0.1m) with { Day = Tomorrow });

        Assert.False(_account.IsOpen);
        Assert.Null(_account.TryReserve(Now, 0.1m));
        Assert.Equal(0.1m, Tell(Ledger(spent: 0.1m) with { Day = Tomorrow }).SpentUsd);
    }

    [Fact]
    public void SeenGrant_StaysTheInstancesOwn()
    {
        var ledger = Tell(Ledger(), usd: 0.1m);

        _account.See(ledger);

        Assert.True(_account.IsOpen);
        Assert.NotNull(_account.TryReserve(Now, 0.1m));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void GrantThatOthersTookBack_IsNotUsed(bool forgotten)
    {
        var ledger = Tell(Ledger(), usd: 0.1m);
        var taken = forgotten ? Ledger() : Ledger(grants: (Own, ledger.Grants[Own] with { Usd = 0, IsGone = true }));

        _account.See(taken);

        Assert.False(_account.IsOpen);
        Assert.Null(_account.TryReserve(Now, 0.01m));
    }

    [Fact]
    public void LostWrite_GivesBackWhatItWouldHaveReturned_AndIsToldAgain()
    {
        var ledger = Tell(Ledger(), usd: 0.1m);
        _account.TryReserve(Now, 0.03m)!.Settle(0.03m);
        Assert.NotNull(_account.Write(ledger, budget: 0, usd: 0, chunk: 0, Expires));
        Assert.Null(_account.TryReserve(Now, 0.01m));

        _account.See(ledger);

        Assert.Null(_account.TryReserve(Now, 0.071m));
        _account.TryReserve(Now, 0.07m)!.Release();
        Assert.Equal(0.03m, Tell(ledger).SpentUsd);
    }

    [Fact]
    public void WriteOfUnknownFate_ThatIsInTheLedger_IsToldOnce()
    {
        Tell(Ledger(), usd: 0.1m);
        _account.TryReserve(Now, 0.03m)!.Settle(0.03m);
        var write = _account.Write(Ledger(), budget: 1, usd: 0.2m, chunk: 0.02m, Expires)!;
        Assert.True(_account.AskWhetherToWrite());

        Assert.Equal(2, write.Number);

        _account.See(write.Ledger);

        Assert.Null(_account.TryReserve(Now, 0.201m));
        _account.TryReserve(Now, 0.2m)!.Release();
        Assert.Equal(0.03m, Tell(write.Ledger).SpentUsd);
    }

    /// <summary>Writes the ledger, and knows that it is written.</summary>
    private BudgetLedger Tell(BudgetLedger ledger, decimal usd = 0, decimal chunk = 0.02m)
    {
        var write = _account.Write(ledger, budget: 1, usd, chunk, Expires)!;
        _account.Written(write);
        return write.Ledger;
    }

    private static BudgetLedger Ledger(decimal spent = 0, decimal held = 0, params ReadOnlySpan<(string Instance, BudgetGrant Grant)> grants) =>
        new() { Day = Today, SpentUsd = spent, HeldUsd = held, Grants = Grants(grants) };

    private static Dictionary<string, BudgetGrant> Grants(params ReadOnlySpan<(string Instance, BudgetGrant Grant)> grants)
    {
        var all = new Dictionary<string, BudgetGrant>(StringComparer.Ordinal);
        foreach (var (instance, grant) in grants)
        {
            all.Add(instance, grant);
        }

        return all;
    }
}
