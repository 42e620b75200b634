using System.Globalization;
using System.Text.Json;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Drops;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Retention;

/// <inheritdoc cref="IPurger" />
/// <remarks>Nothing an active job needs is deleted: its drop with what belongs to it, its request, its inline inputs and the stored inputs it names.</remarks>
internal sealed class Purger(
    IJobStore jobs,
    IContentStore content,
    ICheckpointStore checkpoints,
    ResultWriter results,
    IOptions<RetentionOptions> options,
    IOptions<PipelineOptions> pipeline,
    TimeProvider time,
    ILogger<Purger> logger) : IPurger
{
    /// <summary>Blobs decided and deleted together.</summary>
    private const int BlobBatch = 500;

    /// <summary>Rows of a day deleted before the clock is looked at again.</summary>
    private const int RowBatch = 1_000;

    private readonly RetentionOptions _options = options.Value;

    public async Task<PurgeReport> RunAsync(CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity(TelemetryNames.PurgeSpan);
        var now = time.GetUtcNow();
        var stopAt = now + _options.Budget;

        if (await ReadInUseAsync(now, stopAt, cancellationToken) is not { } inUse)
        {
            Log.Purged(logger, 0, 0, 0, complete: false);
            return default;
        }

        var (blobs, complete) = (0, true);
        foreach (var (container, days) in new[]
        {
            (Containers.Requests, _options.RequestsDays),
            (Containers.Inbox, _options.InboxDays),
            (Containers.Results, _options.ResultsDays),
            (Containers.Reports, _options.ReportsDays),
        })
        {
            if (days > 0)
            {
                var (deleted, whole) = await PurgeBlobsAsync(container, now - TimeSpan.FromDays(days), inUse, stopAt, cancellationToken);
                blobs += deleted;
                complete &= whole;
            }
        }

        var (jobRows, allJobs) = await PurgeRowsAsync(PurgeRows.Jobs, _options.JobRowsDays, now, stopAt, cancellationToken);
        var (usageRows, allUsage) = await PurgeRowsAsync(PurgeRows.Usage, _options.UsageRowsDays, now, stopAt, cancellationToken);
        var report = new PurgeReport(blobs, jobRows, usageRows, complete && allJobs && allUsage);
        Log.Purged(logger, report.Blobs, report.JobRows, report.UsageRows, report.Complete);
        return report;
    }

    /// <summary>The active jobs and the stored inputs they name; null when they are too many to be read in time.</summary>
    private async Task<InUse?> ReadInUseAsync(DateTimeOffset now, DateTimeOffset stopAt, CancellationToken cancellationToken)
    {
        var longest = pipeline.Value.Deadline > pipeline.Value.SweepLookback ? pipeline.Value.Deadline : pipeline.Value.SweepLookback;
        var first = DateOnly.FromDateTime((now - longest).UtcDateTime).AddDays(-1);
        var last = DateOnly.FromDateTime(now.UtcDateTime).AddDays(1);
        var inUse = new InUse([], [], []);
        await foreach (var active in jobs.ListActiveAsync(first, last, now.AddYears(10), cancellationToken))
        {
            if (time.GetUtcNow() >= stopAt)
            {
                return null;
            }

            inUse.Jobs.Add(active.Id);
            if (await jobs.FindAsync(active.Id, cancellationToken) is not { Job: { IsTerminal: false } job })
            {
                continue;
            }

            if (job.Drop is { } drop)
            {
                inUse.Drops.Add(drop.Path);
            }

            if (job.RequestName is not { } request)
            {
                continue;
            }

            await using var blob = await content.OpenAsync(new BlobAddress(Containers.Requests, request), ifMatch: null, cancellationToken);
            if (blob is not null && await ReadAsync(blob.Stream, cancellationToken) is { } body)
            {
                inUse.Inputs.UnionWith(body.Inputs.OfType<BlobInput>().Select(input => new BlobAddress(input.Container, input.Name)));
            }
        }

        return inUse;
    }

    private static async Task<JobRequest?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(stream, RequestJson.Default.JobRequest, cancellationToken);
        }
        catch (JsonException)
        {
            // A request nobody can read names no inputs; its job will fail by itself.
            return null;
        }
    }

    private async Task<(int Deleted, bool Complete)> PurgeBlobsAsync(
        string container, DateTimeOffset olderThan, InUse inUse, DateTimeOffset stopAt, CancellationToken cancellationToken)
    {
        var (deleted, complete) = (0, true);
        List<BlobInfo> batch = new(BlobBatch);
        var errors = new OpenErrors();
        await foreach (var blob in content.ListAsync(container, prefix: null, cancellationToken))
        {
            if (time.GetUtcNow() >= stopAt)
            {
                complete = false;
                break;
            }

            if (blob.LastModified >= olderThan || inUse.Needs(blob))
            {
                if (container == Containers.Results && errors.Match(blob.Address) is { } error)
                {
                    deleted += await RemoveOutdatedAsync(error, blob.Address) ? 1 : 0;
                }

                continue;
            }

            batch.Add(blob);
            if (batch.Count == BlobBatch)
            {
                await DeleteBatchAsync();
            }
        }

        await DeleteBatchAsync();
        return (deleted, complete);

        async Task<bool> RemoveOutdatedAsync(BlobAddress error, BlobAddress result)
        {
            try
            {
                return await results.RemoveOutdatedErrorAsync(error, result, cancellationToken);
            }
            catch (StorageUnavailableException e)
            {
                complete = false;
                Log.PurgeItemFailed(logger, e, error.Container);
                return false;
            }
        }

        async Task DeleteBatchAsync()
        {
            var condemned = container == Containers.Inbox ? await KnownAsync(batch, cancellationToken) : batch;
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = _options.Concurrency, CancellationToken = cancellationToken };
            await Parallel.ForEachAsync(condemned, parallel, async (blob, ct) =>
            {
                try
                {
                    // Only this version: a blob replaced meanwhile is new.
                    if (await content.DeleteAsync(blob.Address, blob.ETag, ct))
                    {
                        Interlocked.Increment(ref deleted);
                    }
                }
                catch (StorageUnavailableException e)
                {
                    complete = false;
                    Log.PurgeItemFailed(logger, e, blob.Address.Container);
                }
            });
            batch.Clear();
        }
    }

    /// <summary>
    /// Leaves out drops without a row that should have one: they were never accepted, and a dropped file always gets an answer.
    /// </summary>
    private async Task<IReadOnlyList<BlobInfo>> KnownAsync(List<BlobInfo> drops, CancellationToken cancellationToken)
    {
        var rowsGone = _options.JobRowsDays > 0 ? time.GetUtcNow() - TimeSpan.FromDays(_options.JobRowsDays) : DateTimeOffset.MinValue;
        var missing = await jobs.FindMissingAsync([.. drops.Where(IsDrop).Select(IdOf)], cancellationToken);
        return [.. drops.Where(drop => drop.LastModified < rowsGone || !IsDrop(drop) || !missing.Contains(IdOf(drop)))];

        static bool IsDrop(BlobInfo blob) => DropPath.IsDrop(blob.Address.Name);
    }

    private async Task<(int Deleted, bool Complete)> PurgeRowsAsync(
        PurgeRows kind, int days, DateTimeOffset now, DateTimeOffset stopAt, CancellationToken cancellationToken)
    {
        if (days == 0)
        {
            return (0, true);
        }

        // The last day that is older than the age as a whole.
        var last = DateOnly.FromDateTime((now - TimeSpan.FromDays(days)).UtcDateTime).AddDays(-1);
        var checkpoint = $"purge:{kind.ToString().ToLowerInvariant()}";
        var day = await jobs.FindFirstDayAsync(await ReadCheckpointAsync(checkpoint, cancellationToken), last, cancellationToken);
        var (deleted, allBefore) = (0, true);
        for (; day <= last; day = day.Value.AddDays(1))
        {
            DayPurge purged;
            do
            {
                if (time.GetUtcNow() >= stopAt)
                {
                    return (deleted, false);
                }

                purged = await jobs.PurgeDayAsync(day.Value, kind, RowBatch, cancellationToken);
                deleted += purged.Deleted;
            }
            while (purged.More);

            // A day that still has an active job is looked at again, and so is every day after it.
            allBefore &= purged.Kept == 0;
            if (allBefore)
            {
                await checkpoints.WriteAsync(checkpoint, day.Value.AddDays(1).ToString("O", CultureInfo.InvariantCulture), cancellationToken);
            }
        }

        return (deleted, true);
    }

    private async Task<DateOnly?> ReadCheckpointAsync(string name, CancellationToken cancellationToken) =>
        DateOnly.TryParseExact(await checkpoints.ReadAsync(name, cancellationToken), "O", out var day) ? day : null;

    private static JobId IdOf(BlobInfo drop) => JobId.ForDrop(Containers.Inbox, drop.Address.Name, drop.ETag, drop.LastModified);

    /// <summary>What active jobs need.</summary>
    /// <param name="Jobs">The active jobs.</param>
    /// <param name="Drops">Their drops, whose sidecars and bundled files they need.</param>
    /// <param name="Inputs">Stored inputs they name.</param>
    private sealed record InUse(HashSet<JobId> Jobs, HashSet<string> Drops, HashSet<BlobAddress> Inputs)
    {
        public bool Needs(BlobInfo blob) => blob.Address.Container switch
        {
            Containers.Inbox => DropPath.IsDrop(blob.Address.Name)
                ? Jobs.Contains(IdOf(blob)) || Inputs.Contains(blob.Address)
                : Drops.Contains(DropPath.Owner(blob.Address.Name)) || Inputs.Contains(blob.Address),
            Containers.Requests => Inputs.Contains(blob.Address) || (RequestNames.JobOf(blob.Address.Name) is { } job && Jobs.Contains(job)),
            _ => false,
        };
    }

    /// <summary>
    /// The errors of a listing that the result of the same name may still follow. The listing is in the order of names, so only those that the
    /// latest name still begins with can: a handful, whatever the container holds.
    /// </summary>
    private sealed class OpenErrors
    {
        private readonly Stack<(string Subject, BlobAddress Error)> _open = new();

        /// <summary>Takes the next blob of the listing; returns the error beside it when it is a result.</summary>
        public BlobAddress? Match(BlobAddress blob)
        {
            while (_open.TryPeek(out var top) && !blob.Name.StartsWith(top.Subject + ".", StringComparison.Ordinal))
            {
                _open.Pop();
            }

            if (blob.Name.EndsWith(ResultNames.ErrorSuffix, StringComparison.Ordinal))
            {
                _open.Push((blob.Name[..^ResultNames.ErrorSuffix.Length], blob));
            }

            return blob.Name.EndsWith(ResultNames.ResultSuffix, StringComparison.Ordinal)
                && _open.FirstOrDefault(open => blob.Name.Length == open.Subject.Length + ResultNames.ResultSuffix.Length) is { Subject: not null } found
                ? found.Error
                : null;
        }
    }
}
