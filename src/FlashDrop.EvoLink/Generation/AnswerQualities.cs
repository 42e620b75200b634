namespace FlashDrop.EvoLink.Generation;

/// <summary>Reads a finish reason the way the upstream's reference groups them.</summary>
internal static class AnswerQualities
{
    public static AnswerQuality Judge(Answer answer)
    {
        if (answer.BlockReason is not null)
        {
            return AnswerQuality.Refused;
        }

        var hasContent = answer.Text.Length > 0 || answer.FunctionCalls.Count > 0;
        return answer.FinishReason?.ToUpperInvariant() switch
        {
            "MAX_TOKENS" => AnswerQuality.Truncated,
            "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "LANGUAGE"
                or "IMAGE_SAFETY" or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" or "MODEL_ARMOR" => AnswerQuality.Refused,
            "MALFORMED_FUNCTION_CALL" or "UNEXPECTED_TOOL_CALL" or "TOO_MANY_TOOL_CALLS" or "MALFORMED_RESPONSE" => AnswerQuality.Unusable,
            _ => hasContent ? AnswerQuality.Complete : AnswerQuality.Unusable,
        };
    }
}
