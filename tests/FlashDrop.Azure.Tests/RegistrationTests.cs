using Azure.Data.Tables;
using Azure.Security.KeyVault.Secrets;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Azure.Storage;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Testing;
using FlashDrop.Testing.Keys;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FlashDrop.Azure.Tests;

public sealed class RegistrationTests(AzuriteFixture azurite)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Connection_string_gives_working_ports_and_counts_their_requests()
    {
        var counts = new OperationCounts();
        await using var provider = Build(
            services => services.Configure<StorageOptions>(options => options.Counts = counts),
            ("AzureWebJobsStorage", azurite.NewConnectionString()));
        await provider.GetRequiredService<StorageInitializer>().EnsureAsync(Stop);
        counts.Reset();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));

        await provider.GetRequiredService<IJobStore>().AddAsync(job, Stop);
        await provider.GetRequiredService<IContentStore>().WriteAsync(
            new BlobAddress(Containers.Results, "a"), default, "text/plain", WriteCondition.Always, null, Stop);
        await provider.GetRequiredService<IWorkQueue>().SendSubmitAsync(new SubmitMessage(job.Id, 1, null), TimeSpan.Zero, Stop);
        await provider.GetRequiredService<ICheckpointStore>().WriteAsync("a", "b", Stop);
        await provider.GetRequiredService<IIdempotencyStore>().ClaimAsync("acme", "key", new IdempotencyClaim(job.Id, "f"), Stop);

        Assert.Equal(3, counts.Of("table"));
        Assert.Equal(1, counts.Of("blob", "PUT"));
        Assert.Equal(1, counts.Of("queue", "POST"));
        Assert.Null(provider.GetService<IKeyRing>());
    }

    [Fact]
    public async Task Account_name_signs_in_with_an_identity_at_the_public_endpoints()
    {
        await using var provider = Build(
            null,
            ("AzureWebJobsStorage:accountName", "acme1"),
            ("AzureWebJobsStorage:credential", "managedidentity"),
            ("AzureWebJobsStorage:clientId", "00000000-0000-0000-0000-000000000001"),
            ("AzureWebJobsStorage:tableServiceUri", "https://tables.example.org/"));

        Assert.Equal("https://acme1.blob.core.windows.net/", provider.GetRequiredService<BlobServiceClient>().Uri.AbsoluteUri);
        Assert.Equal("https://acme1.queue.core.windows.net/", provider.GetRequiredService<QueueServiceClient>().Uri.AbsoluteUri);
        Assert.Equal("https://tables.example.org/", provider.GetRequiredService<TableServiceClient>().Uri.AbsoluteUri);
        Assert.False(provider.GetRequiredService<BlobServiceClient>().CanGenerateAccountSasUri);
    }

    [Fact]
    public async Task Vault_uri_gives_the_key_ring_on_the_vault()
    {
        await using var provider = Build(
            null,
            ("AzureWebJobsStorage", "UseDevelopmentStorage=true"), ("FlashDrop:KeyVault:VaultUri", "https://acme.vault.azure.net"));

        Assert.NotNull(provider.GetRequiredService<IKeyRing>());
        Assert.Equal("https://acme.vault.azure.net/", provider.GetRequiredService<SecretClient>().VaultUri.AbsoluteUri);
    }

    [Fact]
    public async Task What_is_registered_already_stays()
    {
        var ring = new FakeKeyRing();
        await using var provider = Build(
            services => services.AddSingleton<IKeyRing>(ring),
            ("AzureWebJobsStorage", "UseDevelopmentStorage=true"), ("FlashDrop:KeyVault:VaultUri", "https://acme.vault.azure.net"));

        Assert.Same(ring, provider.GetRequiredService<IKeyRing>());
    }

    [Theory]
    [InlineData("AzureWebJobsStorage__accountName", "unrelated", "x")]
    [InlineData("not a storage connection string", "AzureWebJobsStorage", "hello")]
    [InlineData("'Not-Valid'", "AzureWebJobsStorage:accountName", "Not-Valid")]
    [InlineData("queueServiceUri is missing", "AzureWebJobsStorage:blobServiceUri", "https://a.blob.core.windows.net")]
    [InlineData("tableServiceUri is not an absolute https URI", "AzureWebJobsStorage:tableServiceUri", "a.table.core.windows.net")]
    [InlineData("FlashDrop:Storage:MaxRetries is 99", "FlashDrop:Storage:MaxRetries", "99")]
    [InlineData("FlashDrop:Storage:NetworkTimeout is 00:00:00", "FlashDrop:Storage:NetworkTimeout", "00:00:00")]
    [InlineData("VaultUri 'acme'", "FlashDrop:KeyVault:VaultUri", "acme")]
    public void Wrong_settings_are_refused_at_start_with_what_to_do(string expected, string key, string value)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Validate(
            key.StartsWith("FlashDrop", StringComparison.Ordinal)
                ? [("AzureWebJobsStorage", "UseDevelopmentStorage=true"), (key, value)]
                : [(key, value)]));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AzureWebJobsStorage:credential", "secret-thing", "managedidentity")]
    [InlineData("FlashDrop:KeyVault:SecretName", "a b", "'a b'")]
    [InlineData("FlashDrop:KeyVault:Jitter", "0.9", "0.9")]
    [InlineData("FlashDrop:KeyVault:RefreshInterval", "00:00:01", "00:00:01")]
    [InlineData("FlashDrop:KeyVault:Credential", "password", "'password'")]
    public void Wrong_identity_and_vault_settings_are_refused_at_start(string key, string value, string expected)
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Validate(
            [("AzureWebJobsStorage:accountName", "acme"), ("FlashDrop:KeyVault:VaultUri", "https://acme.vault.azure.net"), (key, value)]));

        Assert.Contains(expected, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Signature_put_into_a_service_uri_by_mistake_is_not_quoted()
    {
        var failure = Assert.Throws<OptionsValidationException>(() => Validate(
            [("AzureWebJobsStorage:accountName", "acme"), ("AzureWebJobsStorage:blobServiceUri", "https://acme.blob.core.windows.net?sig=s3cret")]));

        Assert.DoesNotContain("s3cret", failure.Message, StringComparison.Ordinal);
    }

    private static void Validate((string Key, string Value)[] settings)
    {
        using var provider = Build(null, settings);
        provider.GetRequiredService<IStartupValidator>().Validate();
    }

    private static ServiceProvider Build(Action<IServiceCollection>? configure, params (string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddLogging();
        configure?.Invoke(services);
        services.AddFlashDropAzure(configuration);
        return services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
    }
}
