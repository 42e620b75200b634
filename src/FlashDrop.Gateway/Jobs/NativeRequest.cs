using System.Buffers;
using System.Text.Json;
using FlashDrop.Core.Requests;
using FlashDrop.Gateway.Urls;

namespace FlashDrop.Gateway.Jobs;

/// <summary>
/// Reads a whole request in Google's native format: known members under camel-case names, media taken out of the JSON.
/// What is inside texts, tools, schemas and function calls is left as it is.
/// </summary>
internal sealed class NativeRequest(InputUrls urls, FieldErrors errors)
{
    private const string Known = "contents, systemInstruction, generationConfig, tools, toolConfig, safetySettings and cachedContent";

    private readonly List<JobInput> _inputs = [];

    /// <summary>The request with <c>"input": n</c> in place of each inline part's <c>data</c>, and those inputs. Null after an error.</summary>
    public JobRequest? Parse(JsonElement native, string path)
    {
        if (native.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType(path, "an object", native.ValueKind);
            return null;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            var hasContents = false;
            NativeNames.WriteObject(writer, native, path, errors, (name, value, field) =>
            {
                hasContents |= name is "contents";
                WriteMember(writer, name, value, field);
            });
            if (!hasContents)
            {
                errors.Missing(FieldErrors.Path(path, "contents"), "an array of at least one content");
            }
        }

        if (_inputs.Count > JobRequestParser.MaxInputs)
        {
            errors.Add(FieldErrors.Path(path, "contents"), "too_many_inputs", $"The request holds {_inputs.Count} inline parts.", $"Send at most {JobRequestParser.MaxInputs}.");
        }

        if (errors.Any)
        {
            return null;
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return new JobRequest { Native = document.RootElement.Clone(), Inputs = _inputs };
    }

    private void WriteMember(Utf8JsonWriter writer, string name, JsonElement value, string field)
    {
        switch (name)
        {
            case "contents" when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0:
                writer.WriteStartArray();
                var i = 0;
                foreach (var content in value.EnumerateArray())
                {
                    WriteContent(writer, content, $"{field}[{i++}]");
                }

                writer.WriteEndArray();
                return;
            case "contents":
                Refuse("an array of at least one content");
                return;
            case "systemInstruction":
                WriteContent(writer, value, field);
                return;
            case "generationConfig":
                GenerationSettings.Parse(value, field, errors);
                if (value.ValueKind == JsonValueKind.Object)
                {
                    // Its spelling was checked above; a second report of it would say nothing new.
                    GenerationSettings.Write(writer, value, field, new FieldErrors());
                }
                else
                {
                    writer.WriteNullValue();
                }

                return;
            case "tools" or "safetySettings" when value.ValueKind != JsonValueKind.Array:
                Refuse("an array");
                return;
            case "toolConfig" when value.ValueKind != JsonValueKind.Object:
                Refuse("an object");
                return;
            case "cachedContent" when value.ValueKind != JsonValueKind.String:
                Refuse("a string");
                return;
            case "tools" or "safetySettings" or "toolConfig" or "cachedContent":
                value.WriteTo(writer);
                return;
            case "model":
                errors.Add(field, "unknown_field", "The model is not chosen in the request.", "Remove it; 'tier' chooses the model.");
                writer.WriteNullValue();
                return;
            default:
                errors.Unknown(field, Known);
                writer.WriteNullValue();
                return;
        }

        void Refuse(string expected)
        {
            errors.WrongType(field, expected, value.ValueKind);
            writer.WriteNullValue();
        }
    }

    private void WriteContent(Utf8JsonWriter writer, JsonElement content, string path)
    {
        if (content.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType(path, "an object with 'parts'", content.ValueKind);
            writer.WriteNullValue();
            return;
        }

        var hasParts = false;
        NativeNames.WriteObject(writer, content, path, errors, (name, value, field) =>
        {
            switch (name)
            {
                case "parts" when value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0:
                    hasParts = true;
                    writer.WriteStartArray();
                    var i = 0;
                    foreach (var part in value.EnumerateArray())
                    {
                        WritePart(writer, part, $"{field}[{i++}]");
                    }

                    writer.WriteEndArray();
                    return;
                case "parts" when value.ValueKind == JsonValueKind.Object:
                    // Google's parser takes a single part without its array.
                    hasParts = true;
                    writer.WriteStartArray();
                    WritePart(writer, value, field);
                    writer.WriteEndArray();
                    return;
                case "parts":
                    hasParts = true;
                    errors.WrongType(field, "an array of at least one part", value.ValueKind);
                    break;
                case "role" when value.ValueKind == JsonValueKind.String:
                    value.WriteTo(writer);
                    return;
                case "role":
                    errors.WrongType(field, "a string", value.ValueKind);
                    break;
                default:
                    errors.Unknown(field, "role and parts");
                    break;
            }

            writer.WriteNullValue();
        });
        if (!hasParts)
        {
            errors.Missing(FieldErrors.Path(path, "parts"), "an array of at least one part");
        }
    }

    private void WritePart(Utf8JsonWriter writer, JsonElement part, string path)
    {
        if (part.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType(path, "an object", part.ValueKind);
            writer.WriteNullValue();
            return;
        }

        NativeNames.WriteObject(writer, part, path, errors, (name, value, field) =>
        {
            switch (name)
            {
                case "inlineData":
                    WriteInlineData(writer, value, field);
                    break;
                case "fileData":
                    WriteFileData(writer, value, field);
                    break;
                case "functionResponse":
                    CheckResponse(value, field);
                    value.WriteTo(writer);
                    break;
                case "text" when value.ValueKind != JsonValueKind.String:
                    errors.WrongType(field, "a string", value.ValueKind);
                    writer.WriteNullValue();
                    break;
                default:
                    value.WriteTo(writer);
                    break;
            }
        });
    }

    /// <summary>Checks the links a function's response may hold beside its data; nothing else of it is our business.</summary>
    private void CheckResponse(JsonElement response, string path)
    {
        if (response.ValueKind != JsonValueKind.Object || !response.TryGetProperty("parts", out var parts) || parts.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        var i = 0;
        foreach (var part in parts.EnumerateArray())
        {
            var field = $"{path}.parts[{i++}]";
            foreach (var file in Members(part, "fileData"))
            {
                foreach (var uri in Members(file.Value, "fileUri"))
                {
                    FieldReader.Url(uri.Value, $"{field}.{file.Name}.{uri.Name}", urls, errors);
                }
            }
        }

        static IEnumerable<JsonProperty> Members(JsonElement element, string name) =>
            element.ValueKind == JsonValueKind.Object ? element.EnumerateObject().Where(member => NativeNames.ToCamel(member.Name) == name) : [];
    }

    private void WriteInlineData(Utf8JsonWriter writer, JsonElement inline, string path)
    {
        if (inline.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType(path, "an object with 'mimeType' and 'data'", inline.ValueKind);
            writer.WriteNullValue();
            return;
        }

        string? mimeType = null;
        ReadOnlyMemory<byte>? data = null;
        var hasData = false;
        foreach (var member in inline.EnumerateObject())
        {
            var field = FieldErrors.Path(path, member.Name);
            switch (NativeNames.ToCamel(member.Name))
            {
                case "data":
                    hasData = true;
                    data = FieldReader.Base64(member.Value, field, errors);
                    break;
                case "mimeType" when mimeType is null:
                    mimeType = FieldReader.MediaType(member.Value, field, errors);
                    break;
                default:
                    errors.Unknown(field, "mimeType and data");
                    break;
            }
        }

        if (!hasData)
        {
            errors.Missing(FieldErrors.Path(path, "data"), "the bytes in base64");
        }

        writer.WriteStartObject();
        if (mimeType is not null)
        {
            writer.WriteString("mimeType", mimeType);
        }

        writer.WriteNumber("input", _inputs.Count);
        writer.WriteEndObject();
        _inputs.Add(new InlineInput { MimeType = mimeType, Data = data ?? default });
    }

    private void WriteFileData(Utf8JsonWriter writer, JsonElement file, string path)
    {
        if (file.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType(path, "an object with 'mimeType' and 'fileUri'", file.ValueKind);
            writer.WriteNullValue();
            return;
        }

        var hasUri = false;
        NativeNames.WriteObject(writer, file, path, errors, (name, value, field) =>
        {
            switch (name)
            {
                case "fileUri":
                    hasUri = true;
                    FieldReader.Url(value, field, urls, errors);
                    break;
                case "mimeType":
                    FieldReader.MediaType(value, field, errors);
                    break;
                default:
                    errors.Unknown(field, "mimeType and fileUri");
                    break;
            }

            value.WriteTo(writer);
        });
        if (!hasUri)
        {
            errors.Missing(FieldErrors.Path(path, "fileUri"), "a public https URL");
        }
    }
}
