using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Ports;

/// <summary>
/// The queues, at-least-once and unordered. Safe for concurrent use. Messages are small UTF-8 JSON.
/// </summary>
public interface IWorkQueue
{
    /// <summary>Asks for a job to be submitted after a delay (zero to seven days).</summary>
    Task SendSubmitAsync(SubmitMessage message, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Schedules the next look at a task: the message is invisible until then.</summary>
    Task SendPollAsync(PollMessage message, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>
    /// Receives due poll messages, at most 32, hiding each for <paramref name="lease"/>. A message that cannot be read is moved to
    /// <c>poll-poison</c> and left out.
    /// </summary>
    Task<IReadOnlyList<PollDelivery>> ReceivePollsAsync(int max, TimeSpan lease, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces a received message's content and hides it for another while.
    /// </summary>
    /// <returns>False when its lease was lost to another receiver, or it is gone.</returns>
    Task<bool> RescheduleAsync(PollDelivery delivery, PollMessage message, TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>Removes a received message. One that is gone, or leased by somebody else by now, is no error.</summary>
    Task DeleteAsync(PollDelivery delivery, CancellationToken cancellationToken);

    /// <summary>Moves a received message to <c>poll-poison</c>.</summary>
    Task PoisonAsync(PollDelivery delivery, CancellationToken cancellationToken);

    /// <summary>About how many messages a queue holds, visible or not.</summary>
    Task<long> CountAsync(string queue, CancellationToken cancellationToken);
}

/// <summary>Names of the queues.</summary>
public static class Queues
{
    /// <summary>Jobs to submit.</summary>
    public const string Submit = "submit";

    /// <summary>Tasks to look at; a message's visibility is its schedule.</summary>
    public const string Poll = "poll";

    /// <summary>Completed jobs to announce.</summary>
    public const string Webhook = "webhook";

    /// <summary>What is appended to a queue's name for its dead letters.</summary>
    public const string PoisonSuffix = "-poison";

    /// <summary>Dead letters of the host's blob trigger.</summary>
    public const string BlobTriggerPoison = "webjobs-blobtrigger-poison";

    /// <summary>Every queue this code reads or writes.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Submit, Poll, Webhook, Submit + PoisonSuffix, Poll + PoisonSuffix, Webhook + PoisonSuffix, BlobTriggerPoison];
}

/// <summary>A job to submit.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Attempt">The attempt it asks for; a job that is further on ignores it.</param>
/// <param name="TraceParent">W3C trace context.</param>
public sealed record SubmitMessage(JobId JobId, int Attempt, [property: JsonPropertyName("traceparent")] string? TraceParent);

/// <summary>
/// A task to look at. It carries the row it was scheduled from, so that a finished task can be completed without reading the row
/// first; the version keeps that safe.
/// </summary>
/// <param name="Job">The job as last written.</param>
/// <param name="Version">Its version then.</param>
/// <param name="Polls">How many looks there were so far.</param>
/// <param name="TraceParent">W3C trace context.</param>
public sealed record PollMessage(
    Job Job, string Version, int Polls, [property: JsonPropertyName("traceparent")] string? TraceParent)
{
    /// <summary>Whether the job has moved on from this task: it is looked at slowly, so that its usage is counted if it finishes late.</summary>
    public bool GivenUp { get; init; }

    /// <summary>When the look is due, as far as its sender said; for measuring how late it comes.</summary>
    public DateTimeOffset? DueAt { get; init; }
}

/// <summary>A received poll message.</summary>
/// <param name="Message">Its content.</param>
/// <param name="MessageId">The queue's id of it.</param>
/// <param name="Receipt">Proof of the lease.</param>
/// <param name="Deliveries">How often it was received, this time included.</param>
public sealed record PollDelivery(PollMessage Message, string MessageId, string Receipt, long Deliveries);
