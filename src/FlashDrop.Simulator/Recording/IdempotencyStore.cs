using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Recording;

/// <summary>Answers by idempotency key, for the option that replays them. Safe for concurrent use.</summary>
internal sealed class IdempotencyStore
{
    private const int Capacity = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>Claims a key, or finds what became of the first request with it.</summary>
    public KeyState Claim(string key, string bodySha256)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var entry))
            {
                return string.Equals(entry.BodySha256, bodySha256, StringComparison.Ordinal)
                    ? entry.Answer is { } answer ? new KeyState.Answered(answer) : new KeyState.InProgress()
                    : new KeyState.OtherBody();
            }

            if (_order.Count == Capacity)
            {
                _entries.Remove(_order.Dequeue());
            }

            _entries.Add(key, new Entry(bodySha256, null));
            _order.Enqueue(key);
            return new KeyState.Fresh();
        }
    }

    /// <summary>Keeps the answer of a claimed key.</summary>
    public void Keep(string key, JsonObject answer)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var entry))
            {
                _entries[key] = entry with { Answer = answer };
            }
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
            _order.Clear();
        }
    }

    private sealed record Entry(string BodySha256, JsonObject? Answer);
}

/// <summary>What is known of an idempotency key.</summary>
internal abstract record KeyState
{
    internal sealed record Fresh : KeyState;

    internal sealed record InProgress : KeyState;

    internal sealed record OtherBody : KeyState;

    internal sealed record Answered(JsonObject Body) : KeyState;
}
