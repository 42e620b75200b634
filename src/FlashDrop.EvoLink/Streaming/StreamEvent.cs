using System.Text.Json;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink;

/// <summary>One event of a streamed answer: a closed set.</summary>
public abstract record StreamEvent
{
    private StreamEvent()
    {
    }

    /// <summary>New parts of the answer.</summary>
    /// <param name="Text">The visible text this chunk adds; may be empty.</param>
    /// <param name="Raw">The chunk as received (a <c>GenerateContentResponse</c>).</param>
    public sealed record Chunk(string Text, JsonElement Raw) : StreamEvent;

    /// <summary>The stream proved whole; the merged answer.</summary>
    public sealed record Finished(Answer Answer) : StreamEvent;

    /// <summary>The stream, or the call before it, failed; what was received so far may have been charged.</summary>
    /// <param name="Error">What went wrong.</param>
    /// <param name="Partial">What was merged before the break, with usage if any was seen; null when nothing arrived.</param>
    public sealed record Broken(UpstreamError Error, Answer? Partial) : StreamEvent;
}
