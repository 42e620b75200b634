using System.Threading.Channels;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.DropIn;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Metering;

/// <summary>
/// Writes usage rows off the answers' path: a bounded queue in memory, a few writers, patience while the store is away. What does not fit
/// is dropped, counted and logged. Safe for concurrent use.
/// </summary>
internal sealed class UsageMeter(IJobStore store, IOptions<RelayOptions> options, TimeProvider time, ILogger<UsageMeter> logger) : BackgroundService
{
    private const int Writers = 4;
    private const int LogEvery = 1000;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    private readonly int _bound = options.Value.UsageBacklog;
    private readonly Channel<UsageRecord> _rows = Channel.CreateBounded<UsageRecord>(new BoundedChannelOptions(options.Value.UsageBacklog) { FullMode = BoundedChannelFullMode.Wait });
    private long _dropped;
    private int _pending;

    /// <summary>Rows not written yet.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>Rows lost because the queue was full or the store refused them for good.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes a row; never waits.</summary>
    public void Record(UsageRecord usage)
    {
        Interlocked.Increment(ref _pending);
        if (_rows.Writer.TryWrite(usage))
        {
            return;
        }

        Interlocked.Decrement(ref _pending);
        var dropped = Interlocked.Increment(ref _dropped);
        if (dropped % LogEvery == 1)
        {
            DropInLog.UsageDropped(logger, dropped, _bound);
        }
    }

    /// <summary>Lets the writers finish what is waiting, for a while.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _rows.Writer.TryComplete();
        if (ExecuteTask is { } writing)
        {
            try
            {
                await writing.WaitAsync(Farewell, time, cancellationToken);
            }
            catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
            {
                DropInLog.UsageDropped(logger, Interlocked.Add(ref _dropped, Pending), _bound);
            }
        }

        await base.StopAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => WriteAllAsync(stoppingToken)));

    private async Task WriteAllAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var usage in _rows.Reader.ReadAllAsync(stopping))
            {
                await WriteAsync(usage, stopping);
                Interlocked.Decrement(ref _pending);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host gave up waiting; what is left is counted where it stops.
        }
    }

    private async Task WriteAsync(UsageRecord usage, CancellationToken stopping)
    {
        for (var pause = TimeSpan.FromMilliseconds(500); ; pause = pause * 2 > LongestPause ? LongestPause : pause * 2)
        {
            try
            {
                await store.AddUsageAsync(usage, stopping);
                return;
            }
            catch (StorageUnavailableException exception)
            {
                // Writing a row again is harmless: one that is there stays as it is.
                DropInLog.UsageWaiting(logger, Pending, exception);
                await Task.Delay(pause, time, stopping);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !stopping.IsCancellationRequested)
            {
                // It would fail for ever, and keep the rows behind it from being written.
                Interlocked.Increment(ref _dropped);
                DropInLog.UsageUnwritable(logger, usage.Id, exception);
                return;
            }
        }
    }
}
