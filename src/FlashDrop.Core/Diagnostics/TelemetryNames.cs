namespace FlashDrop.Core.Diagnostics;

/// <summary>Names of what is measured and traced; hosts subscribe by them. None carries content or secrets.</summary>
public static class TelemetryNames
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Source = "FlashDrop";

    /// <summary>Span: a job is accepted over HTTP. Its context is the parent of everything that happens to the job later.</summary>
    public const string AcceptSpan = "flashdrop.accept";

    /// <summary>Span: a drop is taken in and submitted. Its context is the parent of everything that happens to the job later.</summary>
    public const string DropSpan = "flashdrop.drop";

    /// <summary>Span: a <c>submit</c> message is handled.</summary>
    public const string SubmitSpan = "flashdrop.submit";

    /// <summary>Span: one upstream submission.</summary>
    public const string GenerateSpan = "generate_content";

    /// <summary>Span: one poll cycle; a trace of its own, linked by the looks it takes.</summary>
    public const string PollCycleSpan = "flashdrop.poll_cycle";

    /// <summary>Span: one look at a task.</summary>
    public const string PollSpan = "flashdrop.poll";

    /// <summary>Span: a job ends; results and row are written.</summary>
    public const string CompleteSpan = "flashdrop.complete";

    /// <summary>Span: one sweep.</summary>
    public const string SweepSpan = "flashdrop.sweep";

    /// <summary>Span: one purge.</summary>
    public const string PurgeSpan = "flashdrop.purge";

    /// <summary>Counter: changes of jobs, by the state they come to.</summary>
    public const string Jobs = "flashdrop.jobs";

    /// <summary>Histogram, attempts: how many a finished job took.</summary>
    public const string Attempts = "flashdrop.job.attempts";

    /// <summary>Histogram, seconds: from acceptance to the end of a job.</summary>
    public const string Duration = "flashdrop.job.duration";

    /// <summary>Counter, USD: what answers cost; rounded to a double, the exact sums are in the usage rows.</summary>
    public const string Cost = "flashdrop.cost";

    /// <summary>Counter: answers whose token counts or price are unknown.</summary>
    public const string Unpriced = "flashdrop.unpriced";

    /// <summary>Histogram, seconds: how long a due <c>submit</c> message waited.</summary>
    public const string QueueAge = "flashdrop.queue.age";

    /// <summary>Histogram, seconds: how long after it was due a task was looked at.</summary>
    public const string PollLag = "flashdrop.poll.lag";

    /// <summary>Histogram, tokens, of the GenAI semantic conventions.</summary>
    public const string TokenUsage = "gen_ai.client.token.usage";

    /// <summary>Histogram, seconds, of the GenAI semantic conventions: from submission to the answer or failure of an attempt.</summary>
    public const string OperationDuration = "gen_ai.client.operation.duration";

    /// <summary>Attribute: job id.</summary>
    public const string JobIdTag = "flashdrop.job.id";

    /// <summary>Attribute: state of the job.</summary>
    public const string StateTag = "flashdrop.job.state";

    /// <summary>Attribute: how the job came in.</summary>
    public const string OriginTag = "flashdrop.job.origin";

    /// <summary>Attribute: profile.</summary>
    public const string ProfileTag = "flashdrop.profile";

    /// <summary>Attribute: tier asked for.</summary>
    public const string TierTag = "flashdrop.tier";

    /// <summary>Attribute: number of the attempt.</summary>
    public const string AttemptTag = "flashdrop.attempt";

    /// <summary>Attribute: id of the upstream's task.</summary>
    public const string TaskIdTag = "flashdrop.task.id";

    /// <summary>Attribute: error code, as in <c>docs/errors.md</c>.</summary>
    public const string ErrorTag = "error.type";

    /// <summary>Attribute of the GenAI conventions: always <see cref="GenerateSpan"/>.</summary>
    public const string OperationTag = "gen_ai.operation.name";

    /// <summary>Attribute of the GenAI conventions: always <c>evolink</c>.</summary>
    public const string ProviderTag = "gen_ai.provider.name";

    /// <summary>Attribute of the GenAI conventions: <c>input</c> or <c>output</c>; thinking is output, as it is billed.</summary>
    public const string TokenTypeTag = "gen_ai.token.type";

    /// <summary>Attribute of the GenAI conventions: the model that answered.</summary>
    public const string ModelTag = "gen_ai.response.model";

    /// <summary>Value of <see cref="ProviderTag"/>.</summary>
    public const string Provider = "evolink";
}
