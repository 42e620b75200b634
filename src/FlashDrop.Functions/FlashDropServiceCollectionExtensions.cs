using FlashDrop.Azure;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Gateway;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace FlashDrop.Functions;

/// <summary>The composition root of every host: what the functions need.</summary>
public static class FlashDropServiceCollectionExtensions
{
    /// <summary>Bytes the server lets through beyond our own limit, so that ours is the one that answers (413, with a remedy).</summary>
    private const long RequestSlack = 1024 * 1024;

    /// <summary>Adds the whole product. Options are checked when the host starts.</summary>
    /// <param name="services">The services to add to.</param>
    /// <param name="configuration">The root configuration.</param>
    public static IServiceCollection AddFlashDrop(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddFlashDropCore(configuration);
        services.AddEvoLink(configuration);
        services.AddFlashDropAzure(configuration);
        services.AddFlashDropGateway(configuration);
        services.AddFlashDropDropIn(configuration);
        services.AddFlashDropTelemetry(configuration);

        // Without a vault, which would have registered its own.
        services.TryAddSingleton<IKeyRing, ConfigurationKeyRing>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<GatewayOptions>>((server, gateway) =>
            server.Limits.MaxRequestBodySize = gateway.Value.MaxRequestBytes + RequestSlack);
        return services;
    }
}
