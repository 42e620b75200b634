using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Drops;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using FlashDrop.Core.Retention;
using FlashDrop.Core.Structured;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the pipeline.</summary>
public static class CoreServiceCollectionExtensions
{
    /// <summary>
    /// Adds <see cref="IPipeline"/>, <see cref="IJobService"/>, <see cref="IPurger"/> and the reports. The host adds the ports (job store, content
    /// store, queues, checkpoints, idempotency) and the upstream client. Options come from <c>FlashDrop:Pipeline</c>,
    /// <c>FlashDrop:Media</c> and <c>FlashDrop:Retention</c> and are checked at start.
    /// </summary>
    public static IServiceCollection AddFlashDropCore(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptionsWithValidateOnStart<PipelineOptions>().Bind(configuration.GetSection(PipelineOptions.Section)).ValidateDataAnnotations();
        services.AddOptionsWithValidateOnStart<MediaOptions>().Bind(configuration.GetSection(MediaOptions.Section));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PipelineOptions>, PipelineOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MediaOptions>, MediaOptionsValidator>());

        services.AddOptionsWithValidateOnStart<RetentionOptions>().Bind(configuration.GetSection(RetentionOptions.Section)).ValidateDataAnnotations();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<RetentionOptions>, RetentionOptionsValidator>());

        services.AddMetrics();
        services.TryAddSingleton<JobMetrics>();
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
        services.TryAddSingleton<JobBudgets>();
        services.TryAddSingleton<JobChanges>();
        services.TryAddSingleton<AttemptRunner>();
        services.TryAddSingleton<DropIntake>();
        services.TryAddSingleton<SubmitHandler>();
        services.TryAddSingleton<TaskPoller>();
        services.TryAddSingleton<Sweeper>();
        services.TryAddSingleton<PoisonHandler>();
        services.TryAddSingleton<IPipeline, JobPipeline>();
        services.TryAddSingleton<IJobService, JobService>();
        services.TryAddSingleton<IPurger, Purger>();
        services.TryAddSingleton<IDeadLetters, DeadLetters>();
        services.TryAddSingleton<IProfileNames>(provider => provider.GetRequiredService<ProfileCatalog>());
        return services.AddFlashDropReports(configuration);
    }
}
