using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;

namespace FlashDrop.Benchmarks.Gateway;

/// <summary>Takes usage rows and keeps none: the benchmark measures the gateway, not a storage client or its stand-in.</summary>
internal sealed class Forgetful : IJobStore
{
    public Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken) => Task.FromResult(true);

    public Task<string?> AddAsync(Job job, CancellationToken cancellationToken) => throw Unused();

    public Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken) => throw Unused();

    public Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken) => throw Unused();

    public Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken) => throw Unused();

    public IAsyncEnumerable<ActiveJob> ListActiveAsync(
        DateOnly firstDay, DateOnly lastDay, DateTimeOffset dueBefore, CancellationToken cancellationToken) => throw Unused();

    public Task<IReadOnlySet<JobId>> FindMissingAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken) => throw Unused();

    public IAsyncEnumerable<UsageRecord> ListUsageAsync(DateOnly day, CancellationToken cancellationToken) => throw Unused();

    public IAsyncEnumerable<Job> ListJobsAsync(DateOnly day, CancellationToken cancellationToken) => throw Unused();

    public Task DeleteAsync(JobId id, CancellationToken cancellationToken) => throw Unused();

    public Task<DateOnly?> FindFirstDayAsync(DateOnly? earliest, DateOnly latest, CancellationToken cancellationToken) => throw Unused();

    public Task<DayPurge> PurgeDayAsync(DateOnly day, PurgeRows rows, int max, CancellationToken cancellationToken) => throw Unused();

    private static NotSupportedException Unused() => new("The drop-in endpoints do not need this.");
}
