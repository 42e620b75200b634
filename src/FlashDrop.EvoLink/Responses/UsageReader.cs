using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.EvoLink.Responses;

/// <summary>Reads token counts in either vocabulary. Counts that are absent or all zero are no counts: unknown is never zero.</summary>
internal static class UsageReader
{
    /// <summary>More tokens than any answer has: a number beyond is no count, and sums would overflow.</summary>
    private const long MostTokens = 1_000_000_000_000;

    /// <summary>More modalities than there are; the list is kept in a row.</summary>
    private const int MostModalities = 16;

    public static TokenUsage? Native(JsonElement? metadata)
    {
        if (metadata is not { ValueKind: JsonValueKind.Object } usage)
        {
            return null;
        }

        return NullIfEmpty(new TokenUsage
        {
            PromptTokens = Count(usage, "promptTokenCount"),
            CachedTokens = Count(usage, "cachedContentTokenCount"),
            CandidatesTokens = Count(usage, "candidatesTokenCount"),
            ThoughtsTokens = Count(usage, "thoughtsTokenCount"),
            ToolUsePromptTokens = Count(usage, "toolUsePromptTokenCount"),
            TotalTokens = Count(usage, "totalTokenCount"),
            PromptDetails = Details(usage, "promptTokensDetails"),
            CacheDetails = Details(usage, "cacheTokensDetails"),
        });
    }

    /// <summary>OpenAI's counts. The extra <c>input_tokens</c> and <c>output_tokens</c> some gateways add are not to be trusted.</summary>
    public static TokenUsage? OpenAi(JsonElement? element)
    {
        if (element is not { ValueKind: JsonValueKind.Object } usage)
        {
            return null;
        }

        var completion = Count(usage, "completion_tokens");
        var promptDetails = usage.Get("prompt_tokens_details") ?? default;
        var reasoning = Math.Min(completion, Count(usage.Get("completion_tokens_details") ?? default, "reasoning_tokens"));
        var modalities = new List<ModalityTokens>();
        foreach (var (name, modality) in (ReadOnlySpan<(string, string)>)[("text_tokens", "TEXT"), ("audio_tokens", "AUDIO"), ("image_tokens", "IMAGE")])
        {
            if (Count(promptDetails, name) is > 0 and var tokens)
            {
                modalities.Add(new ModalityTokens(modality, tokens));
            }
        }

        return NullIfEmpty(new TokenUsage
        {
            PromptTokens = Count(usage, "prompt_tokens"),
            CachedTokens = Count(promptDetails, "cached_tokens"),
            CandidatesTokens = completion - reasoning,
            ThoughtsTokens = reasoning,
            TotalTokens = Count(usage, "total_tokens"),
            PromptDetails = modalities,
        });
    }

    /// <summary>The upstream's own charge, <c>usage.cost.usd</c>.</summary>
    public static decimal? ReportedCostUsd(JsonElement root) =>
        root.Get("usage")?.Get("cost")?.GetDecimal("usd") is { } cost and >= 0 ? cost : null;

    private static TokenUsage? NullIfEmpty(TokenUsage usage) =>
        usage.PromptTokens == 0 && usage.OutputTokens == 0 && usage.TotalTokens == 0 && usage.ToolUsePromptTokens == 0 ? null : usage;

    private static long Count(JsonElement usage, string name) => usage.GetLong(name) is >= 0 and <= MostTokens and { } count ? count : 0;

    private static List<ModalityTokens> Details(JsonElement usage, string name)
    {
        var details = new List<ModalityTokens>();
        if (usage.TryGetArray(name, out var list))
        {
            foreach (var item in list.Value.EnumerateArray())
            {
                if (details.Count < MostModalities && item.GetLabel("modality") is { } modality)
                {
                    details.Add(new ModalityTokens(modality.ToUpperInvariant(), Count(item, "tokenCount")));
                }
            }
        }

        return details;
    }
}
