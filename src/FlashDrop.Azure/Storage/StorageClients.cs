using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;

namespace FlashDrop.Azure.Storage;

/// <summary>Makes the clients of the three services from one connection.</summary>
internal static class StorageClients
{
    public static BlobServiceClient CreateBlobs(StorageConnectionOptions connection, StorageOptions options)
    {
        var client = Apply(new BlobClientOptions(), "blob", options);
        return IsIdentity(connection)
            ? new BlobServiceClient(UriOf(connection.BlobServiceUri, connection.AccountName, "blob"), CredentialOf(connection), client)
            : new BlobServiceClient(connection.ConnectionString, client);
    }

    public static QueueServiceClient CreateQueues(StorageConnectionOptions connection, StorageOptions options)
    {
        var client = Apply(new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None }, "queue", options);
        return IsIdentity(connection)
            ? new QueueServiceClient(UriOf(connection.QueueServiceUri, connection.AccountName, "queue"), CredentialOf(connection), client)
            : new QueueServiceClient(connection.ConnectionString, client);
    }

    public static TableServiceClient CreateTables(StorageConnectionOptions connection, StorageOptions options)
    {
        var client = Apply(new TableClientOptions(), "table", options);
        return IsIdentity(connection)
            ? new TableServiceClient(UriOf(connection.TableServiceUri, connection.AccountName, "table"), CredentialOf(connection), client)
            : new TableServiceClient(connection.ConnectionString, client);
    }

    private static T Apply<T>(T client, string service, StorageOptions options)
        where T : ClientOptions
    {
        client.Retry.Mode = RetryMode.Exponential;
        client.Retry.MaxRetries = options.MaxRetries;
        client.Retry.Delay = options.RetryDelay;
        client.Retry.MaxDelay = options.MaxRetryDelay;
        client.Retry.NetworkTimeout = options.NetworkTimeout;
        client.Diagnostics.IsLoggingContentEnabled = false;
        if (options.Counts is { } counts)
        {
            client.AddPolicy(new OperationCountingPolicy(service, counts), HttpPipelinePosition.PerRetry);
        }

        return client;
    }

    private static bool IsIdentity(StorageConnectionOptions connection) => string.IsNullOrWhiteSpace(connection.ConnectionString);

    private static TokenCredential CredentialOf(StorageConnectionOptions connection) =>
        Credentials.Create(connection.Credential, connection.ClientId);

    private static Uri UriOf(string? uri, string? account, string service) =>
        new(string.IsNullOrWhiteSpace(uri) ? $"https://{account}.{service}.core.windows.net" : uri);
}
