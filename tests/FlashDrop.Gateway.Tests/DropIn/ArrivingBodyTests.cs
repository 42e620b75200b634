using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>Large native requests, which are forwarded while they arrive.</summary>
public sealed class ArrivingBodyTests
{
    private const int Large = 3_000_000;

    private static readonly string Medium = new('Q', Large);
    private static readonly string Body =
        $$$"""{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"{{{Medium}}}"}},{"text":"What is \"it\"?"}]}],"generation_config":{"max_output_tokens":50}}""";

    [Fact]
    public async Task Request_ReachesTheUpstreamWhileItArrivesAndItsEndLast()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var host = await DropInHost.StartAsync(Settings(upstream));
        var content = new PausedContent(Body, pauseAt: 2_000_000);
        var asking = PostAsync(host, content);

        await upstream.ReceivedAsync(1_500_000);
        Assert.False(asking.IsCompleted);
        content.GoOn();

        Assert.Equal(HttpStatusCode.OK, await asking);
        var expected = Body.Replace("inline_data", "inlineData", StringComparison.Ordinal).Replace("mime_type", "mimeType", StringComparison.Ordinal)
            .Replace("generation_config", "generationConfig", StringComparison.Ordinal).Replace("max_output_tokens", "maxOutputTokens", StringComparison.Ordinal)
            .Replace("}],\"generationConfig\"", ",\"role\":\"user\"}],\"generationConfig\"", StringComparison.Ordinal);
        Assert.Equal(expected, Assert.Single(upstream.Whole));
        Assert.Single(await host.UsageAsync(1));
    }

    [Fact]
    public async Task FailedTries_AreMadeGoodFromWhatIsKept()
    {
        await using var upstream = await Upstream.StartAsync(503, 0, 500);
        await using var host = await DropInHost.StartAsync(Settings(upstream));

        Assert.Equal(HttpStatusCode.OK, await PostAsync(host, new PausedContent(Body)));

        Assert.Equal(4, upstream.Asked);
        Assert.All(upstream.Whole, body => Assert.Equal(upstream.Whole[0], body));
        Assert.Contains(Medium, upstream.Whole[^1], StringComparison.Ordinal);
        Assert.Single(await host.UsageAsync(1));
    }

    [Fact]
    public async Task FailureWhileTheRequestArrives_IsMadeGood()
    {
        await using var upstream = await Upstream.StartAsync(Upstream.ResetEarly);
        await using var host = await DropInHost.StartAsync(Settings(upstream));
        var content = new PausedContent(Body, pauseAt: 2_000_000);
        var asking = PostAsync(host, content);

        await upstream.BrokenOffAsync();
        content.GoOn();

        Assert.Equal(HttpStatusCode.OK, await asking);
        Assert.Equal(2, upstream.Asked);
        Assert.Contains(Medium, Assert.Single(upstream.Whole), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("}", 400)]
    [InlineData("{\"contents\":[]}", 400)]
    [InlineData(null, 413)]
    public async Task BrokenOrTooLarge_IsRefusedBeforeTheUpstreamHasItWhole(string? end, int status)
    {
        await using var upstream = await Upstream.StartAsync();
        await using var host = await DropInHost.StartAsync(Settings(upstream));
        var body = end is null ? Body.Replace("}]}],", $"}},{{\"text\":\"{new string('x', 30_000_000)}\"}}]}}],", StringComparison.Ordinal) : Body + end;
        var content = new PausedContent(body, pauseAt: 2_000_000, statesLength: end is not null);
        var asking = PostAsync(host, content);

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        Assert.Equal(status, (int)await asking);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
        Assert.Empty(await host.UsageAsync(0));
    }

    [Theory]
    [InlineData("https://10.0.0.8/a.png", "is not a public one")]
    [InlineData("https://inward.example.com/a.png", "has an address that is not a public one")]
    public async Task ForbiddenUrl_IsFoundBeforeTheUpstreamHasItWhole(string url, string said)
    {
        await using var upstream = await Upstream.StartAsync();
        await using var host = await DropInHost.StartAsync(Settings(upstream));
        host.Names.Has("inward.example.com", "10.0.0.8");
        var content = new PausedContent(
            Body.Replace("{\"text\":\"What is", $$$"""{"fileData":{"fileUri":"{{{url}}}"}},{"text":"What is""", StringComparison.Ordinal), pauseAt: 2_000_000);
        var asking = host.Http.PostAsync(DropInHost.Generate, content, TestContext.Current.CancellationToken);

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        using var answer = await asking;
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(said, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
        Assert.Empty(await host.UsageAsync(0));
    }

    [Fact]
    public async Task LimitThatIsExceeded_IsFoundBeforeTheUpstreamHasItWhole()
    {
        await using var upstream = await Upstream.StartAsync();
        var settings = Settings(upstream);
        settings["FlashDrop:Callers:client:Limits:TokensPerMinute"] = "1000";
        await using var host = await DropInHost.StartAsync(settings);
        var content = new PausedContent(Body.Replace("\"What is", $"\"{new string('y', 100_000)}", StringComparison.Ordinal), pauseAt: 2_000_000);
        var asking = PostAsync(host, content);

        await upstream.ReceivedAsync(1_500_000);
        content.GoOn();

        Assert.Equal(HttpStatusCode.TooManyRequests, await asking);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
    }

    [Fact]
    public async Task CallerWhoLeavesInTheMiddle_CostsNothing()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var host = await DropInHost.StartAsync(Settings(upstream));
        using var leaving = new CancellationTokenSource();
        var asking = PostAsync(host, new PausedContent(Body, pauseAt: 2_000_000), leaving.Token);

        await upstream.ReceivedAsync(1_500_000);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await upstream.BrokenOffAsync();
        Assert.Empty(upstream.Whole);
        Assert.Empty(await host.UsageAsync(0));
        Assert.Equal(200, (await host.GetAsync("v1/models")).Status);
    }

    [Fact]
    public async Task SlowUpload_IsNoSilenceOfTheUpstreams()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var host = await DropInHost.StartAsync(Settings(upstream, ("FirstTokenTimeout", "00:00:00.3"), ("TotalTimeout", "00:00:01")));
        var content = new PausedContent(Body, pauseAt: 2_000_000);
        var asking = PostAsync(host, content);

        await upstream.ReceivedAsync(1_500_000);
        await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System, TestContext.Current.CancellationToken);
        content.GoOn();

        Assert.Equal(HttpStatusCode.OK, await asking);
        Assert.Equal(1, upstream.Asked);
    }

    [Fact]
    public async Task RequestOfUnstatedLength_IsForwardedWhateverItsSize()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var host = await DropInHost.StartAsync(Settings(upstream));

        Assert.Equal(HttpStatusCode.OK, await PostAsync(host, new PausedContent(DropInHost.Ask, statesLength: false)));
        Assert.Equal(HttpStatusCode.OK, await PostAsync(host, new PausedContent(Body, statesLength: false)));

        Assert.Equal(2, upstream.Whole.Count);
        Assert.All(upstream.Whole, body => JsonDocument.Parse(body).Dispose());
    }

    [Fact]
    public async Task Memory_IsRentedNotAllocated()
    {
        await using var upstream = await Upstream.StartAsync();
        await using var host = await DropInHost.StartAsync(Settings(upstream));
        upstream.Keeps = false;
        var content = Encoding.UTF8.GetBytes(Body);
        for (var i = 0; i < 3; i++)
        {
            await PostAsync(host, new ByteArrayContent(content));
        }

        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < 10; i++)
        {
            await PostAsync(host, new ByteArrayContent(content));
        }

        // Client, gateway and upstream together; a copy of the request alone would be three megabytes.
        Assert.InRange((GC.GetTotalAllocatedBytes(precise: true) - before) / 10, 0, 1_500_000);
    }

    private static Dictionary<string, string?> Settings(Upstream upstream, params (string Name, string Value)[] more)
    {
        var settings = DropInHost.Fast(more);
        settings["FlashDrop:Upstream:GenerateBaseUrl"] = upstream.Address;
        return settings;
    }

    private static async Task<HttpStatusCode> PostAsync(DropInHost host, HttpContent content, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, DropInHost.Generate) { Content = content };
        using var response = await host.Http.SendAsync(request, cancellationToken);
        return response.StatusCode;
    }

    /// <summary>A body that stops in its middle until it may go on.</summary>
    private sealed class PausedContent(string text, int? pauseAt = null, bool statesLength = true) : HttpContent
    {
        private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);
        private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void GoOn() => _goOn.TrySetResult();

        protected override bool TryComputeLength(out long length)
        {
            length = _bytes.Length;
            return statesLength;
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync(_bytes.AsMemory(0, pauseAt ?? _bytes.Length), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            if (pauseAt is { } at)
            {
                await _goOn.Task.WaitAsync(cancellationToken);
                await stream.WriteAsync(_bytes.AsMemory(at), cancellationToken);
            }
        }
    }

    /// <summary>An upstream that counts while it reads, and answers as told: a status, 0 for a reset after the request, and well once nothing is told.</summary>
    private sealed class Upstream : IAsyncDisposable
    {
        public const int ResetEarly = -1;

        private const string Answer = """{"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1,"totalTokenCount":6}}""";

        private readonly Queue<int> _script;
        private readonly List<string> _whole = [];
        private readonly byte[] _buffer = new byte[64 * 1024];
        private WebApplication _app = null!;
        private long _received;
        private int _asked;
        private int _brokenOff;

        private Upstream(int[] script) => _script = new Queue<int>(script);

        public string Address => _app.Urls.First();

        public bool Keeps { get; set; } = true;

        public int Asked => Volatile.Read(ref _asked);

        public IReadOnlyList<string> Whole
        {
            get
            {
                lock (_whole)
                {
                    return [.. _whole];
                }
            }
        }

        public static async Task<Upstream> StartAsync(params int[] script)
        {
            var upstream = new Upstream(script);
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(server => server.Limits.MaxRequestBodySize = null);
            upstream._app = builder.Build();
            upstream._app.Run(upstream.ServeAsync);
            await upstream._app.StartAsync(TestContext.Current.CancellationToken);
            return upstream;
        }

        public Task ReceivedAsync(long bytes) => UntilAsync(() => Interlocked.Read(ref _received) >= bytes);

        public Task BrokenOffAsync() => UntilAsync(() => Volatile.Read(ref _brokenOff) > 0);

        public async ValueTask DisposeAsync()
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }

        private static async Task UntilAsync(Func<bool> condition)
        {
            for (var i = 0; !condition(); i++)
            {
                Assert.InRange(i, 0, 3000);
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }

        private async Task ServeAsync(HttpContext context)
        {
            Interlocked.Increment(ref _asked);
            var told = _script.TryDequeue(out var status) ? status : 200;
            using var kept = new MemoryStream();
            try
            {
                int read;
                while ((read = await context.Request.Body.ReadAsync(_buffer)) > 0)
                {
                    Interlocked.Add(ref _received, read);
                    if (told == ResetEarly)
                    {
                        context.Abort();
                        Interlocked.Increment(ref _brokenOff);
                        return;
                    }

                    if (Keeps)
                    {
                        kept.Write(_buffer.AsSpan(0, read));
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                Interlocked.Increment(ref _brokenOff);
                return;
            }

            lock (_whole)
            {
                _whole.Add(Encoding.UTF8.GetString(kept.ToArray()));
            }

            if (told == 0)
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = told;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(told == 200 ? Answer : """{"error":{"code":"x","message":"no"}}""");
        }
    }
}
