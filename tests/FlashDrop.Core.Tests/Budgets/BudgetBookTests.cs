using CsCheck;
using FlashDrop.Core.Budgets;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Budgets;

public sealed class BudgetBookTests
{
    private const string Caller = Deployment.Caller;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CallerWithoutBudget_CostsNoStorage()
    {
        var deployment = new Deployment(1) { Budget = null };
        var book = deployment.Start(1);

        Assert.True(await deployment.CallAsync(book, 1_000, 1_000));
        await book.RenewAsync(closing: true, Stop);

        Assert.Equal(0, deployment.Storage.Operations.Of(StorageOperations.BudgetFind) + deployment.Storage.Operations.Of(StorageOperations.BudgetWrite));
    }

    [Fact]
    public async Task ManySmallCalls_ShareFewLooksAtTheLedger()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);

        for (var i = 0; i < 200; i++)
        {
            Assert.True(await deployment.CallAsync(book, 0.001m, 0.000_5m));
        }

        // 0.1 USD in grants of 0.02: five and a bit.
        Assert.InRange(deployment.Storage.Operations.Of(StorageOperations.BudgetWrite), 5, 7);
    }

    [Fact]
    public async Task RequestBeyondAWholeDaysBudget_IsRefusedForGood()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);

        var refusal = (await book.ReserveAsync(Caller, 1.01m, patience: null, Stop)).Refusal!;

        Assert.Equal((BudgetRefusalKind.TooLarge, 1m, 1.01m), (refusal.Kind, refusal.BudgetUsd, refusal.NeededUsd));
    }

    [Fact]
    public async Task Refusal_TellsWhatIsSpentFromWhatIsOnlyReserved()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);
        var first = (await book.ReserveAsync(Caller, 0.9m, patience: null, Stop)).Reservation!;

        Assert.Equal(BudgetRefusalKind.Reserved, (await book.ReserveAsync(Caller, 0.5m, patience: null, Stop)).Refusal!.Kind);

        first.Settle(0.9m);
        deployment.Time.Advance(TimeSpan.FromSeconds(2));
        var refusal = (await book.ReserveAsync(Caller, 0.5m, patience: null, Stop)).Refusal!;
        Assert.Equal(BudgetRefusalKind.Spent, refusal.Kind);
        Assert.Equal(new DateTimeOffset(2026, 11, 4, 0, 0, 0, TimeSpan.Zero), refusal.NextDay);
    }

    [Fact]
    public async Task ReleasedMoney_IsThereAgainAtOnce()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);

        for (var i = 0; i < 20; i++)
        {
            var reservation = (await book.ReserveAsync(Caller, 0.9m, patience: null, Stop)).Reservation!;
            reservation.Release();
            reservation.Release();
            reservation.Settle(0.9m);
        }

        Assert.True(await deployment.CallAsync(book, 0.9m, 0.9m));
    }

    [Fact]
    public async Task SecondInstance_KnowsWhatTheFirstHasCommitted()
    {
        var deployment = new Deployment(1);
        var one = deployment.Start(1);
        var two = deployment.Start(2);

        Assert.True(await deployment.CallAsync(one, 0.7m, 0.7m));

        Assert.False(await deployment.CallAsync(two, 0.4m, 0.4m));
        deployment.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await deployment.CallAsync(two, 0.2m, 0.2m));
    }

    [Fact]
    public async Task GrantThatIsNotUsed_GoesBack()
    {
        var deployment = new Deployment(1);
        var one = deployment.Start(1);
        var two = deployment.Start(2);
        (await one.ReserveAsync(Caller, 0.9m, patience: null, Stop)).Reservation!.Release();
        Assert.False(await deployment.CallAsync(two, 0.5m, 0.5m));

        for (var i = 0; i < 3; i++)
        {
            deployment.Time.Advance(TimeSpan.FromSeconds(31));
            await one.RenewAsync(closing: false, Stop);
        }

        Assert.Equal(0, deployment.Ledger.CommittedUsd);
        Assert.True(await deployment.CallAsync(two, 0.5m, 0.5m));
    }

    [Fact]
    public async Task InstanceThatEnds_LeavesOnlyWhatItSpent()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);
        Assert.True(await deployment.CallAsync(book, 0.01m, 0.003m));

        await book.RenewAsync(closing: true, Stop);

        Assert.Equal((0.003m, 0.003m), (deployment.Ledger.SpentUsd, deployment.Ledger.CommittedUsd));
    }

    [Fact]
    public async Task CrashedInstance_TakesItsGrantAlong_UntilTheUsageRowsTellWhatItSpent()
    {
        var deployment = new Deployment(1);
        var dead = deployment.Start(1);
        Assert.True(await deployment.CallAsync(dead, 0.5m, 0.1m));
        Assert.NotNull((await dead.ReserveAsync(Caller, 0.4m, patience: null, Stop)).Reservation);
        var book = deployment.Start(2);

        Assert.False(await deployment.CallAsync(book, 0.6m, 0.6m));
        deployment.Time.Advance(BudgetBook.GrantLife + TimeSpan.FromSeconds(1));

        Assert.True(await deployment.CallAsync(book, 0.6m, 0.6m));
        Assert.False(await deployment.CallAsync(book, 0.31m, 0.31m));
        Assert.Equal(0.7m, deployment.Ledger.SpentUsd);
    }

    [Fact]
    public async Task BudgetGivenInTheMiddleOfTheDay_CountsWhatWasSpentBefore()
    {
        var deployment = new Deployment(1) { Budget = null };
        var book = deployment.Start(1);
        Assert.True(await deployment.CallAsync(book, 0.8m, 0.8m));

        deployment.Budget = 1;

        Assert.False(await deployment.CallAsync(book, 0.3m, 0.3m));
        deployment.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await deployment.CallAsync(book, 0.2m, 0.2m));
    }

    [Fact]
    public async Task RaisedBudget_HasRoomAtOnce()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);
        Assert.True(await deployment.CallAsync(book, 1, 1));
        Assert.False(await deployment.CallAsync(book, 0.5m, 0.5m));

        deployment.Budget = 2;
        deployment.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.True(await deployment.CallAsync(book, 0.5m, 0.5m));
    }

    [Fact]
    public async Task NewDay_HasANewBudget_AndTheOldDaysCallsDoNotTouchIt()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);
        var late = (await book.ReserveAsync(Caller, 0.9m, patience: null, Stop)).Reservation!;
        var job = (await book.ReserveAsync(Caller, 0.1m, patience: null, Stop)).Reservation!.Hold()!.Value;
        deployment.Time.Advance(TimeSpan.FromHours(15));

        Assert.True(await deployment.CallAsync(book, 0.8m, 0.8m));
        late.Settle(0.9m);
        book.Settle(job, 0.05m, counted: true);

        Assert.True(await deployment.CallAsync(book, 0.2m, 0.2m));
        await book.RenewAsync(closing: true, Stop);
        Assert.Equal((new DateOnly(2026, 11, 4), 1m), (deployment.Ledger.Day, deployment.Ledger.CommittedUsd));
    }

    [Fact]
    public async Task JobsReservation_IsSettledOnAnotherInstance()
    {
        var deployment = new Deployment(1);
        var one = deployment.Start(1);
        var two = deployment.Start(2);
        var held = (await one.ReserveAsync(Caller, 0.9m, patience: null, Stop)).Reservation!.Hold()!.Value;
        await one.RenewAsync(closing: true, Stop);
        Assert.Equal(0.9m, deployment.Ledger.HeldUsd);

        await deployment.UseAsync(0.2m);
        two.Settle(held, 0.2m, counted: true);
        await two.RenewAsync(closing: true, Stop);

        Assert.Equal((0m, 0.2m, 0.2m), (deployment.Ledger.HeldUsd, deployment.Ledger.SpentUsd, deployment.Ledger.CommittedUsd));
    }

    [Fact]
    public async Task CallOfUnknownCost_CountsAsReserved_AlsoAfterReconciliation()
    {
        var deployment = new Deployment(1);
        var dead = deployment.Start(1);
        Assert.NotNull((await dead.ReserveAsync(Caller, 0.3m, patience: null, Stop)).Reservation);
        var book = deployment.Start(2);
        var unknown = (await book.ReserveAsync(Caller, 0.5m, patience: null, Stop)).Reservation!;
        await deployment.UseAsync(cost: null);
        unknown.Settle(costUsd: null);
        deployment.Time.Advance(TimeSpan.FromSeconds(31));
        await book.RenewAsync(closing: false, Stop);
        deployment.Time.Advance(BudgetBook.GrantLife + TimeSpan.FromSeconds(1));

        Assert.False(await deployment.CallAsync(book, 0.51m, 0.51m));
        deployment.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(await deployment.CallAsync(book, 0.5m, 0.5m));
    }

    [Fact]
    public async Task Reconciliation_ReadsTheUsageRowsAnew_ThoughTheyWereReadForAnotherCallerAMomentAgo()
    {
        var deployment = new Deployment(1);
        Assert.NotNull((await deployment.Start(1).ReserveAsync(Caller, 0.3m, patience: null, Stop)).Reservation);
        deployment.Time.Advance(BudgetBook.GrantLife + TimeSpan.FromSeconds(1));
        var reader = deployment.Start(2);
        Assert.NotNull((await reader.ReserveAsync(Deployment.OtherCaller, 0.1m, patience: null, Stop)).Reservation);
        var spender = deployment.Start(3);
        Assert.True(await deployment.CallAsync(spender, 0.3m, 0.3m));
        await spender.RenewAsync(closing: true, Stop);
        deployment.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.True(await deployment.CallAsync(reader, 0.5m, 0.5m));
        Assert.False(await deployment.CallAsync(reader, 0.3m, 0.3m));
    }

    [Fact]
    public async Task LedgerOutOfReach_AnswersFlowOn_WithinWhatWasLeft_AndAreToldLater()
    {
        var deployment = new Deployment(1);
        var one = deployment.Start(1);
        var two = deployment.Start(2);
        Assert.True(await deployment.CallAsync(two, 0.3m, 0.3m));
        Assert.True(await deployment.CallAsync(one, 0.1m, 0.1m));
        var faults = new ScriptedFaults().FailBefore(StorageOperations.BudgetFind, times: 1_000);
        deployment.Storage.Faults = faults;

        // 0.6 are left as far as the first knows; the second knows of nothing but its own, 0.7 are left to it.
        Assert.True(await deployment.CallAsync(one, 0.5m, 0.5m));
        Assert.False(await deployment.CallAsync(one, 0.2m, 0.2m));
        Assert.True(await deployment.CallAsync(two, 0.6m, 0.6m));
        Assert.True(deployment.Spent > 1, "Each went on by itself.");

        faults.Clear();
        deployment.Time.Advance(TimeSpan.FromMinutes(1));
        await one.RenewAsync(closing: false, Stop);
        await two.RenewAsync(closing: false, Stop);
        Assert.Equal(deployment.Spent, deployment.Ledger.SpentUsd);
        Assert.False(await deployment.CallAsync(one, 0.01m, 0.01m));
    }

    [Fact]
    public async Task WriteWhoseAnswerIsLost_IsToldOnce()
    {
        var deployment = new Deployment(1);
        var book = deployment.Start(1);
        Assert.True(await deployment.CallAsync(book, 0.02m, 0.02m));
        deployment.LosesNextAnswer = true;

        Assert.True(await deployment.CallAsync(book, 0.3m, 0.3m));
        deployment.Time.Advance(TimeSpan.FromMinutes(1));
        await book.RenewAsync(closing: true, Stop);

        Assert.Equal((0.32m, 0.32m), (deployment.Ledger.SpentUsd, deployment.Ledger.CommittedUsd));
    }

    /// <summary>
    /// Whatever instances do at once, crash, lose answers and settle elsewhere: what is spent on a day stays within the budget, but for what calls
    /// cost beyond their reservations.
    /// </summary>
    [Fact]
    public async Task AnyInterleaving_StaysWithinTheBudget()
    {
        var step = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 9], Gen.Int[1, 300], Gen.Int[0, 120]);
        await step.Array[20, 120].SampleAsync(
            async steps =>
            {
                var deployment = new Deployment(1);
                var books = Enumerable.Range(0, 3).Select(deployment.Start).ToArray();
                var seed = 10;
                var excess = 0m;
                List<(int Book, BudgetReservation Reservation)> open = [];
                List<HeldBudget> jobs = [];
                foreach (var (instance, action, thousandths, percent) in steps)
                {
                    var usd = thousandths / 1000m;
                    var book = books[instance];
                    switch (action)
                    {
                        case 0:
                            books[instance] = deployment.Start(seed++);
                            open.RemoveAll(call => call.Book == instance);
                            break;
                        case 1:
                            deployment.LosesNextAnswer = true;
                            break;
                        case 2:
                            deployment.Time.Advance(TimeSpan.FromSeconds(thousandths));
                            foreach (var alive in books)
                            {
                                await alive.RenewAsync(closing: false, Stop);
                            }

                            break;
                        case 3 or 4 when open.Count > 0:
                            var (_, call) = open[thousandths % open.Count];
                            open.RemoveAt(thousandths % open.Count);
                            var cost = call.Usd * percent / 100;
                            excess += Math.Max(0, cost - call.Usd);
                            await deployment.UseAsync(cost);
                            call.Settle(cost);
                            break;
                        case 5 when open.Count > 0:
                            jobs.Add(open[0].Reservation.Hold()!.Value);
                            open.RemoveAt(0);
                            break;
                        case 6 when jobs.Count > 0:
                            var price = jobs[0].Usd * percent / 100;

                            // What a dead instance had not told of its jobs is the stated error.
                            var isGone = deployment.Storage.Budgets.Peek(Caller)!.Grants.GetValueOrDefault(jobs[0].Instance) is { IsGone: true };
                            excess += isGone ? price : Math.Max(0, price - jobs[0].Usd);
                            await deployment.UseAsync(price);
                            book.Settle(jobs[0], price, counted: true);
                            jobs.RemoveAt(0);
                            break;
                        default:
                            if ((await book.ReserveAsync(Caller, usd, patience: null, Stop)).Reservation is { } reservation)
                            {
                                open.Add((instance, reservation));
                            }

                            break;
                    }

                    Assert.True(deployment.Spent <= 1 + excess, $"{deployment.Spent} USD spent, {excess} of it beyond reservations.");
                }
            },
            iter: 300);
    }

    [Fact]
    public async Task ManyCallersAtOnce_OnTwoInstances_StayWithinTheBudget_AndUseNearlyAllOfIt()
    {
        var deployment = new Deployment(1);
        var one = deployment.Start(1);
        var two = deployment.Start(2);

        var served = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(
            () => deployment.CallAsync(i % 2 == 0 ? one : two, 0.01m, i % 3 == 0 ? 0.01m : 0.004m), Stop)));

        Assert.True(deployment.Spent <= 1, $"{deployment.Spent} USD spent.");
        Assert.True(deployment.Spent >= 0.9m, $"{deployment.Spent} USD spent.");
        Assert.Contains(false, served);
    }
}
