using System.Diagnostics;
using System.Diagnostics.Metrics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;

namespace FlashDrop.Core.Diagnostics;

/// <summary>The measurements of jobs. Tags are profiles, tiers, states, models and error codes: few, and none of them content.</summary>
internal sealed class JobMetrics
{
    /// <summary>Seconds; tasks take from a second to most of an hour.</summary>
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_120],
    };

    /// <summary>As the GenAI conventions advise.</summary>
    private static readonly InstrumentAdvice<long> Tokens = new()
    {
        HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304],
    };

    private readonly Counter<long> _jobs;
    private readonly Histogram<int> _attempts;
    private readonly Histogram<double> _duration;
    private readonly Counter<double> _cost;
    private readonly Counter<long> _unpriced;
    private readonly Histogram<double> _queueAge;
    private readonly Histogram<double> _pollLag;
    private readonly Histogram<long> _tokens;
    private readonly Histogram<double> _operations;

    public JobMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(TelemetryNames.Source);
        _jobs = meter.CreateCounter<long>(TelemetryNames.Jobs, "{job}", "Changes of jobs, by the state they come to");
        _attempts = meter.CreateHistogram<int>(TelemetryNames.Attempts, "{attempt}", "Attempts a finished job took");
        _duration = meter.CreateHistogram(TelemetryNames.Duration, "s", "From acceptance to the end of a job", advice: Seconds);
        _cost = meter.CreateCounter<double>(TelemetryNames.Cost, "USD", "Cost of answers");
        _unpriced = meter.CreateCounter<long>(TelemetryNames.Unpriced, "{answer}", "Answers of unknown cost");
        _queueAge = meter.CreateHistogram(TelemetryNames.QueueAge, "s", "How long a due submit message waited", advice: Seconds);
        _pollLag = meter.CreateHistogram(TelemetryNames.PollLag, "s", "How long after it was due a task was looked at", advice: Seconds);
        _tokens = meter.CreateHistogram(TelemetryNames.TokenUsage, "{token}", "Tokens used by an answer", advice: Tokens);
        _operations = meter.CreateHistogram(TelemetryNames.OperationDuration, "s", "From submission to the end of an attempt", advice: Seconds);
    }

    /// <summary>A job came to a state.</summary>
    public void Changed(Job job)
    {
        var tags = new TagList
        {
            { TelemetryNames.StateTag, job.State.ToString() },
            { TelemetryNames.OriginTag, job.Origin.ToString() },
            { TelemetryNames.ProfileTag, job.Profile },
        };
        if (job.Error is { } error)
        {
            tags.Add(TelemetryNames.ErrorTag, error.Code);
        }

        _jobs.Add(1, tags);
        if (job.IsTerminal)
        {
            _attempts.Record(job.Attempts.Count, tags);
            _duration.Record(Math.Max(0, ((job.CompletedAt ?? job.UpdatedAt) - job.AcceptedAt).TotalSeconds), tags);
        }
    }

    /// <summary>An attempt was answered, or came to nothing.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="now">When it was known.</param>
    public void Ended(JobEvent happened, DateTimeOffset now)
    {
        switch (happened)
        {
            case JobEvent.Answered e:
                Record(e.Attempt, e.Answer.ModelVersion, e.Defect?.Error.Code);
                break;
            case JobEvent.AttemptFailed { Failure: not AttemptFailure.NeverSent } e:
                Record(e.Attempt, model: null, e.Error.Code);
                break;
            default:
                break;
        }

        void Record(AttemptInfo attempt, string? model, string? error)
        {
            var tags = GenAi(attempt.Tier, model);
            if (error is not null)
            {
                tags.Add(TelemetryNames.ErrorTag, error);
            }

            _operations.Record(Math.Max(0, (now - attempt.StartedAt).TotalSeconds), tags);
        }
    }

    /// <summary>A usage row was written.</summary>
    public void Used(UsageRecord usage)
    {
        var tags = GenAi(usage.Tier, usage.ModelVersion);
        tags.Add(TelemetryNames.ProfileTag, usage.Profile);
        if (usage.CostUsd is { } cost)
        {
            _cost.Add((double)cost, tags);
        }
        else
        {
            _unpriced.Add(1, tags);
        }

        if (usage.Usage is { } tokens)
        {
            var input = tags;
            input.Add(TelemetryNames.TokenTypeTag, "input");
            _tokens.Record(tokens.PromptTokens + tokens.ToolUsePromptTokens, input);
            tags.Add(TelemetryNames.TokenTypeTag, "output");
            _tokens.Record(tokens.OutputTokens, tags);
        }
    }

    /// <summary>A <c>submit</c> message is handled that was due at a time.</summary>
    public void Submitting(Job job, DateTimeOffset now) =>
        _queueAge.Record(Math.Max(0, (now - job.DueAt).TotalSeconds), new KeyValuePair<string, object?>(TelemetryNames.ProfileTag, job.Profile));

    /// <summary>A task is looked at that was due at a time.</summary>
    public void Polling(Job job, DateTimeOffset dueAt, DateTimeOffset now) =>
        _pollLag.Record(Math.Max(0, (now - dueAt).TotalSeconds), new KeyValuePair<string, object?>(TelemetryNames.ProfileTag, job.Profile));

    private static TagList GenAi(Tier tier, string? model)
    {
        var tags = new TagList
        {
            { TelemetryNames.OperationTag, TelemetryNames.GenerateSpan },
            { TelemetryNames.ProviderTag, TelemetryNames.Provider },
            { TelemetryNames.TierTag, tier.ToString() },
        };
        if (model is not null)
        {
            tags.Add(TelemetryNames.ModelTag, model);
        }

        return tags;
    }
}
