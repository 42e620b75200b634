using CsCheck;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.EvoLink.Tests;

public sealed class PricingTests
{
    private static readonly DateTimeOffset Today = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    private static readonly TokenUsage Vector = new()
    {
        PromptTokens = 13_120,
        CachedTokens = 2_048,
        CandidatesTokens = 640,
        ThoughtsTokens = 1_210,
        PromptDetails = [new("TEXT", 3_520), new("AUDIO", 9_600)],
        CacheDetails = [new("TEXT", 2_048)],
    };

    [Fact]
    public async Task ReferenceVector_CostsExactlyTheDocumentedAmounts()
    {
        await using var upstream = new Upstream();
        var book = upstream.Services.GetRequiredService<IPriceBook>();

        Assert.Equal(0.006406432m, book.Price(Tier.Standard, "gemini-2.5-flash", Vector, Today).CostUsd);
        Assert.Equal(0.0020825m, book.Price(Tier.Beta, "gemini-2.5-flash", Vector, Today).CostUsd);
        Assert.Equal(0.01472804m, book.Price(Tier.Standard, "gemini-2.5-flash", Vector, Today).ListUsd);
        Assert.Equal(0.00800804m, PriceBook.Cost(Vector, new TierPrice { Input = 0.30m, Output = 2.50m, CacheRead = 0.03m }));
    }

    [Theory]
    [InlineData(Tier.Standard, "gemini-2.5-flash", false, "standard@2026-01-01")]
    [InlineData(Tier.Standard, null, false, "standard@2026-01-01")]
    [InlineData(Tier.Standard, "models/gemini-2.5-flash-001", false, "standard@2026-01-01")]
    [InlineData(Tier.Standard, "gemini-2.5-flash-preview-09-2025", false, "standard@2026-01-01")]
    [InlineData(Tier.Beta, "gemini-2.5-flash", false, "beta@2026-01-01")]
    [InlineData(Tier.Beta, "gemini-2.5-flash-beta", false, "beta@2026-01-01")]
    [InlineData(Tier.Standard, "gemini-3.5-flash-lite", true, "gemini-3.5-flash-lite@2026-01-01")]
    [InlineData(Tier.Beta, "gemini-3.5-flash-lite-preview", true, "gemini-3.5-flash-lite@2026-01-01")]
    [InlineData(Tier.Standard, "gemini-2.5-flash-lite", true, null)]
    [InlineData(Tier.Standard, "gemini-2.5-pro", true, null)]
    public async Task ModelVersion_DecidesFamilyAndRow(Tier tier, string? version, bool foreign, string? row)
    {
        await using var upstream = new Upstream();
        var priced = upstream.Services.GetRequiredService<IPriceBook>().Price(tier, version, Vector, Today);

        Assert.Equal(foreign, priced.ForeignModel);
        Assert.Equal(row, priced.PriceRow);
        Assert.Equal((row is null, row is null), (priced.Unpriced, priced.CostUsd is null));
    }

    [Theory]
    [InlineData("gemini-2.5-flash-latest", "gemini-2.5-flash")]
    [InlineData("gemini-2.5-flash-exp", "gemini-2.5-flash")]
    [InlineData("gemini-2.5-flash-experimental", "gemini-2.5-flash")]
    [InlineData("gemini-2.5-flash-stable", "gemini-2.5-flash")]
    [InlineData("gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash")]
    [InlineData("publishers/google/models/Gemini-2.5-Flash@001", "gemini-2.5-flash")]
    [InlineData("models/gemini-2.5-flash:free", "gemini-2.5-flash")]
    [InlineData(" gemini-2.5-flash ", "gemini-2.5-flash")]
    [InlineData("gemini-2.5-flash-8", "gemini-2.5-flash-8")]
    [InlineData("gemini-2.5-flash-8b", "gemini-2.5-flash-8b")]
    [InlineData("gemini-001", "gemini-001")]
    [InlineData(":free", ":free")]
    public void ModelId_IsReducedToItsFamily(string id, string family) => Assert.Equal(family, ModelFamily.Of(id));

