namespace FlashDrop.Azure.Storage;

/// <summary>How to reach the storage account: the configuration key <c>AzureWebJobsStorage</c> and what is below it.</summary>
public sealed class StorageConnectionOptions
{
    /// <summary>The configuration key these options are read from; the Functions host reads the same one.</summary>
    public const string Section = "AzureWebJobsStorage";

    /// <summary>A connection string: the value of the key itself. Null to sign in with an identity.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Name of the account, when the service URIs follow from it.</summary>
    public string? AccountName { get; set; }

    /// <summary>URI of the blob service; default <c>https://{accountName}.blob.core.windows.net</c>.</summary>
    public string? BlobServiceUri { get; set; }

    /// <summary>URI of the queue service; default <c>https://{accountName}.queue.core.windows.net</c>.</summary>
    public string? QueueServiceUri { get; set; }

    /// <summary>URI of the table service; default <c>https://{accountName}.table.core.windows.net</c>.</summary>
    public string? TableServiceUri { get; set; }

    /// <summary><c>managedidentity</c>, or null for the default chain (environment, workload, managed identity, developer tools).</summary>
    public string? Credential { get; set; }

    /// <summary>Client id of a user-assigned identity; null for the system-assigned one.</summary>
    public string? ClientId { get; set; }
}

/// <summary>How the storage clients behave. Section <c>FlashDrop:Storage</c>.</summary>
public sealed class StorageOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Storage";

    /// <summary>Retries of one request after the first try, on 408, 429, 5xx and network failures. Default 4, range 0 to 10.</summary>
    public int MaxRetries { get; set; } = 4;

    /// <summary>Delay before the first retry; later ones double, with jitter. Default 400 ms, range 0 to 10 seconds.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(400);

    /// <summary>Longest delay between two tries. Default 10 seconds, range 0 to 1 minute.</summary>
    public TimeSpan MaxRetryDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time one try may go without progress. Default 30 seconds, range 1 second to 5 minutes.</summary>
    public TimeSpan NetworkTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Where to count requests; null to count none. Set in code.</summary>
    public OperationCounts? Counts { get; set; }
}
