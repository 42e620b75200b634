using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Relay;

namespace FlashDrop.Gateway.DropIn;

/// <summary>Rewrites a native answer, whole or streamed, in OpenAI's format.</summary>
/// <param name="includesUsage">Whether the caller asked for the chunk of counts.</param>
/// <param name="created">When the answer was made.</param>
/// <param name="fallbackId">Id of an answer that has none.</param>
internal sealed class NativeToChat(bool includesUsage, DateTimeOffset created, string fallbackId) : IAnswerWriter
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _buffer = new(1024);
    private bool _first = true;
    private int _calls;
    private AnswerScan? _scan;

    public string StreamType => "text/event-stream; charset=utf-8";

    public ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> answer, AnswerScan scan)
    {
        _scan = scan;
        using var document = JsonDocument.Parse(ReadableJson.Of(answer));
        var (text, thought, calls) = Read(document.RootElement);
        using (var writer = new Utf8JsonWriter(_buffer, Relaxed))
        {
            WriteHead(writer, "chat.completion");
            writer.WriteStartArray("choices"u8);
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, 0);
            writer.WriteStartObject("message"u8);
            writer.WriteString("role"u8, "assistant"u8);
            if (calls.Count > 0 && text.Length == 0)
            {
                writer.WriteNull("content"u8);
            }
            else
            {
                writer.WriteString("content"u8, text);
            }

            writer.WriteNull("refusal"u8);
            WriteThought(writer, thought);
            WriteCalls(writer, calls, indexed: false);
            writer.WriteEndObject();
            writer.WriteNull("logprobs"u8);
            writer.WriteString("finish_reason"u8, FinishReason(scan));
            writer.WriteEndObject();
            writer.WriteEndArray();
            WriteUsage(writer, scan.Usage);
            writer.WriteEndObject();
        }

        return _buffer.WrittenMemory;
    }

    public bool Passes(ReadOnlySpan<byte> upstreamEvent, AnswerScan scan) => false;

    public void Chunk(PipeWriter output, ReadOnlyMemory<byte> chunk, AnswerScan scan)
    {
        _scan = scan;
        using var document = JsonDocument.Parse(ReadableJson.Of(chunk));
        var (text, thought, calls) = Read(document.RootElement);
        var ends = scan.IsWhole;
        if (text.Length == 0 && thought.Length == 0 && calls.Count == 0 && !ends && !_first)
        {
            return;
        }

        WriteChunk(output, writer =>
        {
            writer.WriteStartArray("choices"u8);
            writer.WriteStartObject();
            writer.WriteNumber("index"u8, 0);
            writer.WriteStartObject("delta"u8);
            if (_first)
            {
                writer.WriteString("role"u8, "assistant"u8);
                _first = false;
            }

            if (text.Length > 0)
            {
                writer.WriteString("content"u8, text);
            }

            WriteThought(writer, thought);
            WriteCalls(writer, calls, indexed: true);
            writer.WriteEndObject();
            if (ends)
            {
                writer.WriteString("finish_reason"u8, FinishReason(scan));
            }
            else
            {
                writer.WriteNull("finish_reason"u8);
            }

            writer.WriteEndObject();
            writer.WriteEndArray();
        });
    }

    public void End(PipeWriter output)
    {
        if (includesUsage && _scan?.Usage is { } usage)
        {
            WriteChunk(output, writer =>
            {
                writer.WriteStartArray("choices"u8);
                writer.WriteEndArray();
                WriteUsage(writer, usage);
            });
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    public void Break(PipeWriter output, DropInError error) => output.WriteEvent(error.ToBytes(WireFormat.OpenAi), "\n\n"u8);

    private static (string Text, string Thought, List<(string Name, string Arguments)> Calls) Read(JsonElement root)
    {
        var (text, thought) = (new StringBuilder(), new StringBuilder());
        List<(string, string)> calls = [];
        if (root.TryGetProperty("candidates", out var candidates) && candidates.ValueKind == JsonValueKind.Array && candidates.GetArrayLength() > 0
            && candidates[0].ValueKind == JsonValueKind.Object
            && candidates[0].TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Object
            && content.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array)
        {
            foreach (var part in parts.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object))
            {
                if (part.TryGetProperty("text", out var piece) && piece.ValueKind == JsonValueKind.String)
                {
                    var isThought = part.TryGetProperty("thought", out var mark) && mark.ValueKind == JsonValueKind.True;
                    (isThought ? thought : text).Append(piece.GetString());
                }

                if (part.TryGetProperty("functionCall", out var call) && call.ValueKind == JsonValueKind.Object)
                {
                    calls.Add((
                        call.TryGetProperty("name", out var name) ? name.ToString() : "",
                        call.TryGetProperty("args", out var arguments) ? arguments.GetRawText() : "{}"));
                }
            }
        }

        return (text.ToString(), thought.ToString(), calls);
    }

    private string FinishReason(AnswerScan scan) => scan switch
    {
        { Blocked: true } => "content_filter",
        { FinishReason: "MAX_TOKENS" } => "length",
        { FinishReason: "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "LANGUAGE" or "MODEL_ARMOR" } => "content_filter",
        _ when _calls > 0 => "tool_calls",
        _ => "stop",
    };

    private static void WriteThought(Utf8JsonWriter writer, string thought)
    {
        if (thought.Length > 0)
        {
            writer.WriteString("reasoning_content"u8, thought);
        }
    }

    private void WriteCalls(Utf8JsonWriter writer, List<(string Name, string Arguments)> calls, bool indexed)
    {
        if (calls.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tool_calls"u8);
        foreach (var (name, arguments) in calls)
        {
            writer.WriteStartObject();
            if (indexed)
            {
                writer.WriteNumber("index"u8, _calls);
            }

            writer.WriteString("id"u8, $"call_{Id}_{_calls++}");
            writer.WriteString("type"u8, "function"u8);
            writer.WriteStartObject("function"u8);
            writer.WriteString("name"u8, name);
            writer.WriteString("arguments"u8, arguments);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteUsage(Utf8JsonWriter writer, TokenUsage? usage)
    {
        if (usage is null)
        {
            return;
        }

        var prompt = usage.PromptTokens + usage.ToolUsePromptTokens;
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, prompt);
        writer.WriteNumber("completion_tokens"u8, usage.OutputTokens);
        writer.WriteNumber("total_tokens"u8, prompt + usage.OutputTokens);
        writer.WriteStartObject("prompt_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CachedTokens);
        writer.WriteNumber("audio_tokens"u8, Of("AUDIO"));
        writer.WriteNumber("image_tokens"u8, Of("IMAGE"));
        writer.WriteNumber("text_tokens"u8, Of("TEXT"));
        writer.WriteEndObject();
        writer.WriteStartObject("completion_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.ThoughtsTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();

        long Of(string modality) => usage.PromptDetails.Where(detail => detail.Modality == modality).Sum(detail => detail.Tokens);
    }

    private void WriteChunk(PipeWriter output, Action<Utf8JsonWriter> write)
    {
        _buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_buffer, Relaxed))
        {
            WriteHead(writer, "chat.completion.chunk");
            write(writer);
            writer.WriteEndObject();
        }

        output.WriteEvent(_buffer.WrittenSpan, "\n\n"u8);
    }

    private void WriteHead(Utf8JsonWriter writer, string kind)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, $"chatcmpl-{Id}");
        writer.WriteString("object"u8, kind);
        writer.WriteNumber("created"u8, created.ToUnixTimeSeconds());
        writer.WriteString("model"u8, _scan?.ModelVersion ?? "");
    }

    private string Id => _scan?.ResponseId ?? fallbackId;
}
