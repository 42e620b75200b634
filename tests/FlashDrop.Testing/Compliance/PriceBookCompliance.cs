using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every price book does whose tiers ask for <c>gemini-2.5-flash</c>.</summary>
public abstract class PriceBookCompliance
{
    private static readonly TokenUsage Usage = new() { PromptTokens = 1_000, CachedTokens = 200, CandidatesTokens = 80, ThoughtsTokens = 500 };

    protected abstract IPriceBook Create();

    [Theory]
    [InlineData(Tier.Standard, null)]
    [InlineData(Tier.Standard, "gemini-2.5-flash")]
    [InlineData(Tier.Beta, "gemini-2.5-flash")]
    [InlineData(Tier.Beta, "gemini-2.5-flash-beta")]
    public void Known_usage_of_the_model_asked_for_has_a_cost_a_list_price_and_a_named_row(Tier tier, string? model)
    {
        var priced = Create().Price(tier, model, Usage, TestJobs.Noon);

        Assert.True(priced is { CostUsd: > 0, ListUsd: > 0, ForeignModel: false, Unpriced: false });
        Assert.NotEmpty(Assert.IsType<string>(priced.PriceRow));
    }

    [Theory]
    [InlineData(Tier.Standard)]
    [InlineData(Tier.Beta)]
    public void Unknown_usage_has_no_cost_and_still_a_row(Tier tier)
    {
        var priced = Create().Price(tier, "gemini-2.5-flash", usage: null, TestJobs.Noon);

        Assert.Equal((null, null, false), (priced.CostUsd, priced.ListUsd, priced.Unpriced));
        Assert.NotNull(priced.PriceRow);
    }

    [Fact]
    public void No_tokens_cost_nothing_which_is_not_unknown()
    {
        var priced = Create().Price(Tier.Standard, null, new TokenUsage(), TestJobs.Noon);

        Assert.Equal((0m, 0m), (priced.CostUsd, priced.ListUsd));
    }

    [Theory]
    [InlineData("some-other-model")]
    [InlineData("gemini-2.5-flash-lite")]
    public void Model_nobody_asked_for_is_foreign_and_never_priced_as_the_one_asked_for(string model)
    {
        var priced = Create().Price(Tier.Standard, model, Usage, TestJobs.Noon);

        Assert.Equal(new PricedUsage { ForeignModel = true, Unpriced = true }, priced);
    }

    [Fact]
    public void Price_is_always_the_same()
    {
        var book = Create();

        Assert.Equal(book.Price(Tier.Beta, null, Usage, TestJobs.Noon), book.Price(Tier.Beta, null, Usage with { }, TestJobs.Noon));
    }

    [Fact]
    public void More_tokens_never_cost_less()
    {
        var book = Create();
        foreach (var tier in Enum.GetValues<Tier>())
        {
            var cost = book.Price(tier, null, Usage, TestJobs.Noon).CostUsd;
            Assert.True(book.Price(tier, null, Usage with { PromptTokens = 1_001 }, TestJobs.Noon).CostUsd > cost);
            Assert.True(book.Price(tier, null, Usage with { CandidatesTokens = 81 }, TestJobs.Noon).CostUsd > cost);
            Assert.True(book.Price(tier, null, Usage with { ThoughtsTokens = 501 }, TestJobs.Noon).CostUsd > cost);
            Assert.True(book.Price(tier, null, Usage with { ToolUsePromptTokens = 1 }, TestJobs.Noon).CostUsd > cost);
        }
    }
}
