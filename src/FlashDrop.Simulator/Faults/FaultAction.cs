using System.Text.Json.Serialization;
using FlashDrop.Simulator.Tasks;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Faults;

/// <summary>What a fault does. Fields combine; those that do not concern the kind of answer given have no effect.</summary>
public sealed record FaultAction
{
    /// <summary>Answer with this HTTP status (200–599) and an error body. Default: answer normally.</summary>
    public int? Status { get; init; }

    /// <summary>Form of the error body. Default: the upstream's documented envelope.</summary>
    public BodyForm Body { get; init; } = BodyForm.EvoLink;

    /// <summary><c>error.code</c> as a string. Default: what the upstream sends with the status.</summary>
    public string? Code { get; init; }

    /// <summary><c>error.type</c>. Default: what the upstream sends with the status.</summary>
    public string? Type { get; init; }

    /// <summary>Message of the error, or of a failed task. Default: a plausible one.</summary>
    public string? Message { get; init; }

    /// <summary><c>error.param</c>. Default null.</summary>
    public string? Param { get; init; }

    /// <summary>Sends <c>Retry-After</c> with this many seconds. Default: no header.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Writes <see cref="RetryAfter"/> as an HTTP-date instead of seconds. Default false.</summary>
    public bool RetryAfterAsDate { get; init; }

    /// <summary>Adds Google's <c>RetryInfo.retryDelay</c> in seconds (forms <c>google</c> and <c>googleArray</c>). Default: none.</summary>
    public int? RetryInfo { get; init; }

    /// <summary>Adds Google's <c>QuotaFailure</c> with this quota id (forms <c>google</c> and <c>googleArray</c>). Default: none.</summary>
    public string? QuotaId { get; init; }

    /// <summary>Waits this many milliseconds before anything else happens. Default 0.</summary>
    public int DelayMs { get; init; }

    /// <summary>Never answers; the connection stays open until the client gives up. Default false.</summary>
    public bool Silence { get; init; }

    /// <summary>Resets the connection before the first byte. Default false.</summary>
    public bool Reset { get; init; }

    /// <summary>Ends a stream after this many chunks; a plain answer is cut in half. Default: whole.</summary>
    public int? CutAfterChunks { get; init; }

    /// <summary>How a cut ends: by connection reset (default) or by a clean close.</summary>
    public CutKind Cut { get; init; } = CutKind.Abort;

    /// <summary>Falls silent after this many chunks, connection open; a plain answer stalls halfway. Default: never.</summary>
    public int? StallAfterChunks { get; init; }

    /// <summary>
    /// Puts an error (see <see cref="Body"/>) after this many chunks of a stream, then closes; <see cref="Status"/> is then its code, default 500.
    /// Default: none.
    /// </summary>
    public int? ErrorAfterChunks { get; init; }

    /// <summary>Writes the error of <see cref="ErrorAfterChunks"/> bare, without <c>data:</c>. Default false.</summary>
    public bool BareError { get; init; }

    /// <summary>Replaces the chunk with this index (from 0) by broken JSON. Default: none.</summary>
    public int? MalformedFrame { get; init; }

    /// <summary>Leaves out the closing sentinel: <c>[DONE]</c> of a chat stream, <c>]</c> of an array. Default false.</summary>
    public bool NoDone { get; init; }

    /// <summary>Ends a native SSE stream with <c>data: [DONE]</c>. Default false.</summary>
    public bool AddDone { get; init; }

    /// <summary>Pause before each chunk but the first, in milliseconds. Default: as the options say.</summary>
    public int? ChunkDelayMs { get; init; }

    /// <summary>Reports cumulative counts on every chunk of a native stream, as Google does. Default false: on the last only.</summary>
    public bool UsageEveryChunk { get; init; }

    /// <summary>Leaves out the finish reason. Default false.</summary>
    public bool NoFinishReason { get; init; }

    /// <summary>Leaves out every token count and cost. Default false.</summary>
    public bool NoUsage { get; init; }

    /// <summary>Finish reason instead of the true one, in Google's vocabulary. Default: the true one.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Model that claims to have answered. Default: the one asked for.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>Answers without parts (<c>{"role":"model"}</c>). Default false.</summary>
    public bool EmptyParts { get; init; }

    /// <summary>Wraps the text in a Markdown code fence. Default false.</summary>
    public bool CodeFenced { get; init; }

    /// <summary>Replaces the text by JSON that fits no schema asked for. Default false.</summary>
    public bool WrongSchema { get; init; }

    /// <summary>Writes every integer of the answer as a JSON string. Default false.</summary>
    public bool IntsAsStrings { get; init; }

    /// <summary>Answers at once although <c>X-Async-Mode</c> asks for a task. Default: gives a task.</summary>
    public IgnoreAsyncKind? IgnoreAsync { get; init; }

    /// <summary>The task's id is not known when read. Default false.</summary>
    public bool LostTask { get; init; }

    /// <summary>With <see cref="LostTask"/>: how many reads still find the task. Default 0.</summary>
    public int LostAfterReads { get; init; }

    /// <summary>The task ends failed with this code. Default: completes.</summary>
    public string? FailedTask { get; init; }

    /// <summary>The task takes this many seconds. Default: as the options say.</summary>
    public double? LateTask { get; init; }

    /// <summary>Status word of an unfinished task. Default <c>pending</c>, then <c>processing</c>.</summary>
    public string? RunningStatus { get; init; }

    /// <summary>Status word of a finished task. Default <c>completed</c>, or <c>failed</c>.</summary>
    public string? FinalStatus { get; init; }

    /// <summary>Where the finished task carries its answer. Default: as the options say.</summary>
    public TaskResultForm? TaskResultForm { get; init; }
}

/// <summary>How a cut answer ends.</summary>
[JsonConverter(typeof(CamelCaseEnum<CutKind>))]
public enum CutKind
{
    /// <summary>The connection is reset.</summary>
    Abort,

    /// <summary>The response ends as if it were whole.</summary>
    Close,
}

/// <summary>How a request with <c>X-Async-Mode</c> is answered when the header is ignored.</summary>
[JsonConverter(typeof(CamelCaseEnum<IgnoreAsyncKind>))]
public enum IgnoreAsyncKind
{
    /// <summary>As the same request without the header.</summary>
    Answer,

    /// <summary>As a stream of events, whatever the method.</summary>
    Sse,
}
