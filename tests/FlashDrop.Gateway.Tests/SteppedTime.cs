using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Gateway.Tests;

/// <summary>
/// A virtual clock that knows what waits for it, so that it moves exactly as far as somebody is waiting, however slow the machine.
/// </summary>
internal sealed class SteppedTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private readonly Lock _gate = new();
    private TimeSpan? _awaited;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        if (period == Timeout.InfiniteTimeSpan)
        {
            // A periodic one is the housekeeping's; nobody waits for it.
            lock (_gate)
            {
                _awaited = dueTime;
            }
        }

        return timer;
    }

    /// <summary>What was set until now is not what the test waits for.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _awaited = null;
        }
    }

    /// <summary>Moves on to the timer set last, once one was set since the last step; until the task is done. Bounded in real time.</summary>
    public async Task<T> RunUntilAsync<T>(Task<T> task)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!task.IsCompleted)
        {
            limit.Token.ThrowIfCancellationRequested();
            TimeSpan? awaited;
            lock (_gate)
            {
                (awaited, _awaited) = (_awaited, null);
            }

            if (awaited is { } due)
            {
                Advance(due);
            }
            else
            {
                await GatewayHost.Settle();
            }
        }

        return await task;
    }
}
