using FlashDrop.EvoLink.Generation;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink.Pricing;

/// <summary>Prices by the rows of <see cref="PriceOptions"/>. Exact: nothing is rounded.</summary>
internal sealed class PriceBook(IOptions<PriceOptions> prices, IOptions<UpstreamOptions> upstream) : IPriceBook
{
    private const decimal PerTokens = 1_000_000m;

    private readonly PriceOptions _prices = prices.Value;
    private readonly Dictionary<Tier, string> _families =
        upstream.Value.Models.ToDictionary(model => model.Key, model => ModelFamily.Of(model.Value));

    public PricedUsage Price(Tier tier, string? modelVersion, TokenUsage? usage, DateTimeOffset at)
    {
        var day = DateOnly.FromDateTime(at.UtcDateTime);
        var own = _families.GetValueOrDefault(tier);
        var answering = string.IsNullOrWhiteSpace(modelVersion) ? own : ModelFamily.Of(modelVersion);
        var foreign = !string.Equals(own, answering, StringComparison.Ordinal);

        // What the upstream charges for a family nobody has a price of is not known: the tier's own price would be a guess.
        var (rates, name) = foreign
            ? ((PriceRates?)InForce(_prices.Families, row => IsFamily(row, answering), day), answering)
            : (InForce(_prices.Tiers, row => row.Tier == tier, day), tier.ToString().ToLowerInvariant());
        var list = InForce(_prices.List, row => IsFamily(row, answering), day);
        return new PricedUsage
        {
            CostUsd = usage is not null && rates is not null ? Cost(usage, rates) : null,
            ListUsd = usage is not null && list is not null ? Cost(usage, list) : null,
            ForeignModel = foreign,
            Unpriced = rates is null,
            PriceRow = rates is null ? null : $"{name}@{rates.EffectiveFrom:yyyy-MM-dd}",
        };
    }

    /// <summary>The exact cost of one answer. Every difference is clamped to zero, so odd counts never make a credit.</summary>
    internal static decimal Cost(TokenUsage usage, PriceRates rates)
    {
        var prompt = Math.Max(0, usage.PromptTokens);
        var cached = Math.Clamp(usage.CachedTokens, 0, prompt);
        var tools = Math.Max(0, usage.ToolUsePromptTokens);
        var output = Math.Max(0, usage.OutputTokens);
        decimal input;
        if (rates.AudioInput is { } audioInput)
        {
            var audio = Math.Clamp(Audio(usage.PromptDetails), 0, prompt);
            var cachedAudio = Math.Clamp(Audio(usage.CacheDetails), 0, Math.Min(cached, audio));
            var cachedOther = cached - cachedAudio;
            input = ((Math.Max(0, prompt - audio - cachedOther) + tools) * rates.Input)
                + ((audio - cachedAudio) * audioInput)
                + (cachedOther * rates.CacheRead)
                + (cachedAudio * (rates.AudioCacheRead ?? rates.CacheRead));
        }
        else
        {
            input = ((prompt - cached + tools) * rates.Input) + (cached * rates.CacheRead);
        }

        return (input + (output * rates.Output)) / PerTokens;
    }

    private static long Audio(IReadOnlyList<ModalityTokens> details) =>
        details.Where(detail => string.Equals(detail.Modality, "AUDIO", StringComparison.OrdinalIgnoreCase)).Sum(detail => detail.Tokens);

    private static bool IsFamily(FamilyPrice row, string? family) => string.Equals(ModelFamily.Of(row.Family), family, StringComparison.Ordinal);

    private static TRow? InForce<TRow>(IEnumerable<TRow> rows, Func<TRow, bool> fits, DateOnly day)
        where TRow : PriceRates
    {
        TRow? best = null;
        foreach (var row in rows)
        {
            if (row.EffectiveFrom <= day && fits(row) && (best is null || row.EffectiveFrom >= best.EffectiveFrom))
            {
                best = row;
            }
        }

        return best;
    }
}
