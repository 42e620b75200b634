using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>The <c>jobs</c> table. Each write is one entity-group transaction, which is one operation.</summary>
internal sealed class TableJobStore(TableServiceClient tables) : IJobStore
{
    private const int ServicePage = 1000;
    private const int PurgeBatch = 100;
    private const int ScanConcurrency = 4;
    private const int ScanBuffer = 256;

    // So that one page of a long empty range ends in reasonable time; the cursor goes on from there.
    private const int PartitionsPerPage = 4 * JobId.ShardsPerDay;

    private const string Target = $"table {StorageInitializer.JobsTable}";

    private readonly TableClient _table = tables.GetTableClient(StorageInitializer.JobsTable);

    public async Task<string?> AddAsync(Job job, CancellationToken cancellationToken)
    {
        var writeId = TableWrites.NewId();
        var actions = new List<TableTransactionAction> { new(TableTransactionActionType.Add, JobRows.FromJob(job, writeId)) };
        if (!job.IsTerminal)
        {
            actions.Add(new TableTransactionAction(TableTransactionActionType.UpsertReplace, JobRows.FromActive(job)));
        }

        try
        {
            var answer = await _table.SubmitTransactionAsync(actions, cancellationToken);
            return TableWrites.VersionOf(answer.Value[0]);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == TableErrorCode.EntityAlreadyExists)
        {
            return await TableWrites.VersionIfOursAsync(_table, job.Id.Partition, JobRows.JobKey(job.Id), writeId, cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _table.GetEntityIfExistsAsync<TableEntity>(
                id.Partition, JobRows.JobKey(id), cancellationToken: cancellationToken);
            return answer is { HasValue: true, Value: { } row } ? new StoredJob(JobRows.ToJob(row), row.ETag.ToString()) : null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken)
    {
        var writeId = TableWrites.NewId();
        var newUsage = UsageActions(job, usage, writeId);
        var active = job.IsTerminal
            ? new TableTransactionAction(
                TableTransactionActionType.Delete, new TableEntity(job.Id.Partition, JobRows.ActiveKey(job.Id)), ETag.All)
            : new TableTransactionAction(TableTransactionActionType.UpsertReplace, JobRows.FromActive(job));
        var actions = new List<TableTransactionAction>
        {
            new(TableTransactionActionType.UpdateReplace, JobRows.FromJob(job, writeId), new ETag(version)),
            active,
        };
        actions.AddRange(newUsage);

        // One round trip, unless a usage row is there already or there was no active row: then the transaction is
        // repeated without that row. Each repetition has one row less, and the job's version keeps it safe.
        while (true)
        {
            try
            {
                var answer = await _table.SubmitTransactionAsync(actions, cancellationToken);
                return TableWrites.VersionOf(answer.Value[0]);
            }
            catch (TableTransactionFailedException exception) when (exception.Status is 404 or 409 or 412)
            {
                var failed = exception.FailedTransactionActionIndex ?? 0;
                if (failed == 0 && exception.Status is 412 or 404 && !IsMissingTable(exception))
                {
                    return await TableWrites.VersionIfOursAsync(_table, job.Id.Partition, JobRows.JobKey(job.Id), writeId, cancellationToken);
                }

                if (failed == 0 || failed >= actions.Count)
                {
                    throw StorageErrors.IsUnavailable(exception, cancellationToken) ? StorageErrors.Unavailable(exception, Target) : exception;
                }

                actions.RemoveAt(failed);
            }
            catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
            {
                throw StorageErrors.Unavailable(exception, Target);
            }
        }
    }

    public async Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken)
    {
        var writeId = TableWrites.NewId();
        var row = JobRows.FromUsage(usage, writeId);
        try
        {
            await _table.AddEntityAsync(row, cancellationToken);
            return true;
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == TableErrorCode.EntityAlreadyExists)
        {
            return await TableWrites.VersionIfOursAsync(_table, row.PartitionKey, row.RowKey, writeId, cancellationToken) is not null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        var jobs = new List<Job>();
        JobCursor? next = JobCursor.StartOf(query);
        try
        {
            for (var partitions = 0; next is { } at && jobs.Count < query.PageSize && partitions < PartitionsPerPage; partitions++)
            {
                var (rows, before) = await NewestAsync(query, at, query.PageSize - jobs.Count, cancellationToken);
                jobs.AddRange(rows);
                next = before is null ? at.NextPartition(query.From) : at with { Before = before };
            }
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }

        return new JobPage(jobs, next?.ToString());
    }

    public IAsyncEnumerable<ActiveJob> ListActiveAsync(
        DateOnly firstDay, DateOnly lastDay, DateTimeOffset dueBefore, CancellationToken cancellationToken) =>
        ScanAsync(firstDay, lastDay, JobRows.ActivePrefix, JobRows.DueAt, JobRows.Stored(dueBefore), JobRows.ToActive, cancellationToken);

    public async Task<IReadOnlySet<JobId>> FindMissingAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken)
    {
        var missing = new HashSet<JobId>(ids);
        var found = new Lock();
        try
        {
            // One range of keys per partition, read a thousand at a time.
            await Parallel.ForEachAsync(
                missing.GroupBy(id => id.Partition, StringComparer.Ordinal).ToList(),
                new ParallelOptions { MaxDegreeOfParallelism = ScanConcurrency, CancellationToken = cancellationToken },
                async (group, token) =>
                {
                    var filter = TableClient.CreateQueryFilter(
                        $"PartitionKey eq {group.Key} and RowKey ge {JobRows.JobKey(group.Min())} and RowKey le {JobRows.JobKey(group.Max())}");
                    await foreach (var row in _table.QueryAsync<TableEntity>(filter, ServicePage, [nameof(TableEntity.RowKey)], token))
                    {
                        lock (found)
                        {
                            missing.Remove(JobRows.ToJobId(row));
                        }
                    }
                });
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }

        return missing;
    }

    public IAsyncEnumerable<UsageRecord> ListUsageAsync(DateOnly day, CancellationToken cancellationToken) =>
        ScanAsync(day, day, JobRows.UsagePrefix, timeColumn: null, before: default, JobRows.ToUsage, cancellationToken);

    public IAsyncEnumerable<Job> ListJobsAsync(DateOnly day, CancellationToken cancellationToken) =>
        ScanAsync(day, day, JobRows.JobPrefix, timeColumn: null, before: default, JobRows.ToJob, cancellationToken);

    public async Task DeleteAsync(JobId id, CancellationToken cancellationToken)
    {
        var actions = new List<TableTransactionAction>
        {
            new(TableTransactionActionType.Delete, new TableEntity(id.Partition, JobRows.JobKey(id)), ETag.All),
            new(TableTransactionActionType.Delete, new TableEntity(id.Partition, JobRows.ActiveKey(id)), ETag.All),
        };
        while (actions.Count > 0)
        {
            try
            {
                await _table.SubmitTransactionAsync(actions, cancellationToken);
                return;
            }
            catch (TableTransactionFailedException exception) when (exception.Status == 404 && !IsMissingTable(exception))
            {
                // This row is gone already; the other one may be there.
                actions.RemoveAt(exception.FailedTransactionActionIndex ?? 0);
            }
            catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
            {
                throw StorageErrors.Unavailable(exception, Target);
            }
        }
    }

    public async Task<DateOnly?> FindFirstDayAsync(DateOnly? earliest, DateOnly latest, CancellationToken cancellationToken)
    {
        // Partitions of days begin with digits, all others with letters, and rows come in key order.
        var filter = TableClient.CreateQueryFilter(
            $"PartitionKey ge {JobId.PartitionOf(earliest ?? DateOnly.MinValue, 0)} and PartitionKey le {JobId.PartitionOf(latest, JobId.ShardsPerDay - 1)}");
        try
        {
            await foreach (var row in _table.QueryAsync<TableEntity>(filter, maxPerPage: 1, [nameof(TableEntity.PartitionKey)], cancellationToken))
            {
                return DateOnly.ParseExact(row.PartitionKey.AsSpan(0, 8), "yyyyMMdd");
            }

            return null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<DayPurge> PurgeDayAsync(DateOnly day, PurgeRows rows, int max, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(max, 1);
        var (deleted, kept) = (0, 0);
        var prefix = rows == PurgeRows.Jobs ? JobRows.JobPrefix : JobRows.UsagePrefix;
        try
        {
            foreach (var partition in PartitionsOf(day, day))
            {
                var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {prefix} and RowKey lt {JobRows.EndOf(prefix)}");
                List<TableTransactionAction> batch = new(PurgeBatch);
                await foreach (var row in _table.QueryAsync<TableEntity>(
                    filter, ServicePage, [nameof(TableEntity.PartitionKey), nameof(TableEntity.RowKey), JobRows.State], cancellationToken))
                {
                    if (rows == PurgeRows.Jobs && !JobRows.IsTerminal(row))
                    {
                        kept++;
                        continue;
                    }

                    if (deleted >= max)
                    {
                        return new DayPurge(deleted, kept, More: true);
                    }

                    // Terminal jobs and usage never change: whichever version is there is the one that was read.
                    batch.Add(new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All));
                    if (batch.Count == PurgeBatch)
                    {
                        deleted += await DeleteBatchAsync(batch, cancellationToken);
                        batch.Clear();
                    }
                }

                deleted += await DeleteBatchAsync(batch, cancellationToken);
            }
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }

        return new DayPurge(deleted, kept, More: false);
    }

    /// <summary>Deletes rows of one partition; a row that is gone already is left out.</summary>
    private async Task<int> DeleteBatchAsync(List<TableTransactionAction> batch, CancellationToken cancellationToken)
    {
        while (batch.Count > 0)
        {
            try
            {
                await _table.SubmitTransactionAsync(batch, cancellationToken);
                return batch.Count;
            }
            catch (TableTransactionFailedException exception) when (exception.Status == 404 && !IsMissingTable(exception))
            {
                batch.RemoveAt(exception.FailedTransactionActionIndex ?? 0);
            }
        }

        return 0;
    }

    private static List<TableTransactionAction> UsageActions(Job job, IReadOnlyList<UsageRecord> usage, string writeId)
    {
        var actions = new List<TableTransactionAction>(usage.Count);
        foreach (var record in usage.DistinctBy(record => record.Id, StringComparer.Ordinal))
        {
            if (record.JobId.Partition != job.Id.Partition)
            {
                throw new ArgumentException($"Usage {record.Id} belongs to job {record.JobId}, not to {job.Id}.", nameof(usage));
            }

            actions.Add(new TableTransactionAction(TableTransactionActionType.Add, JobRows.FromUsage(record, writeId)));
        }

        return actions;
    }

    /// <summary>
    /// The newest matching rows of one partition, newest first, and where to go on when there are more. Tables are read in ascending
    /// order only: a small partition comes whole in one request, of a larger one the keys are read first, then the rows of the page.
    /// </summary>
    private async Task<(IReadOnlyList<Job> Jobs, JobId? Before)> NewestAsync(
        JobQuery query, JobCursor at, int wanted, CancellationToken cancellationToken)
    {
        var end = at.Before is { } before ? JobRows.JobKey(before) : JobRows.EndOf(JobRows.JobPrefix);
        var whole = Filter(query, at, JobRows.JobPrefix, end);
        var first = await FirstPageAsync(whole, wanted + 1, cancellationToken);
        if (first.ContinuationToken is null)
        {
            return Newest(first.Values);
        }

        var keys = new Queue<string>();
        await foreach (var row in _table.QueryAsync<TableEntity>(whole, ServicePage, [nameof(TableEntity.RowKey)], cancellationToken))
        {
            keys.Enqueue(row.RowKey);
            if (keys.Count > wanted + 1)
            {
                keys.Dequeue();
            }
        }

        var rows = new List<TableEntity>();
        if (keys.TryPeek(out var oldest))
        {
            await foreach (var row in _table.QueryAsync<TableEntity>(
                Filter(query, at, oldest, end), ServicePage, select: null, cancellationToken))
            {
                rows.Add(row);
            }
        }

        return Newest(rows);

        (IReadOnlyList<Job>, JobId?) Newest(IReadOnlyList<TableEntity> ascending)
        {
            var newest = ascending.Reverse().Take(wanted).Select(JobRows.ToJob).ToList();
            return (newest, ascending.Count > wanted ? newest[^1].Id : null);
        }
    }

    private static string Filter(JobQuery query, JobCursor at, string from, string end)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {JobId.PartitionOf(at.Day, at.Shard)} and RowKey ge {from} and RowKey lt {end}");
        if (query.Caller is { } caller)
        {
            filter += " and " + TableClient.CreateQueryFilter($"Caller eq {caller}");
        }

        if (query.State is { } state)
        {
            filter += " and " + TableClient.CreateQueryFilter($"State eq {state.ToString()}");
        }

        if (query.Profile is { } profile)
        {
            filter += " and " + TableClient.CreateQueryFilter($"Profile eq {profile}");
        }

        return filter;
    }

    private async Task<Page<TableEntity>> FirstPageAsync(string filter, int rows, CancellationToken cancellationToken)
    {
        await foreach (var page in _table.QueryAsync<TableEntity>(
            filter, Math.Min(rows, ServicePage), select: null, cancellationToken).AsPages())
        {
            return page;
        }

        throw new StorageUnavailableException("The table service answered a query without a page; it is tried again.");
    }

    /// <summary>
    /// Streams the rows of a kind over days, several partitions at a time, through a bounded buffer. In no particular order.
    /// </summary>
    private async IAsyncEnumerable<T> ScanAsync<T>(
        DateOnly firstDay,
        DateOnly lastDay,
        string prefix,
        string? timeColumn,
        DateTimeOffset before,
        Func<TableEntity, T> read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var buffer = Channel.CreateBounded<T>(new BoundedChannelOptions(ScanBuffer) { SingleReader = true });
        var scan = ScanAllAsync();
        try
        {
            await foreach (var item in buffer.Reader.ReadAllAsync(cancellationToken))
            {
                yield return item;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await scan;
        }

        async Task ScanAllAsync()
        {
            Exception? failure = null;
            try
            {
                await Parallel.ForEachAsync(
                    PartitionsOf(firstDay, lastDay),
                    new ParallelOptions { MaxDegreeOfParallelism = ScanConcurrency, CancellationToken = stop.Token },
                    ScanPartitionAsync);
            }
            catch (Exception exception)
            {
                // Handed to the reader below, who rethrows it.
                failure = StorageErrors.IsUnavailable(exception, stop.Token) ? StorageErrors.Unavailable(exception, Target) : exception;
            }

            buffer.Writer.Complete(failure);
        }

        async ValueTask ScanPartitionAsync(string partition, CancellationToken token)
        {
            var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {prefix} and RowKey lt {JobRows.EndOf(prefix)}");
            if (timeColumn is not null)
            {
                filter += $" and {timeColumn} lt {TableClient.CreateQueryFilter($"{before}")}";
            }

            await foreach (var row in _table.QueryAsync<TableEntity>(filter, ServicePage, select: null, token))
            {
                await buffer.Writer.WriteAsync(read(row), token);
            }
        }
    }

    private static IEnumerable<string> PartitionsOf(DateOnly firstDay, DateOnly lastDay)
    {
        for (var day = firstDay; day <= lastDay; day = day.AddDays(1))
        {
            for (var shard = 0; shard < JobId.ShardsPerDay; shard++)
            {
                yield return JobId.PartitionOf(day, shard);
            }
        }
    }

    private static bool IsMissingTable(RequestFailedException exception) => exception.ErrorCode == TableErrorCode.TableNotFound;
}
