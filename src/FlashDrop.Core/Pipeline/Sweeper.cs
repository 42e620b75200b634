using System.Globalization;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Drops;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>
/// Finds work that nobody has in hand: active jobs long past their due time, and inbox blobs whose event never came.
/// Everything it does is conditional on the row, so two sweeps at once do no harm.
/// </summary>
internal sealed class Sweeper(
    IJobStore jobs,
    IContentStore content,
    IWorkQueue queue,
    ICheckpointStore checkpoints,
    DropIntake drops,
    JobChanges changes,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<Sweeper> logger)
{
    /// <summary>Checkpoint: every inbox blob modified before it has been asked about.</summary>
    public const string InboxCheckpoint = "sweep:inbox";

    /// <summary>Drops asked about together.</summary>
    private const int DropBatch = 500;

    /// <summary>Looked at again each time: listings and clocks are not exact.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromMinutes(2);

    private readonly PipelineOptions _options = options.Value;

    /// <summary>Runs one sweep, until done or its time is up; the rest waits for the next one.</summary>
    public async Task<SweepReport> RunAsync(CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity(TelemetryNames.SweepSpan);
        var stopAt = time.GetUtcNow() + _options.SweepBudget;
        var (resubmitted, repolled, expired) = await SweepJobsAsync(stopAt, cancellationToken);
        var found = await SweepInboxAsync(stopAt, cancellationToken);
        Log.Sweep(logger, resubmitted, repolled, expired, found);
        return new SweepReport(resubmitted, repolled, expired, found);
    }

    private async Task<(int Resubmitted, int Repolled, int Expired)> SweepJobsAsync(DateTimeOffset stopAt, CancellationToken cancellationToken)
    {
        int resubmitted = 0, repolled = 0, expired = 0;
        var now = time.GetUtcNow();
        var firstDay = DateOnly.FromDateTime((now - _options.SweepLookback).UtcDateTime);
        var lastDay = DateOnly.FromDateTime(now.UtcDateTime).AddDays(1);
        bool? backlog = null;
        await foreach (var active in jobs.ListActiveAsync(firstDay, lastDay, now - _options.ForgottenAfter, cancellationToken))
        {
            if (time.GetUtcNow() >= stopAt)
            {
                break;
            }

            try
            {
                if (await jobs.FindAsync(active.Id, cancellationToken) is not { } stored)
                {
                    continue;
                }

                if (now >= stored.Job.DeadlineAt)
                {
                    await changes.ApplyAsync(stored, new JobEvent.DeadlinePassed(), cancellationToken);
                    expired++;
                }
                else if (stored.Job.State == JobState.Submitted)
                {
                    repolled += await RepollAsync(stored, cancellationToken) ? 1 : 0;
                }
                else if (!(backlog ??= await queue.CountAsync(Queues.Submit, cancellationToken) > _options.BacklogLength)
                    || now - stored.Job.DueAt > _options.ForgottenInBacklogAfter)
                {
                    await changes.ApplyAsync(stored, new JobEvent.Interrupted(), cancellationToken);
                    resubmitted++;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // One job that cannot be repaired must not keep the others waiting.
                Log.SweepItemFailed(logger, e, active.Id.ToString());
            }
        }

        return (resubmitted, repolled, expired);
    }

    /// <summary>Marks the row first, so that a message that was only late finds itself outdated, then sends a new one.</summary>
    private async Task<bool> RepollAsync(StoredJob stored, CancellationToken cancellationToken)
    {
        var (current, changed) = await changes.ApplyAsync(stored, new JobEvent.Seen(), cancellationToken);
        if (!changed || current is not { Job.State: JobState.Submitted })
        {
            return false;
        }

        var message = new PollMessage(current.Job, current.Version, Polls: 0, current.Job.TraceParent);
        await queue.SendPollAsync(message, TimeSpan.Zero, cancellationToken);
        return true;
    }

    private async Task<int> SweepInboxAsync(DateTimeOffset stopAt, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() - _options.InboxGrace;
        var from = await ReadCheckpointAsync(cancellationToken);
        var found = 0;
        var complete = true;
        List<BlobInfo> batch = new(DropBatch);
        await foreach (var blob in content.ListAsync(Containers.Inbox, prefix: null, cancellationToken))
        {
            if (blob.LastModified < from || blob.LastModified > until || !DropPath.IsDrop(blob.Address.Name))
            {
                continue;
            }

            batch.Add(blob);
            if (batch.Count == DropBatch)
            {
                complete &= await AcceptMissingAsync(batch);
                batch.Clear();
            }

            if (time.GetUtcNow() >= stopAt)
            {
                complete = false;
                break;
            }
        }

        complete &= await AcceptMissingAsync(batch);
        if (complete)
        {
            await checkpoints.WriteAsync(InboxCheckpoint, (until - Overlap).ToString("O", CultureInfo.InvariantCulture), cancellationToken);
        }

        return found;

        async Task<bool> AcceptMissingAsync(List<BlobInfo> blobs)
        {
            var byId = blobs.ToDictionary(b => JobId.ForDrop(Containers.Inbox, b.Address.Name, b.ETag, b.LastModified));
            var allHandled = true;
            foreach (var id in await jobs.FindMissingAsync(byId.Keys, cancellationToken))
            {
                try
                {
                    await drops.AcceptAsync(byId[id].Address.Name, cancellationToken);
                    found++;
                }
                catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
                {
                    allHandled = false;
                    Log.SweepItemFailed(logger, e, byId[id].Address.ToString());
                }
            }

            return allHandled;
        }
    }

    private async Task<DateTimeOffset> ReadCheckpointAsync(CancellationToken cancellationToken)
    {
        var earliest = time.GetUtcNow() - _options.SweepLookback;
        var text = await checkpoints.ReadAsync(InboxCheckpoint, cancellationToken);
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var saved) && saved > earliest
            ? saved
            : earliest;
    }
}
