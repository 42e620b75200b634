namespace FlashDrop.LocalHost.Queues;

/// <summary>A queue as its pump sees it.</summary>
internal interface ITriggerQueue
{
    /// <summary>The queue's name.</summary>
    string Name { get; }

    /// <summary>Where poison goes; null when the queue is one for poison itself.</summary>
    string? PoisonName { get; }

    /// <summary>Receives messages, hiding each for <paramref name="lease"/>.</summary>
    Task<IReadOnlyList<TriggerMessage>> ReceiveAsync(int max, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>Hides a received message from now for another while.</summary>
    /// <returns>The new receipt, or null when the lease was lost.</returns>
    Task<string?> HideAsync(TriggerMessage message, TimeSpan duration, CancellationToken cancellationToken);

    /// <summary>Removes a received message. One whose lease was lost is no error.</summary>
    Task DeleteAsync(TriggerMessage message, CancellationToken cancellationToken);

    /// <summary>Copies a message to the queue for poison.</summary>
    Task PoisonAsync(TriggerMessage message, CancellationToken cancellationToken);
}

/// <summary>A received message.</summary>
/// <param name="Id">The queue's id of it.</param>
/// <param name="Receipt">Proof of the lease.</param>
/// <param name="Text">Its content.</param>
/// <param name="Deliveries">How often it was received, this time included.</param>
internal sealed record TriggerMessage(string Id, string Receipt, string Text, long Deliveries);
