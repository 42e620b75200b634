using System.Diagnostics;
using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Diagnostics;

/// <summary>Spans. A job's own trace context travels in its row and messages, so its spans are one trace across instances.</summary>
internal static class Telemetry
{
    public static ActivitySource Source { get; } = new(TelemetryNames.Source);

    /// <summary>
    /// A span of a job's trace. Where the work was triggered by something with a trace of its own (a host's invocation, a poll cycle),
    /// that one is linked.
    /// </summary>
    /// <param name="name">Name of the span.</param>
    /// <param name="traceParent">The job's context, as stored or received; null or spoilt makes a child of what triggers it.</param>
    /// <param name="kind">Kind of the span.</param>
    public static Activity? StartJobSpan(string name, string? traceParent, ActivityKind kind)
    {
        if (traceParent is null || !ActivityContext.TryParse(traceParent, traceState: null, isRemote: true, out var parent))
        {
            return Source.StartActivity(name, kind);
        }

        var trigger = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current && current.TraceId != parent.TraceId
            ? new ActivityLink[] { new(current.Context) }
            : null;
        return Source.StartActivity(name, kind, parent, links: trigger);
    }

    /// <summary>A span of a job's trace: a child of the current one where that belongs to the job, else of the job's own.</summary>
    public static Activity? StartStep(string name, Job job)
    {
        var inTrace = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current
            && ActivityContext.TryParse(job.TraceParent, traceState: null, out var own) && own.TraceId == current.TraceId;
        var activity = StartJobSpan(name, inTrace ? null : job.TraceParent, ActivityKind.Internal);
        activity?.Describe(job);
        return activity;
    }

    /// <summary>Says which job a span is about.</summary>
    public static void Describe(this Activity activity, Job job)
    {
        activity.SetTag(TelemetryNames.JobIdTag, job.Id.ToString());
        activity.SetTag(TelemetryNames.OriginTag, job.Origin.ToString());
        activity.SetTag(TelemetryNames.ProfileTag, job.Profile);
    }

    /// <summary>Marks a span as failed by an error code; messages may hold names of files and stay out.</summary>
    public static void Fail(this Activity activity, string code)
    {
        activity.SetStatus(ActivityStatusCode.Error);
        activity.SetTag(TelemetryNames.ErrorTag, code);
    }
}
