using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;

namespace FlashDrop.Core.Ports;

/// <summary>
/// The <c>jobs</c> table: job, active and usage rows. Safe for concurrent use. Each write method is one atomic transaction;
/// transient storage failures surface as <see cref="StorageUnavailableException"/> after the client's own retries, and then the write
/// may or may not have happened.
/// </summary>
public interface IJobStore
{
    /// <summary>
    /// Adds a job and, unless it is terminal already, its active row, in one transaction.
    /// </summary>
    /// <returns>The version written, or null when a job with this id exists already (nothing was written).</returns>
    Task<string?> AddAsync(Job job, CancellationToken cancellationToken);

    /// <summary>Reads a job and its version, or null.</summary>
    Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces a job if it still has <paramref name="version"/>, and adds <paramref name="usage"/> rows, in one transaction that also
    /// writes the active row (its due time) or, when <paramref name="job"/> is terminal, removes it.
    /// A usage row that exists already is left as it is.
    /// </summary>
    /// <returns>The new version, or null when the job is gone or has another version (nothing was written).</returns>
    Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken);

    /// <summary>Adds a usage row by itself: a late answer, or a gateway call without a job.</summary>
    /// <returns>False when a row with this id exists already (nothing was written).</returns>
    Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken);

    /// <summary>One page of jobs, newest day first; within a day in no particular order across shards, newest first within a shard.</summary>
    /// <exception cref="ArgumentException">The cursor is not one of ours.</exception>
    Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken);

    /// <summary>Active jobs accepted between two days (inclusive) whose due time is before a moment, one page of a partition at a time.</summary>
    IAsyncEnumerable<ActiveJob> ListActiveAsync(
        DateOnly firstDay, DateOnly lastDay, DateTimeOffset dueBefore, CancellationToken cancellationToken);

    /// <summary>Which of the given ids have no job row. Costs a bounded number of operations per partition touched, not one per id.</summary>
    Task<IReadOnlySet<JobId>> FindMissingAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken);

    /// <summary>Usage rows of the jobs accepted on a day, streamed in constant memory.</summary>
    IAsyncEnumerable<UsageRecord> ListUsageAsync(DateOnly day, CancellationToken cancellationToken);

    /// <summary>Job rows accepted on a day, streamed in constant memory.</summary>
    IAsyncEnumerable<Job> ListJobsAsync(DateOnly day, CancellationToken cancellationToken);

    /// <summary>Removes a job's row and active row; its usage stays. Missing rows are no error.</summary>
    Task DeleteAsync(JobId id, CancellationToken cancellationToken);

    /// <summary>
    /// The first day from <paramref name="earliest"/> on, at most <paramref name="latest"/>, that has rows of any kind; null when there is none.
    /// </summary>
    /// <param name="earliest">Where to begin; null at the beginning of time.</param>
    /// <param name="latest">Where to end, inclusive.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<DateOnly?> FindFirstDayAsync(DateOnly? earliest, DateOnly latest, CancellationToken cancellationToken);

    /// <summary>
    /// Removes rows of the jobs accepted on a day, in transactions of at most 100: the job rows of terminal jobs, or usage rows.
    /// </summary>
    /// <param name="day">The day.</param>
    /// <param name="rows">Which rows.</param>
    /// <param name="max">Stop after about so many; at least 1.</param>
    /// <param name="cancellationToken">Ends it between two transactions.</param>
    Task<DayPurge> PurgeDayAsync(DateOnly day, PurgeRows rows, int max, CancellationToken cancellationToken);
}

/// <summary>Which rows to remove.</summary>
public enum PurgeRows
{
    /// <summary>Rows of terminal jobs.</summary>
    Jobs,

    /// <summary>Usage rows.</summary>
    Usage,
}

/// <summary>What was removed of a day.</summary>
/// <param name="Deleted">Rows removed.</param>
/// <param name="Kept">Job rows left because their job is not terminal, as far as was looked.</param>
/// <param name="More">Whether it stopped at the limit, with rows perhaps left.</param>
public readonly record struct DayPurge(int Deleted, int Kept, bool More);

/// <summary>A job as stored.</summary>
/// <param name="Job">The job.</param>
/// <param name="Version">Opaque version (the row's ETag) for conditional writes.</param>
public sealed record StoredJob(Job Job, string Version);

/// <summary>An active row.</summary>
/// <param name="Id">The job.</param>
/// <param name="DueAt">When something should have happened to it.</param>
public readonly record struct ActiveJob(JobId Id, DateTimeOffset DueAt);

/// <summary>What to list.</summary>
public sealed record JobQuery
{
    /// <summary>Days to look at, inclusive, newest first.</summary>
    public required DateOnly From { get; init; }

    /// <summary>Last day to look at, inclusive.</summary>
    public required DateOnly To { get; init; }

    /// <summary>Only this caller's jobs.</summary>
    public string? Caller { get; init; }

    /// <summary>Only jobs in this state.</summary>
    public JobState? State { get; init; }

    /// <summary>Only jobs of this profile.</summary>
    public string? Profile { get; init; }

    /// <summary>Continue after an earlier page.</summary>
    public string? Cursor { get; init; }

    /// <summary>Rows per page, 1 to 1,000. Default 100.</summary>
    public int PageSize { get; init; } = 100;
}

/// <summary>A page of jobs.</summary>
/// <param name="Jobs">The rows; may be fewer than asked for.</param>
/// <param name="Cursor">Pass to the next query; null at the end.</param>
public sealed record JobPage(IReadOnlyList<Job> Jobs, string? Cursor);

/// <summary>Storage cannot be reached or keeps refusing; retry later.</summary>
public sealed class StorageUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
