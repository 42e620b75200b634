using FlashDrop.Core.Budgets;
using FlashDrop.Gateway.DropIn;
using Microsoft.Extensions.Hosting;

namespace FlashDrop.Gateway.Limits;

/// <summary>Tells the ledgers now and then what this instance spent, returns what it does not use, and everything when it ends.</summary>
internal sealed class BudgetRenewal(IBudgetBook budgets, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var patience = new Patience(time, Farewell, cancellationToken);
        try
        {
            await budgets.RenewAsync(closing: true, patience.Token);
        }
        catch (OperationCanceledException)
        {
            // What was not returned counts as spent until it is reconciled.
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await budgets.RenewAsync(closing: false, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }
}
