using System.Text.Json;

namespace FlashDrop.EvoLink.Generation;

/// <summary>
/// A finished answer, whichever form it came in (native, merged stream, OpenAI, or inside a finished task).
/// </summary>
public sealed record Answer
{
    /// <summary>Concatenated text of candidate 0, thoughts excluded. Empty when the model returned no text.</summary>
    public required string Text { get; init; }

    /// <summary>
    /// Why the model stopped, as the upstream spelled it in Google's vocabulary (<c>STOP</c>, <c>MAX_TOKENS</c>, <c>SAFETY</c>, …); an open set.
    /// Null when the upstream did not say (plain-text task results).
    /// </summary>
    public string? FinishReason { get; init; }

    /// <summary>Set when the prompt itself was blocked (<c>promptFeedback.blockReason</c>); then there is no text.</summary>
    public string? BlockReason { get; init; }

    /// <summary>Function calls the model asks for, each the JSON of <c>functionCall</c>; data, never executed.</summary>
    public IReadOnlyList<JsonElement> FunctionCalls { get; init; } = [];

    /// <summary>Token counts, or null when the upstream gave none: unknown is never zero.</summary>
    public TokenUsage? Usage { get; init; }

    /// <summary>The model that answered, as it names itself; may differ from the one asked for.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>The upstream's id of the response.</summary>
    public string? ResponseId { get; init; }

    /// <summary>Charge in USD the upstream itself reported (<c>usage.cost.usd</c>), when it did.</summary>
    public decimal? ReportedCostUsd { get; init; }

    /// <summary>The raw JSON of the answer (merged for a stream), for the envelope.</summary>
    public JsonElement? Raw { get; init; }

    /// <summary>What the finish reason means for a caller.</summary>
    public AnswerQuality Quality => AnswerQualities.Judge(this);
}

/// <summary>Whether an answer can be handed out as a success.</summary>
public enum AnswerQuality
{
    /// <summary>Whole: text or function calls, finished normally.</summary>
    Complete,

    /// <summary>Cut at the output limit (<c>MAX_TOKENS</c>), with or without text.</summary>
    Truncated,

    /// <summary>The prompt or the answer was refused (safety, recitation, blocklist, …); not retryable unchanged.</summary>
    Refused,

    /// <summary>No usable text, or a model error; a further attempt is reasonable.</summary>
    Unusable,
}
