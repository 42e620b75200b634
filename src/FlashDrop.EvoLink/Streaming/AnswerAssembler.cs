using System.Buffers;
using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Responses;

namespace FlashDrop.EvoLink.Streaming;

/// <summary>
/// Merges the chunks of one answer: parts are concatenated, of every other field the last value counts, usage field by field.
/// </summary>
internal sealed class AnswerAssembler
{
    private readonly OpenAiFormat _openAi = new();
    private readonly StringBuilder _text = new();
    private readonly List<MergedPart> _parts = [];
    private readonly Dictionary<string, JsonElement> _top = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement> _candidate = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement> _usage = new(StringComparer.Ordinal);

    /// <summary>Whether any chunk came.</summary>
    public bool HasAny { get; private set; }

    /// <summary>Whether the answer ended on purpose: with a finish reason, or because the prompt was blocked.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Adds one chunk, native or OpenAI.</summary>
    /// <returns>The chunk in native form and the visible text it adds.</returns>
    public StreamEvent.Chunk Add(JsonElement chunk)
    {
        var native = OpenAiFormat.Is(chunk) ? _openAi.ToNative(chunk) : chunk;
        HasAny = true;
        foreach (var field in native.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Null || field.NameEquals("candidates"u8))
            {
                continue;
            }

            if (field.NameEquals("usageMetadata"u8))
            {
                MergeInto(_usage, field.Value);
            }
            else
            {
                _top[field.Name] = field.Value;
            }
        }

        IsWhole |= native.Get("promptFeedback")?.GetText("blockReason") is not null;
        if (chunk.Get("usage") is { } usage && usage.Has("cost"))
        {
            // For the cost: the counts are in usageMetadata by now.
            _top["usage"] = usage;
        }

        var candidate = NativeAnswer.FirstCandidate(native);
        if (candidate.ValueKind != JsonValueKind.Object)
        {
            return new StreamEvent.Chunk("", native);
        }

        IsWhole |= candidate.GetText("finishReason") is not null;
        foreach (var field in candidate.EnumerateObject())
        {
            if (field.Value.ValueKind != JsonValueKind.Null && !field.NameEquals("content"u8))
            {
                _candidate[field.Name] = field.Value;
            }
        }

        var added = "";
        foreach (var part in NativeAnswer.Parts(candidate))
        {
            added += AddPart(part);
        }

        _text.Append(added);
        return new StreamEvent.Chunk(added, native);
    }

    public Answer Build()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer);
        }

        return NativeAnswer.Read(JsonElement.Parse(buffer.WrittenSpan)) with { Text = _text.ToString() };
    }

    private static void MergeInto(Dictionary<string, JsonElement> target, JsonElement source)
    {
        if (source.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var field in source.EnumerateObject())
        {
            if (field.Value.ValueKind != JsonValueKind.Null)
            {
                target[field.Name] = field.Value;
            }
        }
    }

    private string AddPart(JsonElement part)
    {
        var text = part.Get("text") is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
        var thought = part.IsTrue("thought");
        var plain = text is not null && part.EnumerateObject().All(field => field.NameEquals("text"u8) || field.NameEquals("thought"u8));
        if (!plain)
        {
            _parts.Add(new MergedPart(part, null, thought));
        }
        else if (_parts.Count > 0 && _parts[^1] is { Text: { } run } last && last.Thought == thought)
        {
            run.Append(text);
        }
        else
        {
            _parts.Add(new MergedPart(default, new StringBuilder(text), thought));
        }

        return thought ? "" : text ?? "";
    }

    private void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (_candidate.Count > 0 || _parts.Count > 0)
        {
            writer.WriteStartArray("candidates"u8);
            writer.WriteStartObject();
            writer.WriteStartObject("content"u8);
            writer.WriteString("role"u8, "model"u8);
            writer.WriteStartArray("parts"u8);
            foreach (var part in _parts)
            {
                if (part.Text is not { } text)
                {
                    part.Raw.WriteTo(writer);
                    continue;
                }

                writer.WriteStartObject();
                writer.WriteString("text"u8, text.ToString());
                if (part.Thought)
                {
                    writer.WriteBoolean("thought"u8, true);
                }

                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            WriteAll(writer, _candidate);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }

        if (_usage.Count > 0)
        {
            writer.WriteStartObject("usageMetadata"u8);
            WriteAll(writer, _usage);
            writer.WriteEndObject();
        }

        WriteAll(writer, _top);
        writer.WriteEndObject();
    }

    private static void WriteAll(Utf8JsonWriter writer, Dictionary<string, JsonElement> fields)
    {
        foreach (var (name, value) in fields)
        {
            writer.WritePropertyName(name);
            value.WriteTo(writer);
        }
    }

    private sealed record MergedPart(JsonElement Raw, StringBuilder? Text, bool Thought);
}
