using System.Text.Json;

namespace FlashDrop.Core.Structured;

/// <summary>
/// What an answer has to be before it counts as a success. Kept with the job, so that an answer is held against what was asked for
/// even when the profile has changed meanwhile.
/// </summary>
public sealed record AnswerCheck
{
    /// <summary><c>application/json</c> or <c>text/x.enum</c>.</summary>
    public required string MimeType { get; init; }

    /// <summary>The schema, references resolved; null when any JSON will do. At most 16 KiB.</summary>
    public JsonElement? Schema { get; init; }

    /// <summary>Whether one answer that does not fit is sent back to the model for repair.</summary>
    public bool Repair { get; init; }
}
