using FlashDrop.Simulator.Faults;

namespace FlashDrop.Simulator.Recording;

/// <summary>A request being served: its context, its record and the fault it met.</summary>
internal sealed class Exchange(HttpContext context, RequestRecord record, CancellationToken cancellationToken)
{
    private bool _abortedHere;

    public HttpContext Context => context;

    public HttpRequest Request => context.Request;

    public HttpResponse Response => context.Response;

    public RequestRecord Record { get; private set; } = record;

    public FaultAction? Fault { get; private set; }

    /// <summary>Fires when the client goes away and when the simulator stops.</summary>
    public CancellationToken CancellationToken => cancellationToken;

    public void Note(Func<RequestRecord, RequestRecord> change) => Record = change(Record);

    public void Meet(PickedFault? fault)
    {
        Fault = fault?.Action;
        Note(r => r with { Fault = fault?.Name });
    }

    /// <summary>Resets the connection.</summary>
    public void Abort()
    {
        _abortedHere = true;
        Note(r => r with { Outcome = "broken" });
        context.Abort();
    }

    public void Close(DateTimeOffset now) => Note(r => r with
    {
        DurationMs = (now - r.At).TotalMilliseconds,
        ClientDisconnected = !_abortedHere && context.RequestAborted.IsCancellationRequested,
        Outcome = r.Outcome is "pending" ? "broken" : r.Outcome,
    });
}
