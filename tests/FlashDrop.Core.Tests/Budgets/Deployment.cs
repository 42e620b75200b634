using FlashDrop.Core.Budgets;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Core.Tests.Budgets;

/// <summary>Instances that share one ledger, on a virtual clock; what is spent is written down as usage, as calls do.</summary>
internal sealed class Deployment : ICallerBook, IBudgetStore
{
    public const string Caller = "acme";

    /// <summary>Has a budget of the same size, and spends nothing.</summary>
    public const string OtherCaller = "globex";

    private long _rows;

    public Deployment(decimal budget)
    {
        Budget = budget;
        Storage = new InMemoryStorage(Time);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 3, 9, 0, 0, TimeSpan.Zero));

    public InMemoryStorage Storage { get; }

    public decimal? Budget { get; set; }

    /// <summary>USD spent, over all days.</summary>
    public decimal Spent { get; private set; }

    /// <summary>The next write takes effect, its answer is lost, and the client's own repetition meets it.</summary>
    public bool LosesNextAnswer { get; set; }

    /// <summary>So many of the next writes come too late: another instance was faster.</summary>
    public int Races { get; set; }

    public BudgetLedger Ledger => Storage.Budgets.Peek(Caller)!;

    public BudgetBook Start(int seed) => new(
        this, Storage.Jobs, new BudgetCatalog(this, Options.Create(new BudgetOptions())), new Random(seed), Time, NullLogger<BudgetBook>.Instance);

    public ValueTask<IReadOnlyDictionary<string, Caller>> ListAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, Caller>>(new[] { Caller, OtherCaller }.ToDictionary(
            name => name,
            name => new Caller { Name = name, Limits = new CallerLimits { DailyBudgetUsd = Budget } },
            StringComparer.Ordinal));

    Task<StoredLedger?> IBudgetStore.FindAsync(string caller, CancellationToken cancellationToken) => Storage.Budgets.FindAsync(caller, cancellationToken);

    async Task<bool> IBudgetStore.WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken)
    {
        if (Races > 0)
        {
            Races--;
            return false;
        }

        var written = await Storage.Budgets.WriteAsync(caller, ledger, version, cancellationToken);
        var told = !LosesNextAnswer;
        LosesNextAnswer &= !written;
        return written && told;
    }

    /// <summary>Writes the usage row of a call.</summary>
    public async Task UseAsync(decimal? cost)
    {
        lock (this)
        {
            Spent += cost ?? 0;
        }

        var number = Interlocked.Increment(ref _rows);
        await Storage.Jobs.AddUsageAsync(
            new UsageRecord
            {
                Id = $"call-{number}",
                JobId = JobId.Create(Time.GetUtcNow(), BitConverter.GetBytes(number).Concat(new byte[2]).ToArray()),
                Attempt = 1,
                Origin = JobOrigin.Gateway,
                Caller = Caller,
                Profile = "gemini",
                Tier = Tier.Standard,
                At = Time.GetUtcNow(),
                CostUsd = cost,
            },
            CancellationToken.None);
    }

    /// <summary>One call from reservation to settlement; false when it is refused.</summary>
    public async Task<bool> CallAsync(BudgetBook book, decimal reserve, decimal cost)
    {
        if ((await book.ReserveAsync(Caller, reserve, patience: null, CancellationToken.None)).Reservation is not { } reservation)
        {
            return false;
        }

        await UseAsync(cost);
        reservation.Settle(cost);
        return true;
    }
}
