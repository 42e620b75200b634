using System.Text.Json;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Testing.Upstream;

/// <summary>Ready-made answers.</summary>
public static class Answers
{
    /// <summary>Counts of every ready-made answer: at the default prices 0.0014 USD on the standard tier.</summary>
    public static TokenUsage Usage { get; } = new()
    {
        PromptTokens = 1_000,
        CandidatesTokens = 80,
        ThoughtsTokens = 500,
        TotalTokens = 1_580,
        PromptDetails = [new ModalityTokens("TEXT", 1_000)],
    };

    /// <summary>A whole answer.</summary>
    public static Answer Text(string text, string finishReason = "STOP") => new()
    {
        Text = text,
        FinishReason = finishReason,
        Usage = Usage,
        ModelVersion = "gemini-2.5-flash",
        ResponseId = "response-1",
        Raw = JsonSerializer.SerializeToElement(new { text }),
    };

    /// <summary>A blocked prompt.</summary>
    public static Answer Blocked(string reason) => new()
    {
        Text = "",
        BlockReason = reason,
        Usage = Usage with { CandidatesTokens = 0, ThoughtsTokens = 0 },
        Raw = JsonSerializer.SerializeToElement(new { blocked = reason }),
    };
}
