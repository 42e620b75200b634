using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using QueueNames = FlashDrop.Core.Ports.Queues;

namespace FlashDrop.LocalHost.Queues;

/// <summary>A storage queue as its pump sees it.</summary>
/// <param name="service">The account's queues.</param>
/// <param name="name">The queue.</param>
internal sealed class StorageTriggerQueue(QueueServiceClient service, string name) : ITriggerQueue
{
    private readonly QueueClient _queue = service.GetQueueClient(name);

    public string Name { get; } = name;

    public string? PoisonName { get; } = name.EndsWith(QueueNames.PoisonSuffix, StringComparison.Ordinal) ? null : name + QueueNames.PoisonSuffix;

    public async Task<IReadOnlyList<TriggerMessage>> ReceiveAsync(int max, TimeSpan lease, CancellationToken cancellationToken)
    {
        try
        {
            QueueMessage[] messages = await _queue.ReceiveMessagesAsync(max, lease, cancellationToken);
            return [.. messages.Select(message => new TriggerMessage(message.MessageId, message.PopReceipt, message.MessageText, message.DequeueCount))];
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            return [];
        }
    }

    public async Task<string?> HideAsync(TriggerMessage message, TimeSpan duration, CancellationToken cancellationToken)
    {
        try
        {
            UpdateReceipt receipt = await _queue.UpdateMessageAsync(message.Id, message.Receipt, message.Text, duration, cancellationToken);
            return receipt.PopReceipt;
        }
        catch (RequestFailedException exception) when (IsLost(exception))
        {
            return null;
        }
    }

    public async Task DeleteAsync(TriggerMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await _queue.DeleteMessageAsync(message.Id, message.Receipt, cancellationToken);
        }
        catch (RequestFailedException exception) when (IsLost(exception))
        {
            // Somebody else received it meanwhile and will find nothing left to do.
        }
    }

    public async Task PoisonAsync(TriggerMessage message, CancellationToken cancellationToken)
    {
        var poison = service.GetQueueClient(PoisonName ?? throw new InvalidOperationException($"{Name} is a queue for poison itself."));
        await poison.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        await poison.SendMessageAsync(message.Text, visibilityTimeout: null, timeToLive: TimeSpan.FromSeconds(-1), cancellationToken);
    }

    private static bool IsLost(RequestFailedException exception) =>
        exception.ErrorCode == QueueErrorCode.MessageNotFound || exception.ErrorCode == QueueErrorCode.PopReceiptMismatch;
}
