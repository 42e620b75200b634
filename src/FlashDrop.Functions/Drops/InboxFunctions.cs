using Azure.Storage.Blobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Drops;

/// <summary>Drops in the <c>inbox</c> container.</summary>
/// <param name="pipeline">The work.</param>
public sealed class InboxFunctions(IPipeline pipeline)
{
#if BLOB_TRIGGER_BY_SCAN
    private const BlobTriggerSource Source = BlobTriggerSource.LogsAndContainerScan;
#else
    private const BlobTriggerSource Source = BlobTriggerSource.EventGrid;
#endif

    /// <summary>A drop arrived or was replaced.</summary>
    [Function(nameof(InboxDrop))]
    public Task InboxDrop(
        [BlobTrigger(Containers.Inbox + "/{path}", Source = Source)] BlobClient drop,
        CancellationToken cancellationToken) =>
        pipeline.HandleDropAsync(drop.Name, cancellationToken);

    /// <summary>A drop could not be taken in, repeatedly.</summary>
    [Function(nameof(InboxDropPoison))]
    public Task InboxDropPoison([QueueTrigger(Queues.BlobTriggerPoison)] string message, CancellationToken cancellationToken) =>
        pipeline.HandlePoisonedDropAsync(message, cancellationToken);
}
