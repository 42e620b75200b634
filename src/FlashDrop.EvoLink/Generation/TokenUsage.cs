namespace FlashDrop.EvoLink.Generation;

/// <summary>
/// The token counts of one answer. Counts are ≥ 0; a count the upstream left out is 0
/// (an answer without any counts has no <see cref="TokenUsage"/> at all).
/// </summary>
public sealed record TokenUsage
{
    /// <summary>Whole prompt, cached tokens included.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Part of the prompt served from cache.</summary>
    public long CachedTokens { get; init; }

    /// <summary>Visible output, thoughts excluded.</summary>
    public long CandidatesTokens { get; init; }

    /// <summary>Thinking tokens, billed as output.</summary>
    public long ThoughtsTokens { get; init; }

    /// <summary>Prompt tokens added by built-in tools.</summary>
    public long ToolUsePromptTokens { get; init; }

    /// <summary>The upstream's own total; 0 when it gave none.</summary>
    public long TotalTokens { get; init; }

    /// <summary>Prompt tokens by modality (<c>TEXT</c>, <c>IMAGE</c>, <c>VIDEO</c>, <c>AUDIO</c>, <c>DOCUMENT</c>, …).</summary>
    public IReadOnlyList<ModalityTokens> PromptDetails { get; init; } = [];

    /// <summary>Cached tokens by modality.</summary>
    public IReadOnlyList<ModalityTokens> CacheDetails { get; init; } = [];

    /// <summary>Billed output: visible output plus thoughts.</summary>
    public long OutputTokens => CandidatesTokens + ThoughtsTokens;
}

/// <summary>Tokens of one modality.</summary>
/// <param name="Modality">Upper-case name, an open set.</param>
/// <param name="Tokens">Count, ≥ 0.</param>
public readonly record struct ModalityTokens(string Modality, long Tokens);
