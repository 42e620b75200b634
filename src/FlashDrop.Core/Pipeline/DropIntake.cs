using System.Diagnostics;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Drops;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using FlashDrop.Core.Structured;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>
/// Turns a blob in <c>inbox</c> into a job and makes its first attempt at once, over a single download of the blob.
/// </summary>
internal sealed class DropIntake(
    IJobStore jobs,
    IContentStore content,
    ProfileCatalog profiles,
    DropReader reader,
    RequestBuilder requests,
    JobEstimates estimates,
    AttemptRunner attempts,
    JobChanges changes,
    ResultWriter results,
    IOptions<PipelineOptions> options,
    TimeProvider time,
    ILogger<DropIntake> logger)
{
    /// <summary>Profile of files at the root of the container.</summary>
    public const string RootProfile = "default";

    private readonly PipelineOptions _options = options.Value;

    /// <summary>Accepts the blob as it is now. A blob whose job exists is left to that job.</summary>
    public async Task AcceptAsync(string path, CancellationToken cancellationToken)
    {
        // What lies beside a drop or inside a bundle is no drop by itself.
        if (!DropPath.IsDrop(path))
        {
            return;
        }

        using var activity = Telemetry.Source.StartActivity(TelemetryNames.DropSpan, ActivityKind.Consumer);
        await using var blob = await content.OpenAsync(new BlobAddress(Containers.Inbox, path), ifMatch: null, cancellationToken);
        if (blob is null)
        {
            Log.DropGone(logger, path);
            return;
        }

        var head = await RequestBuilder.ReadHeadAsync(blob, cancellationToken);
        var job = NewJob(path, blob.Info);
        activity?.Describe(job);

        DropContent drop;
        try
        {
            drop = await reader.ReadAsync(await profiles.GetAsync(job.Profile, path, cancellationToken), blob.Info, head, cancellationToken);
            var profile = drop.Profile;
            if (!DropPath.IsBundle(path))
            {
                drop.Inputs[0].WithOpened(new PrefixedStream(head, blob.Stream));
            }

            var check = RequestBuilder.CheckOf(profile, overrides: null);
            job = job with
            {
                TierPolicy = profile.Tier,
                Output = check is { MimeType: StructuredAnswers.Json } ? OutputKind.Json : profile.Output,
                Check = check,
                Tags = drop.Tags,
                Estimate = estimates.Estimate(profile, profile.Prompt, profile.Tier, overrides: null, [.. drop.Inputs.Select(i => (i.Type, i.Info.Length, i.Facts))]),
                MaxAttempts = _options.AttemptsOf(profile),
                DeadlineAt = job.AcceptedAt + _options.DeadlineOf(profile),
                Media = RequestBuilder.Summarise([.. drop.Inputs.Select(i => ((string?)i.Info.Address.Name, i.Type, i.Info.Length, i.Facts))]),
            };
        }
        catch (InputException e)
        {
            await RejectAsync(job, e.Error, cancellationToken);
            return;
        }

        if (await jobs.AddAsync(job, cancellationToken) is not { } version)
        {
            // Delivered before. Whoever has it in hand carries on; if nobody does, the sweep finds it when it is due.
            Log.StaleMessage(logger, job.Id.ToString(), "drop", "known", job.Attempt);
            return;
        }

        Announce(job);
        await attempts.RunAsync(new StoredJob(job, version), ct => requests.ForDropAsync(job, drop, blob.Info.Metadata, ct), cancellationToken);
    }

    /// <summary>Ends the job of a drop whose event failed too often, whether it had been accepted or not.</summary>
    public async Task GiveUpAsync(string path, string queue, CancellationToken cancellationToken)
    {
        if (!DropPath.IsDrop(path) || await content.GetInfoAsync(new BlobAddress(Containers.Inbox, path), cancellationToken) is not { } info)
        {
            Log.DropGone(logger, path);
            return;
        }

        var job = NewJob(path, info);
        if (await jobs.FindAsync(job.Id, cancellationToken) is { } stored)
        {
            await changes.ApplyAsync(stored, new JobEvent.Poisoned(queue), cancellationToken);
        }
        else
        {
            await RejectAsync(job, JobErrors.Poisoned(queue), cancellationToken);
        }
    }

    /// <summary>A later attempt's request: from the same version of the drop, opened anew.</summary>
    /// <exception cref="InputException">The drop is gone or was replaced.</exception>
    public async Task<BuiltRequest> RebuildAsync(Profile profile, Job job, CancellationToken cancellationToken)
    {
        var drop = job.Drop!;
        var address = new BlobAddress(Containers.Inbox, drop.Path);
        try
        {
            await using var blob = await content.OpenAsync(address, drop.ETag, cancellationToken)
                ?? throw new InputException(JobErrors.InputMissing(drop.Path));
            var read = await reader.ReadAsync(profile, blob.Info, await RequestBuilder.ReadHeadAsync(blob, cancellationToken), cancellationToken);
            return await requests.ForDropAsync(job, read, blob.Info.Metadata, cancellationToken);
        }
        catch (BlobChangedException)
        {
            throw new InputException(JobErrors.InputChanged(drop.Path));
        }
    }

    private Job NewJob(string path, BlobInfo info)
    {
        var subject = DropPath.Subject(path);
        var slash = subject.IndexOf('/', StringComparison.Ordinal);
        var profile = slash > 0 ? subject[..slash] : RootProfile;
        var now = time.GetUtcNow();
        return new Job
        {
            Id = JobId.ForDrop(Containers.Inbox, path, info.ETag, info.LastModified),
            State = JobState.Queued,
            Origin = JobOrigin.Drop,
            Caller = $"drop:{profile}",
            Profile = profile,
            TierPolicy = TierPolicy.Standard,
            ResultName = slash > 0 ? subject : $"{RootProfile}/{subject}",
            Drop = new DropReference(path, info.ETag, info.LastModified, info.Length),
            AcceptedAt = now,
            UpdatedAt = now,
            DueAt = now,
            DeadlineAt = now + _options.Deadline,
            MaxAttempts = _options.MaxAttempts,
            TraceParent = Activity.Current?.Id,
        };
    }

    /// <summary>Ends a drop before anything is paid: the error blob first, then the terminal row.</summary>
    private async Task RejectAsync(Job job, JobError error, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(job.Id, cancellationToken) is not null)
        {
            return;
        }

        var now = time.GetUtcNow();
        var failed = job with { State = JobState.Failed, Error = error, UpdatedAt = now, DueAt = now, CompletedAt = now };
        var claim = new ResultClaim { MayReplaceOlder = true, GivesWay = true };
        if (await results.WriteAsync(failed, answer: null, listUsd: null, claim, cancellationToken) is { } left)
        {
            // Left by a delivery that died before its row.
            claim.Own.Add(left.Blob);
            await results.WriteAsync(failed, answer: null, listUsd: null, claim, cancellationToken);
        }

        if (await jobs.AddAsync(failed, cancellationToken) is not null)
        {
            Announce(failed);
        }
        else if (await jobs.FindAsync(job.Id, cancellationToken) is { Job: { State: JobState.Failed } ended })
        {
            // Another delivery ended it first, perhaps for another reason: what we wrote has to say what its row says.
            await results.WriteAsync(ended, answer: null, listUsd: null, claim, cancellationToken);
        }
        else
        {
            await results.WithdrawAsync(claim.Own, cancellationToken);
        }
    }

    private void Announce(Job job)
    {
        Log.Accepted(logger, job.Id.ToString(), job.Origin.ToString(), job.Caller, job.Profile);
        changes.Announce(job);
    }
}
