namespace FlashDrop.Simulator.Recording;

/// <summary>The last requests, in order of arrival. Safe for concurrent use.</summary>
internal sealed class RequestLog
{
    private const int Capacity = 20_000;

    private readonly Lock _gate = new();
    private readonly Queue<Exchange> _exchanges = new();
    private long _sequence;

    public IReadOnlyList<RequestRecord> Snapshot()
    {
        lock (_gate)
        {
            return [.. _exchanges.Select(e => e.Record)];
        }
    }

    public Exchange Open(Func<long, Exchange> open)
    {
        lock (_gate)
        {
            var exchange = open(++_sequence);
            if (_exchanges.Count == Capacity)
            {
                _exchanges.Dequeue();
            }

            _exchanges.Enqueue(exchange);
            return exchange;
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _exchanges.Clear();
        }
    }
}
