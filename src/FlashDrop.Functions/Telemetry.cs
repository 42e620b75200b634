using Azure.Monitor.OpenTelemetry.Exporter;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Gateway.DropIn;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Resources;

namespace FlashDrop.Functions;

/// <summary>Sends traces and metrics where the configuration says; without an address nothing is collected.</summary>
internal static class Telemetry
{
    /// <summary>Setting: address of an OTLP receiver; the other <c>OTEL_EXPORTER_OTLP_*</c> settings apply, too.</summary>
    public const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>Setting: connection string of Application Insights.</summary>
    public const string ApplicationInsights = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    private const string ServiceName = "OTEL_SERVICE_NAME";

    /// <summary>Adds the exporters that are configured: one of them, both or none.</summary>
    public static IServiceCollection AddFlashDropTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var otlp = configuration[OtlpEndpoint] is { Length: > 0 };
        var insights = configuration[ApplicationInsights] is { Length: > 0 } connection ? connection : null;
        if (!otlp && insights is null)
        {
            return services;
        }

        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(configuration[ServiceName] is { Length: > 0 } name ? name : "flashdrop"))
            .WithTracing(tracing =>
            {
                tracing.AddSource(TelemetryNames.Source, DropInTelemetry.Name);
                if (insights is not null)
                {
                    tracing.AddAzureMonitorTraceExporter(options => options.ConnectionString = insights);
                }
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(TelemetryNames.Source, DropInTelemetry.Name);
                if (insights is not null)
                {
                    metrics.AddAzureMonitorMetricExporter(options => options.ConnectionString = insights);
                }
            });
        if (otlp)
        {
            telemetry.UseOtlpExporter();
        }

        return services;
    }
}
