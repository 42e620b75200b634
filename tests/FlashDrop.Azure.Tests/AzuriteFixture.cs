using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Azure.Storage;
using FlashDrop.Azure.Tests;
using FlashDrop.Testing;

[assembly: AssemblyFixture(typeof(AzuriteFixture))]

namespace FlashDrop.Azure.Tests;

/// <summary>One Azurite for all tests of this assembly; each test has an account of its own in it.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private const int Accounts = 500;

    private AzuriteProcess? _azurite;
    private int _next = -1;

    public async ValueTask InitializeAsync() =>
        _azurite = await AzuriteProcess.StartAsync(Accounts, TimeProvider.System, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null)
        {
            await _azurite.DisposeAsync();
        }
    }

    /// <summary>The connection string of an account nobody has used.</summary>
    public string NewConnectionString() => _azurite!.ConnectionString(Interlocked.Increment(ref _next));

    /// <summary>A new account with everything in it.</summary>
    internal async Task<StorageAccount> CreateAccountAsync(CancellationToken cancellationToken)
    {
        var account = new StorageAccount(NewConnectionString());
        await new StorageInitializer(account.Blobs, account.Queues, account.Tables).EnsureAsync(cancellationToken);
        account.Counts.Reset();
        return account;
    }
}

/// <summary>The clients of one account, counted, as the product makes them.</summary>
internal sealed class StorageAccount
{
    public StorageAccount(string connectionString)
    {
        ConnectionString = connectionString;
        var connection = new StorageConnectionOptions { ConnectionString = connectionString };
        var options = new StorageOptions { Counts = Counts, MaxRetries = 1, RetryDelay = TimeSpan.FromMilliseconds(1) };
        Blobs = StorageClients.CreateBlobs(connection, options);
        Queues = StorageClients.CreateQueues(connection, options);
        Tables = StorageClients.CreateTables(connection, options);
    }

    public string ConnectionString { get; }

    public OperationCounts Counts { get; } = new();

    public BlobServiceClient Blobs { get; }

    public QueueServiceClient Queues { get; }

    public TableServiceClient Tables { get; }
}
