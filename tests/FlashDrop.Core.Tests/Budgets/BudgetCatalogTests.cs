using FlashDrop.Core.Budgets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Tests.Budgets;

public sealed class BudgetCatalogTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("acme", 3.0)]
    [InlineData("ACME-backup", 0.5)]
    [InlineData("drop:receipts", 5.0)]
    [InlineData("nobody", null)]
    public async Task Budget_IsTheCallersOwn_ElseTheSettings(string caller, double? usd)
    {
        Assert.Equal((decimal?)usd, await Catalog(own: 3).FindAsync(caller, Stop));
    }

    [Fact]
    public async Task List_HasEveryBudgetOnce()
    {
        var budgets = await Catalog(own: 3).ListAsync(Stop);

        Assert.Equal(
            [("acme", 3m), ("acme-backup", 0.5m), ("drop:receipts", 5m), ("globex", 3m)],
            budgets.Select(budget => (budget.Key, budget.Value)).Order());
    }

    [Fact]
    public void SettingWithoutACallersName_IsNoBudget()
    {
        var setup = Setup(("FlashDrop:Budgets", "7"), ("FlashDrop:Budgets:", "7"), ("FlashDrop:Budgets:acme", "2"));
        var options = new BudgetOptions();

        setup.Configure(options);

        Assert.Equal(KeyValuePair.Create("acme", 2m), Assert.Single(options.DailyUsd));
    }

    private static BudgetCatalog Catalog(decimal own)
    {
        var options = new BudgetOptions();
        Setup(("FlashDrop:Budgets:acme", "1"), ("FlashDrop:Budgets:acme-backup", "0.5"), ("FlashDrop:Budgets:drop:receipts", "5")).Configure(options);
        return new BudgetCatalog(new Deployment(own), Options.Create(options));
    }

    private static BudgetOptionsSetup Setup(params ReadOnlySpan<(string Key, string Value)> settings)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var (key, value) in settings)
        {
            values.Add(key, value);
        }

        return new BudgetOptionsSetup(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
    }
}
