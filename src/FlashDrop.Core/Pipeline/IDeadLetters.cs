using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;

namespace FlashDrop.Core.Pipeline;

/// <summary>Jobs that failed and wait for somebody to decide: make another attempt, or leave it. Safe for concurrent use.</summary>
public interface IDeadLetters
{
    /// <summary>One page of failed jobs that nobody has discarded, newest first within the page.</summary>
    /// <param name="query">Which ones; its state is taken as <see cref="JobState.Failed"/>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ArgumentException">The cursor is not one of ours.</exception>
    Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>About how many messages the poison queues hold, which have no job to show; empty queues are left out.</summary>
    Task<IReadOnlyList<QueueLength>> CountMessagesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Puts a failed job back on its way: the same job, its next attempt, with its full time and number of attempts. A job that is under
    /// way stays as it is, so asking twice makes one attempt. One that did not fail, or is so old that the sweep would not find it any
    /// more, stays as it is too.
    /// </summary>
    /// <returns>The job as it stands now, or null when there is none.</returns>
    Task<StoredJob?> RetryAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>Takes a failed job off the list and erases its error from storage. Idempotent; a job that did not fail stays as it is.</summary>
    /// <returns>The job as it stands now, or null when there is none.</returns>
    Task<StoredJob?> DiscardAsync(JobId id, CancellationToken cancellationToken);
}

/// <summary>How full a queue is.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Messages">About how many messages it holds.</param>
public sealed record QueueLength(string Queue, long Messages);
