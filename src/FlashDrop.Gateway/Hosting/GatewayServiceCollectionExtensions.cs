using System.Security.Cryptography;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Reports;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Gateway;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.Dashboard;
using FlashDrop.Gateway.DeadLetters;
using FlashDrop.Gateway.Drops;
using FlashDrop.Gateway.Health;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using FlashDrop.Gateway.Limits;
using FlashDrop.Gateway.OpenApi;
using FlashDrop.Gateway.Reports;
using FlashDrop.Gateway.Uploads;
using FlashDrop.Gateway.Urls;
using FlashDrop.Gateway.Usage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the HTTP face.</summary>
public static class GatewayServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="JobsApi"/>, <see cref="DeadLettersApi"/>, <see cref="DropsApi"/>, <see cref="UploadsApi"/>, <see cref="UsageApi"/>,
    /// <see cref="ReportsApi"/>, <see cref="CallersApi"/>, <see cref="MeApi"/>, <see cref="HealthApi"/>, <see cref="OpenApiDocument"/> and <see cref="DashboardPages"/>.
    /// Needs <see cref="IJobService"/>, <see cref="IDeadLetters"/>, <see cref="UsageQuery"/>, <see cref="IProfileNames"/>,
    /// <see cref="IJobStore"/>, <see cref="IContentStore"/>, <see cref="IWorkQueue"/>, <see cref="ICallerStore"/>, <see cref="IHostNames"/> and the key ring from elsewhere.
    /// An <see cref="ICallerDirectory"/> registered before replaces the one that reads the configuration and the table.
    /// </summary>
    /// <param name="services">The services to add to.</param>
    /// <param name="configuration">The root: <see cref="GatewayOptions.Section"/> and <see cref="CallersOptions.Section"/> are read, and checked at start.</param>
    public static IServiceCollection AddFlashDropGateway(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<GatewayOptions>().Bind(configuration.GetSection(GatewayOptions.Section)).ValidateOnStart();
        services.AddOptions<CallersOptions>()
            .Configure(options => configuration.GetSection(CallersOptions.Section).Bind(options.Callers))
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CallersOptions>, CallersOptionsValidator>());

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => RandomNumberGenerator.Create());
        services.TryAddSingleton<CallerDirectory>();
        services.TryAddSingleton<ICallerDirectory>(provider => provider.GetRequiredService<CallerDirectory>());
        services.Replace(ServiceDescriptor.Singleton<ICallerBook>(provider => provider.GetRequiredService<CallerDirectory>()));
        services.TryAddSingleton<LimitBook>();
        services.TryAddSingleton<CallerAuthenticator>();
        services.TryAddSingleton<RequestPipeline>();

        services.TryAddSingleton(provider =>
        {
            var options = provider.GetRequiredService<IOptions<GatewayOptions>>().Value;
            return new UrlGuard(options.AllowedUrlPorts, options.AllowLoopbackUrls);
        });
        services.TryAddSingleton<InputHosts>();
        services.TryAddSingleton<JobRequestParser>();
        services.TryAddSingleton<JobSignals>();
        services.TryAddSingleton<JobWaiter>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IJobObserver, JobSignals>(provider => provider.GetRequiredService<JobSignals>()));

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHealthProbe, JobStoreProbe>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHealthProbe, QueueProbe>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHealthProbe, KeyRingProbe>());

        services.TryAddSingleton(provider => new JobsApi(
            provider.GetRequiredService<IJobService>(),
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetRequiredService<JobRequestParser>(),
            provider.GetRequiredService<InputHosts>(),
            provider.GetRequiredService<JobWaiter>(),
            provider.GetRequiredService<LimitBook>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>(),
            provider.GetRequiredService<ILogger<JobsApi>>()));
        services.TryAddSingleton(provider => new UploadsApi(
            provider.GetRequiredService<IContentStore>(),
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetRequiredService<RandomNumberGenerator>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>(),
            provider.GetRequiredService<ILogger<UploadsApi>>()));
        services.TryAddSingleton(provider => new HealthApi(
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetServices<IHealthProbe>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>(),
            provider.GetRequiredService<ILogger<HealthApi>>()));
        services.TryAddSingleton(provider => new DeadLettersApi(
            provider.GetRequiredService<IJobService>(),
            provider.GetRequiredService<IDeadLetters>(),
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<DeadLettersApi>>()));
        services.TryAddSingleton(provider => new DropsApi(
            provider.GetRequiredService<IContentStore>(),
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>(),
            provider.GetRequiredService<ILogger<DropsApi>>()));
        services.TryAddSingleton(provider => new UsageApi(
            provider.GetRequiredService<UsageQuery>(),
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton(provider => new ReportsApi(
            provider.GetRequiredService<IContentStore>(),
            provider.GetRequiredService<RequestPipeline>()));
        services.TryAddSingleton(provider => new CallersApi(
            provider.GetRequiredService<ICallerStore>(),
            provider.GetRequiredService<CallerDirectory>(),
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetRequiredService<RandomNumberGenerator>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<CallersApi>>()));
        services.TryAddSingleton(provider => new MeApi(
            provider.GetRequiredService<IProfileNames>(),
            provider.GetRequiredService<RequestPipeline>(),
            provider.GetRequiredService<IOptions<GatewayOptions>>()));
        services.TryAddSingleton(provider => new DashboardPages(provider.GetRequiredService<RequestPipeline>()));
        services.TryAddSingleton(provider => new OpenApiDocument(provider.GetRequiredService<RequestPipeline>()));
        return services;
    }
}
