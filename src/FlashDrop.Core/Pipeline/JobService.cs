using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink.Generation;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <inheritdoc cref="IJobService" />
internal sealed class JobService(
    IJobStore jobs,
    IContentStore content,
    IWorkQueue queue,
    IIdempotencyStore idempotency,
    ProfileCatalog profiles,
    RequestBuilder requests,
    JobEstimates estimates,
    JobChanges changes,
    ResultWriter results,
    IOptions<PipelineOptions> options,
    Random random,
    TimeProvider time,
    ILogger<JobService> logger) : IJobService
{
    private readonly PipelineOptions _options = options.Value;

    public async Task<AcceptOutcome> AcceptAsync(NewJob job, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.StartJobSpan(TelemetryNames.AcceptSpan, job.TraceParent, ActivityKind.Producer);
        job = job with { TraceParent = activity?.Id ?? job.TraceParent ?? Activity.Current?.Id };
        Profile profile;
        try
        {
            profile = await profiles.GetAsync(job.Profile, "profile", cancellationToken);
        }
        catch (InputException e)
        {
            return new AcceptOutcome.Rejected(e.Error, "profile");
        }

        var (rejected, plan) = await CheckAsync(profile, job, cancellationToken);
        if (rejected is not null)
        {
            return rejected;
        }

        var id = JobId.Create(time.GetUtcNow(), RandomBytes());
        if (job.IdempotencyKey is { } key)
        {
            var fingerprint = job.Fingerprint ?? "";
            var claim = await idempotency.ClaimAsync(job.Caller, key, new IdempotencyClaim(id, fingerprint), cancellationToken);
            if (claim.Fingerprint != fingerprint)
            {
                return new AcceptOutcome.KeyReused(claim.JobId);
            }

            if (claim.JobId != id && await jobs.FindAsync(claim.JobId, cancellationToken) is { } known)
            {
                return new AcceptOutcome.Accepted(known.Job, known.Version, Replayed: true);
            }

            // Ours, or a claim whose request died before its job was stored: carry on under the claimed id.
            id = claim.JobId;
        }

        activity?.SetTag(TelemetryNames.JobIdTag, id.ToString());
        activity?.SetTag(TelemetryNames.ProfileTag, profile.Name);
        return await StoreAsync(id, job, profile, plan, cancellationToken);
    }

    public Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken) => jobs.FindAsync(id, cancellationToken);

    public Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken) => jobs.ListAsync(query, cancellationToken);

    public async Task<Job?> CancelAsync(JobId id, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, cancellationToken) is not { } stored)
        {
            return null;
        }

        var (current, _) = await changes.ApplyAsync(stored, new JobEvent.CancelRequested(), cancellationToken);
        return current?.Job;
    }

    public async Task<bool> EraseAsync(JobId id, CancellationToken cancellationToken)
    {
        if (await CancelAsync(id, cancellationToken) is not { } job)
        {
            return false;
        }

        // The row goes last: until then this can run again, and no sweep takes the drop for a new one.
        if (job.Drop is { } drop)
        {
            await content.DeleteAsync(new BlobAddress(Containers.Inbox, drop.Path), drop.ETag, cancellationToken);
            await DeleteAllAsync(RequestNames.Renamed + drop.ETag, cancellationToken);
        }

        await DeleteAllAsync(RequestNames.Folder(id), cancellationToken);
        await results.EraseAsync(job, cancellationToken);
        await jobs.DeleteAsync(id, cancellationToken);
        Log.Erased(logger, id.ToString());
        return true;
    }

    public async Task<BlobContent?> OpenResultAsync(Job job, CancellationToken cancellationToken)
    {
        var name = job.State switch
        {
            JobState.Succeeded => ResultNames.Result(job),
            JobState.Failed => ResultNames.Error(job),
            _ => null,
        };
        if (name is null)
        {
            return null;
        }

        var blob = await content.OpenAsync(new BlobAddress(Containers.Results, name), ifMatch: null, cancellationToken);
        if (blob is not null && !ResultWriter.IsOf(job, blob.Info))
        {
            // A newer drop under the same name has replaced it.
            await blob.DisposeAsync();
            return null;
        }

        return blob;
    }

    private async Task DeleteAllAsync(string prefix, CancellationToken cancellationToken)
    {
        await foreach (var blob in content.ListAsync(Containers.Requests, prefix, cancellationToken))
        {
            await content.DeleteAsync(blob.Address, ifMatch: null, cancellationToken);
        }
    }

    private async Task<AcceptOutcome> StoreAsync(JobId id, NewJob accepted, Profile profile, JobPlan plan, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var folder = RequestNames.Folder(id);
        var request = await StoreInlineAsync(folder, accepted.Request, cancellationToken);
        var requestName = $"{folder}.json";
        await content.WriteAsync(
            new BlobAddress(Containers.Requests, requestName),
            JsonSerializer.SerializeToUtf8Bytes(request, RequestJson.Default.JobRequest),
            "application/json",
            WriteCondition.Always,
            metadata: null,
            cancellationToken);

        var job = new Job
        {
            Id = id,
            State = JobState.Queued,
            Origin = accepted.Origin,
            Caller = accepted.Caller,
            Profile = profile.Name,
            TierPolicy = accepted.TierPolicy ?? profile.Tier,
            ResultName = $"api/{folder}",
            RequestName = requestName,
            Output = profile.Output,
            Check = plan.Check,
            Estimate = plan.Estimate,
            Media = plan.Media,
            AcceptedAt = now,
            UpdatedAt = now,
            DueAt = now,
            DeadlineAt = now + _options.DeadlineOf(profile),
            MaxAttempts = _options.AttemptsOf(profile),
            Tags = accepted.Tags,
            TraceParent = accepted.TraceParent,
        };
        if (await jobs.AddAsync(job, cancellationToken) is not { } version)
        {
            var known = await jobs.FindAsync(id, cancellationToken)
                ?? throw new StorageUnavailableException($"Job {id} was stored and is gone; submit it again.");
            return new AcceptOutcome.Accepted(known.Job, known.Version, Replayed: true);
        }

        Log.Accepted(logger, id.ToString(), job.Origin.ToString(), job.Caller, job.Profile);
        changes.Announce(job);
        await queue.SendSubmitAsync(new SubmitMessage(id, job.Attempt, job.TraceParent), TimeSpan.Zero, cancellationToken);
        return new AcceptOutcome.Accepted(job, version, Replayed: false);
    }

    private async Task<JobRequest> StoreInlineAsync(string folder, JobRequest request, CancellationToken cancellationToken)
    {
        var inputs = new JobInput[request.Inputs.Count];
        for (var i = 0; i < inputs.Length; i++)
        {
            inputs[i] = request.Inputs[i];
            if (inputs[i] is InlineInput inline)
            {
                var head = Head(inline.Data);
                var name = $"{folder}/{i}{MediaSniffer.Detect(head.Span, head.Length == inline.Data.Length).Extension}";
                await content.WriteAsync(
                    new BlobAddress(Containers.Requests, name), inline.Data, "application/octet-stream", WriteCondition.Always, metadata: null, cancellationToken);
                inputs[i] = inline with { Name = name, Length = inline.Data.Length };
            }
        }

        return request with { Inputs = inputs };
    }

    /// <summary>Refuses what can be told to be wrong without looking at storage, and tells what is known of the rest.</summary>
    private async Task<(AcceptOutcome.Rejected? Rejected, JobPlan Plan)> CheckAsync(Profile profile, NewJob job, CancellationToken cancellationToken)
    {
        var request = job.Request;
        if (request is { Native: null, Prompt: null, Inputs.Count: 0 })
        {
            return (Reject("it asks nothing: give a prompt, inputs, or a whole native request.", "prompt"), default);
        }

        List<(string? Name, MediaType Type, long Length, MediaFacts Facts)> inputs = [];
        List<Part> parts = new(request.Inputs.Count);
        var field = "";
        try
        {
            var text = 0L;
            for (var i = 0; i < request.Inputs.Count; i++)
            {
                field = $"inputs[{i}]";
                switch (request.Inputs[i])
                {
                    case InlineInput inline:
                        var (type, facts) = await requests.ExamineAsync(request.Native is null ? profile : null, field, inline.Data, cancellationToken);
                        inputs.Add((null, type, inline.Data.Length, facts));
                        break;
                    case UrlInput { MimeType: null } url:
                        MimeTypes.OfExtension(url.Url.AbsolutePath);
                        break;
                    case TextInput given:
                        text += given.Text.Length;
                        break;
                    default:
                        break;
                }

                parts.Add(Part.FromText(""));
            }

            // What lies in storage or behind a URL is looked at only when it is sent.
            var isAllKnown = request.Inputs.All(i => i is InlineInput or TextInput);
            field = request.Native is null ? "generationConfig" : "native";
            if (request.Native is { } native)
            {
                var (settings, check) = RequestRules.Require(RequestSettings.Of(NativeRequestReader.Read(native, parts), repair: false));
                var whole = estimates.Estimate(
                    JsonMarshal.GetRawUtf8Value(native).Length,
                    job.TierPolicy ?? profile.Tier,
                    settings.GenerationConfig,
                    [.. inputs.Select(i => (i.Type, i.Length, i.Facts))]);
                return (null, new JobPlan(RequestBuilder.Summarise(inputs), check, isAllKnown ? whole : null));
            }

            var plan = new JobPlan(RequestBuilder.Summarise(inputs), RequestBuilder.CheckOf(profile, request.GenerationConfig), Estimate: null);
            field = "inputs";
            var estimate = estimates.Estimate(
                profile,
                request.Prompt ?? profile.Prompt,
                job.TierPolicy ?? profile.Tier,
                request.GenerationConfig,
                [.. inputs.Select(i => (i.Type, i.Length, i.Facts)), (MediaType.Text, text, new MediaFacts())]);

            return (null, plan with { Estimate = isAllKnown ? estimate : null });
        }
        catch (InputException e)
        {
            return (new AcceptOutcome.Rejected(e.Error, field), default);
        }
    }

    /// <summary>What is known of a job when it is accepted.</summary>
    private readonly record struct JobPlan(MediaSummary? Media, AnswerCheck? Check, JobEstimate? Estimate);

    private static AcceptOutcome.Rejected Reject(string reason, string field) => new(JobErrors.RequestUnreadable(reason), field);

    private static ReadOnlyMemory<byte> Head(ReadOnlyMemory<byte> data) => data[..Math.Min(data.Length, MediaSniffer.HeadLength)];

    private byte[] RandomBytes()
    {
        var bytes = new byte[10];
        random.NextBytes(bytes);
        return bytes;
    }
}
