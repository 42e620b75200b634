using System.Text.Json;

namespace FlashDrop.EvoLink.Generation;

/// <summary>
/// The body of <c>generateContent</c> in Google's native format. Field names and ranges:
/// <see href="https://ai.google.dev/api/generate-content"/>.
/// </summary>
public sealed record GenerateContentRequest
{
    /// <summary>The conversation, at least one turn; the last one is the user's.</summary>
    public required IReadOnlyList<Content> Contents { get; init; }

    /// <summary>Fixed instruction that precedes the conversation. Written with role <c>user</c>.</summary>
    public Content? SystemInstruction { get; init; }

    /// <summary>Sampling, output and thinking settings. <c>maxOutputTokens</c> is always written, see <see cref="Generation.GenerationConfig.MaxOutputTokens"/>.</summary>
    public GenerationConfig? GenerationConfig { get; init; }

    /// <summary>Tool declarations, passed through as JSON (an array).</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Tool choice, passed through as JSON (an object).</summary>
    public JsonElement? ToolConfig { get; init; }

    /// <summary>Safety thresholds, passed through as JSON (an array).</summary>
    public JsonElement? SafetySettings { get; init; }

    /// <summary>Name of an explicit cache, <c>cachedContents/{id}</c>. Excludes instruction and tools.</summary>
    public string? CachedContent { get; init; }
}

/// <summary>One turn of a conversation.</summary>
/// <param name="Role"><c>user</c> or <c>model</c>; always written, because some upstream routes refuse a turn without it.</param>
/// <param name="Parts">At least one part.</param>
public sealed record Content(string Role, IReadOnlyList<Part> Parts)
{
    /// <summary>A user turn of the given parts.</summary>
    public static Content User(params IReadOnlyList<Part> parts) => new("user", parts);
}

/// <summary>One part of a turn: exactly one of its data properties is set.</summary>
public sealed record Part
{
    /// <summary>Text.</summary>
    public string? Text { get; init; }

    /// <summary>Media sent inline: streamed as base64 into the request body.</summary>
    public MediaSource? Media { get; init; }

    /// <summary>Media the upstream fetches by itself.</summary>
    public FileData? FileData { get; init; }

    /// <summary>
    /// Any other part (<c>functionCall</c>, <c>functionResponse</c>, <c>executableCode</c>, …) as the JSON object of the whole part.
    /// </summary>
    public JsonElement? Raw { get; init; }

    /// <summary>Clip offsets and frame rate for a video, as JSON; beside <see cref="Media"/> or <see cref="FileData"/>.</summary>
    public JsonElement? VideoMetadata { get; init; }

    /// <summary>A text part.</summary>
    public static Part FromText(string text) => new() { Text = text };
}

/// <summary>Media the upstream fetches by itself.</summary>
/// <param name="MimeType">Media type as the upstream names it, for example <c>audio/mp3</c>.</param>
/// <param name="FileUri">A URL readable without credentials whose path ends with the extension that matches the media type.</param>
public sealed record FileData(string MimeType, Uri FileUri)
{
    /// <summary>Without the query, which carries the signature.</summary>
    public override string ToString() => $"FileData {MimeType} {FileUri.GetLeftPart(UriPartial.Path)}";
}

/// <summary>
/// Media whose bytes are read only when the request is sent, as often as it is sent.
/// </summary>
/// <param name="MimeType">Media type as the upstream names it.</param>
/// <param name="Length">Exact length in bytes; the request's Content-Length is computed from it.</param>
/// <param name="OpenAsync">Opens the bytes from their start. Called once per try; the caller disposes the stream.</param>
public sealed record MediaSource(string MimeType, long Length, Func<CancellationToken, Task<Stream>> OpenAsync);
