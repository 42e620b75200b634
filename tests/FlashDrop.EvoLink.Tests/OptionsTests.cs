using System.Net;
using System.Text.Json;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Relay;
using FlashDrop.EvoLink.Resilience;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Keys;
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
    [InlineData("Upstream:GenerateBaseUrl=https://proxy.example/evo/")]
    [InlineData("Upstream:GenerateBaseUrl=http://127.0.0.1:5080|Upstream:TasksBaseUrl=http://localhost:1/x")]
    [InlineData("Upstream:Models:Beta=evolink/gemini..flash")]
    [InlineData("Upstream:UserAgent=Flash Drop~1")]
    [InlineData("Upstream:MaxInlineBytes=0")]
    [InlineData("Upstream:MaxInlineBytes=78643200")]
    [InlineData("Upstream:MaxResponseBytes=65536|Upstream:MaxFrameBytes=65536")]
    [InlineData("Upstream:MaxResponseBytes=1073741824|Upstream:MaxFrameBytes=1073741824")]
    [InlineData("Upstream:MaxFrameBytes=33554432")]
    [InlineData("Upstream:MaxLinkedResultBytes=1024")]
    [InlineData("Upstream:MaxLinkedResultBytes=268435456")]
    [InlineData("Upstream:MaxRetryAfter=00:00:01")]
    [InlineData("Upstream:MaxRetryAfter=1.00:00:00")]
    [InlineData("Upstream:Resilience:Submit:AttemptTimeout=00:04:30")]
    [InlineData("Upstream:Resilience:Submit:AttemptTimeout=00:00:00.01|Upstream:Resilience:Submit:TotalTimeout=00:00:00.01")]
    [InlineData("Upstream:Resilience:Submit:AttemptTimeout=01:00:00|Upstream:Resilience:Submit:TotalTimeout=02:00:00")]
    [InlineData("Upstream:Resilience:Generate:Retries=0")]
    [InlineData("Upstream:Resilience:Generate:Retries=10")]
    [InlineData("Upstream:Resilience:Stream:BaseDelay=00:00:30")]
    [InlineData("Upstream:Resilience:Stream:BaseDelay=00:00:00.001|Upstream:Resilience:Stream:MaxDelay=00:00:00.001")]
    [InlineData("Upstream:Resilience:ReadTask:BaseDelay=00:01:00|Upstream:Resilience:ReadTask:MaxDelay=00:10:00")]
    [InlineData("Upstream:Resilience:StreamFinishGrace=00:00:30")]
    [InlineData("Upstream:Resilience:StreamFinishGrace=00:00:00.1")]
    [InlineData("Upstream:Resilience:StreamFinishGrace=00:01:00|Upstream:Resilience:StreamIdleTimeout=00:01:00")]
    [InlineData("Upstream:Resilience:StreamFinishGrace=00:00:01|Upstream:Resilience:StreamIdleTimeout=00:00:01")]
    [InlineData("Upstream:Resilience:StreamIdleTimeout=00:10:00")]
    [InlineData("Upstream:Resilience:CircuitBreaker:FailureRatio=0.05")]
    [InlineData("Upstream:Resilience:CircuitBreaker:FailureRatio=1")]
    [InlineData("Upstream:Resilience:CircuitBreaker:MinimumThroughput=2")]
    [InlineData("Upstream:Resilience:CircuitBreaker:MinimumThroughput=10000")]
    [InlineData("Upstream:Resilience:CircuitBreaker:SamplingDuration=00:00:00.5")]
    [InlineData("Upstream:Resilience:CircuitBreaker:SamplingDuration=01:00:00")]
    [InlineData("Upstream:Resilience:CircuitBreaker:BreakDuration=00:00:00.5")]
    [InlineData("Upstream:Resilience:CircuitBreaker:BreakDuration=01:00:00")]
    [InlineData("Upstream:Resilience:Concurrency:Permits=1")]
    [InlineData("Upstream:Resilience:Concurrency:Permits=10000")]
    [InlineData("Upstream:Resilience:Concurrency:Queue=0")]
    [InlineData("Upstream:Resilience:Concurrency:Queue=100000")]
    [InlineData("Prices:Tiers:0:Input=0")]
    [InlineData("Prices:Tiers:0:Input=10000")]
    [InlineData("Prices:List:0:Family=x|Prices:List:0:AudioInput=0.5|Prices:List:0:AudioCacheRead=0.1")]
    public void LastAllowedValue_Passes(string settings) => Assert.Empty(Failures(settings));

    /// <summary>Rows of prices come after the default ones, and are counted so.</summary>
    [Theory]
    [InlineData("Upstream:GenerateBaseUrl=http://example.com/", "Upstream:GenerateBaseUrl is 'http://example.com/' but has to be an absolute https URL without query (http only for this machine).")]
    [InlineData("Upstream:GenerateBaseUrl=/evo", "Upstream:GenerateBaseUrl is '/evo' but has to be an absolute https URL without query (http only for this machine).")]
    [InlineData("Upstream:TasksBaseUrl=https://example.com/?key=1", "Upstream:TasksBaseUrl is 'https://example.com/?key=1' but has to be an absolute https URL without query (http only for this machine).")]
    [InlineData("Upstream:TasksBaseUrl=https://example.com/#a", "Upstream:TasksBaseUrl is 'https://example.com/#a' but has to be an absolute https URL without query (http only for this machine).")]
    [InlineData("Upstream:TasksBaseUrl=https://me@example.com/", "Upstream:TasksBaseUrl is 'https://me@example.com/' but has to be an absolute https URL without query (http only for this machine).")]
    [InlineData("Upstream:Models:Beta=", "Upstream:Models:Beta is '' but has to be a model id.")]
    [InlineData("Upstream:Models:Beta=a b", "Upstream:Models:Beta is 'a b' but has to be a model id.")]
    [InlineData("Upstream:Models:Beta=a//b", "Upstream:Models:Beta is 'a//b' but has to be a model id.")]
    [InlineData("Upstream:Models:Beta=./a", "Upstream:Models:Beta is './a' but has to be a model id.")]
    [InlineData("Upstream:Models:Beta=a/../b", "Upstream:Models:Beta is 'a/../b' but has to be a model id.")]
    [InlineData("Upstream:Models:Beta=/a", "Upstream:Models:Beta is '/a' but has to be a model id.")]
    [InlineData("Upstream:Models:Beta=a/", "Upstream:Models:Beta is 'a/' but has to be a model id.")]
    [InlineData("Upstream:UserAgent=", "Upstream:UserAgent is '' but has to be set.")]
    [InlineData("Upstream:UserAgent=Flash\u001fDrop", "Upstream:UserAgent is 'Flash\u001fDrop' but has to be printable ASCII.")]
    [InlineData("Upstream:UserAgent=Flash\u007fDrop", "Upstream:UserAgent is 'Flash\u007fDrop' but has to be printable ASCII.")]
    [InlineData("Upstream:MaxFrameBytes=33554433", "Upstream:MaxFrameBytes is '33554433' but has to be at most MaxResponseBytes, 33554432.")]
    [InlineData("Upstream:MaxInlineBytes=-1", "Upstream:MaxInlineBytes is '-1' but has to be 0 to 78643200.")]
    [InlineData("Upstream:MaxInlineBytes=78643201", "Upstream:MaxInlineBytes is '78643201' but has to be 0 to 78643200.")]
    [InlineData("Upstream:MaxResponseBytes=1073741825", "Upstream:MaxResponseBytes is '1073741825' but has to be 65536 to 1073741824.")]
    [InlineData("Upstream:MaxFrameBytes=65535", "Upstream:MaxFrameBytes is '65535' but has to be 65536 to 1073741824.")]
    [InlineData("Upstream:MaxLinkedResultBytes=1023", "Upstream:MaxLinkedResultBytes is '1023' but has to be 1024 to 268435456.")]
    [InlineData("Upstream:MaxLinkedResultBytes=268435457", "Upstream:MaxLinkedResultBytes is '268435457' but has to be 1024 to 268435456.")]
    [InlineData("Upstream:MaxRetryAfter=00:00:00.999", "Upstream:MaxRetryAfter is '00:00:00.9990000' but has to be 00:00:01 to 1.00:00:00.")]
    [InlineData("Upstream:MaxRetryAfter=1.00:00:01", "Upstream:MaxRetryAfter is '1.00:00:01' but has to be 00:00:01 to 1.00:00:00.")]
    [InlineData("Upstream:Resilience:Submit:AttemptTimeout=00:00:00.009", "Upstream:Resilience:Submit:AttemptTimeout is '00:00:00.0090000' but has to be 00:00:00.0100000 to 01:00:00.")]
    [InlineData("Upstream:Resilience:Submit:AttemptTimeout=01:00:01|Upstream:Resilience:Submit:TotalTimeout=02:00:00", "Upstream:Resilience:Submit:AttemptTimeout is '01:00:01' but has to be 00:00:00.0100000 to 01:00:00.")]
    [InlineData("Upstream:Resilience:Submit:TotalTimeout=02:00:01", "Upstream:Resilience:Submit:TotalTimeout is '02:00:01' but has to be 00:00:00.0100000 to 02:00:00.")]
    [InlineData("Upstream:Resilience:Generate:Retries=-1", "Upstream:Resilience:Generate:Retries is '-1' but has to be 0 to 10.")]
    [InlineData("Upstream:Resilience:Generate:Retries=11", "Upstream:Resilience:Generate:Retries is '11' but has to be 0 to 10.")]
    [InlineData("Upstream:Resilience:Stream:BaseDelay=00:00:00", "Upstream:Resilience:Stream:BaseDelay is '00:00:00' but has to be 00:00:00.0010000 to 00:01:00.")]
    [InlineData("Upstream:Resilience:Stream:BaseDelay=00:01:01|Upstream:Resilience:Stream:MaxDelay=00:10:00", "Upstream:Resilience:Stream:BaseDelay is '00:01:01' but has to be 00:00:00.0010000 to 00:01:00.")]
    [InlineData("Upstream:Resilience:ReadTask:MaxDelay=00:10:01", "Upstream:Resilience:ReadTask:MaxDelay is '00:10:01' but has to be 00:00:00.0010000 to 00:10:00.")]
    [InlineData("Upstream:Resilience:StreamFinishGrace=00:00:00.099", "Upstream:Resilience:StreamFinishGrace is '00:00:00.0990000' but has to be 00:00:00.1000000 to 00:01:00.")]
    [InlineData("Upstream:Resilience:StreamFinishGrace=00:01:01|Upstream:Resilience:StreamIdleTimeout=00:10:00", "Upstream:Resilience:StreamFinishGrace is '00:01:01' but has to be 00:00:00.1000000 to 00:01:00.")]
    [InlineData("Upstream:Resilience:StreamIdleTimeout=00:00:00.999|Upstream:Resilience:StreamFinishGrace=00:00:00.5", "Upstream:Resilience:StreamIdleTimeout is '00:00:00.9990000' but has to be 00:00:01 to 00:10:00.")]
    [InlineData("Upstream:Resilience:StreamIdleTimeout=00:10:01", "Upstream:Resilience:StreamIdleTimeout is '00:10:01' but has to be 00:00:01 to 00:10:00.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:FailureRatio=0.04", "Upstream:Resilience:CircuitBreaker:FailureRatio is '0.04' but has to be 0.05 to 1.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:FailureRatio=1.01", "Upstream:Resilience:CircuitBreaker:FailureRatio is '1.01' but has to be 0.05 to 1.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:MinimumThroughput=1", "Upstream:Resilience:CircuitBreaker:MinimumThroughput is '1' but has to be 2 to 10000.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:MinimumThroughput=10001", "Upstream:Resilience:CircuitBreaker:MinimumThroughput is '10001' but has to be 2 to 10000.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:SamplingDuration=00:00:00.499", "Upstream:Resilience:CircuitBreaker:SamplingDuration is '00:00:00.4990000' but has to be 00:00:00.5000000 to 01:00:00.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:SamplingDuration=01:00:01", "Upstream:Resilience:CircuitBreaker:SamplingDuration is '01:00:01' but has to be 00:00:00.5000000 to 01:00:00.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:BreakDuration=00:00:00.499", "Upstream:Resilience:CircuitBreaker:BreakDuration is '00:00:00.4990000' but has to be 00:00:00.5000000 to 01:00:00.")]
    [InlineData("Upstream:Resilience:CircuitBreaker:BreakDuration=01:00:01", "Upstream:Resilience:CircuitBreaker:BreakDuration is '01:00:01' but has to be 00:00:00.5000000 to 01:00:00.")]
    [InlineData("Upstream:Resilience:Concurrency:Permits=0", "Upstream:Resilience:Concurrency:Permits is '0' but has to be 1 to 10000.")]
    [InlineData("Upstream:Resilience:Concurrency:Permits=10001", "Upstream:Resilience:Concurrency:Permits is '10001' but has to be 1 to 10000.")]
    [InlineData("Upstream:Resilience:Concurrency:Queue=-1", "Upstream:Resilience:Concurrency:Queue is '-1' but has to be 0 to 100000.")]
    [InlineData("Upstream:Resilience:Concurrency:Queue=100001", "Upstream:Resilience:Concurrency:Queue is '100001' but has to be 0 to 100000.")]
    [InlineData("Upstream:Resilience:StreamFinishGrace=00:00:31", "Upstream:Resilience:StreamFinishGrace is '00:00:31' but has to be at most StreamIdleTimeout, 00:00:30.")]
    [InlineData("Upstream:Resilience:Submit:AttemptTimeout=00:04:31", "Upstream:Resilience:Submit:AttemptTimeout is '00:04:31' but has to be at most TotalTimeout, 00:04:30.")]
    [InlineData("Upstream:Resilience:Submit:BaseDelay=00:00:06", "Upstream:Resilience:Submit:BaseDelay is '00:00:06' but has to be at most MaxDelay, 00:00:05.")]
    [InlineData("Upstream:Resilience:Generate:AttemptTimeout=00:01:41", "Upstream:Resilience:Generate:AttemptTimeout is '00:01:41' but has to be at most TotalTimeout, 00:01:40.")]
    [InlineData("Upstream:Resilience:Generate:BaseDelay=00:00:31", "Upstream:Resilience:Generate:BaseDelay is '00:00:31' but has to be at most MaxDelay, 00:00:30.")]
    [InlineData("Upstream:Resilience:Stream:AttemptTimeout=00:01:41", "Upstream:Resilience:Stream:AttemptTimeout is '00:01:41' but has to be at most TotalTimeout, 00:01:40.")]
    [InlineData("Upstream:Resilience:Stream:BaseDelay=00:00:31", "Upstream:Resilience:Stream:BaseDelay is '00:00:31' but has to be at most MaxDelay, 00:00:30.")]
    [InlineData("Upstream:Resilience:ReadTask:AttemptTimeout=00:01:01", "Upstream:Resilience:ReadTask:AttemptTimeout is '00:01:01' but has to be at most TotalTimeout, 00:01:00.")]
    [InlineData("Upstream:Resilience:ReadTask:BaseDelay=00:00:11", "Upstream:Resilience:ReadTask:BaseDelay is '00:00:11' but has to be at most MaxDelay, 00:00:10.")]
    [InlineData("Prices:Tiers:0:Input=-0.01", "Prices:Tiers:2:Input is '-0.01' but has to be 0 to 10000.")]
    [InlineData("Prices:Tiers:0:CacheRead=10000.01", "Prices:Tiers:2:CacheRead is '10000.01' but has to be 0 to 10000.")]
    [InlineData("Prices:Families:0:Input=1", "Prices:Families:1:Family is '' but has to be set.")]
    [InlineData("Prices:Tiers:0:AudioCacheRead=0.5", "Prices:Tiers:2:AudioCacheRead is '0.5' but needs AudioInput beside it.")]
    [InlineData("Prices:Families:0:Family=x|Prices:Families:0:AudioCacheRead=0.5", "Prices:Families:1:AudioCacheRead is '0.5' but needs AudioInput beside it.")]
    [InlineData("Prices:List:0:Family=x|Prices:List:0:AudioCacheRead=0.5", "Prices:List:2:AudioCacheRead is '0.5' but needs AudioInput beside it.")]
    public void FirstValueBeyond_IsRefusedAtStartWithItsNameItsValueAndWhatIsAllowed(string settings, string message) =>
        Assert.Equal([$"FlashDrop:{message}"], Failures(settings));

    [Fact]
    public void NullInTheConfiguration_IsAMissingSetting()
    {
        var services = new ServiceCollection();
        services.AddEvoLink(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("FlashDrop:Upstream:UserAgent", (string?)null)]).Build());
        using var provider = services.BuildServiceProvider();

        var exception = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());

        Assert.Equal(["FlashDrop:Upstream:UserAgent is '' but has to be set."], exception.Failures);
    }

    [Fact]
    public void TierWithoutAPrice_IsNamed()
    {
        var rows = new PriceOptions().Tiers;

        Assert.Equal(
            ["FlashDrop:Prices:Tiers is 'Standard, Standard' but has to have a row for Beta."],
            new PriceOptionsValidator().Validate(null, new PriceOptions { Tiers = [rows[0], rows[0]] }).Failures);
        Assert.Equal(
            ["FlashDrop:Prices:Tiers is '' but has to have a row for Standard.", "FlashDrop:Prices:Tiers is '' but has to have a row for Beta."],
            new PriceOptionsValidator().Validate(null, new PriceOptions { Tiers = [] }).Failures);
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
    public void HostsOwnServices_AreKept()
    {
        var book = new OwnBook();
        var services = new ServiceCollection();
        services.AddSingleton<IPriceBook>(book);
        services.AddEvoLink(new ConfigurationBuilder().Build());
        using var provider = services.BuildServiceProvider();

        Assert.Same(book, provider.GetRequiredService<IPriceBook>());
    }

    [Theory]
    [InlineData(typeof(IEvoLinkClient))]
    [InlineData(typeof(IUpstreamRelay))]
    [InlineData(typeof(IPriceBook))]
    [InlineData(typeof(IHostNames))]
    public void PromisedService_IsThere(Type service)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IKeyRing>(new FakeKeyRing());
        services.AddEvoLink(new ConfigurationBuilder().Build());
        using var provider = services.BuildServiceProvider();

        Assert.IsAssignableFrom(service, provider.GetRequiredService(service));
    }

    [Theory]
    [InlineData(EvoLinkServiceCollectionExtensions.HttpClientName, true)]
    [InlineData(EvoLinkServiceCollectionExtensions.ResultsHttpClientName, false)]
    public void HttpClients_FollowNoRedirectKeepNoCookieAndLeaveTimeoutsToThePipelines(string name, bool proxy)
    {
        var services = new ServiceCollection();
        services.AddEvoLink(new ConfigurationBuilder().Build());
        using var provider = services.BuildServiceProvider();

        using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient(name);
        var handler = provider.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler(name);
        while (handler is DelegatingHandler outer)
        {
            handler = outer.InnerHandler!;
        }

        var sockets = Assert.IsType<SocketsHttpHandler>(handler);
        Assert.Equal((false, false, proxy), (sockets.AllowAutoRedirect, sockets.UseCookies, sockets.UseProxy));
        Assert.Equal(
            (DecompressionMethods.All, TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(5)),
            (sockets.AutomaticDecompression, sockets.ConnectTimeout, sockets.PooledConnectionLifetime));
        Assert.Equal(Timeout.InfiniteTimeSpan, client.Timeout);
    }

    private static IEnumerable<string> Failures(string settings)
    {
        var services = new ServiceCollection();
        services.AddEvoLink(new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Split('|').Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create($"FlashDrop:{pair[0]}", (string?)pair[1])))
            .Build());
        using var provider = services.BuildServiceProvider();
        try
        {
            provider.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (OptionsValidationException exception)
        {
            return exception.Failures;
        }
    }

    private sealed class OwnBook : IPriceBook
    {
        public PricedUsage Price(Tier tier, string? modelVersion, Generation.TokenUsage? usage, DateTimeOffset at) => new();
    }
}
