using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Testing;

/// <summary>A virtual clock that tells when somebody begins to wait on it.</summary>
/// <param name="start">When it begins.</param>
public sealed class WatchedTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    private TaskCompletionSource<DateTimeOffset> _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when somebody begins to wait, with the time until which.</summary>
    public Task<DateTimeOffset> Waiting => _waiting.Task;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _waiting.TrySetResult(GetUtcNow() + dueTime);
        return timer;
    }

    /// <summary>The same, and begins to watch for the next one.</summary>
    public Task<DateTimeOffset> TakeWaiting()
    {
        var until = _waiting.Task;
        _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
        return until;
    }
}
