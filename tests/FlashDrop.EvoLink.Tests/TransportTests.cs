using System.Net;
using System.Net.Sockets;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.EvoLink.Tests;

/// <summary>One try over the wire: the key, how far it got, and what is said of it.</summary>
[Collection(VirtualTime.Name)]
public sealed class TransportTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private static (string, string) ShortSubmit => ("FlashDrop:Upstream:Resilience:Submit:AttemptTimeout", "00:00:03");

    [Fact]
    public async Task NoKey_IsAStopAndNothingWasSent()
    {
        await using var upstream = new Upstream().Answers(Fixtures.Native);
        upstream.Keys.Current = null;

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Stop, Code = "key_unavailable", Message = "The test took the key away; give FakeKeyRing.Current a value.", Sent = false },
            Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Error);
        Assert.Empty(upstream.Requests);
    }

    [Fact]
    public async Task KeyThatDoesNotCome_IsATimeout()
    {
        await using var upstream = new Upstream(services => services.AddSingleton<IKeyRing>(new SlowKeyRing()), ShortSubmit).Answers(Fixtures.Native);

        var error = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None))).Error;

        Assert.Equal(("timeout", ErrorKind.Retry, "The upstream key could not be read in time."), (error.Code, error.Kind, error.Message));
        Assert.Empty(upstream.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RefusedKeyWithoutAnother_IsTheRefusalItself(bool fails)
    {
        var keys = new SlowKeyRing
        {
            Current = new ApiKey(Upstream.Secret, "v1"),
            Replacing = fails ? new KeyUnavailableException("The vault is closed.") : null,
        };
        await using var upstream = new Upstream(services => services.AddSingleton<IKeyRing>(keys), ShortSubmit)
            .Answers("""{"error":{"code":"invalid_token","message":"bad key"}}""", 401);

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None)));

        Assert.Equal(new UpstreamError { Kind = ErrorKind.Stop, Code = "invalid_token", Message = "bad key", HttpStatus = 401, RequestId = "req-1" }, failed.Error);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task MediaThatDoesNotCome_IsATimeoutOfARequestThatWasNeverWhole()
    {
        await using var upstream = new Upstream(ShortSubmit).Answers(Fixtures.Native);
        var media = new MediaSource("image/png", 10, _ => Task.FromResult<Stream>(ScriptedStream.Of(upstream.Time, StreamEnd.GoesSilent, "abc")));
        var request = Upstream.Ask() with { Body = new GenerateContentRequest { Contents = [Content.User(new Part { Media = media })] } };

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Retry, Code = "timeout", Message = "The request could not be sent in time." },
            Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.SubmitAsync(request, None))).Error);
    }

    [Fact]
    public async Task PeerThatGoesAwayWhileTheConnectionIsMade_IsAFailureBeforeAnythingWasSent()
    {
        await using var upstream = new Upstream { ReadsBody = false }.Throws(new SocketException((int)SocketError.NotConnected));

        var error = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None))).Error;

        Assert.Equal((ErrorKind.Retry, "connection_failed", false), (error.Kind, error.Code, error.Sent));
    }

    /// <summary>A server may answer before it has read the whole request, and have worked on it all the same.</summary>
    [Theory]
    [InlineData(StreamEnd.Breaks, "connection_failed", "The connection to direct.evolink.ai failed: The response ended prematurely.", 4)]
    [InlineData(StreamEnd.GoesSilent, "timeout", "The upstream did not answer in time.", 1)]
    internal async Task AnswerThatBreaksOff_MayBeChargedWhateverWasSent(StreamEnd end, string code, string message, int plainTries)
    {
        await using var upstream = new Upstream(ShortSubmit, ("FlashDrop:Upstream:Resilience:Generate:AttemptTimeout", "00:00:03")) { ReadsBody = false };
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, end, "{"))));
        var expected = new UpstreamError { Kind = ErrorKind.Retry, Code = code, Message = message };

        Assert.Equal(expected, Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None))).Error);
        Assert.Single(upstream.Requests);

        Assert.Equal(expected, Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None))).Error);
        Assert.Equal(1 + plainTries, upstream.Requests.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RefusalWhoseBodyBreaksOff_IsKnownByItsStatus(bool http)
    {
        var fault = http ? (Exception)new HttpRequestException("reset") : new IOException("reset");
        await using var upstream = new Upstream().Answers("", 402, and: response => response.Content = new FailingContent(fault));

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Hold, Code = "http_402", Message = "HTTP 402 without a body", HttpStatus = 402, RequestId = "req-1" },
            Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Error);
    }

    [Theory]
    [InlineData("a", null, "a")]
    [InlineData(null, "b", "b")]
    [InlineData("a", "b", "a")]
    [InlineData(null, null, null)]
    public async Task RequestId_IsReadFromEitherHeader(string? own, string? relay, string? expected)
    {
        await using var upstream = new Upstream().Answers(Fixtures.PendingTask, and: response =>
        {
            response.Headers.Clear();
            Add(response, "x-request-id", own);
            Add(response, "x-oneapi-request-id", relay);
        });

        Assert.Equal(expected, (await upstream.Client.SubmitAsync(Upstream.Ask(), None)).RequestId);

        static void Add(HttpResponseMessage response, string name, string? value)
        {
            if (value is not null)
            {
                response.Headers.Add(name, value);
            }
        }
    }

    [Fact]
    public async Task WaitAskedFor_IsBelievedUpToTheSetting()
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:MaxRetryAfter", "00:01:00"))
            .Answers("{}", 429, and: response => response.Headers.Add("Retry-After", "600"));

        Assert.Equal(TimeSpan.FromMinutes(1), Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Error.RetryAfter);
    }

    [Fact]
    public async Task TaskRead_SendsNoBody()
    {
        await using var upstream = new Upstream().Answers("""{"id":"t1","status":"running"}""");

        Assert.IsType<TaskReading.Running>(await upstream.Client.ReadTaskAsync("t1", None));

        var sent = Assert.Single(upstream.Requests);
        Assert.Equal((HttpMethod.Get, "", (string?)null), (sent.Method, sent.Body, sent.Header("Content-Type")));
    }

    /// <summary>A key ring whose source hangs, unless it has or fails with something.</summary>
    private sealed class SlowKeyRing : IKeyRing
    {
        public ApiKey? Current { get; init; }

        public Exception? Replacing { get; init; }

        public async ValueTask<ApiKey> GetAsync(CancellationToken cancellationToken)
        {
            if (Current is null)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            }

            return Current!;
        }

        public async ValueTask<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken cancellationToken)
        {
            if (Replacing is { } exception)
            {
                throw exception;
            }

            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return null;
        }
    }

    private sealed class FailingContent(Exception fault) : HttpContent
    {
        protected override Task<Stream> CreateContentReadStreamAsync() => Task.FromException<Stream>(fault);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => Task.FromException(fault);

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
