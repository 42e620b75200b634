using System.Diagnostics;
using System.Text.Json;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Pipeline;

/// <summary>Works off the <c>submit</c> queue: the first attempt of HTTP jobs, every later attempt of all jobs.</summary>
internal sealed class SubmitHandler(
    IJobStore jobs,
    IContentStore content,
    DropIntake drops,
    ProfileCatalog profiles,
    RequestBuilder requests,
    AttemptRunner attempts,
    JobChanges changes,
    JobMetrics metrics,
    TimeProvider time,
    ILogger<SubmitHandler> logger)
{
    /// <summary>Handles one message.</summary>
    /// <param name="text">Its text.</param>
    /// <param name="deliveries">How often it was delivered; null when unknown.</param>
    /// <param name="cancellationToken">Shutdown.</param>
    /// <exception cref="FormatException">The message cannot be read; it ends in the poison queue.</exception>
    public async Task HandleAsync(string text, int? deliveries, CancellationToken cancellationToken)
    {
        if (!PortJson.TryReadSubmit(text, out var message))
        {
            throw new FormatException($"Not a submit message: '{text[..Math.Min(text.Length, 200)]}'.");
        }

        using var activity = Telemetry.StartJobSpan(TelemetryNames.SubmitSpan, message.TraceParent, ActivityKind.Consumer);
        var stored = await jobs.FindAsync(message.JobId, cancellationToken);
        if (stored is null || stored.Job.State is not (JobState.Queued or JobState.Held) || stored.Job.Attempt != message.Attempt)
        {
            Log.StaleMessage(
                logger, message.JobId.ToString(), Queues.Submit, stored?.Job.State.ToString() ?? "gone", stored?.Job.Attempt ?? 0);
            return;
        }

        activity?.Describe(stored.Job);
        activity?.SetTag(TelemetryNames.AttemptTag, message.Attempt);
        metrics.Submitting(stored.Job, time.GetUtcNow());
        if (deliveries > 1)
        {
            // An earlier delivery got as far as nobody knows: the attempt may be paid. It is written off, and the next one has its own message.
            await changes.ApplyAsync(stored, new JobEvent.Interrupted(), cancellationToken);
            return;
        }

        await attempts.RunAsync(stored, ct => BuildAsync(stored.Job, ct), cancellationToken);
    }

    private async Task<BuiltRequest> BuildAsync(Job job, CancellationToken cancellationToken)
    {
        var profile = await profiles.GetAsync(job.Profile, job.Drop?.Path ?? job.Id.ToString(), cancellationToken);
        if (job.Drop is not null)
        {
            return await drops.RebuildAsync(profile, job, cancellationToken);
        }

        var address = new BlobAddress(Containers.Requests, job.RequestName ?? throw new InvalidOperationException($"Job {job.Id} has neither drop nor request."));
        await using var blob = await content.OpenAsync(address, ifMatch: null, cancellationToken)
            ?? throw new InputException(JobErrors.InputMissing(address.ToString()));
        var request = await JsonSerializer.DeserializeAsync(blob.Stream, RequestJson.Default.JobRequest, cancellationToken)
            ?? throw new InputException(JobErrors.RequestUnreadable("it is null."));
        return await requests.ForRequestAsync(profile, job, request, cancellationToken);
    }
}
