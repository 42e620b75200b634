using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;

namespace FlashDrop.Testing.Upstream;

/// <summary>
/// Prices that are easy to check by eye: one millionth of a dollar a token, half of it on the beta tier. Models other than the one asked for have no price.
/// </summary>
public sealed class FlatPrices : IPriceBook
{
    public PricedUsage Price(Tier tier, string? modelVersion, TokenUsage? usage, DateTimeOffset at)
    {
        if (modelVersion is not (null or "gemini-2.5-flash" or "gemini-2.5-flash-beta"))
        {
            return new PricedUsage { ForeignModel = true, Unpriced = true };
        }

        var tokens = usage?.PromptTokens + usage?.ToolUsePromptTokens + usage?.OutputTokens;
        return new PricedUsage
        {
            CostUsd = tokens * (tier == Tier.Beta ? 0.0000005m : 0.000001m),
            ListUsd = tokens * 0.000002m,
            PriceRow = "flat",
        };
    }
}
