using FlashDrop.Core.Budgets;
using FlashDrop.Core.Ports;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Budgets;

/// <summary>When a budget's ledger is looked at and written, to the tick, and when memory answers.</summary>
public sealed class BudgetBookTimingTests
{
    private const string Caller = Deployment.Caller;

    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    private readonly Deployment _deployment = new(1);
    private readonly BudgetBook _book;

    public BudgetBookTimingTests() => _book = _deployment.Start(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private long Looks => _deployment.Storage.Operations.Of(StorageOperations.BudgetFind);

    private long Writes => _deployment.Storage.Operations.Of(StorageOperations.BudgetWrite);

    private DateTimeOffset Now => _deployment.Time.GetUtcNow();

    [Fact]
    public async Task Grant_IsWrittenUnderTheInstancesName_ForItsLife()
    {
        await ReserveAsync(0.01m);

        var (instance, grant) = Assert.Single(_deployment.Ledger.Grants);
        Assert.Matches("^[0-9a-f]{16}$", instance);
        Assert.Equal(new BudgetGrant(0.02m, 1, Now.AddMinutes(10)), grant);
    }

    [Fact]
    public async Task Refusal_StandsForASecond_ForAsMuchAndMore()
    {
        var job = (await ReserveAsync(0.9m)).Reservation!.Hold()!.Value;
        Assert.Equal(BudgetRefusalKind.Reserved, (await ReserveAsync(0.5m)).Refusal!.Kind);
        _book.Settle(job, 0.1m, counted: true);
        var looks = Looks;

        // There is room by now, and nobody looks yet.
        _deployment.Time.Advance(TimeSpan.FromSeconds(1) - Tick);
        Assert.NotNull((await ReserveAsync(0.5m)).Refusal);
        Assert.NotNull((await ReserveAsync(0.6m)).Refusal);
        Assert.Equal(looks, Looks);

        _deployment.Time.Advance(Tick);
        Assert.NotNull((await ReserveAsync(0.5m)).Reservation);
        Assert.Equal(looks + 1, Looks);
    }

    [Fact]
    public async Task Refusal_DoesNotStandForLess()
    {
        await ReserveAsync(0.9m);
        Assert.NotNull((await ReserveAsync(0.5m)).Refusal);

        Assert.NotNull((await ReserveAsync(0.1m)).Reservation);
    }

    [Fact]
    public async Task LedgerOutOfReach_IsNotAskedForTenSeconds()
    {
        await ReserveAsync(0.1m);
        _deployment.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BudgetFind);
        Assert.NotNull((await ReserveAsync(0.2m)).Reservation);
        Assert.Equal(2, Looks);

        _deployment.Time.Advance(TimeSpan.FromSeconds(10) - Tick);
        Assert.NotNull((await ReserveAsync(0.2m)).Reservation);
        Assert.NotNull((await ReserveAsync(0.51m)).Refusal);
        Assert.Equal(2, Looks);

        _deployment.Time.Advance(Tick);
        Assert.NotNull((await ReserveAsync(0.2m)).Reservation);
        Assert.Equal(3, Looks);
    }

    [Fact]
    public async Task LedgerOutOfReachAtRenewal_FailsNothing_AndIsNotAskedForTenSeconds()
    {
        (await ReserveAsync(0.1m)).Reservation!.Settle(0.1m);
        _deployment.Time.Advance(TimeSpan.FromSeconds(30));
        _deployment.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BudgetFind);

        await _book.RenewAsync(closing: false, Stop);
        Assert.Equal(2, Looks);

