using System.Buffers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>
/// An upstream that counts while it reads, and answers as told: a status, 0 for a reset after the request, and well, in the request's own format,
/// once nothing is told.
/// </summary>
internal sealed class WatchedUpstream : IAsyncDisposable
{
    public const int ResetEarly = -1;

    private const string NativeAnswer = """{"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1,"totalTokenCount":6}}""";
    private const string ChatAnswer = """{"id":"c","object":"chat.completion","model":"gemini-2.5-flash","choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}""";
    private const string ChatEvents =
        """
        data: {"id":"c","object":"chat.completion.chunk","model":"gemini-2.5-flash","choices":[{"index":0,"delta":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}

        data: {"id":"c","object":"chat.completion.chunk","model":"gemini-2.5-flash","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}

        data: [DONE]


        """;

    private readonly Queue<int> _script;
    private readonly List<(string Path, string Body)> _whole = [];
    private WebApplication _app = null!;
    private long _received;
    private int _asked;
    private int _brokenOff;

    private WatchedUpstream(int[] script) => _script = new Queue<int>(script);

    public string Address => _app.Urls.First();

    public bool Keeps { get; set; } = true;

    /// <summary>Bytes that have come, of whatever request.</summary>
    public long Received => Interlocked.Read(ref _received);

    public int Asked => Volatile.Read(ref _asked);

    /// <summary>The bodies that came whole, in order.</summary>
    public IReadOnlyList<string> Whole => [.. Requests.Select(request => request.Body)];

    /// <summary>The requests that came whole, in order.</summary>
    public IReadOnlyList<(string Path, string Body)> Requests
    {
        get
        {
            lock (_whole)
            {
                return [.. _whole];
            }
        }
    }

    public static async Task<WatchedUpstream> StartAsync(params int[] script)
    {
        var upstream = new WatchedUpstream(script);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(server => server.Limits.MaxRequestBodySize = null);
        upstream._app = builder.Build();
        upstream._app.Run(upstream.ServeAsync);
        await upstream._app.StartAsync(TestContext.Current.CancellationToken);
        return upstream;
    }

    /// <summary>Settings of a gateway over this upstream, under which nothing waits long.</summary>
    public Dictionary<string, string?> Settings(params (string Name, string Value)[] more)
    {
        var settings = DropInHost.Fast(more);
        settings["FlashDrop:Upstream:GenerateBaseUrl"] = Address;
        return settings;
    }

    public Task ReceivedAsync(long bytes) => UntilAsync(() => Received >= bytes);

    public Task BrokenOffAsync(int count = 1) => UntilAsync(() => Volatile.Read(ref _brokenOff) >= count);

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
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer)) > 0)
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
                    kept.Write(buffer.AsSpan(0, read));
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            Interlocked.Increment(ref _brokenOff);
            return;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var body = Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
        lock (_whole)
        {
            _whole.Add((context.Request.Path, body));
        }

        if (told == 0)
        {
            context.Abort();
            return;
        }

        var isChat = context.Request.Path.Value!.EndsWith("/completions", StringComparison.Ordinal);
        var streams = isChat && body.Contains("\"stream\":true", StringComparison.Ordinal);
        context.Response.StatusCode = told;
        context.Response.ContentType = streams ? "text/event-stream" : "application/json";
        await context.Response.WriteAsync((told, isChat, streams) switch
        {
            (not 200, _, _) => """{"error":{"code":"x","message":"no"}}""",
            (_, _, true) => ChatEvents,
            (_, true, _) => ChatAnswer,
            _ => NativeAnswer,
        });
    }
}
