using System.Runtime.CompilerServices;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>The <c>jobs</c> table in memory. Rows are kept as JSON, so what cannot be stored cannot be read back.</summary>
public sealed class InMemoryJobStore : IJobStore
{
    private const int ScanPage = 1000;
    private const int PurgeBatch = 100;

    private readonly InMemoryStorage _storage;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Partition> _partitions = new(StringComparer.Ordinal);
    private long _version;

    internal InMemoryJobStore(InMemoryStorage storage) => _storage = storage;

    /// <summary>Every usage row there is, for assertions; by partition and id.</summary>
    public IReadOnlyList<UsageRecord> AllUsage()
    {
        lock (_lock)
        {
            return [.. from partition in Ordered() from row in partition.Usage select PortJson.ReadUsage(row.Value)];
        }
    }

    /// <summary>Every job there is, for assertions; oldest first.</summary>
    public IReadOnlyList<Job> AllJobs()
    {
        lock (_lock)
        {
            return [.. from partition in Ordered() from row in partition.Jobs select PortJson.ReadJob(row.Value.Json) into job orderby job.Id select job];
        }
    }

    /// <summary>Every active row there is, for assertions.</summary>
    public IReadOnlyList<ActiveJob> AllActive()
    {
        lock (_lock)
        {
            return [.. from partition in Ordered() from row in partition.Active select new ActiveJob(row.Key, row.Value)];
        }
    }

    /// <summary>A job and its version, or null: not counted, never failing.</summary>
    public StoredJob? Peek(JobId id) => Find(id);

    /// <summary>When a job's active row says it is due, or null when there is none: not counted, never failing.</summary>
    public DateTimeOffset? PeekActive(JobId id)
    {
        lock (_lock)
        {
            return PartitionFor(id).Active.TryGetValue(id, out var due) ? due : null;
        }
    }

    /// <summary>Loses a job's active row, as a store would that wrote it in a transaction of its own.</summary>
    public void LoseActive(JobId id)
    {
        lock (_lock)
        {
            PartitionFor(id).Active.Remove(id);
        }
    }

    public Task<string?> AddAsync(Job job, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.JobAdd, job.Id.ToString(), () => Add(job), cancellationToken);

