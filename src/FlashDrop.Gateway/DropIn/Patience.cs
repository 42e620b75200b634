namespace FlashDrop.Gateway.DropIn;

/// <summary>A token that fires when a wait is over or the caller leaves; the wait can be set anew. Not safe for concurrent use.</summary>
internal sealed class Patience : IDisposable
{
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;
    private long _since;
    private TimeSpan _wait;

    /// <param name="time">The clock.</param>
    /// <param name="wait">How long to wait; <see cref="Timeout.InfiniteTimeSpan"/> until it is set anew.</param>
    /// <param name="caller">Fires when the caller leaves.</param>
    public Patience(TimeProvider time, TimeSpan wait, CancellationToken caller)
    {
        (_time, _wait, _since, Caller) = (time, wait, time.GetTimestamp(), caller);
        _source = new CancellationTokenSource(wait, time);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Caller { get; }

    public CancellationToken Token => _source.Token;

    /// <summary>Whether the wait ends at some time.</summary>
    public bool IsBounded => _wait != Timeout.InfiniteTimeSpan;

    /// <summary>What is left of the wait, at least a millisecond.</summary>
    public TimeSpan Left => !IsBounded ? _wait : Longer(_wait - _time.GetElapsedTime(_since), TimeSpan.FromMilliseconds(1));

    public void Within(TimeSpan wait)
    {
        (_wait, _since) = (wait, _time.GetTimestamp());
        _source.CancelAfter(wait);
    }

    /// <summary>Sets the wait anew, but no longer than another one has left.</summary>
    public void Within(TimeSpan wait, Patience other) => Within(!other.IsBounded || wait < other.Left ? wait : other.Left);

    /// <summary>Ends the wait when another one ends.</summary>
    public CancellationTokenRegistration EndWith(Patience other) =>
        other.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
