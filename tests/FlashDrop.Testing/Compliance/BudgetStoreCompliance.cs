using FlashDrop.Core.Budgets;
using FlashDrop.Core.Ports;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every budget store does. Each test gets a store of its own.</summary>
public abstract class BudgetStoreCompliance
{
    private static readonly DateOnly Today = DateOnly.FromDateTime(TestJobs.Noon.UtcDateTime);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>An empty store.</summary>
    protected abstract Task<IBudgetStore> CreateAsync();

    [Fact]
    public async Task Ledger_is_read_as_it_was_written()
    {
        var store = await CreateAsync();
        var ledger = new BudgetLedger
        {
            Day = Today,
            SpentUsd = 0.000_000_000_1m,
            UncountedUsd = 12_345_678.9m,
            HeldUsd = -0.25m,
            Grants = new Dictionary<string, BudgetGrant>(StringComparer.Ordinal) { ["i-1"] = new(0.02m, 7, TestJobs.Noon.AddTicks(1)), ["i-2"] = new(0, 1, TestJobs.Noon) },
            ReconciledAt = TestJobs.Noon,
        };

        Assert.True(await store.WriteAsync("drop:Besprechung ü/#?", ledger, version: null, Stop));

        var found = await store.FindAsync("drop:Besprechung ü/#?", Stop);
        Assert.Equal(PortJson.Write(ledger), PortJson.Write(found!.Ledger));
        Assert.Equal(ledger.CommittedUsd, found.Ledger.CommittedUsd);
        Assert.Null(await store.FindAsync("drop:Besprechung", Stop));
    }

    [Fact]
    public async Task Write_needs_the_version_it_was_read_at()
    {
        var store = await CreateAsync();
        Assert.True(await store.WriteAsync("acme", Spent(1), version: null, Stop));
        Assert.False(await store.WriteAsync("acme", Spent(2), version: null, Stop));
        var first = await store.FindAsync("acme", Stop);

        Assert.True(await store.WriteAsync("acme", Spent(3), first!.Version, Stop));
        Assert.False(await store.WriteAsync("acme", Spent(4), first.Version, Stop));
        Assert.False(await store.WriteAsync("other", Spent(5), first.Version, Stop));

        Assert.Equal(3, (await store.FindAsync("acme", Stop))!.Ledger.SpentUsd);
        Assert.Null(await store.FindAsync("other", Stop));
    }

    [Fact]
    public async Task Concurrent_writes_lose_nothing()
    {
        var store = await CreateAsync();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(
            async () =>
            {
                while (true)
                {
                    var stored = await store.FindAsync("acme", Stop);
                    if (await store.WriteAsync("acme", Spent((stored?.Ledger.SpentUsd ?? 0) + 1), stored?.Version, Stop))
                    {
                        return;
                    }
                }
            },
            Stop)));

        Assert.Equal(6, (await store.FindAsync("acme", Stop))!.Ledger.SpentUsd);
    }

    private static BudgetLedger Spent(decimal usd) => new() { Day = Today, SpentUsd = usd };
}
