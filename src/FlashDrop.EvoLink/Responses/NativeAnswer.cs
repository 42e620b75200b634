using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.EvoLink.Responses;

/// <summary>Reads an <see cref="Answer"/> out of a <c>GenerateContentResponse</c>, however little of it there is.</summary>
internal static class NativeAnswer
{
    /// <summary>Whether the object has the marks of a native answer or of one chunk of it.</summary>
    public static bool Is(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object
        && (root.TryGetProperty("candidates", out _) || root.Has("promptFeedback") || root.Has("usageMetadata") || root.Has("modelVersion"));

    public static Answer Read(JsonElement root)
    {
        var candidate = FirstCandidate(root);
        var text = new StringBuilder();
        var calls = new List<JsonElement>();
        foreach (var part in Parts(candidate))
        {
            if (part.Get("functionCall") is { } call)
            {
                calls.Add(call);
            }

            if (part.GetString("text") is { } piece && !part.IsTrue("thought"))
            {
                text.Append(piece);
            }
        }

        return new Answer
        {
            Text = text.ToString(),
            FinishReason = candidate.GetLabel("finishReason"),
            BlockReason = (root.Get("promptFeedback") ?? default).GetLabel("blockReason"),
            FunctionCalls = calls,
            Usage = UsageReader.Native(root.Get("usageMetadata")),
            ModelVersion = root.GetLabel("modelVersion"),
            ResponseId = root.GetLabel("responseId"),
            ReportedCostUsd = UsageReader.ReportedCostUsd(root),
            Raw = root,
        };
    }

    /// <summary>The candidate with index 0, an omitted index being 0; undefined when there is none.</summary>
    public static JsonElement FirstCandidate(JsonElement root)
    {
        if (!root.TryGetArray("candidates", out var candidates))
        {
            return default;
        }

        foreach (var candidate in candidates.Value.EnumerateArray())
        {
            if (candidate.ValueKind == JsonValueKind.Object && (candidate.GetLong("index") ?? 0) == 0)
            {
                return candidate;
            }
        }

        return default;
    }

    public static IEnumerable<JsonElement> Parts(JsonElement candidate) =>
        candidate.Get("content") is { } content && content.TryGetArray("parts", out var parts)
            ? parts.Value.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object)
            : [];
}
