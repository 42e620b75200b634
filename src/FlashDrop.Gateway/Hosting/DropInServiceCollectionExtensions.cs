using System.Security.Cryptography;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Gateway.Limits;
using FlashDrop.Gateway.Metering;
using FlashDrop.Gateway.Urls;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the drop-in endpoints.</summary>
public static class DropInServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="NativeApi"/>, <see cref="ChatApi"/> and <see cref="TasksApi"/>, and the service that writes usage rows. Needs what
    /// <see cref="GatewayServiceCollectionExtensions.AddFlashDropGateway"/> adds, the upstream (<see cref="IUpstreamRelay"/>, prices),
    /// <see cref="IJobService"/> and <see cref="IJobStore"/>.
    /// </summary>
    /// <param name="services">The services to add to.</param>
    /// <param name="configuration">The root: <see cref="RelayOptions.Section"/> and <c>FlashDrop:Gateway:Models</c> are read, and checked at start.</param>
    public static IServiceCollection AddFlashDropDropIn(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RelayOptions>()
            .Configure(options =>
            {
                configuration.GetSection(RelayOptions.Section).Bind(options);
                configuration.GetSection(GatewayOptions.Section + ":Models").Bind(options.Models);
            })
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RelayOptions>, RelayOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => RandomNumberGenerator.Create());
        services.TryAddSingleton<CallerAuthenticator>();
        services.TryAddSingleton<ModelCatalog>();
        services.TryAddSingleton<Forwarder>();
        services.TryAddSingleton<LimitBook>();
        services.TryAddSingleton<Admission>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, BudgetRenewal>());
        services.TryAddSingleton<UsageMeter>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, UsageMeter>(provider => provider.GetRequiredService<UsageMeter>()));
        services.TryAddSingleton<DropInPipeline>();
        services.TryAddSingleton<DropInRelay>();
        services.TryAddSingleton(provider => new TasksApi(
            provider.GetRequiredService<DropInPipeline>(),
            provider.GetRequiredService<IJobService>(),
            provider.GetRequiredService<ModelCatalog>(),
            provider.GetRequiredService<LimitBook>(),
            provider.GetRequiredService<UrlGuard>(),
            provider.GetRequiredService<InputHosts>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>()));
        services.TryAddSingleton(provider => new NativeApi(
            provider.GetRequiredService<DropInPipeline>(),
            provider.GetRequiredService<DropInRelay>(),
            provider.GetRequiredService<IUpstreamRelay>(),
            provider.GetRequiredService<ModelCatalog>(),
            provider.GetRequiredService<TasksApi>(),
            provider.GetRequiredService<UrlGuard>(),
            provider.GetRequiredService<InputHosts>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>()));
        services.TryAddSingleton(provider => new ChatApi(
            provider.GetRequiredService<DropInPipeline>(),
            provider.GetRequiredService<DropInRelay>(),
            provider.GetRequiredService<ModelCatalog>(),
            provider.GetRequiredService<TasksApi>(),
            provider.GetRequiredService<UrlGuard>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>()));
        return services;
    }
}
