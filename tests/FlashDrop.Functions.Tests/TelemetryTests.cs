using System.Diagnostics;
using System.Diagnostics.Metrics;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace FlashDrop.Functions.Tests;

/// <summary>
/// What the product measures is exported, wherever it is measured; and it reaches an Application Insights that takes none without an
/// identity: the exporter does not look for one by itself.
/// </summary>
public sealed class TelemetryTests
{
    [Theory]
    [InlineData("FlashDrop")]
    [InlineData("FlashDrop.Gateway")]
    public void SourcesAndMeters_AreExportedWhenAReceiverIsConfigured(string name)
    {
        var configuration = Configuration(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"));
        using var provider = new ServiceCollection().AddSingleton(configuration).AddLogging().AddFlashDrop(configuration).BuildServiceProvider();
        using var source = new ActivitySource(name);
        using var meter = new Meter(name);
        var counter = meter.CreateCounter<long>("probe");

        Assert.NotNull(provider.GetRequiredService<TracerProvider>());
        Assert.NotNull(provider.GetRequiredService<MeterProvider>());

        Assert.True(source.HasListeners());
        Assert.True(counter.Enabled);
    }

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
        var options = new AzureMonitorExporterOptions();
        Telemetry.Configure(options, Configuration(
            ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=11111111-1111-1111-1111-111111111111"),
            ("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", authentication)));
        return options;
    }

    private static IConfiguration Configuration(params (string Key, string? Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, setting.Value))).Build();
}
