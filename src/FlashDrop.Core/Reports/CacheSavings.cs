using FlashDrop.Core.Metering;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;

namespace FlashDrop.Core.Reports;

/// <summary>
/// What cached tokens saved: their price had they not been cached, minus what they cost. Prices are per token whatever the size of the
/// request, so the price book is asked once for each price row, model and modality, not once for each answer. Not safe for concurrent use.
/// </summary>
internal sealed class CacheSavings(IPriceBook prices)
{
    /// <summary>Rates remembered at most; model names are an open set.</summary>
    private const int MaxRemembered = 1_000;

    private const long Probe = 1_000_000;

    private readonly Dictionary<Key, decimal> _perProbe = [];

    /// <summary>What the cached tokens of a row saved in USD; zero when its price or its counts are unknown.</summary>
    public decimal Of(UsageRecord row)
    {
        if (row is not { Usage: { CachedTokens: > 0 } usage, PriceRow: not null, CostUsd: not null })
        {
            return 0;
        }

        var remaining = Math.Min(usage.CachedTokens, usage.PromptTokens);
        decimal saved = 0;
        for (var i = 0; i < usage.CacheDetails.Count && remaining > 0; i++)
        {
            var tokens = Math.Clamp(usage.CacheDetails[i].Tokens, 0, remaining);
            saved += tokens * RateOf(row, usage.CacheDetails[i].Modality) / Probe;
            remaining -= tokens;
        }

        return remaining > 0 ? saved + (remaining * RateOf(row, "TEXT") / Probe) : saved;
    }

    private decimal RateOf(UsageRecord row, string modality)
    {
        var key = new Key(row.Tier, row.ModelVersion, row.PriceRow!, modality);
        if (_perProbe.TryGetValue(key, out var rate))
        {
            return rate;
        }

        ModalityTokens[] details = [new(modality, Probe)];
        var uncached = new TokenUsage { PromptTokens = Probe, PromptDetails = details };
        var cached = uncached with { CachedTokens = Probe, CacheDetails = details };
        rate = prices.Price(row.Tier, row.ModelVersion, uncached, row.At).CostUsd - prices.Price(row.Tier, row.ModelVersion, cached, row.At).CostUsd ?? 0;
        if (_perProbe.Count < MaxRemembered)
        {
            _perProbe[key] = rate;
        }

        return rate;
    }

    private readonly record struct Key(Tier Tier, string? ModelVersion, string PriceRow, string Modality);
}
