namespace FlashDrop.LocalHost.Queues;

/// <summary>Renews a message's lease at half time for as long as the message is in work.</summary>
internal sealed class LeaseKeeper : IAsyncDisposable
{
    private readonly ITriggerQueue _queue;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _done = new();
    private readonly Task _renewing;

    /// <summary>Starts renewing.</summary>
    public LeaseKeeper(ITriggerQueue queue, TriggerMessage message, TimeProvider time, ILogger logger)
    {
        _queue = queue;
        Message = message;
        _time = time;
        _logger = logger;
        _renewing = RenewAsync(_done.Token);
    }

    /// <summary>The message with the receipt in force.</summary>
    public TriggerMessage Message { get; private set; }

    /// <summary>Stops renewing; the message no longer changes then.</summary>
    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _renewing;
        _done.Dispose();
    }

    private async Task RenewAsync(CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            await Task.Delay(QueuePump.Lease / 2, _time, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (done.IsCancellationRequested)
            {
                return;
            }

            try
            {
                // Not cancelled midway: the receipt it returns is the only one that still deletes the message.
                var receipt = await _queue.HideAsync(Message, QueuePump.Lease, CancellationToken.None);
                if (receipt is null)
                {
                    return;
                }

                Message = Message with { Receipt = receipt };
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Log.StorageTrouble(_logger, _queue.Name, exception.Message, exception);
            }
        }
    }
}
