using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Requests;

/// <summary>
/// Reads a whole native request as a caller sent it: camelCase or snake_case members, as Google's JSON parser takes them.
/// Inline media stands in it as an index into the job's inputs.
/// </summary>
internal static class NativeRequestReader
{
    /// <summary>Reads a request.</summary>
    /// <param name="native">The JSON object.</param>
    /// <param name="inputs">What the indexes of its inline media stand for.</param>
    /// <exception cref="InputException">It is not a request; the message names the member.</exception>
    public static GenerateContentRequest Read(JsonElement native, IReadOnlyList<Part> inputs)
    {
        var contents = Member(native, "contents", "contents") is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() > 0
            ? array
            : throw Unreadable("'contents' must be a non-empty array.");
        return new GenerateContentRequest
        {
            Contents = [.. contents.EnumerateArray().Select((c, i) => ReadContent(c, $"contents[{i}]", inputs))],
            SystemInstruction = Member(native, "systemInstruction", "system_instruction") is { } system
                ? ReadContent(system, "systemInstruction", inputs) with { Role = "user" }
                : null,
            GenerationConfig = ReadConfig(Member(native, "generationConfig", "generation_config")),
            Tools = Member(native, "tools", "tools"),
            ToolConfig = Member(native, "toolConfig", "tool_config"),
            SafetySettings = Member(native, "safetySettings", "safety_settings"),
            CachedContent = Member(native, "cachedContent", "cached_content")?.GetString(),
        };
    }

    private static Content ReadContent(JsonElement content, string path, IReadOnlyList<Part> inputs)
    {
        if (content.ValueKind != JsonValueKind.Object
            || Member(content, "parts", "parts") is not { } parts)
        {
            throw Unreadable($"'{path}.parts' must be an array of parts.");
        }

        var role = Member(content, "role", "role")?.GetString() ?? "user";

        // Google's parser takes a single part without its array.
        List<Part> read = parts.ValueKind == JsonValueKind.Array
            ? [.. parts.EnumerateArray().Select((p, i) => ReadPart(p, $"{path}.parts[{i}]", inputs))]
            : [ReadPart(parts, $"{path}.parts", inputs)];
        return new Content(role, read);
    }

    private static Part ReadPart(JsonElement part, string path, IReadOnlyList<Part> inputs)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            throw Unreadable($"'{path}' must be an object.");
        }

        var video = Member(part, "videoMetadata", "video_metadata");
        if (Member(part, "inlineData", "inline_data") is { } inline)
        {
            return Member(inline, "input", "input") is { } input && input.TryGetInt32(out var index) && index >= 0 && index < inputs.Count
                ? inputs[index] with { VideoMetadata = video }
                : throw Unreadable($"'{path}.inlineData' has no content.");
        }

        if (Member(part, "fileData", "file_data") is { } file)
        {
            return Uri.TryCreate(Member(file, "fileUri", "file_uri")?.GetString(), UriKind.Absolute, out var uri)
                ? new Part { FileData = new FileData(Member(file, "mimeType", "mime_type")?.GetString() ?? MimeTypes.OfExtension(uri.AbsolutePath), uri), VideoMetadata = video }
                : throw Unreadable($"'{path}.fileData.fileUri' must be an absolute URL.");
        }

        var isPlainText = part.TryGetProperty("text", out var text) && part.EnumerateObject().Count() == 1;
        return isPlainText ? Part.FromText(text.GetString() ?? "") : new Part { Raw = part };
    }

    private static GenerationConfig? ReadConfig(JsonElement? config)
    {
        if (config is not { } element)
        {
            return null;
        }

        try
        {
            return element.Deserialize(RequestJson.Default.GenerationConfig);
        }
        catch (JsonException e)
        {
            throw Unreadable($"'generationConfig' cannot be read: {e.Message}");
        }
    }

    private static JsonElement? Member(JsonElement parent, string camel, string snake) =>
        parent.TryGetProperty(camel, out var value) || parent.TryGetProperty(snake, out value)
            ? value.ValueKind == JsonValueKind.Null ? null : value
            : null;

    private static InputException Unreadable(string reason) => new(JobErrors.RequestUnreadable(reason));
}
