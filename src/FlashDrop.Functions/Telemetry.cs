using Azure.Core;
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
    /// Setting: how Application Insights knows the app, in the form the Functions host reads too: <c>Authorization=AAD;ClientId={id}</c>,
    /// without a client id for the system-assigned identity. Without it the connection string's key has to do.
    /// </summary>
    /// <remarks>
    /// Form: Azure Functions app settings reference, <c>APPLICATIONINSIGHTS_AUTHENTICATION_STRING</c>. The exporter does not read it by itself.
    /// </remarks>
    public const string Authentication = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

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

        var credential = CredentialOf(configuration[Authentication]);
        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService(configuration[ServiceName] is { Length: > 0 } name ? name : "flashdrop"))
            .WithTracing(tracing =>
            {
                tracing.AddSource(TelemetryNames.Source, DropInTelemetry.Name);
                if (insights is not null)
                {
                    tracing.AddAzureMonitorTraceExporter(Connect);
                }
            })
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(TelemetryNames.Source, DropInTelemetry.Name);
                if (insights is not null)
                {
                    metrics.AddAzureMonitorMetricExporter(Connect);
                }
            });
        if (otlp)
        {
            telemetry.UseOtlpExporter();
        }

        return services;

        void Connect(AzureMonitorExporterOptions options)
        {
            options.ConnectionString = insights;
            options.Credential = credential;
        }
    }

    /// <summary>The identity an authentication string asks for; null when it asks for none.</summary>
    internal static TokenCredential? CredentialOf(string? authentication)
    {
        Dictionary<string, string> fields = new(StringComparer.OrdinalIgnoreCase);
        foreach (var field in (authentication ?? string.Empty).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (field.Split('=', 2, StringSplitOptions.TrimEntries) is [var name, var value])
            {
                fields[name] = value;
            }
        }

        if (!string.Equals(fields.GetValueOrDefault("Authorization"), "AAD", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        return new ManagedIdentityCredential(
            fields.GetValueOrDefault("ClientId") is { Length: > 0 } client
                ? ManagedIdentityId.FromUserAssignedClientId(client)
                : ManagedIdentityId.SystemAssigned);
    }
}
