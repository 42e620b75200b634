namespace FlashDrop.Core.Pipeline;

/// <summary>
/// The entry points of the triggers. Every step can run again: a redelivered event or message finds the job's row and does only
/// what is left. An exception means "deliver again".
/// </summary>
public interface IPipeline
{
    /// <summary>A blob was created or replaced in <c>inbox</c>.</summary>
    /// <param name="path">Its name in the container.</param>
    /// <param name="cancellationToken">Shutdown.</param>
    Task HandleDropAsync(string path, CancellationToken cancellationToken);

    /// <summary>A message from the <c>submit</c> queue.</summary>
    /// <param name="message">Its text.</param>
    /// <param name="deliveries">How often it was delivered, this time included; null when the host does not say.</param>
    /// <param name="cancellationToken">Shutdown.</param>
    Task HandleSubmitAsync(string message, int? deliveries, CancellationToken cancellationToken);

    /// <summary>Works off the due <c>poll</c> messages with bounded concurrency until none is due or the time budget is spent.</summary>
    Task<PollReport> PollDueTasksAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The same for a timer: stays for <see cref="PipelineOptions.PollStay"/> with the tasks that are due again before the timer's next run.
    /// </summary>
    Task<PollReport> WatchTasksAsync(CancellationToken cancellationToken);

    /// <summary>Puts forgotten work back on its way: active jobs nobody touched, inbox blobs whose event never came.</summary>
    Task<SweepReport> SweepAsync(CancellationToken cancellationToken);

    /// <summary>A message that failed too often, from <c>submit-poison</c>: its job ends <c>Failed</c>.</summary>
    Task HandlePoisonedSubmitAsync(string message, CancellationToken cancellationToken);

    /// <summary>A message from <c>poll-poison</c>: its job ends <c>Failed</c> unless it is done.</summary>
    Task HandlePoisonedPollAsync(string message, CancellationToken cancellationToken);

    /// <summary>A message from the host's blob trigger poison queue: the drop gets an error blob.</summary>
    Task HandlePoisonedDropAsync(string message, CancellationToken cancellationToken);
}

/// <summary>What one poll cycle did.</summary>
/// <param name="Received">Messages received.</param>
/// <param name="Running">Tasks still running, due again later.</param>
/// <param name="Finished">Tasks found finished.</param>
/// <param name="Failed">Messages whose handling failed; they come back by themselves.</param>
public readonly record struct PollReport(int Received, int Running, int Finished, int Failed);

/// <summary>What one sweep did.</summary>
/// <param name="Resubmitted">Jobs whose <c>submit</c> message was sent again.</param>
/// <param name="Repolled">Jobs whose <c>poll</c> message was sent again.</param>
/// <param name="Expired">Jobs ended because their deadline had passed.</param>
/// <param name="DropsFound">Inbox blobs without a job that were accepted.</param>
public readonly record struct SweepReport(int Resubmitted, int Repolled, int Expired, int DropsFound);
