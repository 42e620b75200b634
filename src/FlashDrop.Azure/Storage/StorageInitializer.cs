using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>Creates the containers, queues and the table that are missing. For local runs; in Azure the deployment does it.</summary>
public sealed class StorageInitializer(BlobServiceClient blobs, QueueServiceClient queues, TableServiceClient tables)
{
    /// <summary>Name of the table.</summary>
    public const string JobsTable = "jobs";

    /// <summary>Creates what is missing. Idempotent; safe to run on several instances at once.</summary>
    /// <exception cref="StorageUnavailableException">Storage cannot be reached.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var container in Containers.All)
            {
                await blobs.GetBlobContainerClient(container).CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            }

            foreach (var queue in Queues.All)
            {
                await queues.GetQueueClient(queue).CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            }

            await tables.GetTableClient(JobsTable).CreateIfNotExistsAsync(cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, "containers, queues and tables");
        }
    }
}
