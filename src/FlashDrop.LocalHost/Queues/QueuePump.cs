using FlashDrop.LocalHost.Settings;

namespace FlashDrop.LocalHost.Queues;

/// <summary>
/// Feeds one function from one queue as <c>host.json</c> says: batches, a limit on what is in work, leases renewed while a message
/// is in work, a rest after a failure, poison after too many.
/// </summary>
/// <param name="function">The function, for the log.</param>
/// <param name="queue">The queue.</param>
/// <param name="settings">How to pump.</param>
/// <param name="handle">The function.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures go.</param>
internal sealed class QueuePump(
    string function,
    ITriggerQueue queue,
    QueueSettings settings,
    Func<TriggerMessage, CancellationToken, Task> handle,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>
    /// How long a message in work stays hidden without a sign of life: short, so that a killed host's messages come back soon.
    /// </summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    /// <summary>How long putting a message back may take at shutdown.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    /// <summary>Pumps until stopped, then waits for what is in work.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        List<Task> inWork = [];
        var pause = FirstPause;
        while (!stopping.IsCancellationRequested)
        {
            inWork.RemoveAll(task => task.IsCompleted);
            if (inWork.Count > settings.NewBatchThreshold)
            {
                await Task.WhenAny(inWork);
                continue;
            }

            var received = await ReceiveAsync(stopping);
            inWork.AddRange(received.Select(message => HandleAsync(message, stopping)));
            if (received.Count > 0)
            {
                pause = FirstPause;
                continue;
            }

            await Task.Delay(pause, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < settings.MaxPollingInterval ? pause * 2 : settings.MaxPollingInterval;
        }

        await Task.WhenAll(inWork);
    }

    private async Task<IReadOnlyList<TriggerMessage>> ReceiveAsync(CancellationToken stopping)
    {
        try
        {
            return await queue.ReceiveAsync(settings.BatchSize, Lease, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return [];
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Log.StorageTrouble(logger, queue.Name, exception.Message, exception);
            return [];
        }
    }

    private async Task HandleAsync(TriggerMessage message, CancellationToken stopping)
    {
        // Lets the pump start the whole batch before the first handler runs.
        await Task.Yield();
        var lease = new LeaseKeeper(queue, message, time, logger);
        Exception? failure = null;
        await using (lease)
        {
            try
            {
                await handle(message, stopping);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                failure = exception;
            }
        }

        using var farewell = new CancellationTokenSource(Farewell, time);
        try
        {
            await SettleAsync(lease.Message, failure, stopping.IsCancellationRequested, farewell.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The lease runs out and the message comes back; handlers can run again.
            Log.StorageTrouble(logger, queue.Name, exception.Message, exception);
        }
    }

    private async Task SettleAsync(TriggerMessage message, Exception? failure, bool stopping, CancellationToken cancellationToken)
    {
        if (failure is null)
        {
            await queue.DeleteAsync(message, cancellationToken);
        }
        else if (stopping && failure is OperationCanceledException)
        {
            await queue.HideAsync(message, TimeSpan.Zero, cancellationToken);
        }
        else if (queue.PoisonName is not { } poison)
        {
            // As in the Functions host: poison that fails again rests until its lease runs out, so that it cannot spin.
            Log.FunctionFailed(logger, function, failure.Message, failure);
        }
        else if (message.Deliveries >= settings.MaxDequeueCount)
        {
            Log.Poisoned(logger, function, message.Deliveries, poison, failure.Message, failure);
            await queue.PoisonAsync(message, cancellationToken);
            await queue.DeleteAsync(message, cancellationToken);
        }
        else
        {
            Log.FunctionFailed(logger, function, failure.Message, failure);
            await queue.HideAsync(message, settings.VisibilityTimeout, cancellationToken);
        }
    }
}
