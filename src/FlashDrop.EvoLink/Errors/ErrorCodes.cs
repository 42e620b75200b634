namespace FlashDrop.EvoLink.Errors;

/// <summary>What a code means, and whether it is about the model asked for.</summary>
internal readonly record struct CodeMeaning(ErrorKind Kind, bool ConcernsModel = false);

/// <summary>The codes the upstream, its relatives and Google are known to use, in any case; an open set, so a miss is normal.</summary>
internal static class ErrorCodes
{
    public static bool TryGet(string? code, out CodeMeaning meaning)
    {
        var known = Find(code);
        meaning = known ?? default;
        return known is not null;
    }

    /// <summary>
    /// Meaning of the code of a failed task. Unknown codes are worth another attempt, <c>resource_not_found</c> among them: the task is
    /// lost, the job is not.
    /// </summary>
    public static CodeMeaning OfTask(string code) =>
        Find(code)
            ?? (code.StartsWith("invalid_", StringComparison.OrdinalIgnoreCase) || code.StartsWith("image_", StringComparison.OrdinalIgnoreCase)
                ? new CodeMeaning(ErrorKind.Fix)
                : new CodeMeaning(ErrorKind.Retry));

    /// <summary>Whether another key of the same account may work.</summary>
    public static bool IsKeyRefusal(UpstreamError error) =>
        error.Kind == ErrorKind.Stop
        && (error.HttpStatus == 401
            || error.Code.ToLowerInvariant() is "invalid_token" or "unauthorized" or "key_disabled" or "key_expired"
                or "invalid_api_key" or "authentication_error" or "api_key_invalid" or "unauthenticated");

    private static CodeMeaning? Find(string? code) => code?.ToLowerInvariant() switch
    {
        // Account balance and key limits: no call will pass before somebody tops up or the day turns.
        "insufficient_quota" or "insufficient_user_quota" or "quota_not_enough" or "account_balance_insufficient" or "insufficient_quota_error"
            or "insufficient_token_quota" or "key_quota_exhausted" or "token_daily_quota_exceeded" or "key_daily_quota_exhausted" => new(ErrorKind.Hold),
        "invalid_token" or "unauthorized" or "key_disabled" or "key_expired" or "user_disabled" or "ip_restricted"
            or "authentication_error" or "invalid_api_key" or "api_key_invalid" or "unauthenticated" => new(ErrorKind.Stop),
        "key_model_not_allowed" or "model_access_denied" => new(ErrorKind.Stop, ConcernsModel: true),
        "model_not_found" => new(ErrorKind.Retired, ConcernsModel: true),
        "no_available_channel" or "model_unavailable" => new(ErrorKind.Retry, ConcernsModel: true),
        "channel_selection_failed" or "service_unavailable" or "internal_error" or "upstream_error" or "service_error"
            or "generation_timeout" or "generation_failed_no_content" or "resource_exhausted" or "quota_exceeded" or "unknown_error"
            or "rate_limit_error" or "rate_limit_exceeded" or "internal_server_error" or "service_unavailable_error"
            or "internal" or "unavailable" or "deadline_exceeded" or "aborted" or "paid_outcome_unknown" => new(ErrorKind.Retry),
        "content_policy_violation" or "content_filter" or "sensitive_content" or "moderation_blocked" or "input_moderation_failed" => new(ErrorKind.Refused),
        "invalid_media_url" or "invalid_parameters" or "idempotency_conflict" or "request_too_large_error" or "context_length_exceeded"
            or "image_processing_error" or "image_dimension_mismatch" or "invalid_audio" or "request_cancelled"
            or "invalid_argument" or "failed_precondition" or "out_of_range" => new(ErrorKind.Fix),
        _ => null,
    };
}
