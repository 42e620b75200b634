using FlashDrop.EvoLink.Errors;

namespace FlashDrop.Testing.Upstream;

/// <summary>
/// What the upstream port says when something goes wrong, as the real client says it: <see cref="Compliance.EvoLinkClientCompliance"/> holds the
/// client and its stand-ins to it. Stand-ins say nothing else.
/// </summary>
public static class Errors
{
    /// <summary>402: nothing passes until somebody tops up.</summary>
    public static UpstreamError AccountEmpty { get; } = Of(ErrorKind.Hold, "insufficient_quota", 402);

    /// <summary>400: the request is wrong.</summary>
    public static UpstreamError InvalidRequest { get; } = Of(ErrorKind.Fix, "invalid_request_error", 400);

    /// <summary>400: the content is refused.</summary>
    public static UpstreamError ContentRefused { get; } = Of(ErrorKind.Refused, "content_policy_violation", 400);

    /// <summary>401: the key is refused, and there is no other.</summary>
    public static UpstreamError Unauthorized { get; } = Of(ErrorKind.Stop, "unauthorized", 401);

    /// <summary>404: the model is gone.</summary>
    public static UpstreamError ModelGone { get; } = Of(ErrorKind.Retired, "not_found_error", 404, concernsModel: true);

    /// <summary>Silence.</summary>
    public static UpstreamError Timeout { get; } = Of(ErrorKind.Retry, "timeout");

    /// <summary>A stream that ended without a finish reason.</summary>
    public static UpstreamError TruncatedStream { get; } = Of(ErrorKind.Retry, "truncated_stream", 200);

    /// <summary>A task in answer to a plain call: it may be charged, and nobody asks for it.</summary>
    public static UpstreamError UnexpectedTask { get; } = Of(ErrorKind.Retry, "unexpected_task", 200);

    /// <summary>A stream without a single part of an answer.</summary>
    public static UpstreamError EmptyResponse { get; } = Of(ErrorKind.Retry, "empty_response", 200);

    /// <summary>Media has another length than announced; the request was not completed.</summary>
    public static UpstreamError MediaLengthMismatch { get; } = Of(ErrorKind.Fix, "media_length_mismatch");

    /// <summary>Media cannot be read; the request was not completed.</summary>
    public static UpstreamError MediaUnreadable { get; } = Of(ErrorKind.Retry, "media_unreadable");

    /// <summary>A task that failed for a reason of the upstream's.</summary>
    public static UpstreamError TaskFailed { get; } = Of(ErrorKind.Retry, "task_failed");

    /// <summary>A task whose content was refused; its error came with no HTTP status.</summary>
    public static UpstreamError TaskRefused { get; } = Of(ErrorKind.Refused, "content_policy_violation");

    /// <summary>A finished task in which nobody can find an answer.</summary>
    public static UpstreamError TaskUnreadable { get; } = Of(ErrorKind.Fix, "unreadable_result", 200);

    /// <summary>A task the upstream knows nothing of, or not any more: its job is worth another submit.</summary>
    public static UpstreamError TaskLost { get; } = Of(ErrorKind.Retry, "resource_not_found", 404);

    /// <summary>The upstream failed too often and is left alone: nothing was sent.</summary>
    public static UpstreamError CircuitOpen(TimeSpan retryAfter) => Of(ErrorKind.Retry, "circuit_open", retryAfter: retryAfter, sent: false);

    /// <summary>429.</summary>
    public static UpstreamError RateLimited(TimeSpan retryAfter) => Of(ErrorKind.Retry, "rate_limit_error", 429, retryAfter);

    /// <summary>500 or 503.</summary>
    public static UpstreamError ServiceError(int status = 503, TimeSpan? retryAfter = null) => Of(ErrorKind.Retry, "service_error", status, retryAfter);

    /// <summary>Any other.</summary>
    public static UpstreamError Of(ErrorKind kind, string code, int? status = null, TimeSpan? retryAfter = null, bool concernsModel = false, bool sent = true) => new()
    {
        Kind = kind,
        Code = code,
        Message = $"scripted {code}",
        HttpStatus = status,
        RetryAfter = retryAfter,
        ConcernsModel = concernsModel,
        Sent = sent,
    };
}
