using System.Text.Json;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Resilience;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_ArePinned()
    {
        Assert.Equal(
            """{"GenerateBaseUrl":"https://direct.evolink.ai","TasksBaseUrl":"https://api.evolink.ai","Models":{"Standard":"gemini-2.5-flash","Beta":"gemini-2.5-flash-beta"},"AsyncMode":true,"UserAgent":"FlashDrop/1.0","MaxInlineBytes":14680064,"MaxResponseBytes":33554432,"MaxFrameBytes":8388608,"MaxLinkedResultBytes":8388608,"AllowLoopbackLinks":false,"MaxRetryAfter":"00:05:00"}""".Replace("\"Standard\"", "\"standard\"", StringComparison.Ordinal).Replace("\"Beta\"", "\"beta\"", StringComparison.Ordinal),
            JsonSerializer.Serialize(new UpstreamOptions()));
        Assert.Equal(
            """{"Submit":{"AttemptTimeout":"00:04:00","TotalTimeout":"00:04:30","Retries":2,"BaseDelay":"00:00:00.5000000","MaxDelay":"00:00:05"},"Generate":{"AttemptTimeout":"00:01:30","TotalTimeout":"00:01:40","Retries":3,"BaseDelay":"00:00:01","MaxDelay":"00:00:30"},"Stream":{"AttemptTimeout":"00:00:30","TotalTimeout":"00:01:40","Retries":3,"BaseDelay":"00:00:01","MaxDelay":"00:00:30"},"ReadTask":{"AttemptTimeout":"00:00:15","TotalTimeout":"00:01:00","Retries":3,"BaseDelay":"00:00:00.5000000","MaxDelay":"00:00:10"},"StreamIdleTimeout":"00:00:30","StreamFinishGrace":"00:00:05","CircuitBreaker":{"FailureRatio":0.5,"MinimumThroughput":10,"SamplingDuration":"00:00:30","BreakDuration":"00:00:10"},"Concurrency":{"Permits":64,"Queue":256}}""",
            JsonSerializer.Serialize(new UpstreamResilienceOptions()));
        Assert.Equal(
            """{"Tiers":[{"Tier":"standard","Family":"gemini-2.5-flash","EffectiveFrom":"2026-01-01","Input":0.240,"Output":2.00,"CacheRead":0.024,"AudioInput":null,"AudioCacheRead":null},{"Tier":"beta","Family":"gemini-2.5-flash","EffectiveFrom":"2026-01-01","Input":0.078,"Output":0.650,"CacheRead":0.008,"AudioInput":null,"AudioCacheRead":null}],"Families":[{"Family":"gemini-3.5-flash-lite","EffectiveFrom":"2026-01-01","Input":0.30,"Output":2.50,"CacheRead":0.03,"AudioInput":null,"AudioCacheRead":null}],"List":[{"Family":"gemini-2.5-flash","EffectiveFrom":"2026-01-01","Input":0.30,"Output":2.50,"CacheRead":0.03,"AudioInput":1.00,"AudioCacheRead":0.10},{"Family":"gemini-3.5-flash-lite","EffectiveFrom":"2026-01-01","Input":0.30,"Output":2.50,"CacheRead":0.03,"AudioInput":null,"AudioCacheRead":null}]}""",
            JsonSerializer.Serialize(new PriceOptions()));
    }

    [Theory]
    [InlineData("FlashDrop:Upstream:GenerateBaseUrl", "http://example.com/")]
    [InlineData("FlashDrop:Upstream:TasksBaseUrl", "https://example.com/?key=1")]
    [InlineData("FlashDrop:Upstream:Models:Beta", "a b")]
    [InlineData("FlashDrop:Upstream:Models:Standard", "../x")]
    [InlineData("FlashDrop:Upstream:UserAgent", "")]
    [InlineData("FlashDrop:Upstream:MaxInlineBytes", "-1")]
    [InlineData("FlashDrop:Upstream:MaxInlineBytes", "78643201")]
    [InlineData("FlashDrop:Upstream:MaxResponseBytes", "10")]
    [InlineData("FlashDrop:Upstream:MaxFrameBytes", "33554433")]
    [InlineData("FlashDrop:Upstream:MaxRetryAfter", "00:00:00")]
    [InlineData("FlashDrop:Upstream:Resilience:Submit:AttemptTimeout", "00:00:00")]
    [InlineData("FlashDrop:Upstream:Resilience:Submit:AttemptTimeout", "00:05:00")]
    [InlineData("FlashDrop:Upstream:Resilience:Generate:Retries", "11")]
    [InlineData("FlashDrop:Upstream:Resilience:ReadTask:BaseDelay", "00:00:11")]
    [InlineData("FlashDrop:Upstream:Resilience:StreamIdleTimeout", "00:00:04")]
    [InlineData("FlashDrop:Upstream:Resilience:StreamFinishGrace", "00:00:31")]
    [InlineData("FlashDrop:Upstream:Resilience:CircuitBreaker:FailureRatio", "1.5")]
    [InlineData("FlashDrop:Upstream:Resilience:Concurrency:Permits", "0")]
    [InlineData("FlashDrop:Prices:Tiers:0:Input", "-0.1")]
    [InlineData("FlashDrop:Prices:Families:0:Input", "1")]
    [InlineData("FlashDrop:Prices:List:0:AudioCacheRead", "0.5")]
    public void ImpossibleSetting_IsRefusedAtStartWithItsValue(string setting, string value)
    {
        var services = new ServiceCollection();
        services.AddEvoLink(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(setting, (string?)value)]).Build());
        using var provider = services.BuildServiceProvider();

        var exception = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());

        var leaf = setting[(setting.LastIndexOf(':') + 1)..];
        Assert.Contains(exception.Failures, failure => failure.StartsWith("FlashDrop:", StringComparison.Ordinal) && (failure.Contains(leaf, StringComparison.OrdinalIgnoreCase) || failure.Contains("Family", StringComparison.Ordinal) || failure.Contains("StreamFinishGrace", StringComparison.Ordinal)));
    }

    [Fact]
    public void Defaults_PassTheirOwnValidation()
    {
        var services = new ServiceCollection();
        services.AddEvoLink(new ConfigurationBuilder().Build());
        using var provider = services.BuildServiceProvider();

        provider.GetRequiredService<IStartupValidator>().Validate();
    }

    [Fact]
    public void EveryFault_IsReportedAtOnceAndQuotesTheValue()
    {
        var result = new UpstreamOptionsValidator().Validate(null, new UpstreamOptions { GenerateBaseUrl = new Uri("ftp://x"), MaxInlineBytes = -5, UserAgent = "Flash\nDrop" });

        Assert.Equal(3, result.Failures!.Count());
        Assert.Contains("'ftp://x/'", result.FailureMessage, StringComparison.Ordinal);
        Assert.Contains("FlashDrop:Upstream:MaxInlineBytes is '-5' but has to be 0 to 78643200.", result.FailureMessage, StringComparison.Ordinal);
    }

    [Fact]
    public void LoopbackOverPlainHttp_IsAllowedForTheBaseUrl() =>
        Assert.True(new UpstreamOptionsValidator().Validate(null, new UpstreamOptions { GenerateBaseUrl = new Uri("http://127.0.0.1:5080"), TasksBaseUrl = new Uri("http://localhost:1/x") }).Succeeded);

    [Fact]
    public void HostsOwnServices_AreKept()
    {
        var book = new OwnBook();
        var services = new ServiceCollection();
        services.AddSingleton<IPriceBook>(book);
        services.AddEvoLink(new ConfigurationBuilder().Build());
        using var provider = services.BuildServiceProvider();

        Assert.Same(book, provider.GetRequiredService<IPriceBook>());
    }

    private sealed class OwnBook : IPriceBook
    {
        public PricedUsage Price(Tier tier, string? modelVersion, Generation.TokenUsage? usage, DateTimeOffset at) => new();
    }
}
