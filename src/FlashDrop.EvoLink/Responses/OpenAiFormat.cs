using System.Buffers;
using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.EvoLink.Responses;

/// <summary>
/// Rewrites OpenAI answers and stream chunks as native ones, so that merging and reading exist once. One instance per stream:
/// tool calls arrive in pieces and are kept until the finish reason comes.
/// </summary>
internal sealed class OpenAiFormat
{
    private readonly SortedDictionary<long, PendingCall> _calls = [];

    public static bool Is(JsonElement root) => root.TryGetArray("choices", out _);

    public JsonElement ToNative(JsonElement root)
    {
        var choice = FirstChoice(root);
        var message = choice.Get("message") ?? choice.Get("delta") ?? default;
        Collect(message);
        var finish = choice.GetString("finish_reason");
        var text = Text(message);
        var reasoning = message.GetString("reasoning_content");

        var buffer = new ArrayBufferWriter<byte>(256);
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        writer.WriteStartArray("candidates"u8);
        if (choice.ValueKind == JsonValueKind.Object)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("content"u8);
            writer.WriteString("role"u8, "model"u8);
            writer.WriteStartArray("parts"u8);
            if (reasoning is not null)
            {
                writer.WriteStartObject();
                writer.WriteString("text"u8, reasoning);
                writer.WriteBoolean("thought"u8, true);
                writer.WriteEndObject();
            }

            if (text.Length > 0)
            {
                writer.WriteStartObject();
                writer.WriteString("text"u8, text);
                writer.WriteEndObject();
            }

            if (finish is not null)
            {
                WriteCalls(writer);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            if (finish is not null)
            {
                writer.WriteString("finishReason"u8, FinishReason(finish));
            }

            writer.WriteNumber("index"u8, 0);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        WriteUsage(writer, root);
        if (root.GetString("model") is { } model)
        {
            writer.WriteString("modelVersion"u8, model);
        }

        if (root.GetString("id") is { } id)
        {
            writer.WriteString("responseId"u8, id);
        }

        writer.WriteEndObject();
        writer.Flush();
        return JsonElement.Parse(buffer.WrittenSpan);
    }

    private static JsonElement FirstChoice(JsonElement root)
    {
        foreach (var choice in root.GetProperty("choices").EnumerateArray())
        {
            if (choice.ValueKind == JsonValueKind.Object && (choice.GetLong("index") ?? 0) == 0)
            {
                return choice;
            }
        }

        return default;
    }

    private static string Text(JsonElement message)
    {
        if (message.GetString("content") is { } text)
        {
            return text;
        }

        if (!message.TryGetArray("content", out var parts))
        {
            return "";
        }

        var joined = new StringBuilder();
        foreach (var part in parts.Value.EnumerateArray())
        {
            joined.Append(part.GetString("text"));
        }

        return joined.ToString();
    }

    private static string FinishReason(string reason) => reason switch
    {
        "stop" or "tool_calls" or "function_call" => "STOP",
        "length" => "MAX_TOKENS",
        "content_filter" => "SAFETY",
        _ => reason.ToUpperInvariant(),
    };

    private static void WriteUsage(Utf8JsonWriter writer, JsonElement root)
    {
        if (UsageReader.OpenAi(root.Get("usage")) is not { } usage)
        {
            return;
        }

        writer.WriteStartObject("usageMetadata"u8);
        writer.WriteNumber("promptTokenCount"u8, usage.PromptTokens);
        writer.WriteNumber("cachedContentTokenCount"u8, usage.CachedTokens);
        writer.WriteNumber("candidatesTokenCount"u8, usage.CandidatesTokens);
        writer.WriteNumber("thoughtsTokenCount"u8, usage.ThoughtsTokens);
        writer.WriteNumber("totalTokenCount"u8, usage.TotalTokens);
        if (usage.PromptDetails.Count > 0)
        {
            writer.WriteStartArray("promptTokensDetails"u8);
            foreach (var detail in usage.PromptDetails)
            {
                writer.WriteStartObject();
                writer.WriteString("modality"u8, detail.Modality);
                writer.WriteNumber("tokenCount"u8, detail.Tokens);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private void Collect(JsonElement message)
    {
        if (!message.TryGetArray("tool_calls", out var deltas))
        {
            return;
        }

        var position = 0L;
        foreach (var delta in deltas.Value.EnumerateArray())
        {
            var index = delta.GetLong("index") ?? position;
            position = index + 1;
            if (!_calls.TryGetValue(index, out var call))
            {
                call = new PendingCall();
                _calls.Add(index, call);
            }

            var function = delta.Get("function") ?? default;
            call.Id ??= delta.GetString("id");
            call.Name ??= function.GetString("name");
            if (function.Get("arguments") is { } arguments)
            {
                call.Arguments.Append(arguments.ValueKind == JsonValueKind.String ? arguments.GetString() : arguments.GetRawText());
            }
        }
    }

    private void WriteCalls(Utf8JsonWriter writer)
    {
        foreach (var call in _calls.Values)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("functionCall"u8);
            if (call.Id is { } id)
            {
                writer.WriteString("id"u8, id);
            }

            writer.WriteString("name"u8, call.Name ?? "");
            writer.WritePropertyName("args"u8);
            var arguments = call.Arguments.ToString();
            if (arguments.Length == 0)
            {
                writer.WriteStartObject();
                writer.WriteEndObject();
            }
            else if (JsonRead.TryParse(arguments, out var parsed))
            {
                parsed.WriteTo(writer);
            }
            else
            {
                // Not JSON: kept as the model wrote it rather than lost.
                writer.WriteStringValue(arguments);
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        _calls.Clear();
    }

    private sealed class PendingCall
    {
        public string? Id { get; set; }

        public string? Name { get; set; }

        public StringBuilder Arguments { get; } = new();
    }
}
