using Azure.Core;
using Azure.Security.KeyVault.Secrets;
using FlashDrop.Azure.Keys;
using FlashDrop.Azure.Storage;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Keys;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace FlashDrop.Azure;

/// <summary>Registers the ports on Azure storage and Key Vault.</summary>
public static class FlashDropAzureServiceCollectionExtensions
{
    /// <summary>
    /// Registers every port on the storage account of <c>AzureWebJobsStorage</c>, its clients and <see cref="StorageInitializer"/>; and
    /// the key ring on Key Vault when <c>FlashDrop:KeyVault:VaultUri</c> is set. What is registered already stays. All options are
    /// validated at start.
    /// </summary>
    public static IServiceCollection AddFlashDropAzure(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);

        services.TryAddSingleton(TimeProvider.System);
        AddStorage(services, configuration);
        AddKeyVault(services, configuration);
        return services;
    }

    private static void AddStorage(IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<StorageConnectionOptions>()
            .Configure(options => Read(configuration, options))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StorageConnectionOptions>, StorageConnectionOptionsValidator>());
        services.AddOptions<StorageOptions>()
            .Bind(configuration.GetSection(StorageOptions.Section))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StorageOptions>, StorageOptionsValidator>());

        services.TryAddSingleton(provider => StorageClients.CreateBlobs(Connection(provider), Options(provider)));
        services.TryAddSingleton(provider => StorageClients.CreateQueues(Connection(provider), Options(provider)));
        services.TryAddSingleton(provider => StorageClients.CreateTables(Connection(provider), Options(provider)));
        services.TryAddSingleton<StorageInitializer>();
        services.TryAddSingleton<IJobStore, TableJobStore>();
        services.TryAddSingleton<IContentStore, BlobContentStore>();
        services.TryAddSingleton<IWorkQueue, StorageWorkQueue>();
        services.TryAddSingleton<ICheckpointStore, TableCheckpointStore>();
        services.TryAddSingleton<IIdempotencyStore, TableIdempotencyStore>();
        services.TryAddSingleton<ICallerStore, TableCallerStore>();
        services.TryAddSingleton<IBudgetStore, TableBudgetStore>();
    }

    private static void AddKeyVault(IServiceCollection services, IConfiguration configuration)
    {
        var section = configuration.GetSection(KeyVaultOptions.Section);
        if (string.IsNullOrWhiteSpace(section[nameof(KeyVaultOptions.VaultUri)]))
        {
            return;
        }

        services.AddOptions<KeyVaultOptions>().Bind(section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<KeyVaultOptions>, KeyVaultOptionsValidator>());
        services.TryAddSingleton(provider =>
        {
            var vault = provider.GetRequiredService<IOptions<KeyVaultOptions>>().Value;
            var storage = Read(configuration, new StorageConnectionOptions());
            var credential = Credentials.Create(vault.Credential ?? storage.Credential, vault.ClientId ?? storage.ClientId);
            return new SecretClient(new Uri(vault.VaultUri!), credential, ClientOptions());
        });
        services.TryAddSingleton<IKeyRing, KeyVaultKeyRing>();
    }

    private static SecretClientOptions ClientOptions()
    {
        var options = new SecretClientOptions();
        options.Retry.Mode = RetryMode.Exponential;
        options.Retry.MaxRetries = 3;
        options.Retry.Delay = TimeSpan.FromMilliseconds(500);
        options.Retry.MaxDelay = TimeSpan.FromSeconds(5);
        options.Retry.NetworkTimeout = TimeSpan.FromSeconds(10);
        return options;
    }

    private static StorageConnectionOptions Read(IConfiguration configuration, StorageConnectionOptions options)
    {
        var section = configuration.GetSection(StorageConnectionOptions.Section);
        section.Bind(options);
        options.ConnectionString = section.Value;
        return options;
    }

    private static StorageConnectionOptions Connection(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<StorageConnectionOptions>>().Value;

    private static StorageOptions Options(IServiceProvider provider) => provider.GetRequiredService<IOptions<StorageOptions>>().Value;
}
