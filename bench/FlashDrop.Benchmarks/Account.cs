using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Azure;
using FlashDrop.Azure.Storage;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Benchmarks;

/// <summary>Azurite in a process of its own, and the product on it.</summary>
internal sealed class Account(AzuriteProcess azurite) : IAsyncDisposable
{
    public OperationCounts Counts { get; } = new();

    public string ConnectionString { get; } = azurite.ConnectionString(0);

    public BlobServiceClient Blobs => new(ConnectionString);

    public QueueServiceClient Queues => new(ConnectionString);

    public TableServiceClient Tables => new(ConnectionString);

    public static async Task<Account> StartAsync(CancellationToken cancellationToken) =>
        new(await AzuriteProcess.StartAsync(accounts: 1, TimeProvider.System, cancellationToken));

    /// <summary>The product with its own clients, counted, against an upstream.</summary>
    public async Task<ServiceProvider> BuildAsync(
        Uri? upstream, Dictionary<string, string?> settings, Action<IServiceCollection>? replace, CancellationToken cancellationToken)
    {
        settings["AzureWebJobsStorage"] = ConnectionString;
        settings[ConfigurationKeyRing.ConfigurationKey] = "sk-benchmark";
        settings["FlashDrop:Upstream:GenerateBaseUrl"] = upstream?.ToString();
        settings["FlashDrop:Upstream:TasksBaseUrl"] = upstream?.ToString();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings.Where(setting => setting.Value is not null)).Build();
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging();
        replace?.Invoke(services);
        services.AddFlashDropCore(configuration).AddEvoLink(configuration).AddFlashDropAzure(configuration).AddSingleton<IKeyRing, ConfigurationKeyRing>();
        services.PostConfigure<StorageOptions>(options => options.Counts = Counts);
        var provider = services.BuildServiceProvider();
        await provider.GetRequiredService<StorageInitializer>().EnsureAsync(cancellationToken);
        return provider;
    }

    public ValueTask DisposeAsync() => azurite.DisposeAsync();
}
