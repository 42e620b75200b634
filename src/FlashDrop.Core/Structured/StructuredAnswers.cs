using System.Text.Json;
using FlashDrop.Core.Schemas;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.Core.Structured;

/// <summary>Reads answers that have to be JSON, or one of a set of words, and holds them against their schema.</summary>
internal static class StructuredAnswers
{
    public const string Json = "application/json";

    public const string Choice = "text/x.enum";

    private const string Fence = "```";

    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 64 };

    /// <summary>The JSON of an answer; null when the check asks for none or the text is none.</summary>
    public static JsonElement? Read(AnswerCheck? check, string text)
    {
        if (check is not { MimeType: Json })
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(ReadableJson.Of(Unfenced(text)), Strict);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            // The caller asks Misfits when it needs the reason.
            return null;
        }
    }

    /// <summary>Where an answer does not fit; empty when it does.</summary>
    public static IReadOnlyList<JsonProblem> Misfits(AnswerCheck check, string text)
    {
        var schema = check.Schema is { } stored ? SchemaReader.Read(stored, "$", []) : null;
        if (check.MimeType == Choice)
        {
            var word = text.Trim();
            return schema?.Enum is { } choices && !choices.Any(c => c.ValueKind == JsonValueKind.String && c.GetString() == word)
                ? [new JsonProblem("$", $"'{(word.Length > 60 ? word[..60] + "…" : word)}' is none of the choices.")]
                : [];
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(ReadableJson.Of(Unfenced(text)), Strict);
        }
        catch (JsonException e)
        {
            return [new JsonProblem("$", $"it is not JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}).")];
        }

        using (document)
        {
            return schema is null ? [] : SchemaValidator.Validate(schema, document.RootElement);
        }
    }

    /// <summary>The text without the one code fence some routes put around JSON.</summary>
    public static string Unfenced(string text)
    {
        var trimmed = text.Trim().TrimStart('\uFEFF');
        if (!trimmed.StartsWith(Fence, StringComparison.Ordinal) || !trimmed.EndsWith(Fence, StringComparison.Ordinal) || trimmed.Length < 2 * Fence.Length)
        {
            return trimmed;
        }

        var body = trimmed[Fence.Length..^Fence.Length];
        var line = body.IndexOf('\n', StringComparison.Ordinal);
        var label = line < 0 ? "" : body[..line].Trim();
        return label.All(char.IsAsciiLetterOrDigit) && line >= 0 ? body[(line + 1)..].Trim() : body.Trim();
    }
}
