using System.Net;
using System.Text.Json;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>Large chat requests: their model, their counts, and what has to be translated after all.</summary>
public sealed class ArrivingChatTests
{
    private static readonly string Image = $$$"""{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{new string('Q', 3_000_000)}}}"}}""";
    private static readonly string Messages = $$$""" "messages":[{"role":"user","content":[{{{Image}}},{"type":"text","text":"What is it?"}]}]""";

    [Fact]
    public async Task Request_ReachesTheUpstreamWhileItArrivesAndItsEditsToo()
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        var content = new PausedContent($$"""{"model":"gemini-2.5-flash-beta","stream":true,{{Messages}}}""", pauseAt: 2_000_000);
        var asking = PostAsync(host, content, ("x-flashdrop-tier", "standard"));

        await upstream.ReceivedAsync(1_500_000);
        Assert.False(asking.IsCompleted);
        content.GoOn();

        var answer = await asking;
        Assert.Equal("text/event-stream", answer.MediaType);
        Assert.Equal("[DONE]", answer.Events[^1]);
        Assert.DoesNotContain("prompt_tokens", answer.Text, StringComparison.Ordinal);
        Assert.Equal(
            $$$"""{"model":"gemini-2.5-flash","stream":true,{{{Messages}}},"stream_options":{"include_usage":true}}""", Assert.Single(upstream.Whole));
        Assert.Equal(5, Assert.Single(await host.UsageAsync(1)).Usage?.PromptTokens);
    }

    [Theory]
    [InlineData("\"model\":\"gemini-2.5-flash\",", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}")]
    [InlineData("", ",\"model\":\"gemini-2.5-flash\",\"stream\":true")]
    [InlineData("\"model\":\"gemini-2.5-flash\",\"stream_options\":{\"include_usage\":false},", ",\"stream\":true")]
    public async Task MemberThatComesLate_IsHeeded(string before, string after)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());

        var answer = await PostAsync(host, new PausedContent($"{{{before}{Messages}{after}}}"));

        Assert.Equal("[DONE]", answer.Events[^1]);
        Assert.Equal(after.Contains("include_usage", StringComparison.Ordinal), answer.Text.Contains("prompt_tokens", StringComparison.Ordinal));
        using var sent = JsonDocument.Parse(Assert.Single(upstream.Whole));
        Assert.True(sent.RootElement.GetProperty("stream_options").GetProperty("include_usage").GetBoolean());
        Assert.Equal("gemini-2.5-flash", sent.RootElement.GetProperty("model").GetString());
        Assert.Equal(1, upstream.Asked);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RecordingAtTheEnd_GivesUpWhatWasBegunAndIsTranslated(bool streams)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings(("MinimumThroughput", "2")));
        var recording = """{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}}]}""";
        var body = $"{{\"model\":\"gemini-2.5-flash\",\"stream\":{(streams ? "true" : "false")},{Messages[..^1]},{recording}]}}";
        for (var call = 0; call < 4; call++)
        {
            var before = upstream.Received;
            var content = new PausedContent(body, pauseAt: 2_000_000);
            var asking = PostAsync(host, content);
            await upstream.ReceivedAsync(before + 1_500_000);
            content.GoOn();

            Assert.Equal(HttpStatusCode.OK, (await asking).StatusCode);
        }

        await upstream.BrokenOffAsync(4);
        Assert.Equal(4, upstream.Requests.Count);
        Assert.All(upstream.Requests, request =>
        {
            Assert.EndsWith(streams ? ":streamGenerateContent" : ":generateContent", request.Path, StringComparison.Ordinal);
            Assert.Contains("\"audio/", request.Body, StringComparison.Ordinal);
        });
        Assert.Equal(4, (await host.UsageAsync(4)).Count);
    }

    [Fact]
    public async Task FallbackTier_GetsItsOwnModel()
    {
        await using var upstream = await WatchedUpstream.StartAsync(503, 200);
        await using var host = await DropInHost.StartAsync(upstream.Settings(("TriesPerTier", "1")));
        var content = new PausedContent($$"""{"model":"gemini-2.5-flash",{{Messages}}}""", pauseAt: 2_000_000);
        var asking = PostAsync(host, content, ("x-flashdrop-tier", "beta-then-standard"));

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        Assert.Equal("standard", (await asking).Header("x-flashdrop-tier"));
        Assert.Equal([$$"""{"model":"gemini-2.5-flash-beta",{{Messages}}}""", $$"""{"model":"gemini-2.5-flash",{{Messages}}}"""], upstream.Whole);
    }

    [Fact]
    public async Task MemberThatIsRepeated_CountsAsItCameLast()
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());
        var content = new PausedContent($$"""{"model":"gemini-2.5-flash","stream":true,{{Messages}},"stream":false,"model":"gemini-2.5-flash-beta"}""", pauseAt: 2_000_000);
        var asking = PostAsync(host, content, ("x-flashdrop-tier", "standard"));

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        Assert.Equal("application/json", (await asking).MediaType);
        await upstream.BrokenOffAsync();
        Assert.Equal($$"""{"model":"gemini-2.5-flash","stream":true,{{Messages}},"stream":false,"model":"gemini-2.5-flash"}""", Assert.Single(upstream.Whole));
    }

    [Theory]
    [InlineData("\"model\":\"no-such\",", "", 404, "model_not_found")]
    [InlineData("", ",\"model\":\"no-such\"", 404, "model_not_found")]
    [InlineData("", "", 400, "invalid_request")]
    [InlineData("\"model\":\"gemini-2.5-flash\",", "", 400, "invalid_request", "best")]
    public async Task RequestThatCannotBeServed_NeverReachesTheUpstream(string before, string after, int status, string code, string? tier = null)
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings());

        var large = await PostAsync(host, new PausedContent($"{{{before}{Messages}{after}}}"), ("x-flashdrop-tier", tier ?? "standard"));
        var small = await host.PostAsync(Routes.ChatCompletions, $"{{{before}\"messages\":[{{}}]{after}}}", ("x-flashdrop-tier", tier ?? "standard"));

        Assert.Equal(status, large.Status);
        Assert.Equal(code, large.Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(small.Text, large.Text);
        Assert.Equal(0, upstream.Asked);
    }

    [Fact]
    public async Task RequestWithoutMessages_IsRefusedBeforeTheUpstreamHasItWhole()
    {
        await using var upstream = await WatchedUpstream.StartAsync();
        await using var host = await DropInHost.StartAsync(upstream.Settings(("MinimumThroughput", "2")));
        for (var call = 0; call < 4; call++)
        {
            var before = upstream.Received;
            var content = new PausedContent($$"""{"model":"gemini-2.5-flash","metadata":[{{Image}}],"messages":[]}""", pauseAt: 2_000_000);
            var asking = PostAsync(host, content);
            await upstream.ReceivedAsync(before + 1_500_000);
            content.GoOn();

            Assert.Equal("messages", (await asking).Json.GetProperty("error").GetProperty("param").GetString());
        }

        await upstream.BrokenOffAsync(4);
        Assert.Empty(upstream.Whole);

        // What a caller does wrong says nothing about the route.
        Assert.Equal(200, (await host.PostAsync(Routes.ChatCompletions, DropInHost.Chat)).Status);
    }

    private static async Task<Answer> PostAsync(DropInHost host, HttpContent content, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Routes.ChatCompletions) { Content = content };
        return await host.SendAsync(request, headers);
    }
}
