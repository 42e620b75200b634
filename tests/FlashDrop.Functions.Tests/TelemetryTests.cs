using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace FlashDrop.Functions.Tests;

/// <summary>Telemetry reaches a resource that takes no keys: without an identity it would be refused, in silence.</summary>
public sealed class TelemetryTests
{
    private const string Connection = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=http://127.0.0.1:9/";

    [Theory]
    [InlineData("Authorization=AAD;ClientId=11111111-1111-1111-1111-111111111111")]
    [InlineData(" authorization = aad ; clientid = 11111111-1111-1111-1111-111111111111 ;")]
    [InlineData("Authorization=AAD")]
    public void AuthenticationString_NamingAnIdentity_IsThatIdentity(string authentication) =>
        Assert.IsType<ManagedIdentityCredential>(Telemetry.CredentialOf(authentication));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ClientId=11111111-1111-1111-1111-111111111111")]
    [InlineData("Authorization=Key")]
    [InlineData("AAD")]
    public void AuthenticationString_NamingNone_IsNoIdentity(string? authentication) => Assert.Null(Telemetry.CredentialOf(authentication));

    [Fact]
    public void Exporters_OfAConfiguredResource_UseTheConnectionAndTheIdentity()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            [Telemetry.ApplicationInsights] = Connection,
            [Telemetry.Authentication] = "Authorization=AAD;ClientId=11111111-1111-1111-1111-111111111111",
        }).Build();

        using var provider = new ServiceCollection().AddFlashDropTelemetry(configuration).BuildServiceProvider();
        Assert.NotNull(provider.GetRequiredService<TracerProvider>());
        Assert.NotNull(provider.GetRequiredService<MeterProvider>());
        var options = provider.GetRequiredService<IOptionsMonitor<AzureMonitorExporterOptions>>();

        Assert.Equal(Connection, options.CurrentValue.ConnectionString);
        Assert.IsType<ManagedIdentityCredential>(options.CurrentValue.Credential);
    }
}
