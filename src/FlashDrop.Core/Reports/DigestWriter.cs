using System.Text;
using System.Text.Json;
using FlashDrop.Core.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Reports;

/// <summary>Has a day's answers summed up by a job like any other.</summary>
internal sealed class DigestWriter(IJobStore jobs, IJobService service, IOptions<ReportOptions> options, ILogger<DigestWriter> logger)
{
    /// <summary>Who is billed, and the profile.</summary>
    public const string Name = "digest";

    private const int MaxLineLength = 200;
    private const long MaxEnvelopeBytes = 4 * 1024 * 1024;

    /// <summary>
    /// The digest of a day: asks for one when it has answers and none was asked for, links the result when it is there. A digest once
    /// asked for is kept although they are switched off later.
    /// </summary>
    /// <param name="day">The day.</param>
    /// <param name="known">What its report says so far.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<DigestLink?> UpdateAsync(DateOnly day, DigestLink? known, CancellationToken cancellationToken)
    {
        if (known is { Result: not null })
        {
            return known;
        }

        if (known is null)
        {
            return options.Value.Digest ? await AskAsync(day, cancellationToken) : null;
        }

        return await jobs.FindAsync(known.JobId, cancellationToken) is { Job: { State: JobState.Succeeded } job }
            ? known with { Result = ResultNames.Result(job) }
            : known;
    }

    private async Task<DigestLink?> AskAsync(DateOnly day, CancellationToken cancellationToken)
    {
        var text = await CollectAsync(day, cancellationToken);
        if (text.Length == 0)
        {
            return null;
        }

        // One digest a day, whatever happens between here and the writing of the report: the key leads back to the same job, and the
        // fingerprint is constant because a few more answers are no reason for a second one.
        var outcome = await service.AcceptAsync(
            new NewJob
            {
                Caller = Name,
                Origin = JobOrigin.Digest,
                Profile = Name,
                Request = new JobRequest { Inputs = [new TextInput(text)] },
                IdempotencyKey = $"{Name}-{day:yyyy-MM-dd}",
                Fingerprint = Name,
            },
            cancellationToken);
        switch (outcome)
        {
            case AcceptOutcome.Accepted accepted:
                return new DigestLink { JobId = accepted.Job.Id };
            case AcceptOutcome.KeyReused reused:
                return new DigestLink { JobId = reused.Existing };
            case AcceptOutcome.Rejected rejected:
                Log.DigestRejected(logger, day, rejected.Error.Code);
                return null;
            default:
                throw new InvalidOperationException($"No case for {outcome.GetType().Name}.");
        }
    }

    /// <summary>First lines of the day's first answers, one a line.</summary>
    private async Task<string> CollectAsync(DateOnly day, CancellationToken cancellationToken)
    {
        SortedList<JobId, Job> first = [];
        await foreach (var job in jobs.ListJobsAsync(day, cancellationToken))
        {
            if (job is not { State: JobState.Succeeded, Origin: not JobOrigin.Digest })
            {
                continue;
            }

            if (first.Count == options.Value.DigestAnswers)
            {
                if (job.Id > first.Keys[^1])
                {
                    continue;
                }

                first.RemoveAt(first.Count - 1);
            }

            first.Add(job.Id, job);
        }

        var text = new StringBuilder();
        foreach (var job in first.Values)
        {
            if (await FirstLineAsync(job, cancellationToken) is { } line)
            {
                text.Append($"{job.Profile}: {line}\n");
            }
        }

        return text.ToString();
    }

    private async Task<string?> FirstLineAsync(Job job, CancellationToken cancellationToken)
    {
        await using var blob = await service.OpenResultAsync(job, cancellationToken);
        if (blob is null || blob.Info.Length > MaxEnvelopeBytes)
        {
            return null;
        }

        try
        {
            var envelope = await JsonSerializer.DeserializeAsync(blob.Stream, ReportJson.Default.AnswerText, cancellationToken);
            var line = envelope?.Answer?.Text?.Split('\n').Select(l => l.Trim().TrimStart('#', ' ')).FirstOrDefault(l => l.Length > 0);
            return line is null ? null : Display.Shorten(line, MaxLineLength);
        }
        catch (JsonException)
        {
            // Somebody changed the result by hand; the digest does without it.
            return null;
        }
    }
}

/// <summary>What a digest reads of an envelope.</summary>
internal sealed record AnswerText
{
    public AnswerPart? Answer { get; init; }

    internal sealed record AnswerPart
    {
        public string? Text { get; init; }
    }
}
