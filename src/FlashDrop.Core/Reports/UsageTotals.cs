using System.Text.Json.Serialization;
using FlashDrop.Core.Metering;

namespace FlashDrop.Core.Reports;

/// <summary>
/// Sums of usage rows. Exact: money is never rounded, and the same rows give the same sums in any order and any grouping. Adding a row
/// allocates nothing. Not safe for concurrent use.
/// </summary>
public sealed class UsageTotals
{
    /// <summary>Rows: answered upstream calls.</summary>
    [JsonInclude]
    public long Answers { get; internal set; }

    /// <summary>Rows without token counts; they add nothing to the token sums.</summary>
    [JsonInclude]
    public long UnknownUsage { get; internal set; }

    /// <summary>Rows without a cost; they add nothing to <see cref="CostUsd"/>, so the true cost is higher.</summary>
    [JsonInclude]
    public long UnknownCost { get; internal set; }

    /// <summary>Rows that no price row matched.</summary>
    [JsonInclude]
    public long Unpriced { get; internal set; }

    /// <summary>Rows answered by a model of another family than the tier's.</summary>
    [JsonInclude]
    public long ForeignModel { get; internal set; }

    /// <summary>Rows of answers that came after their attempt had been given up.</summary>
    [JsonInclude]
    public long Late { get; internal set; }

    /// <summary>Whole prompts in tokens, cached ones included.</summary>
    [JsonInclude]
    public long PromptTokens { get; internal set; }

    /// <summary>Part of the prompts served from cache.</summary>
    [JsonInclude]
    public long CachedTokens { get; internal set; }

    /// <summary>Visible output in tokens.</summary>
    [JsonInclude]
    public long AnswerTokens { get; internal set; }

    /// <summary>Thinking tokens, billed as output.</summary>
    [JsonInclude]
    public long ThinkingTokens { get; internal set; }

    /// <summary>Prompt tokens added by built-in tools.</summary>
    [JsonInclude]
    public long ToolUseTokens { get; internal set; }

    /// <summary>Prompt tokens by modality.</summary>
    [JsonInclude]
    public ModalityTotals PromptByModality { get; internal set; } = new();

    /// <summary>Known cost in USD, exact.</summary>
    [JsonInclude]
    public decimal CostUsd { get; internal set; }

    /// <summary>The same counts at the official list price in USD, where it is known.</summary>
    [JsonInclude]
    public decimal ListUsd { get; internal set; }

    /// <summary>List price minus cost in USD, over the rows where both are known.</summary>
    [JsonInclude]
    public decimal SavedUsd { get; internal set; }

    /// <summary>What the cached tokens would have cost more had they not been cached, in USD.</summary>
    [JsonInclude]
    public decimal CacheSavedUsd { get; internal set; }

    /// <summary>Playing time in milliseconds of the audio and video answered about, where its length and the cost are known.</summary>
    [JsonInclude]
    public long MediaMilliseconds { get; internal set; }

    /// <summary>Cost in USD of the rows that <see cref="MediaMilliseconds"/> counts.</summary>
    [JsonInclude]
    public decimal MediaCostUsd { get; internal set; }

    /// <summary>All tokens together: prompts, tools, output and thinking.</summary>
    [JsonIgnore]
    public long TotalTokens => PromptTokens + ToolUseTokens + AnswerTokens + ThinkingTokens;

    /// <summary>Cost in USD of one minute of audio or video, or null when there was none of known length.</summary>
    [JsonIgnore]
    public decimal? CostPerMediaMinuteUsd => MediaMilliseconds > 0 ? MediaCostUsd * 60_000 / MediaMilliseconds : null;

    /// <summary>Adds a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="cacheSavedUsd">What its cached tokens saved in USD.</param>
    internal void Add(UsageRecord row, decimal cacheSavedUsd)
    {
        Answers++;
        UnknownUsage += row.Usage is null ? 1 : 0;
        UnknownCost += row.CostUsd is null ? 1 : 0;
        Unpriced += row.Unpriced ? 1 : 0;
        ForeignModel += row.ForeignModel ? 1 : 0;
        Late += row.Late ? 1 : 0;
        if (row.Usage is { } usage)
        {
            PromptTokens += usage.PromptTokens;
            CachedTokens += usage.CachedTokens;
            AnswerTokens += usage.CandidatesTokens;
            ThinkingTokens += usage.ThoughtsTokens;
            ToolUseTokens += usage.ToolUsePromptTokens;
            PromptByModality.Add(usage);
        }

        CostUsd += row.CostUsd ?? 0;
        ListUsd += row.ListUsd ?? 0;
        SavedUsd += row is { ListUsd: { } list, CostUsd: { } cost } ? list - cost : 0;
        CacheSavedUsd += cacheSavedUsd;
        if (row is { MediaKind: "audio" or "video", MediaSeconds: > 0 and { } seconds, CostUsd: { } mediaCost })
        {
            // Whole milliseconds: sums of doubles would depend on the order of the rows.
            MediaMilliseconds += (long)Math.Round(seconds * 1000);
            MediaCostUsd += mediaCost;
        }
    }

    /// <summary>Adds what another one has summed.</summary>
    internal void Merge(UsageTotals other)
    {
        Answers += other.Answers;
        UnknownUsage += other.UnknownUsage;
        UnknownCost += other.UnknownCost;
        Unpriced += other.Unpriced;
        ForeignModel += other.ForeignModel;
        Late += other.Late;
        PromptTokens += other.PromptTokens;
        CachedTokens += other.CachedTokens;
        AnswerTokens += other.AnswerTokens;
        ThinkingTokens += other.ThinkingTokens;
        ToolUseTokens += other.ToolUseTokens;
        PromptByModality.Merge(other.PromptByModality);
        CostUsd += other.CostUsd;
        ListUsd += other.ListUsd;
        SavedUsd += other.SavedUsd;
        CacheSavedUsd += other.CacheSavedUsd;
        MediaMilliseconds += other.MediaMilliseconds;
        MediaCostUsd += other.MediaCostUsd;
    }
}
