using System.Text.Json;
using FlashDrop.Simulator.Media;

namespace FlashDrop.Simulator.Answers;

/// <summary>A valid request for an answer, whichever format it came in.</summary>
internal sealed record Ask
{
    public required string Model { get; init; }

    /// <summary>Instruction text; empty when there is none.</summary>
    public string System { get; init; } = "";

    public required IReadOnlyList<Turn> Turns { get; init; }

    public OutputRules Output { get; init; } = new();

    public ToolRules Tools { get; init; } = new();

    public IEnumerable<Medium> Media => Turns.SelectMany(t => t.Pieces).OfType<MediumPiece>().Select(p => p.Medium);

    /// <summary>Everything the caller wrote, for matching and for markers.</summary>
    public string PromptText => string.Join('\n', Turns.SelectMany(t => t.Pieces).OfType<TextPiece>().Select(p => p.Text).Prepend(System));
}

/// <summary>One turn of the conversation; role <c>user</c> or <c>model</c>.</summary>
internal sealed record Turn(string Role, IReadOnlyList<Piece> Pieces);

internal abstract record Piece;

internal sealed record TextPiece(string Text) : Piece;

/// <param name="Medium">What came.</param>
/// <param name="Start">Where a clip begins; zero for the whole.</param>
/// <param name="End">Where a clip ends, or null.</param>
/// <param name="FramesPerSecond">Sampling rate of a video, (0, 24].</param>
internal sealed record MediumPiece(Medium Medium, TimeSpan Start, TimeSpan? End, double FramesPerSecond) : Piece;

/// <summary>A function call of the model, or the result of one, as JSON.</summary>
internal sealed record FunctionPiece(string Name, string Json, bool IsResult) : Piece;

/// <summary>How the answer has to look.</summary>
internal sealed record OutputRules
{
    /// <summary>Cap on thinking and visible tokens together, 1–65,536.</summary>
    public int MaxTokens { get; init; } = 65_536;

    /// <summary>−1 dynamic, 0 off, otherwise a cap on thinking tokens.</summary>
    public int ThinkingBudget { get; init; } = -1;

    public bool IncludeThoughts { get; init; }

    public OutputKind Kind { get; init; } = OutputKind.Text;

    public JsonElement? Schema { get; init; }

    public IReadOnlyList<string> StopSequences { get; init; } = [];

    public MediaDetail Detail { get; init; } = MediaDetail.High;
}

internal enum OutputKind
{
    Text,
    Json,
    Enum,
}

/// <summary>Resolution at which images and frames are read.</summary>
internal enum MediaDetail
{
    High,
    Medium,
    Low,
}

/// <summary>Functions on offer.</summary>
internal sealed record ToolRules
{
    public IReadOnlyList<FunctionOffer> Functions { get; init; } = [];

    public CallMode Mode { get; init; } = CallMode.Auto;

    /// <summary>The declarations as they came; part of the prompt.</summary>
    public string Json { get; init; } = "";
}

internal sealed record FunctionOffer(string Name, JsonElement? Parameters);

internal enum CallMode
{
    Auto,
    Any,
    None,
}
