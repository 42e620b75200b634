using System.Data.Common;
using Azure.Identity;
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

    /// <summary>
    /// Setting: how to show who sends, in the form the Functions host reads, too: <c>Authorization=AAD</c>, and <c>;ClientId=…</c> for a user-assigned
    /// identity. Needed where Application Insights takes no data on the connection string alone; the exporter does not read it by itself.
    /// </summary>
    public const string Authentication = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    private const string ServiceName = "OTEL_SERVICE_NAME";

    /// <summary>Adds the exporters that are configured: one of them, both or none.</summary>
    public static IServiceCollection AddFlashDropTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var otlp = configuration[OtlpEndpoint] is { Length: > 0 };
        var insights = configuration[ApplicationInsights] is { Length: > 0 };
        if (!otlp && !insights)
        {
            return services;
        }

        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(configuration[ServiceName] is { Length: > 0 } name ? name : "flashdrop"))
            .WithTracing(tracing =>
            {
                tracing.AddSource(TelemetryNames.Source, DropInTelemetry.Name);
                if (insights)
                {
                    tracing.AddAzureMonitorTraceExporter(options => Configure(options, configuration));
                }
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(TelemetryNames.Source, DropInTelemetry.Name);
                if (insights)
                {
                    metrics.AddAzureMonitorMetricExporter(options => Configure(options, configuration));
                }
            });
        if (otlp)
        {
            telemetry.UseOtlpExporter();
        }

        return services;
    }

    /// <summary>Where and as whom an exporter sends.</summary>
    internal static void Configure(AzureMonitorExporterOptions options, IConfiguration configuration)
    {
        options.ConnectionString = configuration[ApplicationInsights];
        options.Credential = CredentialOf(configuration[Authentication]);
    }

    private static ManagedIdentityCredential? CredentialOf(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        var parts = new DbConnectionStringBuilder { ConnectionString = text };
        if (!parts.TryGetValue("Authorization", out var kind) || !string.Equals(kind as string, "AAD", StringComparison.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{Authentication} '{text}' is not known: use Authorization=AAD, with ;ClientId=… for a user-assigned identity.", nameof(text));
        }

        return new ManagedIdentityCredential(
            parts.TryGetValue("ClientId", out var id) && id is string { Length: > 0 } client ? ManagedIdentityId.FromUserAssignedClientId(client) : ManagedIdentityId.SystemAssigned);
    }
}
