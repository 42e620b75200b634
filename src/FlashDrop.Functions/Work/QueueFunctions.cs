using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Work;

/// <summary>Messages of the work queues.</summary>
/// <param name="pipeline">The work.</param>
public sealed class QueueFunctions(IPipeline pipeline)
{
    /// <summary>A job is due to be submitted.</summary>
    [Function(nameof(Submit))]
    public Task Submit(
        [QueueTrigger(Queues.Submit)] string message,
        FunctionContext context,
        CancellationToken cancellationToken) =>
        pipeline.HandleSubmitAsync(message, Deliveries.Of(context), cancellationToken);

    /// <summary>A job could not be submitted, repeatedly.</summary>
    [Function(nameof(SubmitPoison))]
    public Task SubmitPoison([QueueTrigger(Queues.Submit + Queues.PoisonSuffix)] string message, CancellationToken cancellationToken) =>
        pipeline.HandlePoisonedSubmitAsync(message, cancellationToken);

    /// <summary>A task could not be looked at, repeatedly.</summary>
    [Function(nameof(PollPoison))]
    public Task PollPoison([QueueTrigger(Queues.Poll + Queues.PoisonSuffix)] string message, CancellationToken cancellationToken) =>
        pipeline.HandlePoisonedPollAsync(message, cancellationToken);
}
