using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Answers;

/// <summary>Writes answers in OpenAI's format, whole or in chunks.</summary>
internal static class ChatAnswerWriter
{
    public static JsonObject Whole(ModelAnswer answer)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = answer.Call is null ? answer.Text : null };
        if (answer.Thought is { } thought)
        {
            message["reasoning_content"] = thought;
        }

        if (answer.Call is { } call)
        {
            message["tool_calls"] = new JsonArray(ToolCall(answer, call));
        }

        var response = Head(answer, "chat.completion");
        response["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = FinishReason(answer) });
        if (answer.ReportsUsage)
        {
            response["usage"] = Usage(answer.Tokens);
        }

        return response;
    }

    /// <summary>Content chunks, a chunk with the finish reason and, when asked for, one with the counts and no choices.</summary>
    public static IReadOnlyList<JsonObject> Chunks(ModelAnswer answer, bool includeUsage)
    {
        var chunks = new List<JsonObject>();
        foreach (var piece in TextPieces.Cut(answer.Text, answer.Id))
        {
            chunks.Add(Chunk(answer, Delta(chunks.Count == 0, "content", piece), null));
        }

        if (answer.Call is { } call)
        {
            var delta = ToolCall(answer, call);
            delta.Insert(0, "index", 0);
            chunks.Add(Chunk(answer, Delta(chunks.Count == 0, "tool_calls", new JsonArray(delta)), null));
        }

        chunks.Add(Chunk(answer, chunks.Count == 0 ? Delta(first: true, "content", "") : [], FinishReason(answer)));
        if (includeUsage && answer.ReportsUsage)
        {
            var usage = Head(answer, "chat.completion.chunk");
            usage["choices"] = new JsonArray();
            usage["usage"] = Usage(answer.Tokens);
            chunks.Add(usage);
        }

        return chunks;
    }

    private static JsonObject Head(ModelAnswer answer, string kind) => new()
    {
        ["id"] = $"chatcmpl-{answer.Id}",
        ["object"] = kind,
        ["created"] = answer.CreatedAt.ToUnixTimeSeconds(),
        ["model"] = answer.Model,
    };

    private static JsonObject Chunk(ModelAnswer answer, JsonObject delta, string? finishReason)
    {
        var chunk = Head(answer, "chat.completion.chunk");
        chunk["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finishReason });
        return chunk;
    }

    private static JsonObject Delta(bool first, string name, JsonNode value)
    {
        var delta = new JsonObject();
        if (first)
        {
            delta["role"] = "assistant";
        }

        delta[name] = value;
        return delta;
    }

    private static JsonObject ToolCall(ModelAnswer answer, FunctionCall call) => new()
    {
        ["id"] = $"call_{answer.Id[..12]}",
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments.ToJsonString() },
    };

    private static string? FinishReason(ModelAnswer answer) => answer switch
    {
        { BlockReason: not null } => "content_filter",
        { FinishReason: "STOP", Call: not null } => "tool_calls",
        { FinishReason: "STOP" } => "stop",
        { FinishReason: "MAX_TOKENS" } => "length",
        { FinishReason: null } => null,
        { FinishReason: "SAFETY" or "RECITATION" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "LANGUAGE" } => "content_filter",
        _ => "stop",
    };

    private static JsonObject Usage(TokenCounts tokens) => new()
    {
        ["prompt_tokens"] = tokens.PromptTotal,
        ["completion_tokens"] = tokens.Candidates + tokens.Thoughts,
        ["total_tokens"] = tokens.Total,
        ["prompt_tokens_details"] = new JsonObject
        {
            ["cached_tokens"] = tokens.CachedTotal,
            ["text_tokens"] = tokens.Prompt.GetValueOrDefault(Modality.Text),
            ["audio_tokens"] = tokens.Prompt.GetValueOrDefault(Modality.Audio),
            ["image_tokens"] = tokens.Prompt.GetValueOrDefault(Modality.Image),
        },
        ["completion_tokens_details"] = new JsonObject
        {
            ["text_tokens"] = tokens.Candidates,
            ["audio_tokens"] = 0,
            ["reasoning_tokens"] = tokens.Thoughts,
        },
        ["input_tokens"] = 0,
        ["output_tokens"] = 0,
        ["input_tokens_details"] = null,
    };
}
