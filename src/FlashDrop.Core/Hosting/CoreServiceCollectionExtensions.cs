using FlashDrop.Core.Drops;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using FlashDrop.Core.Structured;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the pipeline.</summary>
public static class CoreServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IPipeline"/>, <see cref="IJobService"/> and the reports. The host adds the ports (job store, content store, queues, checkpoints,
    /// idempotency) and the upstream client. Options come from <c>FlashDrop:Pipeline</c> and <c>FlashDrop:Media</c> and are checked at start.
    /// </summary>
    public static IServiceCollection AddFlashDropCore(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptionsWithValidateOnStart<PipelineOptions>().Bind(configuration.GetSection(PipelineOptions.Section)).ValidateDataAnnotations();
        services.AddOptionsWithValidateOnStart<MediaOptions>().Bind(configuration.GetSection(MediaOptions.Section));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PipelineOptions>, PipelineOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MediaOptions>, MediaOptionsValidator>());

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Random.Shared);
        services.TryAddSingleton(provider => new JobTransitions(provider.GetRequiredService<IOptions<PipelineOptions>>().Value));
        services.TryAddSingleton<ProfileCatalog>();
        services.TryAddSingleton<RequestBuilder>();
        services.TryAddSingleton<JobEstimates>();
        services.TryAddSingleton<DropReader>();
        services.TryAddSingleton<AnswerRepairs>();
        services.TryAddSingleton<ResultWriter>();
        services.TryAddSingleton<PollSchedule>();
        services.TryAddSingleton<HoldGate>();
        services.TryAddSingleton<JobChanges>();
        services.TryAddSingleton<AttemptRunner>();
        services.TryAddSingleton<DropIntake>();
        services.TryAddSingleton<SubmitHandler>();
        services.TryAddSingleton<TaskPoller>();
        services.TryAddSingleton<Sweeper>();
        services.TryAddSingleton<PoisonHandler>();
        services.TryAddSingleton<IPipeline, JobPipeline>();
        services.TryAddSingleton<IJobService, JobService>();
        services.TryAddSingleton<IDeadLetters, DeadLetters>();
        services.TryAddSingleton<IProfileNames>(provider => provider.GetRequiredService<ProfileCatalog>());
        return services.AddFlashDropReports(configuration);
    }
}
