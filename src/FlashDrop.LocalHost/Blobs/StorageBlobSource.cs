using System.Runtime.CompilerServices;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Queues;

namespace FlashDrop.LocalHost.Blobs;

/// <summary>A storage container as its scan sees it.</summary>
/// <param name="blobs">The account's blobs.</param>
/// <param name="queues">The account's queues.</param>
/// <param name="container">The container.</param>
internal sealed class StorageBlobSource(BlobServiceClient blobs, QueueServiceClient queues, string container) : IBlobSource
{
    private readonly BlobContainerClient _container = blobs.GetBlobContainerClient(container);

    public string Container { get; } = container;

    /// <summary>A client for one blob, as the trigger's parameter takes it.</summary>
    public BlobClient Client(string name) => _container.GetBlobClient(name);

    public async IAsyncEnumerable<BlobVersion> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in _container.GetBlobsAsync(new GetBlobsOptions(), cancellationToken))
        {
            yield return new BlobVersion(blob.Name, blob.Properties.ETag?.ToString("H") ?? string.Empty);
        }
    }

    public async Task PoisonAsync(string message, CancellationToken cancellationToken)
    {
        var poison = queues.GetQueueClient(FlashDrop.Core.Ports.Queues.BlobTriggerPoison);
        await poison.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        await poison.SendMessageAsync(message, visibilityTimeout: null, timeToLive: TimeSpan.FromSeconds(-1), cancellationToken);
    }
}