    public Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.JobFind, id.ToString(), () => Find(id), cancellationToken);

    public Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken)
    {
        foreach (var record in usage)
        {
            if (record.JobId.Partition != job.Id.Partition)
            {
                throw new ArgumentException($"Usage {record.Id} belongs to job {record.JobId}, not to {job.Id}.", nameof(usage));
            }
        }

        return _storage.RunAsync(StorageOperations.JobUpdate, job.Id.ToString(), () => Update(job, version, usage), cancellationToken);
    }

    public Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.UsageAdd, usage.JobId.ToString(), () => AddUsage(usage), cancellationToken);

    public async Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var jobs = new List<Job>();
        JobCursor? next = JobCursor.StartOf(query);
        while (next is { } at && jobs.Count < query.PageSize)
        {
            var key = JobId.PartitionOf(at.Day, at.Shard);
            var wanted = query.PageSize - jobs.Count;
            var rows = await _storage.RunAsync(
                StorageOperations.JobScan, key, () => Newest(key, query, at.Before, wanted + 1), cancellationToken);
            jobs.AddRange(rows.Take(wanted));
            next = rows.Count > wanted ? at with { Before = jobs[^1].Id } : at.NextPartition(query.From);
        }

        return new JobPage(jobs, next?.ToString());
    }

    public async IAsyncEnumerable<ActiveJob> ListActiveAsync(
        DateOnly firstDay, DateOnly lastDay, DateTimeOffset dueBefore, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var day = firstDay; day <= lastDay; day = day.AddDays(1))
        {
            await foreach (var row in ScanAsync(day, partition => partition.Active, cancellationToken))
            {
                if (row.Value < dueBefore)
                {
                    yield return new ActiveJob(row.Key, row.Value);
                }
            }
        }
    }

    public async Task<IReadOnlySet<JobId>> FindMissingAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken)
    {
        var missing = new HashSet<JobId>();
        foreach (var group in ids.GroupBy(id => id.Partition, StringComparer.Ordinal))
        {
            missing.UnionWith(await _storage.RunAsync(
                StorageOperations.JobScan, group.Key, () => Missing(group.Key, group), cancellationToken));
        }

        return missing;
    }

    public async IAsyncEnumerable<UsageRecord> ListUsageAsync(DateOnly day, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in ScanAsync(day, partition => partition.Usage, cancellationToken))
        {
            yield return PortJson.ReadUsage(row.Value);
        }
    }

    public async IAsyncEnumerable<Job> ListJobsAsync(DateOnly day, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in ScanAsync(day, partition => partition.Jobs, cancellationToken))
        {
            yield return PortJson.ReadJob(row.Value.Json);
        }
    }

    public Task DeleteAsync(JobId id, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.JobDelete, id.ToString(), () => Delete(id), cancellationToken);

    public Task<DateOnly?> FindFirstDayAsync(DateOnly? earliest, DateOnly latest, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.JobScan, $"{earliest:yyyyMMdd}", () => FirstDay(earliest ?? DateOnly.MinValue, latest), cancellationToken);

    public async Task<DayPurge> PurgeDayAsync(DateOnly day, PurgeRows rows, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        var (deleted, kept) = (0, 0);
        for (var shard = 0; shard < JobId.ShardsPerDay; shard++)
        {
            var key = JobId.PartitionOf(day, shard);
            var (condemned, left) = await _storage.RunAsync(StorageOperations.JobScan, key, () => Condemned(key, rows), cancellationToken);
            kept += left;
            foreach (var batch in condemned.Chunk(PurgeBatch))
            {
                if (deleted >= max)
                {
                    return new DayPurge(deleted, kept, More: true);
                }

                deleted += await _storage.RunAsync(StorageOperations.JobPurge, key, () => Remove(key, rows, batch), cancellationToken);
            }
        }

        return new DayPurge(deleted, kept, More: false);
    }

    private DateOnly? FirstDay(DateOnly earliest, DateOnly latest)
    {
        lock (_lock)
        {
            var days = from partition in _partitions
                       where partition.Value.Jobs.Count + partition.Value.Active.Count + partition.Value.Usage.Count > 0
                       select DateOnly.ParseExact(partition.Key.AsSpan(0, 8), "yyyyMMdd") into day
                       where day >= earliest && day <= latest
                       orderby day
                       select (DateOnly?)day;
            return days.FirstOrDefault();
        }
    }

    private (List<string> Keys, int Kept) Condemned(string key, PurgeRows rows)
    {
        lock (_lock)
        {
            if (!_partitions.TryGetValue(key, out var partition))
            {
                return ([], 0);
            }

            if (rows == PurgeRows.Usage)
            {
                return ([.. partition.Usage.Keys], 0);
            }

            var terminal = partition.Jobs.Where(row => PortJson.ReadJob(row.Value.Json).IsTerminal).Select(row => row.Key.ToString()).ToList();
            return (terminal, partition.Jobs.Count - terminal.Count);
        }
    }

    private int Remove(string key, PurgeRows rows, string[] batch)
    {
        lock (_lock)
        {
            var partition = _partitions[key];
            return batch.Count(row => rows == PurgeRows.Usage ? partition.Usage.Remove(row) : partition.Jobs.Remove(JobId.Parse(row)));
        }
    }

    private string? Add(Job job)
    {
        var json = PortJson.Write(job);
        lock (_lock)
        {
            var partition = PartitionFor(job.Id);
            if (partition.Jobs.ContainsKey(job.Id))
            {
                return null;
            }

            return Put(partition, job, json);
        }
    }

    private StoredJob? Find(JobId id)
    {
        lock (_lock)
        {
            return PartitionFor(id).Jobs.TryGetValue(id, out var row) ? new StoredJob(PortJson.ReadJob(row.Json), row.Version) : null;
        }
    }

    private string? Update(Job job, string version, IReadOnlyList<UsageRecord> usage)
    {
        var json = PortJson.Write(job);
        lock (_lock)
        {
            var partition = PartitionFor(job.Id);
            if (!partition.Jobs.TryGetValue(job.Id, out var row) || row.Version != version)
            {
                return null;
            }

            foreach (var record in usage)
            {
                partition.Usage.TryAdd(record.Id, PortJson.Write(record));
            }

            return Put(partition, job, json);
        }
    }

    private bool AddUsage(UsageRecord usage)
    {
        lock (_lock)
        {
            return PartitionFor(usage.JobId).Usage.TryAdd(usage.Id, PortJson.Write(usage));
        }
    }

    private List<Job> Newest(string key, JobQuery query, JobId? before, int count)
    {
        lock (_lock)
        {
            if (!_partitions.TryGetValue(key, out var partition))
            {
                return [];
            }

            var jobs = from row in partition.Jobs.Reverse()
                       where before is null || row.Key < before
                       select PortJson.ReadJob(row.Value.Json) into job
                       where query.Caller is null || query.Caller == job.Caller
                       where query.Profile is null || query.Profile == job.Profile
                       where query.State is null || query.State == job.State
                       select job;
            return [.. jobs.Take(count)];
        }
    }

    private List<JobId> Missing(string key, IEnumerable<JobId> ids)
    {
        lock (_lock)
        {
            return _partitions.TryGetValue(key, out var partition)
                ? [.. ids.Where(id => !partition.Jobs.ContainsKey(id))]
                : [.. ids];
        }
    }

    private bool Delete(JobId id)
    {
        lock (_lock)
        {
            var partition = PartitionFor(id);
            partition.Active.Remove(id);
            return partition.Jobs.Remove(id);
        }
    }

    private string Put(Partition partition, Job job, string json)
    {
        var version = $"W/\"{++_version}\"";
        partition.Jobs[job.Id] = new JobRow(json, version);
        if (job.IsTerminal)
        {
            partition.Active.Remove(job.Id);
        }
        else
        {
            partition.Active[job.Id] = job.DueAt;
        }

        return version;
    }

    private async IAsyncEnumerable<KeyValuePair<TKey, TRow>> ScanAsync<TKey, TRow>(
        DateOnly day, Func<Partition, SortedDictionary<TKey, TRow>> rows, [EnumeratorCancellation] CancellationToken cancellationToken)
        where TKey : notnull
    {
        for (var shard = 0; shard < JobId.ShardsPerDay; shard++)
        {
            var key = JobId.PartitionOf(day, shard);
            var all = await _storage.RunAsync(StorageOperations.JobScan, key, Snapshot, cancellationToken);
            for (var index = 0; index < all.Length; index++)
            {
                if (index > 0 && index % ScanPage == 0)
                {
                    await _storage.RunAsync(StorageOperations.JobScan, key, () => true, cancellationToken);
                }

                yield return all[index];
            }

            KeyValuePair<TKey, TRow>[] Snapshot()
            {
                lock (_lock)
                {
                    return _partitions.TryGetValue(key, out var partition) ? [.. rows(partition)] : [];
                }
            }
        }
    }

    private Partition PartitionFor(JobId id)
    {
        if (!_partitions.TryGetValue(id.Partition, out var partition))
        {
            _partitions[id.Partition] = partition = new Partition();
        }

        return partition;
    }

    private IEnumerable<Partition> Ordered() =>
        _partitions.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value);

    private readonly record struct JobRow(string Json, string Version);

    private sealed class Partition
    {
        public SortedDictionary<JobId, JobRow> Jobs { get; } = [];

        public SortedDictionary<JobId, DateTimeOffset> Active { get; } = [];

        public SortedDictionary<string, string> Usage { get; } = new(StringComparer.Ordinal);
    }
}
