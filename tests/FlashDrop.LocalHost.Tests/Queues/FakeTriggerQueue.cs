using FlashDrop.LocalHost.Queues;

namespace FlashDrop.LocalHost.Tests.Queues;

/// <summary>A queue in memory with the service's semantics: leases on the clock, receipts lost when somebody else receives.</summary>
internal sealed class FakeTriggerQueue(TimeProvider time, string name = "submit") : ITriggerQueue
{
    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];
    private int _receipts;

    public string Name { get; } = name;

    public string? PoisonName { get; } = name.EndsWith("-poison", StringComparison.Ordinal) ? null : name + "-poison";

    public List<string> Poison { get; } = [];

    public List<int> BatchSizes { get; } = [];

    public int Renewals { get; private set; }

    /// <summary>How often receiving fails from now on.</summary>
    public int Outages { get; set; }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    public void Send(params IEnumerable<string> texts)
    {
        lock (_lock)
        {
            _entries.AddRange(texts.Select(text => new Entry { Id = $"{_entries.Count}:{text}", Text = text, VisibleAt = time.GetUtcNow() }));
        }
    }

    public Task<IReadOnlyList<TriggerMessage>> ReceiveAsync(int max, TimeSpan lease, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Outages-- > 0)
            {
                throw new HttpRequestException("storage is away");
            }

            BatchSizes.Add(max);
            var now = time.GetUtcNow();
            List<TriggerMessage> received = [];
            foreach (var entry in _entries.Where(entry => entry.VisibleAt <= now).Take(max))
            {
                entry.VisibleAt = now + lease;
                entry.Receipt = $"r{++_receipts}";
                received.Add(new TriggerMessage(entry.Id, entry.Receipt, entry.Text, ++entry.Deliveries));
            }

            return Task.FromResult<IReadOnlyList<TriggerMessage>>(received);
        }
    }

    public Task<string?> HideAsync(TriggerMessage message, TimeSpan duration, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Find(message) is not { } entry)
            {
                return Task.FromResult<string?>(null);
            }

            Renewals++;
            entry.VisibleAt = time.GetUtcNow() + duration;
            entry.Receipt = $"r{++_receipts}";
            return Task.FromResult<string?>(entry.Receipt);
        }
    }

    public Task DeleteAsync(TriggerMessage message, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _entries.RemoveAll(entry => entry == Find(message));
            return Task.CompletedTask;
        }
    }

    public Task PoisonAsync(TriggerMessage message, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Poison.Add(message.Text);
            return Task.CompletedTask;
        }
    }

    private Entry? Find(TriggerMessage message) =>
        _entries.FirstOrDefault(entry => entry.Id == message.Id && entry.Receipt == message.Receipt);

    private sealed class Entry
    {
        public required string Id { get; init; }

        public required string Text { get; init; }

        public DateTimeOffset VisibleAt { get; set; }

        public string? Receipt { get; set; }

        public long Deliveries { get; set; }
    }
}
