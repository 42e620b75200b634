using System.Net;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using FlashDrop.LocalHost.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace FlashDrop.LocalHost.Tests.Upstream;

public sealed class UpstreamCheckTests
{
    [Fact]
    public async Task KnownKey_IsFineAndSentOnlyAsABearer()
    {
        using Handler handler = new(_ => new HttpResponseMessage(HttpStatusCode.OK));
        Assert.Null(await CheckAsync(handler, "sk-good"));

        var request = Assert.Single(handler.Requests);
        Assert.Equal("https://api.evolink.ai/v1/credits", request.RequestUri!.ToString());
        Assert.Equal("Bearer sk-good", request.Headers.Authorization!.ToString());
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized)]
    [InlineData(HttpStatusCode.Forbidden)]
    public async Task RefusedKey_SaysSoWithTheRemedyAndNeverTheKey(HttpStatusCode status)
    {
        using Handler handler = new(_ => new HttpResponseMessage(status));
        var message = (await Assert.ThrowsAsync<LocalHostException>(() => CheckAsync(handler, "sk-bad"))).Message;

        Assert.StartsWith($"api.evolink.ai refuses the upstream key ({(int)status}).", message, StringComparison.Ordinal);
        Assert.Contains("FlashDrop:Upstream:ApiKey", message, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-bad", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MissingKey_SaysWhereToPutIt()
    {
        using Handler handler = new(_ => new HttpResponseMessage(HttpStatusCode.OK));
        Assert.Contains(
            "Set FlashDrop:Upstream:ApiKey",
            (await Assert.ThrowsAsync<LocalHostException>(() => CheckAsync(handler, key: null))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task UpstreamOutOfReach_IsAWarning()
    {
        using Handler handler = new(_ => throw new HttpRequestException("no route"));
        Assert.Equal("api.evolink.ai cannot be reached now (no route); jobs wait until it can.", await CheckAsync(handler, "sk-good"));
    }

    [Fact]
    public async Task UpstreamInTrouble_IsNoReasonToRefuseTheKey()
    {
        using Handler handler = new(_ => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable));
        Assert.Null(await CheckAsync(handler, "sk-good"));
    }

    private static Task<string?> CheckAsync(HttpMessageHandler handler, string? key)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([new KeyValuePair<string, string?>(ConfigurationKeyRing.ConfigurationKey, key)])
            .Build();
        return new UpstreamCheck(new ConfigurationKeyRing(configuration), Options.Create(new UpstreamOptions()), handler).RunAsync(CancellationToken.None);
    }

    private sealed class Handler(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        public List<HttpRequestMessage> Requests { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests.Add(request);
            return Task.FromResult(answer(request));
        }
    }
}
