using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Relay;
using FlashDrop.EvoLink.Resilience;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink;

/// <summary>Registers the upstream.</summary>
public static class EvoLinkServiceCollectionExtensions
{
    /// <summary>Name of the HTTP client that talks to the upstream, for hosts that replace or decorate its handler.</summary>
    public const string HttpClientName = Transport.ClientName;

    /// <summary>Name of the HTTP client that fetches linked task results; it never sees a key.</summary>
    public const string ResultsHttpClientName = LinkedResults.ClientName;

    /// <summary>
    /// Registers <see cref="IEvoLinkClient"/>, <see cref="IUpstreamRelay"/>, <see cref="IPriceBook"/> and <see cref="IHostNames"/> with the options of <see cref="UpstreamOptions.Section"/>,
    /// <see cref="UpstreamResilienceOptions.Section"/> and <see cref="PriceOptions.Section"/>, all validated at start. The host
    /// registers an <see cref="IKeyRing"/>, for example <see cref="ConfigurationKeyRing"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The root configuration.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddEvoLink(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);

        services.AddOptions<UpstreamOptions>().Bind(configuration.GetSection(UpstreamOptions.Section)).ValidateOnStart();
        services.AddOptions<UpstreamResilienceOptions>().Bind(configuration.GetSection(UpstreamResilienceOptions.Section)).ValidateOnStart();
        services.AddOptions<PriceOptions>().Bind(configuration.GetSection(PriceOptions.Section)).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<UpstreamOptions>, UpstreamOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<UpstreamResilienceOptions>, UpstreamResilienceOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PriceOptions>, PriceOptionsValidator>());

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<Transport>();
        services.TryAddSingleton<Pipelines>();
        services.TryAddSingleton<IHostNames, SystemHostNames>();
        services.TryAddSingleton<LinkedResults>();
        services.TryAddSingleton<IEvoLinkClient, EvoLinkClient>();
        services.TryAddSingleton<IPriceBook, PriceBook>();
        services.TryAddSingleton<IUpstreamRelay, UpstreamRelay>();

        // The pipelines time out, so HttpClient does not. Redirects would carry the body to a host nobody configured.
        services.AddHttpClient(HttpClientName, Forever)
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .RedactLoggedHeaders(["Authorization"])
            .ConfigurePrimaryHttpMessageHandler(static () => Handler());
        services.AddHttpClient(ResultsHttpClientName, Forever)
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(static provider =>
            {
                // A proxy would resolve names behind our back and undo the address check.
                var handler = Handler();
                handler.UseProxy = false;
                handler.ConnectCallback = provider.GetRequiredService<LinkedResults>().ConnectAsync;
                return handler;
            });
        return services;
    }

    private static void Forever(HttpClient client) => client.Timeout = Timeout.InfiniteTimeSpan;

    private static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = System.Net.DecompressionMethods.All,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    };
}
