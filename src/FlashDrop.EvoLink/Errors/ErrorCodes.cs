using System.Collections.Frozen;

namespace FlashDrop.EvoLink.Errors;

/// <summary>What a code means, and whether it is about the model asked for.</summary>
internal readonly record struct CodeMeaning(ErrorKind Kind, bool ConcernsModel = false);

/// <summary>The codes the upstream, its relatives and Google are known to use; an open set, so a miss is normal.</summary>
internal static class ErrorCodes
{
    private static readonly FrozenDictionary<string, CodeMeaning> Known = Build();

    /// <summary>Codes after which another key of the same account may work.</summary>
    private static readonly FrozenSet<string> KeyRefused = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "invalid_token", "unauthorized", "key_disabled", "key_expired", "invalid_api_key", "authentication_error", "API_KEY_INVALID", "UNAUTHENTICATED");

    public static bool TryGet(string? code, out CodeMeaning meaning)
    {
        meaning = default;
        return code is not null && Known.TryGetValue(code, out meaning);
    }

    /// <summary>Meaning of the code of a failed task; unknown codes are worth another attempt.</summary>
    public static CodeMeaning OfTask(string code)
    {
        if (string.Equals(code, "resource_not_found", StringComparison.OrdinalIgnoreCase))
        {
            // The task is lost, the job is not: submitting it again is the remedy.
            return new CodeMeaning(ErrorKind.Retry);
        }

        if (Known.TryGetValue(code, out var meaning))
        {
            return meaning;
        }

        return code.StartsWith("invalid_", StringComparison.OrdinalIgnoreCase) || code.StartsWith("image_", StringComparison.OrdinalIgnoreCase)
            ? new CodeMeaning(ErrorKind.Fix)
            : new CodeMeaning(ErrorKind.Retry);
    }

    public static bool IsKeyRefusal(UpstreamError error) =>
        error.Kind == ErrorKind.Stop && (error.HttpStatus == 401 || KeyRefused.Contains(error.Code));

    private static FrozenDictionary<string, CodeMeaning> Build()
    {
        var codes = new Dictionary<string, CodeMeaning>(StringComparer.OrdinalIgnoreCase);

        // Account balance and key limits: no call will pass before somebody tops up or the day turns.
        Add(
            new(ErrorKind.Hold),
            "insufficient_quota", "insufficient_user_quota", "quota_not_enough", "account_balance_insufficient", "insufficient_quota_error",
            "insufficient_token_quota", "key_quota_exhausted", "token_daily_quota_exceeded", "key_daily_quota_exhausted");
        Add(
            new(ErrorKind.Stop),
            "invalid_token", "unauthorized", "key_disabled", "key_expired", "user_disabled", "ip_restricted",
            "authentication_error", "invalid_api_key", "API_KEY_INVALID", "UNAUTHENTICATED");
        Add(new(ErrorKind.Stop, ConcernsModel: true), "key_model_not_allowed", "model_access_denied");
        Add(new(ErrorKind.Retired, ConcernsModel: true), "model_not_found");
        Add(new(ErrorKind.Retry, ConcernsModel: true), "no_available_channel", "model_unavailable");
        Add(
            new(ErrorKind.Retry),
            "channel_selection_failed", "service_unavailable", "internal_error", "upstream_error", "service_error",
            "generation_timeout", "generation_failed_no_content", "resource_exhausted", "quota_exceeded", "unknown_error",
            "rate_limit_error", "rate_limit_exceeded", "internal_server_error", "service_unavailable_error",
            "INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED", "paid_outcome_unknown");
        Add(
            new(ErrorKind.Refused),
            "content_policy_violation", "content_filter", "sensitive_content", "moderation_blocked", "input_moderation_failed");
        Add(
            new(ErrorKind.Fix),
            "invalid_media_url", "invalid_parameters", "idempotency_conflict", "request_too_large_error", "context_length_exceeded",
            "image_processing_error", "image_dimension_mismatch", "invalid_audio", "request_cancelled",
            "INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE");
        return codes.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

        void Add(CodeMeaning meaning, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                codes.Add(name, meaning);
            }
        }
    }
}
