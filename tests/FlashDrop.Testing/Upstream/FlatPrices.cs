using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;

namespace FlashDrop.Testing.Upstream;

/// <summary>Prices that are easy to check by eye: one millionth of a dollar a token, half of it on the beta tier.</summary>
public sealed class FlatPrices : IPriceBook
{
    public PricedUsage Price(Tier tier, string? modelVersion, TokenUsage? usage, DateTimeOffset at) => usage is null
        ? new PricedUsage()
        : new PricedUsage
        {
            CostUsd = (usage.PromptTokens + usage.OutputTokens) * (tier == Tier.Beta ? 0.0000005m : 0.000001m),
            ListUsd = (usage.PromptTokens + usage.OutputTokens) * 0.000002m,
            PriceRow = "flat",
        };
}
