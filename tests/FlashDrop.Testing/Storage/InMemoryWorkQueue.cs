using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>A received message of any queue, as a host's pump sees it.</summary>
public sealed record QueueDelivery(string Queue, string Text, string MessageId, string Receipt, long Deliveries);

/// <summary>
/// The queues in memory: invisible until due on the clock, delivered again when a lease runs out, each delivery and update with a
/// receipt that makes the earlier ones worthless. The public pump methods play the Functions host and are not counted.
/// </summary>
public sealed class InMemoryWorkQueue : IWorkQueue
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(7);

    private readonly InMemoryStorage _storage;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<Message>> _queues = new(StringComparer.Ordinal);
    private long _sequence;

    internal InMemoryWorkQueue(InMemoryStorage storage) => _storage = storage;

    /// <summary>Hands out visible messages in an order of chance instead of the oldest first; the service promises none.</summary>
    public Random? Disorder { get; set; }

    public Task SendSubmitAsync(SubmitMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        SendAsync(Queues.Submit, PortJson.Write(message), delay, cancellationToken);

    public Task SendPollAsync(PollMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        SendAsync(Queues.Poll, PortJson.Write(message), delay, cancellationToken);

    public async Task<IReadOnlyList<PollDelivery>> ReceivePollsAsync(int max, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        CheckLease(lease);
        var received = await _storage.RunAsync(
            StorageOperations.QueueReceive, Queues.Poll, () => Receive(Queues.Poll, Math.Min(max, 32), lease), cancellationToken);
        var polls = new List<PollDelivery>(received.Count);
        foreach (var delivery in received)
        {
            if (PortJson.TryReadPoll(delivery.Text, out var message))
            {
                polls.Add(new PollDelivery(message, delivery.MessageId, delivery.Receipt, delivery.Deliveries));
            }
            else
            {
                await MoveToPoisonAsync(delivery.Text, delivery.MessageId, delivery.Receipt, cancellationToken);
            }
        }

        return polls;
    }

    public Task<bool> RescheduleAsync(PollDelivery delivery, PollMessage message, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return _storage.RunAsync(
            StorageOperations.QueueUpdate,
            Queues.Poll,
            () =>
            {
                lock (_lock)
                {
                    if (Find(Queues.Poll, delivery.MessageId, delivery.Receipt) is not { } found)
                    {
                        return false;
                    }

                    found.Text = PortJson.Write(message);
                    found.Receipt = NewReceipt();
                    found.VisibleAt = _storage.TimeProvider.GetUtcNow() + Cap(delay);
                    return true;
                }
            },
            cancellationToken);
    }

    public Task DeleteAsync(PollDelivery delivery, CancellationToken cancellationToken) =>
        _storage.RunAsync(
            StorageOperations.QueueDelete, Queues.Poll, () => Delete(Queues.Poll, delivery.MessageId, delivery.Receipt), cancellationToken);

    public Task PoisonAsync(PollDelivery delivery, CancellationToken cancellationToken) =>
        MoveToPoisonAsync(PortJson.Write(delivery.Message), delivery.MessageId, delivery.Receipt, cancellationToken);

    public Task<long> CountAsync(string queue, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.QueueCount, queue, () => (long)Peek(queue).Count, cancellationToken);

    /// <summary>Puts a raw message on a queue.</summary>
    public void Send(string queue, string text, TimeSpan delay = default)
    {
        lock (_lock)
        {
            MessagesOf(queue).Add(new Message($"m{++_sequence}", text)
            {
                VisibleAt = _storage.TimeProvider.GetUtcNow() + Cap(delay),
            });
        }
    }

    /// <summary>Puts the message that was sent last on its queue once more, as a client does that repeats a request whose answer was lost.</summary>
    /// <returns>Its text, or null when the queue is empty.</returns>
    public string? Duplicate(string queue)
    {
        lock (_lock)
        {
            if (MessagesOf(queue) is not [.., var last])
            {
                return null;
            }

            MessagesOf(queue).Add(new Message($"m{++_sequence}", last.Text) { VisibleAt = last.VisibleAt });
            return last.Text;
        }
    }

    /// <summary>Receives visible messages of any queue, oldest first unless <see cref="Disorder"/> says otherwise, hiding each for a while.</summary>
    public IReadOnlyList<QueueDelivery> Receive(string queue, int max, TimeSpan lease)
    {
        lock (_lock)
        {
            var now = _storage.TimeProvider.GetUtcNow();
            var deliveries = new List<QueueDelivery>();
            Message[] visible = [.. MessagesOf(queue).Where(message => message.VisibleAt <= now)];
            Disorder?.Shuffle(visible);
            foreach (var message in visible.Take(max))
            {
                message.VisibleAt = now + lease;
                message.Receipt = NewReceipt();
                message.Deliveries++;
                deliveries.Add(new QueueDelivery(queue, message.Text, message.Id, message.Receipt, message.Deliveries));
            }

            return deliveries;
        }
    }

    /// <summary>Removes a received message; false when its lease was lost or it is gone.</summary>
    public bool Delete(string queue, string messageId, string receipt)
    {
        lock (_lock)
        {
            return Find(queue, messageId, receipt) is { } found && MessagesOf(queue).Remove(found);
        }
    }

    /// <summary>Makes a received message visible again after a while, as a host does with one that failed.</summary>
    public bool Release(QueueDelivery delivery, TimeSpan delay)
    {
        lock (_lock)
        {
            if (Find(delivery.Queue, delivery.MessageId, delivery.Receipt) is not { } found)
            {
                return false;
            }

            found.VisibleAt = _storage.TimeProvider.GetUtcNow() + delay;
            return true;
        }
    }

    /// <summary>The texts of all messages of a queue, visible or not.</summary>
    public IReadOnlyList<string> Peek(string queue)
    {
        lock (_lock)
        {
            return [.. MessagesOf(queue).Select(message => message.Text)];
        }
    }

    /// <summary>When the next message of a queue becomes visible (possibly in the past), or null when it is empty.</summary>
    public DateTimeOffset? NextVisibleAt(string queue)
    {
        lock (_lock)
        {
            return MessagesOf(queue).Select(message => (DateTimeOffset?)message.VisibleAt).Min();
        }
    }

    /// <summary>Loses every message of a queue.</summary>
    public void Clear(string queue)
    {
        lock (_lock)
        {
            MessagesOf(queue).Clear();
        }
    }

    private Task<bool> SendAsync(string queue, string text, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        return _storage.RunAsync(
            StorageOperations.QueueSend,
            queue,
            () =>
            {
                Send(queue, text, delay);
                return true;
            },
            cancellationToken);
    }

    private async Task MoveToPoisonAsync(string text, string messageId, string receipt, CancellationToken cancellationToken)
    {
        await SendAsync(Queues.Poll + Queues.PoisonSuffix, text, TimeSpan.Zero, cancellationToken);
        await _storage.RunAsync(StorageOperations.QueueDelete, Queues.Poll, () => Delete(Queues.Poll, messageId, receipt), cancellationToken);
    }

    private static void CheckLease(TimeSpan lease)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(lease, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lease, MaxDelay);
    }

    private static TimeSpan Cap(TimeSpan delay) => delay < MaxDelay ? delay : MaxDelay;

    private string NewReceipt() => $"r{++_sequence}";

    private Message? Find(string queue, string messageId, string receipt) =>
        MessagesOf(queue).Find(message => message.Id == messageId && message.Receipt == receipt);

    private List<Message> MessagesOf(string queue)
    {
        if (!_queues.TryGetValue(queue, out var messages))
        {
            _queues[queue] = messages = [];
        }

        return messages;
    }

    private sealed class Message(string id, string text)
    {
        public string Id { get; } = id;

        public string Text { get; set; } = text;

        public string? Receipt { get; set; }

        public DateTimeOffset VisibleAt { get; set; }

        public long Deliveries { get; set; }
    }
}
