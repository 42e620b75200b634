using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>Creates the containers, queues and tables that are missing. For local runs; in Azure the deployment does it.</summary>
public sealed class StorageInitializer(BlobServiceClient blobs, QueueServiceClient queues, TableServiceClient tables)
{
    /// <summary>Name of the table of jobs and usage.</summary>
    public const string JobsTable = "jobs";

    /// <summary>Name of the table of callers and what is committed of their budgets.</summary>
    public const string CallersTable = "callers";

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

            foreach (var table in (string[])[JobsTable, CallersTable])
            {
                await tables.GetTableClient(table).CreateIfNotExistsAsync(cancellationToken);
            }
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, "containers, queues and tables");
        }
    }
}
