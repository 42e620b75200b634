using System.Diagnostics;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
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
    RequestBuilder requests,
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
        using var activity = Telemetry.Source.StartActivity(TelemetryNames.DropSpan, ActivityKind.Consumer);
        await using var blob = await content.OpenAsync(new BlobAddress(Containers.Inbox, path), ifMatch: null, cancellationToken);
        if (blob is null)
        {
            Log.DropGone(logger, path);
            return;
        }

        var head = new byte[Math.Min(MediaSniffer.HeadLength, blob.Info.Length)];
        await blob.Stream.ReadExactlyAsync(head, cancellationToken);
        var job = NewJob(path, blob.Info);
        activity?.Describe(job);

        Profile profile;
        StoredInput input;
        try
        {
            profile = await profiles.GetAsync(job.Profile, path, cancellationToken);
            var type = requests.Inspect(path, blob.Info.Length, head);
            input = new StoredInput(blob.Info, type).WithOpened(new PrefixedStream(head, blob.Stream));
            job = job with
            {
                TierPolicy = profile.Tier,
                Output = profile.Output,
                MaxAttempts = Math.Min(profile.MaxAttempts ?? _options.MaxAttempts, _options.MaxAttempts),
                DeadlineAt = job.AcceptedAt + (profile.Deadline < _options.Deadline ? profile.Deadline.Value : _options.Deadline),
                Media = RequestBuilder.Summarise(type, blob.Info.Length),
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
        await attempts.RunAsync(new StoredJob(job, version), ct => requests.ForDropAsync(profile, input, ct), cancellationToken);
    }

    /// <summary>Ends the job of a drop whose event failed too often, whether it had been accepted or not.</summary>
    public async Task GiveUpAsync(string path, string queue, CancellationToken cancellationToken)
    {
        if (await content.GetInfoAsync(new BlobAddress(Containers.Inbox, path), cancellationToken) is not { } info)
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

    /// <summary>A later attempt's view of the drop: the same version, opened anew.</summary>
    /// <exception cref="InputException">The drop is gone or was replaced.</exception>
    public async Task<StoredInput> ReopenAsync(DropReference drop, CancellationToken cancellationToken)
    {
        var address = new BlobAddress(Containers.Inbox, drop.Path);
        try
        {
            await using var blob = await content.OpenAsync(address, drop.ETag, cancellationToken)
                ?? throw new InputException(JobErrors.InputMissing(drop.Path));
            var head = new byte[Math.Min(MediaSniffer.HeadLength, blob.Info.Length)];
            await blob.Stream.ReadExactlyAsync(head, cancellationToken);
            return new StoredInput(blob.Info, requests.Inspect(drop.Path, blob.Info.Length, head));
        }
        catch (BlobChangedException)
        {
            throw new InputException(JobErrors.InputChanged(drop.Path));
        }
    }

    private Job NewJob(string path, BlobInfo info)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        var profile = slash > 0 ? path[..slash] : RootProfile;
        var now = time.GetUtcNow();
        return new Job
        {
            Id = JobId.ForDrop(Containers.Inbox, path, info.ETag, info.LastModified),
            State = JobState.Queued,
            Origin = JobOrigin.Drop,
            Caller = $"drop:{profile}",
            Profile = profile,
            TierPolicy = TierPolicy.Standard,
            ResultName = slash > 0 ? path : $"{RootProfile}/{path}",
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
        var now = time.GetUtcNow();
        var failed = job with { State = JobState.Failed, Error = error, UpdatedAt = now, DueAt = now, CompletedAt = now };
        await results.WriteAsync(failed, answer: null, listUsd: null, cancellationToken);
        if (await jobs.AddAsync(failed, cancellationToken) is not null)
        {
            Announce(failed);
        }
    }

    private void Announce(Job job)
    {
        Log.Accepted(logger, job.Id.ToString(), job.Origin.ToString(), job.Caller, job.Profile);
        changes.Announce(job);
    }
}
