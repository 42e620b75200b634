using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>The triggers' view of the pipeline.</summary>
internal sealed class JobPipeline(
    DropIntake drops, SubmitHandler submits, TaskPoller poller, Sweeper sweeper, PoisonHandler poison, IOptions<PipelineOptions> options) : IPipeline
{
    public Task HandleDropAsync(string path, CancellationToken cancellationToken) => drops.AcceptAsync(path, cancellationToken);

    public Task HandleSubmitAsync(string message, int? deliveries, CancellationToken cancellationToken) =>
        submits.HandleAsync(message, deliveries, cancellationToken);

    public Task<PollReport> PollDueTasksAsync(CancellationToken cancellationToken) => poller.RunAsync(stay: TimeSpan.Zero, cancellationToken);

    public Task<PollReport> WatchTasksAsync(CancellationToken cancellationToken) => poller.RunAsync(options.Value.PollStay, cancellationToken);

    public Task<SweepReport> SweepAsync(CancellationToken cancellationToken) => sweeper.RunAsync(cancellationToken);

    public Task HandlePoisonedSubmitAsync(string message, CancellationToken cancellationToken) => poison.HandleSubmitAsync(message, cancellationToken);

    public Task HandlePoisonedPollAsync(string message, CancellationToken cancellationToken) => poison.HandlePollAsync(message, cancellationToken);

    public Task HandlePoisonedDropAsync(string message, CancellationToken cancellationToken) => poison.HandleDropAsync(message, cancellationToken);
}
