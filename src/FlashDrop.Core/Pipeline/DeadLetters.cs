using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Results;

namespace FlashDrop.Core.Pipeline;

/// <inheritdoc cref="IDeadLetters" />
internal sealed class DeadLetters(IJobStore jobs, IWorkQueue queue, JobChanges changes, ResultWriter results) : IDeadLetters
{
    public async Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var page = await jobs.ListAsync(query with { State = JobState.Failed }, cancellationToken);
        return page with { Jobs = [.. page.Jobs.Where(job => job.DiscardedAt is null).OrderByDescending(job => job.Id)] };
    }

    public async Task<IReadOnlyList<QueueLength>> CountMessagesAsync(CancellationToken cancellationToken)
    {
        var lengths = await Task.WhenAll(Queues.All
            .Where(name => name.EndsWith(Queues.PoisonSuffix, StringComparison.Ordinal))
            .Select(async name => new QueueLength(name, await queue.CountAsync(name, cancellationToken))));
        return [.. lengths.Where(length => length.Messages > 0)];
    }

    public async Task<StoredJob?> RetryAsync(JobId id, CancellationToken cancellationToken) =>
        await jobs.FindAsync(id, cancellationToken) is { } stored
            ? (await changes.ApplyAsync(stored, new JobEvent.RetryRequested(), cancellationToken)).Job
            : null;

    public async Task<StoredJob?> DiscardAsync(JobId id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { } stored)
        {
            return null;
        }

        var (current, _) = await changes.ApplyAsync(stored, new JobEvent.DiscardRequested(), cancellationToken);
        if (current is { Job: { State: JobState.Failed, DiscardedAt: not null } job })
        {
            // Also when it was discarded before: whoever did may not have come this far.
            await results.RemoveAsync(job, JobState.Failed, cancellationToken);
        }

        return current;
    }
}
