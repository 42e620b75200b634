using System.Diagnostics;
using System.Diagnostics.Metrics;
using FlashDrop.Functions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace FlashDrop.Functions.Tests;

/// <summary>What the product measures is exported, wherever it is measured.</summary>
public sealed class TelemetryTests
{
    [Theory]
    [InlineData("FlashDrop")]
    [InlineData("FlashDrop.Gateway")]
    public void SourcesAndMeters_AreExportedWhenAReceiverIsConfigured(string name)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]).Build();
        using var provider = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddLogging().AddFlashDrop(configuration).BuildServiceProvider();
        using var source = new ActivitySource(name);
        using var meter = new Meter(name);
        var counter = meter.CreateCounter<long>("probe");

        Assert.NotNull(provider.GetRequiredService<TracerProvider>());
        Assert.NotNull(provider.GetRequiredService<MeterProvider>());

        Assert.True(source.HasListeners());
        Assert.True(counter.Enabled);
    }
}
