using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink.Pricing;

/// <summary>Turns token counts into money, from price rows in settings.</summary>
public interface IPriceBook
{
    /// <summary>
    /// Prices one answer by the tier that was asked for; when <paramref name="modelVersion"/> names another model family, by that
    /// family's row if there is one.
    /// </summary>
    /// <param name="tier">The tier requested.</param>
    /// <param name="modelVersion">The model that answered, as it names itself; null when unknown.</param>
    /// <param name="usage">Counts, or null when the upstream gave none.</param>
    /// <param name="at">When the answer was given; the row in force then applies.</param>
    PricedUsage Price(Tier tier, string? modelVersion, TokenUsage? usage, DateTimeOffset at);
}

/// <summary>The cost of one answer.</summary>
public sealed record PricedUsage
{
    /// <summary>Exact cost in USD, unrounded; null when usage or price is unknown: unknown is never zero.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>What the same counts cost at the official list price in USD; null when unknown.</summary>
    public decimal? ListUsd { get; init; }

    /// <summary>Whether the answering model belongs to another family than the tier's.</summary>
    public bool ForeignModel { get; init; }

    /// <summary>Whether no price row matched: the cost is unknown until one is added.</summary>
    public bool Unpriced { get; init; }

    /// <summary>Name of the price row used, for example <c>standard@2026-01-01</c>.</summary>
    public string? PriceRow { get; init; }
}
