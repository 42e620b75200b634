using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Answers;

/// <summary>What the model says, before it is written in a format.</summary>
internal sealed record ModelAnswer
{
    public required string Id { get; init; }

    public required string Model { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Visible text; empty when there is none.</summary>
    public string Text { get; init; } = "";

    /// <summary>Summary of the thinking, when asked for.</summary>
    public string? Thought { get; init; }

    public FunctionCall? Call { get; init; }

    /// <summary>In Google's vocabulary; null when the reason is withheld or the prompt was blocked.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Set when the prompt was blocked: then there are no candidates.</summary>
    public string? BlockReason { get; init; }

    public required TokenCounts Tokens { get; init; }

    /// <summary>False withholds every count.</summary>
    public bool ReportsUsage { get; init; } = true;
}

internal sealed record FunctionCall(string Name, JsonObject Arguments);

/// <summary>Tokens of one answer. Thoughts and visible output are separate; cached tokens are part of the prompt.</summary>
internal sealed record TokenCounts
{
    public required IReadOnlyDictionary<Modality, long> Prompt { get; init; }

    public IReadOnlyDictionary<Modality, long> Cached { get; init; } = new Dictionary<Modality, long>();

    public long Candidates { get; init; }

    public long Thoughts { get; init; }

    public long PromptTotal => Prompt.Values.Sum();

    public long CachedTotal => Cached.Values.Sum();

    public long Total => PromptTotal + Candidates + Thoughts;
}

internal enum Modality
{
    Text,
    Image,
    Video,
    Audio,
    Document,
}
