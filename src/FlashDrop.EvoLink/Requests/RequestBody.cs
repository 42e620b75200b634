using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.EvoLink.Requests;

/// <summary>
/// A request body, written once: the JSON around the media, and the places where the media's base64 goes. Sending it is the
/// business of <see cref="RequestContent"/>, as often as there are tries.
/// </summary>
internal sealed class RequestBody
{
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        // The body is never embedded in HTML: escaping only what JSON demands keeps non-English prompts half as long.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private RequestBody(ReadOnlyMemory<byte> json, IReadOnlyList<(int Offset, MediaSource Media)> media)
    {
        Json = json;
        Media = media;
        Length = json.Length;
        foreach (var (_, source) in media)
        {
            Length = checked(Length + Base64Length(source.Length));
        }
    }

    /// <summary>The JSON with an empty string wherever media goes.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>Media in the order of the body, each with the offset in <see cref="Json"/> before which its base64 is written.</summary>
    public IReadOnlyList<(int Offset, MediaSource Media)> Media { get; }

    /// <summary>Length of the whole body in bytes, base64 included.</summary>
    public long Length { get; }

    public static RequestBody Write(GenerateContentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Contents.Count == 0)
        {
            throw new ArgumentException("A request needs at least one turn in Contents.", nameof(request));
        }

        var buffer = new ArrayBufferWriter<byte>(1024);
        var media = new List<(int, MediaSource)>();
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        writer.WriteStartObject();
        if (request.CachedContent is { } cachedContent)
        {
            writer.WriteString("cachedContent"u8, cachedContent);
        }

        if (request.SystemInstruction is { } instruction)
        {
            // Some routes refuse an instruction without a role; "user" is the only role they all accept.
            writer.WritePropertyName("systemInstruction"u8);
            WriteContent(writer, instruction with { Role = "user" }, media);
        }

        writer.WriteStartArray("contents"u8);
        foreach (var content in request.Contents)
        {
            WriteContent(writer, content, media);
        }

        writer.WriteEndArray();
        WriteElement(writer, "tools"u8, request.Tools);
        WriteElement(writer, "toolConfig"u8, request.ToolConfig);
        WriteElement(writer, "safetySettings"u8, request.SafetySettings);

        var config = request.GenerationConfig ?? new GenerationConfig();
        writer.WritePropertyName("generationConfig"u8);
        JsonSerializer.Serialize(
            writer,
            config with { MaxOutputTokens = config.MaxOutputTokens ?? GenerationConfig.OutputTokenLimit },
            EvoLinkJson.Default.GenerationConfig);
        writer.WriteEndObject();
        writer.Flush();
        return new RequestBody(buffer.WrittenMemory, media);
    }

    /// <summary>
    /// The same request with its system text in front of the first user turn, for routes that know the roles user and model only;
    /// null when there is no system text to move.
    /// </summary>
    public static GenerateContentRequest? MergeSystemText(GenerateContentRequest request)
    {
        var systemTurns = request.Contents.Where(IsSystem).ToList();
        var parts = (request.SystemInstruction?.Parts ?? []).Concat(systemTurns.SelectMany(turn => turn.Parts)).ToList();
        if (parts.Count == 0)
        {
            return null;
        }

        var turns = request.Contents.Where(turn => !IsSystem(turn)).ToList();
        var firstUser = turns.FindIndex(turn => string.Equals(NormalRole(turn.Role), "user", StringComparison.Ordinal));
        if (firstUser < 0)
        {
            turns.Insert(0, new Content("user", parts));
        }
        else
        {
            turns[firstUser] = new Content("user", [.. parts, .. turns[firstUser].Parts]);
        }

        return request with { SystemInstruction = null, Contents = turns };
    }

    public static long Base64Length(long bytes) => checked((bytes + 2) / 3 * 4);

    private static bool IsSystem(Content turn) => string.Equals(turn.Role, "system", StringComparison.OrdinalIgnoreCase);

    private static string NormalRole(string? role) => role switch
    {
        null or "" or "function" => "user",
        _ => role,
    };

    private static void WriteContent(Utf8JsonWriter writer, Content content, List<(int Offset, MediaSource Media)> media)
    {
        writer.WriteStartObject();
        writer.WriteString("role"u8, NormalRole(content.Role));
        writer.WriteStartArray("parts"u8);
        foreach (var part in content.Parts)
        {
            WritePart(writer, part, media);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter writer, Part part, List<(int Offset, MediaSource Media)> media)
    {
        var dataFields = (part.Text is null ? 0 : 1) + (part.Media is null ? 0 : 1) + (part.FileData is null ? 0 : 1) + (part.Raw is null ? 0 : 1);
        if (dataFields != 1)
        {
            throw new ArgumentException($"A part needs exactly one of Text, Media, FileData and Raw, but has {dataFields}.", nameof(part));
        }

        if (part.Raw is { } raw)
        {
            if (raw.ValueKind != JsonValueKind.Object)
            {
                throw new ArgumentException($"A raw part has to be a JSON object, but is {raw.ValueKind}.", nameof(part));
            }

            WriteRawPart(writer, raw);
            return;
        }

        writer.WriteStartObject();
        if (part.Text is { } text)
        {
            writer.WriteString("text"u8, text);
        }
        else if (part.Media is { } source)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(source.Length, nameof(part));
            writer.WriteStartObject("inlineData"u8);
            writer.WriteString("mimeType"u8, source.MimeType);
            writer.WriteString("data"u8, ""u8);
            writer.Flush();
            media.Add((checked((int)writer.BytesCommitted) - 1, source));
            writer.WriteEndObject();
        }
        else if (part.FileData is { } file)
        {
            writer.WriteStartObject("fileData"u8);
            writer.WriteString("mimeType"u8, file.MimeType);
            writer.WriteString("fileUri"u8, file.FileUri.AbsoluteUri);
            writer.WriteEndObject();
        }

        WriteElement(writer, "videoMetadata"u8, part.VideoMetadata);
        writer.WriteEndObject();
    }

    // Snake case media fields are dropped without a word on some routes. Only the names of the part and of the object right
    // below it belong to the protocol; deeper ones are a function's own arguments.
    private static void WriteRawPart(Utf8JsonWriter writer, JsonElement part)
    {
        writer.WriteStartObject();
        foreach (var field in part.EnumerateObject())
        {
            writer.WritePropertyName(CamelCase(field.Name));
            if (field.Value.ValueKind != JsonValueKind.Object)
            {
                field.Value.WriteTo(writer);
                continue;
            }

            writer.WriteStartObject();
            foreach (var inner in field.Value.EnumerateObject())
            {
                writer.WritePropertyName(CamelCase(inner.Name));
                inner.Value.WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static string CamelCase(string name)
    {
        var words = name.Split('_', StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 0
            ? name
            : string.Concat(words.Select((word, index) => index == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..]));
    }

    private static void WriteElement(Utf8JsonWriter writer, ReadOnlySpan<byte> name, JsonElement? value)
    {
        if (value is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } element)
        {
            writer.WritePropertyName(name);
            element.WriteTo(writer);
        }
    }
}
