using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Gateway.DropIn;

/// <summary>Rewrites a chat request as a native one.</summary>
internal sealed class ChatToNative : IDisposable
{
    private readonly Dictionary<string, string> _callNames = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _buffer = new(16 * 1024);
    private readonly Utf8JsonWriter _writer;

    private ChatToNative() => _writer = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>The native body, or what stands in the way.</summary>
    public static (byte[]? Native, DropInError? Error) Translate(ReadOnlyMemory<byte> body, int maxDepth)
    {
        using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = maxDepth });
        using var translation = new ChatToNative();
        try
        {
            translation.Write(document.RootElement);
            translation._writer.Flush();
            return (translation._buffer.WrittenSpan.ToArray(), null);
        }
        catch (UntranslatableException exception)
        {
            return (null, DropInError.Invalid(exception.Message, exception.Param));
        }
    }

    public void Dispose() => _writer.Dispose();

    private static JsonElement? Get(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement? element, string name) =>
        element is { } value && Get(value, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;

    private void Write(JsonElement root)
    {
        if (Get(root, "n") is { ValueKind: JsonValueKind.Number } n && n.GetDouble() > 1)
        {
            throw new UntranslatableException("Only one answer per request is given here: leave 'n' out.", "n");
        }

        if (Get(root, "logprobs") is { ValueKind: JsonValueKind.True })
        {
            throw new UntranslatableException("Log probabilities are not given together with sound, clips, documents or tasks.", "logprobs");
        }

        var messages = Get(root, "messages") is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray().ToList() : [];
        _writer.WriteStartObject();
        WriteSystem(messages.Where(IsSystem));
        _writer.WriteStartArray("contents"u8);
        var index = 0;
        foreach (var message in messages)
        {
            var path = $"messages[{index++}]";
            if (!IsSystem(message))
            {
                WriteMessage(message, path);
            }
        }

        _writer.WriteEndArray();
        WriteConfig(root);
        WriteTools(root);
        _writer.WriteEndObject();

        static bool IsSystem(JsonElement message) => Text(message, "role") is "system" or "developer";
    }

    private void WriteSystem(IEnumerable<JsonElement> messages)
    {
        List<string> texts = [];
        foreach (var message in messages)
        {
            if (Get(message, "content") is { ValueKind: JsonValueKind.String } text)
            {
                texts.Add(text.GetString()!);
            }
            else if (Get(message, "content") is { ValueKind: JsonValueKind.Array } parts)
            {
                texts.AddRange(parts.EnumerateArray().Select(part => Text(part, "text")).OfType<string>());
            }
        }

        if (texts.Count > 0)
        {
            _writer.WriteStartObject("systemInstruction"u8);
            _writer.WriteString("role"u8, "user"u8);
            _writer.WriteStartArray("parts"u8);
            WriteText(string.Join('\n', texts));
            _writer.WriteEndArray();
            _writer.WriteEndObject();
        }
    }

    private void WriteMessage(JsonElement message, string path)
    {
        var role = Text(message, "role");
        if (role is not ("user" or "assistant" or "tool"))
        {
            throw new UntranslatableException($"'{path}.role' has to be system, developer, user, assistant or tool.", $"{path}.role");
        }

        _writer.WriteStartObject();
        _writer.WriteString("role"u8, role is "assistant" ? "model"u8 : "user"u8);
        _writer.WriteStartArray("parts"u8);
        var content = Get(message, "content");
        if (role is "tool")
        {
            WriteToolResult(message, content, path);
        }
        else if (content is { ValueKind: JsonValueKind.String } text)
        {
            WriteText(text.GetString()!);
        }
        else if (content is { ValueKind: JsonValueKind.Array } parts)
        {
            var index = 0;
            foreach (var part in parts.EnumerateArray())
            {
                WritePart(part, $"{path}.content[{index++}]");
            }
        }

        foreach (var toolCall in Get(message, "tool_calls") is { ValueKind: JsonValueKind.Array } calls ? calls.EnumerateArray().ToList() : [])
        {
            WriteToolCall(toolCall, path);
        }

        _writer.WriteEndArray();
        _writer.WriteEndObject();
    }

    private void WriteText(string text)
    {
        _writer.WriteStartObject();
        _writer.WriteString("text"u8, text);
        _writer.WriteEndObject();
    }

    private void WriteToolCall(JsonElement call, string path)
    {
        var function = Get(call, "function");
        var name = Text(function, "name") ?? throw new UntranslatableException($"'{path}.tool_calls' has a call without a name.", $"{path}.tool_calls");
        if (Text(call, "id") is { } id)
        {
            _callNames[id] = name;
        }

        _writer.WriteStartObject();
        _writer.WriteStartObject("functionCall"u8);
        _writer.WriteString("name"u8, name);
        _writer.WritePropertyName("args"u8);
        WriteObjectOf(Text(function, "arguments"), "arguments");
        _writer.WriteEndObject();
        _writer.WriteEndObject();
    }

    private void WriteToolResult(JsonElement message, JsonElement? content, string path)
    {
        var id = Text(message, "tool_call_id") ?? throw new UntranslatableException($"'{path}.tool_call_id' is missing.", $"{path}.tool_call_id");
        var text = content switch
        {
            { ValueKind: JsonValueKind.String } single => single.GetString(),
            { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(part => Text(part, "text"))),
            _ => null,
        };
        _writer.WriteStartObject();
        _writer.WriteStartObject("functionResponse"u8);
        _writer.WriteString("name"u8, _callNames.GetValueOrDefault(id, id));
        _writer.WritePropertyName("response"u8);
        WriteObjectOf(text, "result");
        _writer.WriteEndObject();
        _writer.WriteEndObject();
    }

    /// <summary>The text as an object if it is one, else an object around it: the native format takes nothing else.</summary>
    private void WriteObjectOf(string? text, string name)
    {
        try
        {
            using var parsed = JsonDocument.Parse(string.IsNullOrWhiteSpace(text) ? "{}" : text);
            if (parsed.RootElement.ValueKind == JsonValueKind.Object)
            {
                parsed.RootElement.WriteTo(_writer);
            }
            else
            {
                _writer.WriteStartObject();
                _writer.WritePropertyName(name);
                parsed.RootElement.WriteTo(_writer);
                _writer.WriteEndObject();
            }
        }
        catch (JsonException)
        {
            // Plain text.
            _writer.WriteStartObject();
            _writer.WriteString(name, text);
            _writer.WriteEndObject();
        }
    }

    private void WritePart(JsonElement part, string path)
    {
        switch (Text(part, "type"))
        {
            case "text":
                WriteText(Text(part, "text") ?? "");
                break;
            case "refusal":
                WriteText(Text(part, "refusal") ?? "");
                break;
            case "image_url":
                WriteLink(UrlOf(part, "image_url"), $"{path}.image_url.url", "image/jpeg");
                break;
            case "video_url":
                WriteLink(UrlOf(part, "video_url"), $"{path}.video_url.url", "video/mp4");
                break;
            case "input_audio":
                var audio = Get(part, "input_audio");
                WriteInline(
                    Text(audio, "format") switch { "mp3" => "audio/mp3", "wav" => "audio/wav", { } other => $"audio/{other}", _ => "audio/mp3" },
                    Text(audio, "data") ?? throw new UntranslatableException($"'{path}.input_audio.data' is missing.", $"{path}.input_audio.data"));
                break;
            case "file":
                WriteFile(Get(part, "file"), path);
                break;
            default:
                throw new UntranslatableException($"'{path}.type' has to be text, image_url, input_audio, video_url or file.", $"{path}.type");
        }
    }

    private static string? UrlOf(JsonElement part, string name) =>
        Get(part, name) is { ValueKind: JsonValueKind.String } bare ? bare.GetString() : Text(Get(part, name), "url");

    private void WriteFile(JsonElement? file, string path)
    {
        if (Text(file, "file_data") is { } data)
        {
            if (data.StartsWith("data:", StringComparison.Ordinal) || IsLink(data))
            {
                WriteLink(data, $"{path}.file.file_data", "application/pdf");
            }
            else
            {
                WriteInline(TypeOf(Text(file, "filename") ?? "", "application/pdf"), data);
            }
        }
        else if ((Text(file, "file_url") ?? Text(file, "url")) is { } link)
        {
            WriteLink(link, $"{path}.file.file_url", "application/pdf");
        }
        else
        {
            throw new UntranslatableException(
                $"'{path}.file.file_data' is missing: files are sent inline here, as a data URL; uploaded ones ('file_id') are not known.", $"{path}.file");
        }
    }

    private void WriteLink(string? url, string path, string fallbackType)
    {
        if (url is not null && url.StartsWith("data:", StringComparison.Ordinal))
        {
            var comma = url.IndexOf(',', StringComparison.Ordinal);
            var head = comma < 0 ? "" : url["data:".Length..comma];
            if (!head.EndsWith(";base64", StringComparison.OrdinalIgnoreCase))
            {
                throw new UntranslatableException($"'{path}' has to be a data URL in base64.", path);
            }

            WriteInline(Known(head.Split(';')[0], fallbackType), url[(comma + 1)..]);
            return;
        }

        if (url is null || !IsLink(url))
        {
            throw new UntranslatableException($"'{path}' has to be an https or data URL.", path);
        }

        _writer.WriteStartObject();
        _writer.WriteStartObject("fileData"u8);
        _writer.WriteString("mimeType"u8, TypeOf(new Uri(url).AbsolutePath, fallbackType));
        _writer.WriteString("fileUri"u8, url);
        _writer.WriteEndObject();
        _writer.WriteEndObject();
    }

    private void WriteInline(string type, string data)
    {
        _writer.WriteStartObject();
        _writer.WriteStartObject("inlineData"u8);
        _writer.WriteString("mimeType"u8, type);
        _writer.WriteString("data"u8, data);
        _writer.WriteEndObject();
        _writer.WriteEndObject();
    }

    private static bool IsLink(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http";

    private static string Known(string type, string fallback) => type switch
    {
        "" => fallback,
        "audio/mpeg" => "audio/mp3",
        "audio/x-wav" or "audio/wave" => "audio/wav",
        "image/jpg" => "image/jpeg",
        _ => type,
    };

    private static string TypeOf(string name, string fallback) => Path.GetExtension(name).ToUpperInvariant() switch
    {
        ".PNG" => "image/png",
        ".JPG" or ".JPEG" => "image/jpeg",
        ".WEBP" => "image/webp",
        ".MP3" => "audio/mp3",
        ".WAV" => "audio/wav",
        ".MP4" => "video/mp4",
        ".PDF" => "application/pdf",
        ".TXT" or ".MD" => "text/plain",
        _ => fallback,
    };

    private void WriteConfig(JsonElement root)
    {
        _writer.WriteStartObject("generationConfig"u8);
        var cap = Get(root, "max_completion_tokens") ?? Get(root, "max_tokens");
        _writer.WritePropertyName("maxOutputTokens"u8);
        if (cap is { ValueKind: JsonValueKind.Number } value)
        {
            value.WriteTo(_writer);
        }
        else
        {
            _writer.WriteNumberValue(GenerationConfig.OutputTokenLimit);
        }

        foreach (var (name, native) in (ReadOnlySpan<(string, string)>)
        [
            ("temperature", "temperature"), ("top_p", "topP"), ("top_k", "topK"), ("seed", "seed"),
            ("presence_penalty", "presencePenalty"), ("frequency_penalty", "frequencyPenalty"),
        ])
        {
            if (Get(root, name) is { ValueKind: JsonValueKind.Number } number)
            {
                _writer.WritePropertyName(native);
                number.WriteTo(_writer);
            }
        }

        if (Get(root, "stop") is { } stop)
        {
            _writer.WriteStartArray("stopSequences"u8);
            foreach (var text in stop.ValueKind == JsonValueKind.Array ? stop.EnumerateArray().ToList() : [stop])
            {
                text.WriteTo(_writer);
            }

            _writer.WriteEndArray();
        }

        if (Text(root, "reasoning_effort") is { } effort)
        {
            _writer.WriteStartObject("thinkingConfig"u8);
            _writer.WriteNumber("thinkingBudget"u8, effort switch
            {
                "none" => 0,
                "minimal" or "low" => 1024,
                "medium" => 8192,
                "high" => 24_576,
                _ => throw new UntranslatableException("'reasoning_effort' has to be none, minimal, low, medium or high.", "reasoning_effort"),
            });
            _writer.WriteEndObject();
        }

        WriteResponseFormat(Get(root, "response_format"));
        _writer.WriteEndObject();
    }

    private void WriteResponseFormat(JsonElement? format)
    {
        switch (Text(format, "type"))
        {
            case null or "text":
                break;
            case "json_object":
                _writer.WriteString("responseMimeType"u8, "application/json"u8);
                break;
            case "json_schema":
                _writer.WriteString("responseMimeType"u8, "application/json"u8);
                if (Get(Get(format!.Value, "json_schema") ?? default, "schema") is { } schema)
                {
                    _writer.WritePropertyName("responseSchema"u8);
                    SchemaTranslation.Write(_writer, schema);
                }

                break;
            default:
                throw new UntranslatableException("'response_format.type' has to be text, json_object or json_schema.", "response_format.type");
        }
    }

    private void WriteTools(JsonElement root)
    {
        if (Get(root, "tools") is not { ValueKind: JsonValueKind.Array } tools || tools.GetArrayLength() == 0)
        {
            return;
        }

        _writer.WriteStartArray("tools"u8);
        _writer.WriteStartObject();
        _writer.WriteStartArray("functionDeclarations"u8);
        foreach (var function in tools.EnumerateArray().Select(tool => Get(tool, "function")))
        {
            _writer.WriteStartObject();
            _writer.WriteString("name"u8, Text(function, "name") ?? throw new UntranslatableException("'tools' has a function without a name.", "tools"));
            if (Text(function, "description") is { } description)
            {
                _writer.WriteString("description"u8, description);
            }

            if (Get(function!.Value, "parameters") is { ValueKind: JsonValueKind.Object } parameters
                && Get(parameters, "properties") is { ValueKind: JsonValueKind.Object } properties && properties.EnumerateObject().Any())
            {
                _writer.WritePropertyName("parameters"u8);
                SchemaTranslation.Write(_writer, parameters);
            }

            _writer.WriteEndObject();
        }

        _writer.WriteEndArray();
        _writer.WriteEndObject();
        _writer.WriteEndArray();
        WriteToolChoice(Get(root, "tool_choice"));
    }

    private void WriteToolChoice(JsonElement? choice)
    {
        if (choice is not { } chosen)
        {
            return;
        }

        _writer.WriteStartObject("toolConfig"u8);
        _writer.WriteStartObject("functionCallingConfig"u8);
        if (chosen.ValueKind == JsonValueKind.String)
        {
            _writer.WriteString("mode"u8, chosen.GetString() switch { "none" => "NONE", "required" => "ANY", _ => "AUTO" });
        }
        else
        {
            _writer.WriteString("mode"u8, "ANY"u8);
            if (Text(Get(chosen, "function"), "name") is { } name)
            {
                _writer.WriteStartArray("allowedFunctionNames"u8);
                _writer.WriteStringValue(name);
                _writer.WriteEndArray();
            }
        }

        _writer.WriteEndObject();
        _writer.WriteEndObject();
    }

    private sealed class UntranslatableException(string message, string param) : Exception(message)
    {
        public string Param => param;
    }
}
