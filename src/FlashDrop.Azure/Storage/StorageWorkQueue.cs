using System.Text;
using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>The queues. Messages never expire by themselves: a job in flight for a week still has its schedule.</summary>
internal sealed class StorageWorkQueue(QueueServiceClient queues) : IWorkQueue
{
    private const int MaxReceive = 32;
    private const int MaxMessageBytes = 64 * 1024;
    private const string PollPoison = Queues.Poll + Queues.PoisonSuffix;

    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(7);
    private static readonly TimeSpan Forever = TimeSpan.FromSeconds(-1);

    public Task SendSubmitAsync(SubmitMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        SendAsync(Queues.Submit, PortJson.Write(message), delay, cancellationToken);

    public Task SendPollAsync(PollMessage message, TimeSpan delay, CancellationToken cancellationToken) =>
        SendAsync(Queues.Poll, PortJson.Write(message), delay, cancellationToken);

    public async Task<IReadOnlyList<PollDelivery>> ReceivePollsAsync(int max, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(lease, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lease, MaxDelay);
        QueueMessage[] received;
        try
        {
            received = await queues.GetQueueClient(Queues.Poll).ReceiveMessagesAsync(Math.Min(max, MaxReceive), lease, cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"queue {Queues.Poll}");
        }

        var polls = new List<PollDelivery>(received.Length);
        foreach (var message in received)
        {
            if (PortJson.TryReadPoll(message.MessageText, out var poll))
            {
                polls.Add(new PollDelivery(poll, message.MessageId, message.PopReceipt, message.DequeueCount));
            }
            else
            {
                await MoveToPoisonAsync(message.MessageText, message.MessageId, message.PopReceipt, cancellationToken);
            }
        }

        return polls;
    }

    public async Task<bool> RescheduleAsync(PollDelivery delivery, PollMessage message, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        var text = PortJson.Write(message);
        CheckSize(Queues.Poll, text);
        try
        {
            await queues.GetQueueClient(Queues.Poll).UpdateMessageAsync(
                delivery.MessageId, delivery.Receipt, text, Cap(delay), cancellationToken);
            return true;
        }
        catch (RequestFailedException exception) when (IsLost(exception))
        {
            return false;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"queue {Queues.Poll}");
        }
    }

    public Task DeleteAsync(PollDelivery delivery, CancellationToken cancellationToken) =>
        DeleteAsync(delivery.MessageId, delivery.Receipt, cancellationToken);

    public Task PoisonAsync(PollDelivery delivery, CancellationToken cancellationToken) =>
        MoveToPoisonAsync(PortJson.Write(delivery.Message), delivery.MessageId, delivery.Receipt, cancellationToken);

    public async Task<long> CountAsync(string queue, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await queues.GetQueueClient(queue).GetPropertiesAsync(cancellationToken);
            return answer.Value.ApproximateMessagesCountLong;
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            // The host makes its poison queues when it first needs them.
            return 0;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"queue {queue}");
        }
    }

    private async Task SendAsync(string queue, string text, TimeSpan delay, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        CheckSize(queue, text);
        try
        {
            await queues.GetQueueClient(queue).SendMessageAsync(text, Cap(delay), Forever, cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"queue {queue}");
        }
    }

    // Sent before it is deleted: a crash in between leaves two, which is better than none.
    private async Task MoveToPoisonAsync(string text, string messageId, string receipt, CancellationToken cancellationToken)
    {
        await SendAsync(PollPoison, text, TimeSpan.Zero, cancellationToken);
        await DeleteAsync(messageId, receipt, cancellationToken);
    }

    private async Task DeleteAsync(string messageId, string receipt, CancellationToken cancellationToken)
    {
        try
        {
            await queues.GetQueueClient(Queues.Poll).DeleteMessageAsync(messageId, receipt, cancellationToken);
        }
        catch (RequestFailedException exception) when (IsLost(exception))
        {
            // Gone, or leased by somebody else, who will see to it.
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"queue {Queues.Poll}");
        }
    }

    private static bool IsLost(RequestFailedException exception) =>
        exception.ErrorCode == QueueErrorCode.MessageNotFound || exception.ErrorCode == QueueErrorCode.PopReceiptMismatch;

    private static TimeSpan Cap(TimeSpan delay) => delay < MaxDelay ? delay : MaxDelay;

    private static void CheckSize(string queue, string text)
    {
        if (Encoding.UTF8.GetByteCount(text) is var bytes and > MaxMessageBytes)
        {
            throw new ArgumentException($"A message of {bytes} bytes does not fit into queue {queue}, which takes {MaxMessageBytes}.", nameof(text));
        }
    }
}
