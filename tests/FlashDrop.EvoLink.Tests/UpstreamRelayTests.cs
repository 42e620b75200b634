using System.Diagnostics;
using System.Text;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Testing.Keys;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.EvoLink.Tests;

/// <summary>The relay over real sockets: what leaves the machine, and what comes of each answer.</summary>
public sealed class UpstreamRelayTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private readonly Listener _upstream = new();
    private readonly FakeKeyRing _keys = new(Upstream.Secret);

    public void Dispose() => _upstream.Dispose();

    [Theory]
    [InlineData("gemini-2.5-flash", "countTokens", "v1beta/models/gemini-2.5-flash:countTokens")]
    [InlineData("tuned/my flash", "streamGenerateContent?alt=sse", "v1beta/models/tuned/my%20flash:streamGenerateContent?alt=sse")]
    [InlineData("a?b#c", "generateContent", "v1beta/models/a%3Fb%23c:generateContent")]
    public void NativePath_EscapesTheModelAlone(string model, string method, string path) => Assert.Equal(path, RelayRequest.NativePath(model, method));

    [Fact]
    public void Request_ShowsItsPathWithoutQuery() => Assert.Equal("v1beta/models/m:x", new RelayRequest("v1beta/models/m:x?alt=sse", null).ToString());

    [Fact]
    public async Task Body_IsPostedWithTheKeyAndOurName_AndNothingElse()
    {
        using var activity = new Activity("call").Start();
        using var relay = Relay("/gateway/");
        var serving = _upstream.ServeAsync(Answer(200, "{}"));

        using var response = (await SendAsync(relay, Post("v1/chat/completions?x=1", """{"model":"m"}"""))).Response;

        var received = Assert.Single(await serving);
        Assert.Equal(
            $$"""
            POST /gateway/v1/chat/completions?x=1 HTTP/1.1
            Authorization: Bearer {{Upstream.Secret}}
            Content-Length: 13
            Content-Type: application/json
            Host: 127.0.0.1:{{_upstream.Port}}
            User-Agent: FlashDrop/1.0

            {"model":"m"}
            """.ReplaceLineEndings("\n"),
            Ordered(received));
    }

    [Fact]
    public async Task RequestWithoutBody_IsAGet()
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(200, "{}"));

        using var response = (await SendAsync(relay, new RelayRequest("v1/models", null))).Response;

        Assert.StartsWith("GET /v1/models HTTP/1.1\r\n", Assert.Single(await serving), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x-request-id: r1\r\n", "r1")]
    [InlineData("x-oneapi-request-id: r2\r\n", "r2")]
    [InlineData("x-oneapi-request-id: r2\r\nx-request-id: r1\r\n", "r1")]
    [InlineData("x-request-id: r1\r\nx-request-id: r3\r\n", "r1")]
    [InlineData("", null)]
    public async Task Answer_IsHandedOnAsItCame_WithItsId(string headers, string? id)
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(201, "data: {}\n\n", headers));

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(new RelayAttempt { Response = attempt.Response }, attempt);
        using var response = attempt.Response!;
        using var reader = new StreamReader(await response.OpenAsync(TestContext.Current.CancellationToken));
        Assert.Equal("data: {}\n\n", await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.Equal(id, response.RequestId);
    }

    [Fact]
    public async Task ErrorInsideAnAnswer_IsReadWithTheAnswersIdAndWithoutTheKey()
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(200, "{}", "x-request-id: r1\r\n"));

        using var response = (await SendAsync(relay, Post())).Response!;

        await serving;
        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Retry, Code = "UNAVAILABLE", Message = "overloaded for ***", HttpStatus = 503, RequestId = "r1" },
            response.ReadError(Encoding.UTF8.GetBytes($$$"""{"error":{"code":503,"message":"overloaded for {{{Upstream.Secret}}}","status":"UNAVAILABLE"}}""")));
    }

    [Theory]
    [InlineData(500, """{"error":{"code":500,"message":"oops","status":"INTERNAL"}}""", ErrorKind.Retry, "INTERNAL", "oops", true)]
    [InlineData(503, "<html>busy</html>", ErrorKind.Retry, "http_503", "<html>busy</html>", true)]
    [InlineData(429, """{"error":{"code":429,"message":"slow","type":"rate_limit_error"}}""", ErrorKind.Retry, "rate_limit_error", "slow", false)]
    [InlineData(503, """{"error":{"code":"insufficient_quota","message":"empty"}}""", ErrorKind.Hold, "insufficient_quota", "empty", false)]
    [InlineData(400, """{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}""", ErrorKind.Fix, "INVALID_ARGUMENT", "bad", false)]
    [InlineData(403, """{"error":{"code":403,"message":"no","type":"permission_error"}}""", ErrorKind.Stop, "permission_error", "no", false)]
    public async Task Refusal_IsReadWhole_AndOnlyAFailingRouteIsBlamed(int status, string body, ErrorKind kind, string code, string message, bool routeFailed)
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(status, body, "x-request-id: r1\r\nRetry-After: 7\r\n"));

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(
            new RelayAttempt
            {
                Error = new UpstreamError { Kind = kind, Code = code, Message = message, HttpStatus = status, RequestId = "r1", RetryAfter = TimeSpan.FromSeconds(7) },
                RouteFailed = routeFailed,
            },
            attempt);
        Assert.Empty(_keys.Rejected);
    }

    [Theory]
    [InlineData("9000", 60)]
    [InlineData("Mon, 23 Nov 2026 12:00:30 GMT", 30)]
    public async Task WaitAskedFor_IsBoundedByTheSettings(string retryAfter, int seconds)
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(429, "{}", $"Retry-After: {retryAfter}\r\n"));

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(TimeSpan.FromSeconds(seconds), attempt.Error!.RetryAfter);
    }

    [Fact]
    public async Task RefusalWhoseBodyBreaks_KeepsItsStatus()
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\nx-request-id: r1\r\n\r\n{\"error\":");

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(
            new RelayAttempt
            {
                Error = new UpstreamError { Kind = ErrorKind.Retry, Code = "http_500", Message = "HTTP 500 without a body", HttpStatus = 500, RequestId = "r1" },
                RouteFailed = true,
            },
            attempt);
    }

    [Fact]
    public async Task RefusalWithoutAnEnd_IsReadToALimit()
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(500, new string('x', 65 * 1024)));

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(("http_500", new string('x', 500)), (attempt.Error!.Code, attempt.Error.Message));
    }

    [Fact]
    public async Task Redirect_IsARefusalAndNotFollowed()
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(302, "", $"Location: http://127.0.0.1:{_upstream.Port}/elsewhere\r\n"));

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal((ErrorKind.Stop, "http_302", false), (attempt.Error!.Kind, attempt.Error.Code, attempt.RouteFailed));
        Assert.False(_upstream.HasMore);
    }

    [Fact]
    public async Task CookiesOfAnAnswer_AreNotSentBack()
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(200, "{}", "Set-Cookie: session=1\r\n"), Answer(200, "{}"));

        (await SendAsync(relay, Post())).Response!.Dispose();
        (await SendAsync(relay, Post())).Response!.Dispose();

        Assert.DoesNotContain("Cookie", (await serving)[1], StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task ConnectionThatFails_IsWorthAnotherTryElsewhere()
    {
        using var relay = Relay();
        _upstream.Dispose();

        var attempt = await SendAsync(relay, Post());

        Assert.StartsWith("The connection to 127.0.0.1 failed: ", attempt.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(
            new RelayAttempt { Error = new UpstreamError { Kind = ErrorKind.Retry, Code = "connection_failed", Message = attempt.Error.Message }, RouteFailed = true }, attempt);
    }

    [Fact]
    public async Task ConnectionClosedWithoutAnAnswer_IsALostOne()
    {
        using var relay = Relay();
        var serving = _upstream.ServeAsync((string?)null);

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(("connection_failed", true, true), (attempt.Error!.Code, attempt.Error.Sent, attempt.RouteFailed));
    }

    [Fact]
    public async Task NoKey_SendsNothing()
    {
        _keys.Current = null;
        using var relay = Relay();

        var attempt = await SendAsync(relay, Post());

        Assert.Equal(
            new RelayAttempt
            {
                Error = new UpstreamError { Kind = ErrorKind.Stop, Code = "key_unavailable", Message = "The test took the key away; give FakeKeyRing.Current a value.", Sent = false },
            },
            attempt);
        Assert.False(_upstream.HasMore);
    }

    [Fact]
    public async Task RefusedKey_IsReplacedOnce_AndTheBodyMadeAgain()
    {
        _keys.Replacement = new ApiKey("sk-evo-second-0987654321", "v2");
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(401, "{}"), Answer(200, "{}"));
        var made = 0;

        var attempt = await SendAsync(relay, new RelayRequest("v1/x", () => new StringContent($"body {++made}")));

        var received = await serving;
        Assert.NotNull(attempt.Response);
        attempt.Response.Dispose();
        Assert.Equal([Upstream.Secret], _keys.Rejected.Select(key => key.Secret));
        Assert.Equal(
            [($"Bearer {Upstream.Secret}", "body 1"), ("Bearer sk-evo-second-0987654321", "body 2")],
            received.Select(request => (Line(request, "Authorization"), request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..])));
    }

    [Fact]
    public async Task SecondKeyThatIsRefused_IsNotReplacedAgain()
    {
        _keys.Replacement = new ApiKey("sk-evo-second-0987654321", "v2");
        using var relay = Relay();
        var serving = _upstream.ServeAsync(Answer(401, "{}"), Answer(401, """{"error":{"code":"invalid_api_key","message":"no sk-evo-second-0987654321"}}"""));

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(("invalid_api_key", "no ***"), (attempt.Error!.Code, attempt.Error.Message));
        Assert.Single(_keys.Rejected);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RefusedKeyWithoutAnother_IsTheAnswer(bool ringFails)
    {
        using var relay = Relay(keys: ringFails ? new RingWithoutReplacement() : _keys);
        var serving = _upstream.ServeAsync(Answer(401, """{"error":{"code":"invalid_api_key","message":"no"}}"""));

        var attempt = await SendAsync(relay, Post());

        await serving;
        Assert.Equal(new RelayAttempt { Error = new UpstreamError { Kind = ErrorKind.Stop, Code = "invalid_api_key", Message = "no", HttpStatus = 401 } }, attempt);
        Assert.False(_upstream.HasMore);
    }

    [Fact]
    public async Task Cancellation_Throws()
    {
        using var relay = Relay();
        using var cancelled = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => relay.SendAsync(
            new RelayRequest("v1/x", () =>
            {
                cancelled.Cancel();
                return new StringContent("x");
            }),
            cancelled.Token));
    }

    [Fact]
    public async Task CancellationWhileARefusalIsRead_Throws()
    {
        using var cancelled = new CancellationTokenSource();
        using var relay = Relay(time: new TimeThatCancels(cancelled));
        var serving = _upstream.ServeAsync("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n{");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => relay.SendAsync(Post(), cancelled.Token));

        await serving;
    }

    private static Task<RelayAttempt> SendAsync(UpstreamRelay relay, RelayRequest request) =>
        relay.SendAsync(request, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

    private static RelayRequest Post(string path = "v1/x", string body = "{}") =>
        new(path, () => new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new("application/json") } });

    private static string Answer(int status, string body, string headers = "") =>
        $"HTTP/1.1 {status} Said\r\nConnection: close\r\n{headers}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    /// <summary>The value of a header.</summary>
    private static string Line(string request, string name) =>
        request.Split("\r\n").Single(line => line.StartsWith($"{name}: ", StringComparison.Ordinal))[(name.Length + 2)..];

    /// <summary>The request with its headers in the order of their names.</summary>
    private static string Ordered(string request)
    {
        var lines = request.Split("\r\n");
        var end = Array.IndexOf(lines, "");
        return string.Join('\n', [lines[0], .. lines[1..end].Order(StringComparer.Ordinal), .. lines[end..]]);
    }

    private UpstreamRelay Relay(string basePath = "", IKeyRing? keys = null, TimeProvider? time = null) => new(
        keys ?? _keys,
        Options.Create(new UpstreamOptions { GenerateBaseUrl = new Uri($"http://127.0.0.1:{_upstream.Port}{basePath}"), MaxRetryAfter = TimeSpan.FromMinutes(1) }),
        time ?? new FakeTimeProvider(Now),
        NullLogger<UpstreamRelay>.Instance);

    private sealed class RingWithoutReplacement : IKeyRing
    {
        public ValueTask<ApiKey> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult(new ApiKey(Upstream.Secret, "v1"));

        public ValueTask<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken cancellationToken) =>
            ValueTask.FromException<ApiKey?>(new KeyUnavailableException("The vault does not answer."));
    }

    /// <summary>Is asked for the time once an answer's head is there, and cancels.</summary>
    private sealed class TimeThatCancels(CancellationTokenSource source) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            source.Cancel();
            return Now;
        }
    }
}