        Assert.NotNull((await ReserveAsync(0.2m)).Reservation);
        Assert.Equal(2, Looks);
    }

    [Fact]
    public async Task RenewalThatIsCancelled_SaysSo()
    {
        await ReserveAsync(0.1m);
        using var cancelling = new CancellationTokenSource();
        _deployment.Storage.Faults = new Gate();
        var renewal = _book.RenewAsync(closing: true, cancelling.Token);

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => renewal);
    }

    [Fact]
    public async Task RequestsAtOnce_ShareOneLook()
    {
        var gate = Close();
        var first = ReserveAsync(0.01m);
        var second = ReserveAsync(0.01m);
        Assert.Equal(1, Looks);

        gate.Open();

        Assert.NotNull((await first).Reservation);
        Assert.NotNull((await second).Reservation);
        Assert.Equal((1, 1), (Looks, Writes));
    }

    [Fact]
    public async Task RequestsAtOnce_FindTheLedgerOutOfReachOnce()
    {
        var gate = Close();
        var first = ReserveAsync(0.01m);
        var second = ReserveAsync(0.01m);

        gate.Fail();

        Assert.NotNull((await first).Reservation);
        Assert.NotNull((await second).Reservation);
        Assert.Equal(1, Looks);
    }

    [Fact]
    public async Task Renewal_WaitsForTheLookUnderWay()
    {
        await ReserveAsync(0.02m);
        var gate = Close();
        var request = ReserveAsync(0.3m);
        var renewal = _book.RenewAsync(closing: true, Stop);
        Assert.Equal(2, Looks);

        gate.Open();
        await request;
        await renewal;

        Assert.Equal(3, Looks);
        Assert.Equal(0.32m, _deployment.Ledger.CommittedUsd);
    }

    [Fact]
    public async Task SlowLedger_IsWaitedForAsLongAsPatienceLasts_ThenMemoryAnswers()
    {
        await ReserveAsync(0.1m);
        var gate = Close();
        var request = _book.ReserveAsync(Caller, 0.2m, TimeSpan.FromSeconds(2), Stop).AsTask();
        _deployment.Time.Advance(TimeSpan.FromSeconds(2) - Tick);
        Assert.False(request.IsCompleted);

        _deployment.Time.Advance(Tick);
        var answer = await request.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        gate.Open();

        Assert.NotNull(answer.Reservation);
        Assert.NotNull((await ReserveAsync(0.2m)).Reservation);
        Assert.Equal(2, Looks);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public async Task RequestThatIsCancelled_IsNotAnswered_AndTheLedgerCountsAsInReach(int? patience)
    {
        var gate = Close();
        using var cancelling = new CancellationTokenSource();
        var longest = patience is { } seconds ? TimeSpan.FromSeconds(seconds) : (TimeSpan?)null;
        var request = _book.ReserveAsync(Caller, 0.2m, longest, cancelling.Token).AsTask();

        await cancelling.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        gate.Open();
        await ReserveAsync(0.2m);
        Assert.Equal((2, 1), (Looks, Writes));
    }

    [Theory]
    [InlineData(15, 16, 0.2)]
    [InlineData(16, 16, 0.0)]
    public async Task LedgerThatKeepsChanging_IsTriedSixteenTimes_ThenMemoryAnswers(int races, int looks, double granted)
    {
        _deployment.Races = races;

        Assert.NotNull((await ReserveAsync(0.2m)).Reservation);

        Assert.Equal((looks, 0), (Looks, _deployment.Races));
        Assert.Equal((decimal)granted, _deployment.Storage.Budgets.Peek(Caller)?.CommittedUsd ?? 0);
    }

    [Fact]
    public async Task DayThatTurnsWhileTheLedgerIsWritten_IsNotSpentWithoutALook()
    {
        var gate = Close();
        var request = ReserveAsync(0.2m);
        _deployment.Time.Advance(TimeSpan.FromHours(15) - Tick);
        gate.BeforeWrite = () => _deployment.Time.Advance(Tick);

        gate.Open();

        Assert.NotNull((await request).Refusal);
    }

    [Fact]
    public async Task News_AreToldEveryHalfMinute()
    {
        (await ReserveAsync(0.02m)).Reservation!.Settle(0.015m);
        _deployment.Time.Advance(TimeSpan.FromSeconds(30) - Tick);
        await _book.RenewAsync(closing: false, Stop);
        Assert.Equal(1, Writes);

        _deployment.Time.Advance(Tick);
        await _book.RenewAsync(closing: false, Stop);

        Assert.Equal(2, Writes);
        Assert.Equal((0.015m, 0.02m), (_deployment.Ledger.SpentUsd, _deployment.Ledger.CommittedUsd));
        await _book.RenewAsync(closing: false, Stop);
        Assert.Equal(2, Writes);
    }

    [Fact]
    public async Task GrantInUse_IsRenewedAtHalfItsLife()
    {
        (await ReserveAsync(0.02m)).Reservation!.Release();
        _deployment.Time.Advance(TimeSpan.FromMinutes(5) - Tick);
        await _book.RenewAsync(closing: false, Stop);
        Assert.Equal(1, Writes);
        (await ReserveAsync(0.02m)).Reservation!.Release();

        _deployment.Time.Advance(Tick);
        await _book.RenewAsync(closing: false, Stop);

        // It stays: giving it back while it is in use would only cost the next request a look.
        Assert.Equal(2, Writes);
        Assert.Equal(new BudgetGrant(0.02m, 2, Now.AddMinutes(10)), Assert.Single(_deployment.Ledger.Grants).Value);
    }

    [Fact]
    public async Task AccountWithNothingToTell_IsLeftAlone_WhenTheInstanceEndsToo()
    {
        await ReserveAsync(0.02m);
        await _book.RenewAsync(closing: true, Stop);
        Assert.Equal(2, Writes);
        _deployment.Time.Advance(TimeSpan.FromHours(16));
        await ReserveAsync(2m);
        await _deployment.Start(2).RenewAsync(closing: true, Stop);

        Assert.Equal((2, 2), (Looks, Writes));
    }

    [Fact]
    public async Task Renewal_GoesByCallersNames()
    {
        await _book.ReserveAsync(Deployment.OtherCaller, 0.02m, patience: null, Stop);
        await ReserveAsync(0.02m);
        var gate = Close();

        var renewal = _book.RenewAsync(closing: true, Stop);
        gate.Open();
        await renewal;

        Assert.Equal([Caller, Deployment.OtherCaller], gate.Looked);
    }

    [Fact]
    public async Task FirstLooksOfADay_ReadTheUsageRowsOnce()
    {
        var gate = new Gate(StorageOperations.JobScan);
        _deployment.Storage.Faults = gate;
        await _deployment.UseAsync(0.4m);

        var requests = Task.WhenAll(
            ReserveAsync(0.6m), _book.ReserveAsync(Deployment.OtherCaller, 1, patience: null, Stop).AsTask());
        gate.Open();

        Assert.All(await requests, answer => Assert.NotNull(answer.Reservation));
        Assert.Distinct(gate.Looked);
        Assert.Equal(0.4m, _deployment.Ledger.SpentUsd);
    }

    /// <summary>A ledger that counts 0.3 as spent and something as granted to an instance that is gone, where the usage rows show nothing.</summary>
    /// <param name="usd">What is asked for.</param>
    /// <param name="lost">What had been granted to the instance.</param>
    /// <param name="expiredFor">For how many ticks it has been gone; below 0, it is not.</param>
    /// <param name="reconciledFor">How many ticks more than five minutes the last reconciliation is ago.</param>
    /// <param name="reconciles">Whether the ledger's own sum is replaced.</param>
    [Theory]
    [InlineData(0.601, 0.1, 0, 0, true)]
    [InlineData(0.6, 0.1, 0, 0, false)]
    [InlineData(0.601, 0.1, -1, 0, false)]
    [InlineData(0.601, 0.1, 0, -1, false)]
    [InlineData(0.701, 0.0, 0, 0, false)]
    [InlineData(0.6, 0.1, 0, -1, false)]
    public async Task UsageRows_ReplaceTheLedgersSum_WhenThereIsNoRoomWithoutWhatIsLost(
        double usd, double lost, long expiredFor, long reconciledFor, bool reconciles)
    {
        await GivenAsync(new BudgetLedger
        {
            Day = DateOnly.FromDateTime(Now.UtcDateTime),
            SpentUsd = 0.3m,
            Grants = new Dictionary<string, BudgetGrant>(StringComparer.Ordinal) { ["gone"] = new((decimal)lost, 1, Now.AddTicks(-expiredFor)) },
            ReconciledAt = Now.AddMinutes(-5).AddTicks(-reconciledFor),
        });

        var answer = await ReserveAsync((decimal)usd);

        Assert.Equal(reconciles || usd <= 0.6, answer.Reservation is not null);
        Assert.Equal(reconciles, _deployment.Storage.Operations.Of(StorageOperations.JobScan) > 0);
        Assert.Equal(reconciles ? Now : Now.AddMinutes(-5).AddTicks(-reconciledFor), _deployment.Ledger.ReconciledAt);
        Assert.Equal(reconciles ? 0 : 0.3m, _deployment.Ledger.SpentUsd);
    }

    [Fact]
    public async Task InstanceThatIsGoneWithNothingLeft_IsForgotten_WithWhatOthersSettledForIt()
    {
        await GivenAsync(new BudgetLedger
        {
            Day = DateOnly.FromDateTime(Now.UtcDateTime),
            SpentUsd = 0.1m,
            HeldUsd = 0.5m,
            Grants = new Dictionary<string, BudgetGrant>(StringComparer.Ordinal) { ["gone"] = new(0, 3, Now) { SettledUsd = 0.2m } },
            ReconciledAt = Now,
        });

        Assert.NotNull((await ReserveAsync(0.6m)).Reservation);

        Assert.Equal((0.3m, 1m), (_deployment.Ledger.HeldUsd, _deployment.Ledger.CommittedUsd));
        Assert.DoesNotContain("gone", _deployment.Ledger.Grants.Keys);
    }

    [Fact]
    public void Ledger_IsCommittedToWhatIsSpentHeldAndGranted_ButForWhatOthersSettled()
    {
        var ledger = new BudgetLedger
        {
            Day = new DateOnly(2026, 11, 3),
            SpentUsd = 0.1m,
            HeldUsd = 0.2m,
            Grants = new Dictionary<string, BudgetGrant>(StringComparer.Ordinal)
            {
                ["a"] = new(0.3m, 1, Now) { SettledUsd = 0.05m },
                ["b"] = new(0.02m, 1, Now),
            },
        };

        Assert.Equal(0.57m, ledger.CommittedUsd);
    }

    private Task<BudgetAnswer> ReserveAsync(decimal usd) => _book.ReserveAsync(Caller, usd, patience: null, Stop).AsTask();

    private Task<bool> GivenAsync(BudgetLedger ledger) => _deployment.Storage.Budgets.WriteAsync(Caller, ledger, version: null, Stop);

    private Gate Close()
    {
        var gate = new Gate();
        _deployment.Storage.Faults = gate;
        return gate;
    }

    /// <summary>Keeps looks at ledgers, or another effect, waiting until it opens.</summary>
    private sealed class Gate(string operation = StorageOperations.BudgetFind) : IFaultPlan
    {
        private readonly TaskCompletionSource _open = new();

        /// <summary>What has come to the gate.</summary>
        public List<string> Looked { get; } = [];

        public Action? BeforeWrite { get; set; }

        public void Open() => _open.SetResult();

        public void Fail() => _open.SetException(new StorageUnavailableException("The storage account is away."));

        public async ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken)
        {
            if (effect.Operation == operation)
            {
                Looked.Add(effect.Target);
                await _open.Task.WaitAsync(cancellationToken);
            }
            else if (effect.Operation == StorageOperations.BudgetWrite)
            {
                BeforeWrite?.Invoke();
            }
        }

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
