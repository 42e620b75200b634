using System.ComponentModel.DataAnnotations;

namespace FlashDrop.EvoLink.Pricing;

/// <summary>
/// Prices, in USD per 1,000,000 tokens. Section <c>FlashDrop:Prices</c>. Rows from settings are added to the defaults; of the rows
/// that fit, the one with the latest <see cref="PriceRates.EffectiveFrom"/> that has begun counts, and of equal dates the last one.
/// </summary>
public sealed class PriceOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Prices";

    private const string Gemini25 = "gemini-2.5-flash";

    private static readonly DateOnly Initial = new(2026, 1, 1);

    /// <summary>
    /// What the upstream charges by tier. Defaults, for gemini-2.5-flash only: standard 0.24 / 2.00 / 0.024, beta 0.078 / 0.65 / 0.008 from
    /// 2026-01-01. They do not outlive their model: a tier that is given another one needs a row of its own, or its family's.
    /// </summary>
    public List<TierPrice> Tiers { get; set; } =
    [
        new() { Tier = Tier.Standard, Family = Gemini25, EffectiveFrom = Initial, Input = 0.240m, Output = 2.00m, CacheRead = 0.024m },
        new() { Tier = Tier.Beta, Family = Gemini25, EffectiveFrom = Initial, Input = 0.078m, Output = 0.650m, CacheRead = 0.008m },
    ];

    /// <summary>
    /// What is charged when a model of another family than the tier's answers, or the tier has no row for its model. Default:
    /// gemini-3.5-flash-lite 0.30 / 2.50 / 0.03, the successor the requested model is being routed to.
    /// </summary>
    public List<FamilyPrice> Families { get; set; } =
    [
        new() { Family = "gemini-3.5-flash-lite", EffectiveFrom = Initial, Input = 0.30m, Output = 2.50m, CacheRead = 0.03m },
    ];

    /// <summary>Official list prices by model family, for comparison only. Defaults: gemini-2.5-flash with its audio rates, gemini-3.5-flash-lite.</summary>
    public List<FamilyPrice> List { get; set; } =
    [
        new()
        {
            Family = Gemini25, EffectiveFrom = Initial, Input = 0.30m, Output = 2.50m, CacheRead = 0.03m, AudioInput = 1.00m, AudioCacheRead = 0.10m,
        },
        new() { Family = "gemini-3.5-flash-lite", EffectiveFrom = Initial, Input = 0.30m, Output = 2.50m, CacheRead = 0.03m },
    ];
}

/// <summary>Rates in USD per 1,000,000 tokens, each 0 to 10,000.</summary>
public abstract class PriceRates
{
    /// <summary>First day (UTC) on which the row applies.</summary>
    public DateOnly EffectiveFrom { get; set; }

    /// <summary>Prompt tokens that were not cached.</summary>
    [Range(0d, 10_000d)]
    public decimal Input { get; set; }

    /// <summary>Output tokens, thoughts included.</summary>
    [Range(0d, 10_000d)]
    public decimal Output { get; set; }

    /// <summary>Prompt tokens served from cache.</summary>
    [Range(0d, 10_000d)]
    public decimal CacheRead { get; set; }

    /// <summary>Audio prompt tokens that were not cached; null when audio costs the same as text.</summary>
    [Range(0d, 10_000d)]
    public decimal? AudioInput { get; set; }

    /// <summary>Audio prompt tokens served from cache; null for <see cref="CacheRead"/>. Needs <see cref="AudioInput"/>.</summary>
    [Range(0d, 10_000d)]
    public decimal? AudioCacheRead { get; set; }
}

/// <summary>The price of a tier from a day on.</summary>
public sealed class TierPrice : PriceRates
{
    /// <summary>The tier.</summary>
    public Tier Tier { get; set; }

    /// <summary>The model family the row is for; null (default) for whatever model the tier has.</summary>
    public string? Family { get; set; }
}

/// <summary>The price of a model family from a day on.</summary>
public sealed class FamilyPrice : PriceRates
{
    /// <summary>Model family without version suffix, for example <c>gemini-2.5-flash</c>.</summary>
    [Required]
    public string Family { get; set; } = "";
}
