using FlashDrop.Core.Budgets;
using FlashDrop.Core.Ports;
using FlashDrop.Testing.Simulation;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Core.Tests.Simulation;

/// <summary>The simulation with budgets so tight that a caller's jobs have to wait for each other.</summary>
public sealed class BudgetSimulationTests
{
    private const string Promise = "a budget is never exceeded";
    private const int Seeds = 120;

    /// <summary>Two instances have to take the same money in the same moment: about one seed in a hundred.</summary>
    private const int Rarely = 800;

    /// <summary>Room for one job at a time; one whose size nobody knows never fits.</summary>
    private const decimal Budget = 0.07m;

    [Fact]
    public void Seeds_KeepEveryPromise_AndEveryBudget() => Assert.All(
        Enumerable.Range(1, Seeds).AsParallel().Select(seed => Record.Exception(() => SimulatedWorld.Run(seed, new SimulationOptions { BudgetUsd = Budget }))),
        Assert.Null);

    [Fact]
    public void ReservationThatIsNotCounted_IsCaught() =>
        Assert.True(Enumerable.Range(1, Rarely).AsParallel().Any(seed => Breaks(seed, store => new ForgetfulLedgers(store))));

    private static bool Breaks(int seed, Func<InMemoryBudgetStore, IBudgetStore> plant)
    {
        var options = new SimulationOptions { BudgetUsd = Budget, Plant = (services, storage) => services.AddSingleton(plant(storage.Budgets)) };
        return Record.Exception(() => SimulatedWorld.Run(seed, options)) is SimulationFailedException { Promise: Promise };
    }

    private sealed class ForgetfulLedgers(InMemoryBudgetStore store) : IBudgetStore
    {
        public Task<StoredLedger?> FindAsync(string caller, CancellationToken cancellationToken) => store.FindAsync(caller, cancellationToken);

        public Task<bool> WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken) =>
            store.WriteAsync(
                caller,
                ledger with { HeldUsd = 0, Grants = ledger.Grants.ToDictionary(grant => grant.Key, grant => grant.Value with { Usd = 0 }, StringComparer.Ordinal) },
                version,
                cancellationToken);
    }
}
