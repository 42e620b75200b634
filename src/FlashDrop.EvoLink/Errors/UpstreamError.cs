namespace FlashDrop.EvoLink.Errors;

/// <summary>One upstream failure, read from whichever envelope it came in.</summary>
public sealed record UpstreamError
{
    /// <summary>What to do about it.</summary>
    public required ErrorKind Kind { get; init; }

    /// <summary>Machine-readable code: the upstream's string code, else its status or type, else <c>http_{status}</c>; for failures of the way to it <c>timeout</c>, <c>connection_failed</c>, <c>circuit_open</c>, <c>truncated_stream</c>, ….</summary>
    public required string Code { get; init; }

    /// <summary>Human-readable message, at most 500 characters, keys masked.</summary>
    public required string Message { get; init; }

    /// <summary>HTTP status, effective: the one inside the body when the transport said 200. Null when no answer came.</summary>
    public int? HttpStatus { get; init; }

    /// <summary>How long the upstream asked to wait (<c>Retry-After</c> or <c>RetryInfo.retryDelay</c>), bounded by settings.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The request field the upstream blames, when it names one.</summary>
    public string? Param { get; init; }

    /// <summary>The upstream's correlation id.</summary>
    public string? RequestId { get; init; }

    /// <summary>
    /// Whether the upstream may have seen anything of the request; false only when it surely never left (circuit open, limiter full,
    /// connection refused, no key to be had). Told for submits and plain calls.
    /// </summary>
    public bool Sent { get; init; } = true;

    /// <summary>Whether the failure is about the model id (403 model permission, 404 model, 503 without channel): another tier may work.</summary>
    public bool ConcernsModel { get; init; }
}

/// <summary>The taxonomy of upstream failures: what a caller has to do.</summary>
public enum ErrorKind
{
    /// <summary>Transient: try again, after <see cref="UpstreamError.RetryAfter"/> if given.</summary>
    Retry,

    /// <summary>Account empty or key limit reached (402 family): hold work until topped up.</summary>
    Hold,

    /// <summary>The request is wrong (400, 413, 422): change it.</summary>
    Fix,

    /// <summary>Refused by moderation or safety: change the content.</summary>
    Refused,

    /// <summary>Key missing, wrong or without permission (401, 403): an operator has to act.</summary>
    Stop,

    /// <summary>The model does not exist any more, or not for this account (404 model).</summary>
    Retired,
}
