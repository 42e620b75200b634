namespace FlashDrop.Gateway.DropIn;

/// <summary>A token that fires when a wait is over or the caller leaves; the wait can be set anew. Not safe for concurrent use.</summary>
internal sealed class Patience : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly CancellationTokenRegistration _registration;

    public Patience(TimeProvider time, TimeSpan wait, CancellationToken caller)
    {
        Caller = caller;
        _source = new CancellationTokenSource(wait, time);
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
    }

    public CancellationToken Caller { get; }

    public CancellationToken Token => _source.Token;

    public void Within(TimeSpan wait) => _source.CancelAfter(wait);

    public void Dispose()
    {
        _registration.Dispose();
        _source.Dispose();
    }
}
