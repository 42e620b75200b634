using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Responses;

namespace FlashDrop.EvoLink.Tests;

/// <summary>Counts are what a caller pays for: each field of either vocabulary lands where it belongs.</summary>
public sealed class TokenCountTests
{
    [Fact]
    public void NativeCounts_AreAllRead() => Assert.Equivalent(
        new TokenUsage
        {
            PromptTokens = 100,
            CachedTokens = 20,
            CandidatesTokens = 30,
            ThoughtsTokens = 40,
            ToolUsePromptTokens = 50,
            TotalTokens = 220,
            PromptDetails = [new("TEXT", 60), new("VIDEO", 40)],
            CacheDetails = [new("AUDIO", 20)],
        },
        UsageReader.Native(JsonElement.Parse("""
            {"promptTokenCount":100,"cachedContentTokenCount":20,"candidatesTokenCount":30,"thoughtsTokenCount":"40","toolUsePromptTokenCount":50,"totalTokenCount":220,
             "promptTokensDetails":[{"modality":"TEXT","tokenCount":60},{"modality":"video","tokenCount":40},{"tokenCount":1}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":20}]}
            """)),
        strict: true);

    [Fact]
    public void OpenAiCounts_AreAllRead_ThoughtsApartFromTheText() => Assert.Equivalent(
        new TokenUsage
        {
            PromptTokens = 100,
            CachedTokens = 20,
            CandidatesTokens = 30,
            ThoughtsTokens = 40,
            TotalTokens = 170,
            PromptDetails = [new("TEXT", 50), new("AUDIO", 30), new("IMAGE", 20)],
        },
        UsageReader.OpenAi(JsonElement.Parse("""
            {"prompt_tokens":100,"completion_tokens":70,"total_tokens":170,"completion_tokens_details":{"reasoning_tokens":40},
             "prompt_tokens_details":{"cached_tokens":20,"text_tokens":50,"audio_tokens":30,"image_tokens":20}}
            """)),
        strict: true);

    [Theory]
    [InlineData("promptTokenCount")]
    [InlineData("candidatesTokenCount")]
    [InlineData("thoughtsTokenCount")]
    [InlineData("toolUsePromptTokenCount")]
    [InlineData("totalTokenCount")]
    public void OneCount_IsEnoughToKnowTheUsage(string field) => Assert.NotNull(UsageReader.Native(JsonElement.Parse($$"""{"{{field}}":1}""")));

    [Theory]
    [InlineData("""{"usage":{"cost":{"usd":"0.0007"}}}""", "0.0007")]
    [InlineData("""{"usage":{"cost":{"usd":0}}}""", "0")]
    [InlineData("""{"usage":{"cost":{"usd":-0.1}}}""", null)]
    [InlineData("""{"usage":{"cost":"0.0123"}}""", null)]
    [InlineData("""{"usage":{"credits_used":0.05}}""", null)]
    public void Cost_IsTheUpstreamsOwnFigure(string body, string? usd) =>
        Assert.Equal(usd is null ? null : decimal.Parse(usd, System.Globalization.CultureInfo.InvariantCulture), UsageReader.ReportedCostUsd(JsonElement.Parse(body)));
}
