using System.Globalization;
using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Answers;

/// <summary>Writes answers in Google's format, whole or in chunks, with the fields the upstream adds.</summary>
internal static class NativeAnswerWriter
{
    private static readonly string[] SafetyCategories =
        ["HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT", "HARM_CATEGORY_DANGEROUS_CONTENT"];

    public static JsonObject Whole(ModelAnswer answer)
    {
        var response = new JsonObject();
        if (answer.BlockReason is not null)
        {
            response["promptFeedback"] = Feedback(answer);
        }
        else
        {
            response["candidates"] = new JsonArray(Candidate(answer, [.. ThoughtPart(answer), .. TextPart(answer.Text), .. CallPart(answer)], answer.FinishReason));
        }

        return Tail(response, answer, last: true, everyChunk: false);
    }

    /// <summary>The answer in pieces: thought, text bit by bit, call; the last piece has the finish reason and the counts.</summary>
    public static IReadOnlyList<JsonObject> Chunks(ModelAnswer answer, bool usageOnEvery)
    {
        if (answer.BlockReason is not null)
        {
            return [Whole(answer)];
        }

        var parts = ThoughtPart(answer)
            .Concat(TextPieces.Cut(answer.Text, answer.Id).SelectMany(TextPart))
            .Concat(CallPart(answer))
            .Cast<JsonObject?>()
            .ToList();
        if (parts.Count == 0)
        {
            parts.Add(null);
        }

        return [.. parts.Select((part, i) =>
        {
            var last = i == parts.Count - 1;
            var candidate = Candidate(answer, part is null ? [] : [part], last ? answer.FinishReason : null);
            return Tail(new JsonObject { ["candidates"] = new JsonArray(candidate) }, answer, last, usageOnEvery);
        })];
    }

    public static JsonArray Details(IReadOnlyDictionary<Modality, long> tokens) =>
        [.. tokens.OrderBy(t => t.Key).Select(t => new JsonObject { ["modality"] = t.Key.ToString().ToUpperInvariant(), ["tokenCount"] = t.Value })];

    private static JsonObject Candidate(ModelAnswer answer, IReadOnlyList<JsonObject> parts, string? finishReason)
    {
        var content = new JsonObject { ["role"] = "model" };
        if (parts.Count > 0)
        {
            content["parts"] = new JsonArray([.. parts]);
        }

        var candidate = new JsonObject { ["content"] = content, ["index"] = 0 };
        if (finishReason is not null)
        {
            candidate["finishReason"] = finishReason;
            candidate["safetyRatings"] = Ratings(answer.FinishReason is "SAFETY");
        }

        return candidate;
    }

    private static JsonArray Ratings(bool blocked) =>
        [.. SafetyCategories.Select((category, i) => new JsonObject
        {
            ["category"] = category,
            ["probability"] = blocked && i == 0 ? "HIGH" : "NEGLIGIBLE",
            ["blocked"] = blocked && i == 0,
        })];

    private static JsonObject Feedback(ModelAnswer answer) => new()
    {
        ["blockReason"] = answer.BlockReason,
        ["blockReasonMessage"] = "The prompt was blocked.",
    };

    private static JsonObject Tail(JsonObject response, ModelAnswer answer, bool last, bool everyChunk)
    {
        var usage = answer.ReportsUsage && (last || everyChunk) ? Usage(answer.Tokens) : [];
        if (answer.ReportsUsage)
        {
            usage["trafficType"] = "ON_DEMAND";
            response["usageMetadata"] = usage;
        }

        response["modelVersion"] = answer.Model;
        response["createTime"] = answer.CreatedAt.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        response["responseId"] = answer.Id;
        return response;
    }

    /// <summary>Counts that are zero are left out, as Google's servers do.</summary>
    private static JsonObject Usage(TokenCounts tokens)
    {
        var usage = new JsonObject { ["promptTokenCount"] = tokens.PromptTotal };
        if (tokens.CachedTotal > 0)
        {
            usage["cachedContentTokenCount"] = tokens.CachedTotal;
        }

        if (tokens.Candidates > 0)
        {
            usage["candidatesTokenCount"] = tokens.Candidates;
        }

        if (tokens.Thoughts > 0)
        {
            usage["thoughtsTokenCount"] = tokens.Thoughts;
        }

        usage["totalTokenCount"] = tokens.Total;
        usage["promptTokensDetails"] = Details(tokens.Prompt);
        if (tokens.CachedTotal > 0)
        {
            usage["cacheTokensDetails"] = Details(tokens.Cached);
        }

        return usage;
    }

    private static IEnumerable<JsonObject> ThoughtPart(ModelAnswer answer) =>
        answer.Thought is { } thought ? [new JsonObject { ["text"] = thought, ["thought"] = true }] : [];

    private static IEnumerable<JsonObject> TextPart(string text) => text.Length > 0 ? [new JsonObject { ["text"] = text }] : [];

    private static IEnumerable<JsonObject> CallPart(ModelAnswer answer) =>
        answer.Call is { } call
            ?
            [
                new JsonObject
                {
                    ["functionCall"] = new JsonObject { ["name"] = call.Name, ["args"] = call.Arguments.DeepClone() },
                    ["thoughtSignature"] = "CpQBc2ltdWxhdGVk",
                },
            ]
            : [];
}
