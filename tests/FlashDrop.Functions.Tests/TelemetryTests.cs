using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.Configuration;

namespace FlashDrop.Functions.Tests;

/// <summary>Telemetry reaches an Application Insights that takes none without an identity: the exporter does not look for one by itself.</summary>
public sealed class TelemetryTests
{
    [Theory]
    [InlineData("Authorization=AAD;ClientId=11111111-1111-1111-1111-111111111111")]
    [InlineData("Authorization=AAD")]
    public void AuthenticationString_SendsWithTheIdentity(string text) =>
        Assert.IsType<ManagedIdentityCredential>(OptionsWith(text).Credential);

    [Fact]
    public void NoAuthenticationString_SendsOnTheConnectionStringAlone() => Assert.Null(OptionsWith(null).Credential);

    [Fact]
    public void UnknownAuthentication_IsRefusedByName()
    {
        var refused = Assert.Throws<ArgumentException>(() => OptionsWith("Authorization=Basic"));

        Assert.Contains("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", refused.Message, StringComparison.Ordinal);
    }

    private static AzureMonitorExporterOptions OptionsWith(string? authentication)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["APPLICATIONINSIGHTS_CONNECTION_STRING"] = "InstrumentationKey=11111111-1111-1111-1111-111111111111",
            ["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] = authentication,
        }).Build();
        var options = new AzureMonitorExporterOptions();
        Telemetry.Configure(options, configuration);
        return options;
    }
}