    [Fact]
    public async Task RowsOfOneDay_TheLaterOneInTheSettingsApplies()
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Prices:Tiers:0:Tier", "standard"),
            ("FlashDrop:Prices:Tiers:0:EffectiveFrom", "2026-11-23"),
            ("FlashDrop:Prices:Tiers:0:Input", "1"),
            ("FlashDrop:Prices:Tiers:1:Tier", "standard"),
            ("FlashDrop:Prices:Tiers:1:EffectiveFrom", "2026-11-23"),
            ("FlashDrop:Prices:Tiers:1:Input", "2"));

        Assert.Equal(2m, upstream.Services.GetRequiredService<IPriceBook>().Price(Tier.Standard, null, new TokenUsage { PromptTokens = 1_000_000 }, Today).CostUsd);
    }

    [Fact]
    public async Task ForeignFamilyWithARow_CostsItsRates()
    {
        await using var upstream = new Upstream();
        var priced = upstream.Services.GetRequiredService<IPriceBook>().Price(Tier.Beta, "gemini-3.5-flash-lite", Vector, Today);

        Assert.Equal(0.00800804m, priced.CostUsd);
        Assert.Equal(0.00800804m, priced.ListUsd);
    }

    [Fact]
    public async Task UnknownUsage_CostsUnknownNotZero()
    {
        await using var upstream = new Upstream();
        var priced = upstream.Services.GetRequiredService<IPriceBook>().Price(Tier.Standard, "gemini-2.5-flash", null, Today);

        Assert.Null(priced.CostUsd);
        Assert.Null(priced.ListUsd);
        Assert.False(priced.Unpriced);
    }

    [Fact]
    public async Task DayBeforeTheFirstRow_IsUnpriced()
    {
        await using var upstream = new Upstream();
        var priced = upstream.Services.GetRequiredService<IPriceBook>().Price(Tier.Standard, null, Vector, new DateTimeOffset(2025, 12, 31, 23, 59, 59, TimeSpan.Zero));

        Assert.True(priced.Unpriced);
        Assert.Null(priced.CostUsd);
        Assert.Null(priced.PriceRow);
    }

    [Fact]
    public async Task RowFromSettings_AppliesFromItsDayOn()
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Prices:Tiers:0:Tier", "standard"),
            ("FlashDrop:Prices:Tiers:0:EffectiveFrom", "2026-11-23"),
            ("FlashDrop:Prices:Tiers:0:Input", "1"),
            ("FlashDrop:Prices:Tiers:0:Output", "0"),
            ("FlashDrop:Prices:Tiers:0:CacheRead", "0"));
        var book = upstream.Services.GetRequiredService<IPriceBook>();

        Assert.Equal(0.006406432m, book.Price(Tier.Standard, null, Vector, Today.AddTicks(-1)).CostUsd);
        var priced = book.Price(Tier.Standard, null, Vector, Today);
        Assert.Equal((13_120m - 2_048m) / 1_000_000m, priced.CostUsd);
        Assert.Equal("standard@2026-11-23", priced.PriceRow);
    }

    [Theory]
    [InlineData("gemini-3.5-flash-lite", "gemini-3.5-flash-lite@2026-01-01", 0.00800804)]
    [InlineData("gemini-4-flash", null, null)]
    public async Task TierGivenAnotherModel_IsNotPricedByTheOldModelsRow(string model, string? row, double? cost)
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:Models:Standard", model));
        var priced = upstream.Services.GetRequiredService<IPriceBook>().Price(Tier.Standard, model, Vector, Today);

        Assert.Equal((false, row is null, row), (priced.ForeignModel, priced.Unpriced, priced.PriceRow));
        Assert.Equal((decimal?)cost, priced.CostUsd);
    }

    [Fact]
    public async Task RowWithoutFamily_PricesWhateverModelTheTierHas()
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Upstream:Models:Standard", "gemini-4-flash"),
            ("FlashDrop:Prices:Tiers:0:Tier", "standard"),
            ("FlashDrop:Prices:Tiers:0:EffectiveFrom", "2026-11-01"),
            ("FlashDrop:Prices:Tiers:0:Input", "1"));

        Assert.Equal(
            "standard@2026-11-01",
            upstream.Services.GetRequiredService<IPriceBook>().Price(Tier.Standard, "gemini-4-flash", Vector, Today).PriceRow);
    }

    [Fact]
    public void ToolTokens_CostTheInputRate() =>
        Assert.Equal(3m, PriceBook.Cost(new TokenUsage { PromptTokens = 1_000_000, ToolUsePromptTokens = 500_000 }, new TierPrice { Input = 2m }));

    [Fact]
    public void ToolTokens_BesideAudio_CostTheInputRateToo() =>
        Assert.Equal(
            // 600k fresh text and 500k of tools × 2, 400k audio × 10
            2.2m + 4m,
            PriceBook.Cost(
                new TokenUsage { PromptTokens = 1_000_000, ToolUsePromptTokens = 500_000, PromptDetails = [new("AUDIO", 400_000)] },
                new TierPrice { Input = 2m, AudioInput = 10m }));

    [Fact]
    public void CachedAudio_IsNoMoreThanWhatWasCachedOrAudio()
    {
        var rates = new TierPrice { Input = 1m, AudioInput = 10m, CacheRead = 0.1m, AudioCacheRead = 0.5m };

        // All 100k that were cached are audio: 600k other fresh × 1, 300k audio fresh × 10, 100k audio cached × 0.5.
        Assert.Equal(0.6m + 3m + 0.05m, PriceBook.Cost(Usage(cached: 100_000, audio: 400_000, cachedAudio: 300_000), rates));

        // All 100k of audio were cached: 700k other fresh × 1, 200k other cached × 0.1, 100k audio cached × 0.5.
        Assert.Equal(0.7m + 0.02m + 0.05m, PriceBook.Cost(Usage(cached: 300_000, audio: 100_000, cachedAudio: 200_000), rates));

        static TokenUsage Usage(long cached, long audio, long cachedAudio) => new()
        {
            PromptTokens = 1_000_000,
            CachedTokens = cached,
            PromptDetails = [new("AUDIO", audio)],
            CacheDetails = [new("AUDIO", cachedAudio)],
        };
    }

    [Fact]
    public void CachedAudio_CostsItsOwnRate() =>
        Assert.Equal(
            // 400k other fresh × 1, 300k audio fresh × 10, 200k other cached × 0.1, 100k audio cached × 0.5
            0.4m + 3m + 0.02m + 0.05m,
            PriceBook.Cost(
                new TokenUsage
                {
                    PromptTokens = 1_000_000,
                    CachedTokens = 300_000,
                    PromptDetails = [new("AUDIO", 400_000)],
                    CacheDetails = [new("AUDIO", 100_000)],
                },
                new TierPrice { Input = 1m, AudioInput = 10m, CacheRead = 0.1m, AudioCacheRead = 0.5m }));

    [Fact]
    public void AnyCounts_NeverMakeACredit()
    {
        var count = Gen.Long[-10, 2_000_000];
        Gen.Select(count, count, count, count, count, count, count).Sample((prompt, cached, output, thoughts, tools, audio, cachedAudio) =>
        {
            var usage = new TokenUsage
            {
                PromptTokens = prompt,
                CachedTokens = cached,
                CandidatesTokens = output,
                ThoughtsTokens = thoughts,
                ToolUsePromptTokens = tools,
                PromptDetails = [new("AUDIO", audio)],
                CacheDetails = [new("AUDIO", cachedAudio)],
            };
            return PriceBook.Cost(usage, new TierPrice { Input = 0.3m, Output = 2.5m, CacheRead = 0.03m, AudioInput = 1m, AudioCacheRead = 0.1m }) >= 0
                && PriceBook.Cost(usage, new TierPrice { Input = 0.3m, Output = 2.5m, CacheRead = 0.03m }) >= 0;
        });
    }
}
