using System.Net;
using System.Text;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Testing.Keys;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.EvoLink.Tests;

/// <summary>Tests in virtual time. It moves on only when nothing runs, which takes a process without other tests at work.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class VirtualTime
{
    public const string Name = "virtual time";
}

/// <summary>One request as it reached the wire.</summary>
internal sealed record Received(HttpMethod Method, Uri Url, string Body, IReadOnlyDictionary<string, string> Headers, DateTimeOffset At)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>The client over a scripted handler, in virtual time.</summary>
internal sealed class Upstream : HttpMessageHandler, IAsyncDisposable
{
    public const string Secret = "sk-evo-test-1234567890";

    private readonly Queue<Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>>> _script = new();
    private readonly Lock _lock = new();
    private readonly ServiceProvider _services;

    public Upstream(params IReadOnlyList<(string Key, string Value)> settings)
        : this(static _ => { }, settings)
    {
    }

    /// <param name="replace">Adds services that count instead of the usual ones.</param>
    /// <param name="settings">The settings that differ from the defaults.</param>
    public Upstream(Action<IServiceCollection> replace, params IReadOnlyList<(string Key, string Value)> settings)
    {
        Keys = new FakeKeyRing(Secret);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IKeyRing>(Keys);
        replace(services);
        services.AddEvoLink(configuration);
        services.AddHttpClient(EvoLinkServiceCollectionExtensions.HttpClientName).ConfigurePrimaryHttpMessageHandler(() => this);
        services.AddHttpClient(EvoLinkServiceCollectionExtensions.ResultsHttpClientName).ConfigurePrimaryHttpMessageHandler(() => this);
        _services = services.BuildServiceProvider();
        Client = _services.GetRequiredService<IEvoLinkClient>();
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public FakeKeyRing Keys { get; }

    public IEvoLinkClient Client { get; }

    public IServiceProvider Services => _services;

    public List<Received> Requests { get; } = [];

    /// <summary>Whether the whole request body is read before answering; off for a refused connection.</summary>
    public bool ReadsBody { get; set; } = true;

    public static UpstreamRequest Ask(string text = "Hello", Tier tier = Tier.Standard, string? key = null) => new()
    {
        Tier = tier,
        Body = new GenerateContentRequest { Contents = [Content.User(Part.FromText(text))] },
        IdempotencyKey = key,
    };

    public static HttpResponseMessage Json(string body, int status = 200, string contentType = "application/json") =>
        new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, contentType), Headers = { { "x-request-id", "req-1" } } };

    public static HttpResponseMessage Streaming(Stream body) => new(HttpStatusCode.OK)
    {
        Content = new StreamContent(body) { Headers = { ContentType = new("text/event-stream") } },
        Headers = { { "x-request-id", "req-1" } },
    };

    public Upstream Answers(string body, int status = 200, string contentType = "application/json", Action<HttpResponseMessage>? and = null) =>
        Then((_, _) =>
        {
            var response = Json(body, status, contentType);
            and?.Invoke(response);
            return Task.FromResult(response);
        });

    public Upstream Throws(Exception exception) => Then((_, _) => Task.FromException<HttpResponseMessage>(exception));

    public Upstream IsSilent() => Then(async (_, token) =>
    {
        await Task.Delay(Timeout.InfiniteTimeSpan, Time, token);
        throw new InvalidOperationException("Not reached.");
    });

    public Upstream Then(Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> step)
    {
        lock (_lock)
        {
            _script.Enqueue(step);
        }

        return this;
    }

    /// <summary>Lets virtual time pass until the work is done; gives up after an hour of it.</summary>
    public async Task<T> Run<T>(Task<T> work, TimeSpan? step = null)
    {
        var advance = step ?? TimeSpan.FromMilliseconds(250);
        for (var passed = TimeSpan.Zero; !work.IsCompleted && passed < TimeSpan.FromHours(1); passed += advance)
        {
            // Virtual time stands still while anything is still running in real time.
            do
            {
                await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
            }
            while (ThreadPool.PendingWorkItemCount > 0);

            if (!work.IsCompleted)
            {
                Time.Advance(advance);
            }
        }

        return await work.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    public async Task<List<StreamEvent>> Collect(UpstreamRequest request)
    {
        return await Run(All());

        async Task<List<StreamEvent>> All()
        {
            var events = new List<StreamEvent>();
            await foreach (var next in Client.StreamAsync(request, TestContext.Current.CancellationToken))
            {
                events.Add(next);
            }

            return events;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _services.DisposeAsync();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null || !ReadsBody ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        var headers = request.Headers.Concat(request.Content?.Headers.AsEnumerable() ?? [])
            .ToDictionary(header => header.Key, header => string.Join(',', header.Value), StringComparer.OrdinalIgnoreCase);
        Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage>> step;
        lock (_lock)
        {
            Requests.Add(new Received(request.Method, request.RequestUri!, body, headers, Time.GetUtcNow()));
            step = _script.Count > 1 ? _script.Dequeue() : _script.Peek();
        }

        return await step(request, cancellationToken);
    }
}

/// <summary>A response body that comes in pieces and then ends, breaks or goes silent.</summary>
internal sealed class ScriptedStream(TimeProvider time, IReadOnlyList<byte[]> pieces, StreamEnd end) : Stream
{
    private int _next;

    public bool Disposed { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public static ScriptedStream Of(TimeProvider time, StreamEnd end, params IReadOnlyList<string> pieces) =>
        new(time, [.. pieces.Select(Encoding.UTF8.GetBytes)], end);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_next < pieces.Count)
        {
            var piece = pieces[_next++];
            piece.CopyTo(buffer);
            return piece.Length;
        }

        switch (end)
        {
            case StreamEnd.Closes:
                return 0;
            case StreamEnd.Breaks:
                throw new IOException("The response ended prematurely.");
            default:
                await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
                return 0;
        }
    }

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        Disposed = true;
        base.Dispose(disposing);
    }
}

internal enum StreamEnd
{
    Closes,
    Breaks,
    GoesSilent,
}
