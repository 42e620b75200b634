using System.Net;
using System.Text.Json;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>Large requests of either format, which are forwarded while they arrive.</summary>
public sealed class ArrivingBodyTests
{
    private const int Large = 3_000_000;

    private static readonly string Medium = new('Q', Large);
    private static readonly string Native =
        $$$"""{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"{{{Medium}}}"}},{"text":"What is \"it\"?"}]}],"generation_config":{"max_output_tokens":50}}""";

    private static readonly string Chat =
        $$$"""{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Medium}}}"}},{"type":"text","text":"What is \"it\"?"}]}],"max_tokens":50}""";

    public static TheoryData<bool> Formats => [false, true];

    internal static string Body(bool isChat) => isChat ? Chat : Native;

    internal static async Task<HttpStatusCode> PostAsync(DropInHost host, bool isChat, HttpContent content, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, isChat ? Routes.ChatCompletions : DropInHost.Generate) { Content = content };
        using var response = await host.Http.SendAsync(request, cancellationToken);
        return response.StatusCode;
    }

    [Fact]
    public async Task Request_ReachesTheUpstreamWhileItArrivesAndItsEndLast()
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        var content = new PausedContent(Native, pauseAt: 2_000_000);
        var asking = PostAsync(host, isChat: false, content);

        await upstream.ReceivedAsync(1_500_000);
        Assert.False(asking.IsCompleted);
        content.GoOn();

        Assert.Equal(HttpStatusCode.OK, await asking);
        var expected = Native.Replace("inline_data", "inlineData", StringComparison.Ordinal).Replace("mime_type", "mimeType", StringComparison.Ordinal)
            .Replace("generation_config", "generationConfig", StringComparison.Ordinal).Replace("max_output_tokens", "maxOutputTokens", StringComparison.Ordinal)
            .Replace("}],\"generationConfig\"", ",\"role\":\"user\"}],\"generationConfig\"", StringComparison.Ordinal);
        Assert.Equal(expected, Assert.Single(upstream.Whole));
        Assert.Single(await host.UsageAsync(1));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task FailedTries_AreMadeGoodFromWhatIsKept(bool isChat)
    {
        await using var upstream = await WatchedUpstream.StartAsync(503, 0, 500);
        await using var host = await DropInHost.StartAsync(upstream.Settings());

        Assert.Equal(HttpStatusCode.OK, await PostAsync(host, isChat, new PausedContent(Body(isChat))));

        Assert.Equal(4, upstream.Asked);
        Assert.All(upstream.Whole, body => Assert.Equal(upstream.Whole[0], body));
        Assert.Contains(Medium, upstream.Whole[^1], StringComparison.Ordinal);
        Assert.Single(await host.UsageAsync(1));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task FailureWhileTheRequestArrives_IsMadeGood(bool isChat)
    {
        await using var upstream = await WatchedUpstream.StartAsync(WatchedUpstream.ResetEarly);
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        var content = new PausedContent(Body(isChat), pauseAt: 2_000_000);
        var asking = PostAsync(host, isChat, content);

        await upstream.BrokenOffAsync();
        content.GoOn();

        Assert.Equal(HttpStatusCode.OK, await asking);
        Assert.Equal(2, upstream.Asked);
        Assert.Contains(Medium, Assert.Single(upstream.Whole), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "}", 400)]
    [InlineData(false, "{\"contents\":[]}", 400)]
    [InlineData(false, null, 413)]
    [InlineData(true, "}", 400)]
    [InlineData(true, "{\"messages\":[]}", 400)]
    [InlineData(true, null, 413)]
    public async Task BrokenOrTooLarge_IsRefusedBeforeTheUpstreamHasItWhole(bool isChat, string? end, int status)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        var body = end is null ? Body(isChat).Replace("\"What is", $"\"{new string('x', 30_000_000)}", StringComparison.Ordinal) : Body(isChat) + end;
        var content = new PausedContent(body, pauseAt: 2_000_000, statesLength: end is not null);
        var asking = PostAsync(host, isChat, content);

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        Assert.Equal(status, (int)await asking);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
        Assert.Empty(await host.UsageAsync(0));
    }

    [Theory]
    [InlineData(false, "https://10.0.0.8/a.png", "is not a public one")]
    [InlineData(false, "https://inward.example.com/a.png", "has an address that is not a public one")]
    [InlineData(true, "https://10.0.0.8/a.png", "is not a public one")]
    [InlineData(true, "https://inward.example.com/a.png", "has an address that is not a public one")]
    public async Task ForbiddenUrl_IsFoundBeforeTheUpstreamHasItWhole(bool isChat, string url, string said)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        host.Names.Has("inward.example.com", "10.0.0.8");
        var part = isChat
            ? $$$"""{"type":"image_url","image_url":{"url":"{{{url}}}"}},{"type":"text","text":"What is"""
            : $$$"""{"fileData":{"fileUri":"{{{url}}}"}},{"text":"What is""";
        var content = new PausedContent(
            Body(isChat).Replace(isChat ? "{\"type\":\"text\",\"text\":\"What is" : "{\"text\":\"What is", part, StringComparison.Ordinal), pauseAt: 2_000_000);
        using var request = new HttpRequestMessage(HttpMethod.Post, isChat ? Routes.ChatCompletions : DropInHost.Generate) { Content = content };
        var asking = host.SendAsync(request);

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        var answer = await asking;
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(said, answer.Text, StringComparison.Ordinal);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
        Assert.Empty(await host.UsageAsync(0));
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task LimitThatIsExceeded_IsFoundBeforeTheUpstreamHasItWhole(bool isChat)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        var settings = upstream.Settings();
        settings["FlashDrop:Callers:client:Limits:TokensPerMinute"] = "1000";
        await using var host = await DropInHost.StartAsync(settings);
        var content = new PausedContent(Body(isChat).Replace("\"What is", $"\"{new string('y', 100_000)}", StringComparison.Ordinal), pauseAt: 2_000_000);
        var asking = PostAsync(host, isChat, content);

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        Assert.Equal(HttpStatusCode.TooManyRequests, await asking);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task CallerWhoLeavesInTheMiddle_CostsNothing(bool isChat)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        using var leaving = new CancellationTokenSource();
        var asking = PostAsync(host, isChat, new PausedContent(Body(isChat), pauseAt: 2_000_000), leaving.Token);

        await upstream.ReceivedAsync(1_500_000);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
        Assert.Empty(await host.UsageAsync(0));
        Assert.Equal(200, (await host.GetAsync("v1/models")).Status);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task SlowUpload_IsNoSilenceOfTheUpstreams(bool isChat)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings(("FirstTokenTimeout", "00:00:00.3"), ("TotalTimeout", "00:00:01")));
        var content = new PausedContent(Body(isChat), pauseAt: 2_000_000);
        var asking = PostAsync(host, isChat, content);

        await upstream.ReceivedAsync(1_500_000);
        await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System, TestContext.Current.CancellationToken);
        content.GoOn();

        Assert.Equal(HttpStatusCode.OK, await asking);
        Assert.Equal(1, upstream.Asked);
    }

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task RequestOfUnstatedLength_IsForwardedWhateverItsSize(bool isChat)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());

        Assert.Equal(HttpStatusCode.OK, await PostAsync(host, isChat, new PausedContent(isChat ? DropInHost.Chat : DropInHost.Ask, statesLength: false)));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(host, isChat, new PausedContent(Body(isChat), statesLength: false)));

        Assert.Equal(2, upstream.Whole.Count);
        Assert.All(upstream.Whole, body => JsonDocument.Parse(body).Dispose());
    }
}
