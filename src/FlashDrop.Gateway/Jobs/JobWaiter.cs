using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Waits for a job to finish: woken when it finishes here, looking now and then because it may finish elsewhere.</summary>
internal sealed class JobWaiter(IJobService jobs, JobSignals signals, TimeProvider time, IOptions<GatewayOptions> options)
{
    private const int SlowestFactor = 4;
    private const double Growth = 1.5;

    /// <summary>The job once it is finished or the time is up; null when it is gone.</summary>
    public async Task<StoredJob?> WaitAsync(JobId id, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var subscription = signals.Subscribe(id);
        var until = time.GetUtcNow() + limit;
        var pause = options.Value.WaitInterval;
        var heard = false;
        while (true)
        {
            var stored = await jobs.FindAsync(id, cancellationToken);
            var left = until - time.GetUtcNow();
            if (stored is not { Job.IsTerminal: false } || left <= TimeSpan.Zero)
            {
                return stored;
            }

            // A signal is heard once, also one that came since the look above; after it the clock alone decides, so that a store that
            // does not show it yet cannot make this spin.
            await PauseAsync(pause < left ? pause : left, heard ? null : subscription.Finished, cancellationToken);
            heard |= subscription.Finished.IsCompleted;
            pause = TimeSpan.FromTicks(Math.Min((long)(pause.Ticks * Growth), options.Value.WaitInterval.Ticks * SlowestFactor));
        }
    }

    private async Task PauseAsync(TimeSpan pause, Task? finished, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var delay = Task.Delay(pause, time, stop.Token);
        await (finished is null ? delay : Task.WhenAny(finished, delay));
        await stop.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
