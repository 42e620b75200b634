using System.Collections.Concurrent;
using System.Net.Sockets;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FlashDrop.EvoLink.Tests;

[Collection(VirtualTime.Name)]
public sealed class ResilienceTests
{
    private const string Busy = """{"error":{"code":503,"message":"busy","type":"service_unavailable_error"}}""";
    private const string Slow = """{"error":{"code":429,"message":"slow","type":"rate_limit_error"}}""";

    private static readonly CancellationToken None = CancellationToken.None;

    private static HttpRequestException Refused => new(HttpRequestError.ConnectionError, "refused", new SocketException((int)SocketError.ConnectionRefused));

    private static HttpRequestException Reset => new(HttpRequestError.ResponseEnded, "reset", new IOException("reset"));

    [Fact]
    public async Task Generate_RetriesATransientFailureAndAnswers()
    {
        await using var upstream = new Upstream().Answers(Busy, 503).Throws(Reset).Answers(Fixtures.Native);

        Assert.IsType<SubmitOutcome.Answered>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(402)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(413)]
    public async Task Generate_DoesNotRetryWhatStaysWrong(int status)
    {
        await using var upstream = new Upstream().Answers("{}", status);

        Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Generate_StopsAfterThreeRetries()
    {
        await using var upstream = new Upstream().Answers(Busy, 503);

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));

        Assert.Equal(503, failed.Error.HttpStatus);
        Assert.Equal(4, upstream.Requests.Count);
    }

    [Fact]
    public async Task RetryAfter_IsHonoured()
    {
        await using var upstream = new Upstream().Answers(Slow, 429, and: response => response.Headers.Add("Retry-After", "7")).Answers(Fixtures.Native);

        Assert.IsType<SubmitOutcome.Answered>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));

        var waited = upstream.Requests[1].At - upstream.Requests[0].At;
        Assert.InRange(waited, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task RetryAfterBeyondTheLimit_IsHandedToTheCallerAtOnce()
    {
        await using var upstream = new Upstream().Answers(Slow, 429, and: response => response.Headers.Add("Retry-After", "120")).Answers(Fixtures.Native);

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));

        Assert.Equal((ErrorKind.Retry, TimeSpan.FromMinutes(2)), (failed.Error.Kind, failed.Error.RetryAfter));
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData(503, Busy)]
    [InlineData(429, Slow)]
    public async Task Submit_IsNeverRepeatedAfterAnAnswer(int status, string body)
    {
        await using var upstream = new Upstream().Answers(body, status).Answers(Fixtures.PendingTask);

        Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None)));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Submit_IsUnansweredWhenTheConnectionBreaksAfterSending()
    {
        await using var upstream = new Upstream().Throws(Reset).Answers(Fixtures.PendingTask);

        var unanswered = Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None)));

        Assert.Equal("connection_failed", unanswered.Error.Code);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task Submit_IsRepeatedWhenNothingWasSent()
    {
        await using var upstream = new Upstream { ReadsBody = false }.Throws(Refused).Throws(Refused).Answers(Fixtures.PendingTask);

        Assert.IsType<SubmitOutcome.TaskCreated>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None)));
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Fact]
    public async Task Submit_WithoutAnyConnectionFailsForACleanRetry()
    {
        await using var upstream = new Upstream { ReadsBody = false }.Throws(Refused);

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None)));

        Assert.Equal(("connection_failed", ErrorKind.Retry), (failed.Error.Code, failed.Error.Kind));
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Fact]
    public async Task SilentSubmit_IsUnansweredAfterItsMinutesAndNeverRepeated()
    {
        await using var upstream = new Upstream().IsSilent();
        var start = upstream.Time.GetUtcNow();

        var unanswered = Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Run(upstream.Client.SubmitAsync(Upstream.Ask(), None), TimeSpan.FromSeconds(1)));

        Assert.Equal("timeout", unanswered.Error.Code);
        Assert.InRange(upstream.Time.GetUtcNow() - start, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(4.2));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task SilentCall_IsNotHammered()
    {
        await using var upstream = new Upstream().IsSilent();

        Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));
        Assert.IsType<StreamEvent.Broken>(Assert.Single(await upstream.Collect(Upstream.Ask())));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task SilentTaskRead_IsRepeatedBecauseReadingIsFree()
    {
        await using var upstream = new Upstream().IsSilent().Answers("""{"id":"t1","status":"running"}""");

        Assert.IsType<TaskReading.Running>(await upstream.Run(upstream.Client.ReadTaskAsync("t1", None)));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task TotalTimeout_EndsTheRetriesWithTheLastFailure()
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Upstream:Resilience:Generate:AttemptTimeout", "00:00:04"),
            ("FlashDrop:Upstream:Resilience:Generate:TotalTimeout", "00:00:05"),
            ("FlashDrop:Upstream:Resilience:Generate:MaxDelay", "00:00:30"))
            .Answers(Slow, 429, and: response => response.Headers.Add("Retry-After", "20"));

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));

        Assert.Equal("rate_limit_error", failed.Error.Code);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task FailingHost_OpensTheCircuitForItsTierOnlyAndRecovers()
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:Resilience:CircuitBreaker:MinimumThroughput", "4")).Answers(Busy, 503);
        for (var call = 0; call < 4; call++)
        {
            await upstream.Client.SubmitAsync(Upstream.Ask(), None);
        }

        var open = Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Error;
        Assert.Equal(
            ("circuit_open", ErrorKind.Retry, false, "direct.evolink.ai failed too often and is left alone for a while."), (open.Code, open.Kind, open.Sent, open.Message));
        Assert.InRange(open.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        Assert.Equal("circuit_open", Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None))).Error.Code);
        Assert.Equal("circuit_open", Assert.IsType<StreamEvent.Broken>(Assert.Single(await upstream.Collect(Upstream.Ask()))).Error.Code);
        Assert.Equal(4, upstream.Requests.Count);

        Assert.Equal(503, Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(tier: Tier.Beta), None)).Error.HttpStatus);

        upstream.Answers(Fixtures.PendingTask);
        upstream.Time.Advance(TimeSpan.FromSeconds(11));
        await upstream.Client.SubmitAsync(Upstream.Ask(), None);
        Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));
        upstream.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.IsType<SubmitOutcome.TaskCreated>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));
        Assert.IsType<SubmitOutcome.TaskCreated>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(402)]
    [InlineData(429)]
    public async Task FailuresOfTheRequest_DoNotOpenTheCircuit(int status)
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:Resilience:CircuitBreaker:MinimumThroughput", "2")).Answers("{}", status);
        for (var call = 0; call < 6; call++)
        {
            await upstream.Client.SubmitAsync(Upstream.Ask(), None);
        }

        Assert.Equal(6, upstream.Requests.Count);
    }

    [Fact]
    public async Task CallsAboveTheLimit_AreRefusedAtOnceAndStreamsCountUntilTheyEnd()
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Upstream:Resilience:Concurrency:Permits", "1"),
            ("FlashDrop:Upstream:Resilience:Concurrency:Queue", "0"));
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, StreamEnd.GoesSilent, Fixtures.Sse(Fixtures.Chunk1)))));
        upstream.Answers(Fixtures.PendingTask);

        await using (var stream = upstream.Client.StreamAsync(Upstream.Ask(), None).GetAsyncEnumerator(None))
        {
            Assert.True(await stream.MoveNextAsync());
            var limited = Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Error;
            Assert.Equal(
                ("concurrency_limited", ErrorKind.Retry, false, "Too many calls to direct.evolink.ai are under way or waiting."),
                (limited.Code, limited.Kind, limited.Sent, limited.Message));
            Assert.Equal("concurrency_limited", Assert.IsType<StreamEvent.Broken>(Assert.Single(await upstream.Collect(Upstream.Ask()))).Error.Code);
        }

        Assert.IsType<SubmitOutcome.TaskCreated>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task CallThatGetsNoTurnInTime_IsRefusedUnsent()
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Upstream:Resilience:Concurrency:Permits", "1"),
            ("FlashDrop:Upstream:Resilience:Generate:AttemptTimeout", "00:00:04"),
            ("FlashDrop:Upstream:Resilience:Generate:TotalTimeout", "00:00:05"),
            ("FlashDrop:Upstream:Resilience:Stream:AttemptTimeout", "00:00:04"),
            ("FlashDrop:Upstream:Resilience:Stream:TotalTimeout", "00:00:05"));
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, StreamEnd.GoesSilent, Fixtures.Sse(Fixtures.Chunk1)))));
        await using var holder = upstream.Client.StreamAsync(Upstream.Ask(), None).GetAsyncEnumerator(None);
        Assert.True(await holder.MoveNextAsync());

        var call = await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None));
        var stream = await upstream.Collect(Upstream.Ask());

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Retry, Code = "timeout", Message = "The call had no turn in time.", Sent = false },
            Assert.IsType<SubmitOutcome.Failed>(call).Error);
        Assert.Equal("concurrency_limited", Assert.IsType<StreamEvent.Broken>(Assert.Single(stream)).Error.Code);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task CallerWhoLeavesTheQueue_IsLetGo()
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:Resilience:Concurrency:Permits", "1"));
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, StreamEnd.GoesSilent, Fixtures.Sse(Fixtures.Chunk1)))));
        await using var holder = upstream.Client.StreamAsync(Upstream.Ask(), None).GetAsyncEnumerator(None);
        Assert.True(await holder.MoveNextAsync());
        using var caller = new CancellationTokenSource();
        await using var waiting = upstream.Client.StreamAsync(Upstream.Ask(), caller.Token).GetAsyncEnumerator(None);
        var turn = waiting.MoveNextAsync();

        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await turn);
    }

    [Fact]
    public async Task NoRetries_IsOneTry()
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:Resilience:Generate:Retries", "0")).Answers(Busy, 503);

        Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData(null, 0, 60)]
    [InlineData("7", 7, 17.25)]
    public async Task CallersWhoFailTogether_DoNotComeBackInStepNorTooEarly(string? retryAfter, double earliest, double latest)
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Upstream:Resilience:Generate:Retries", "1"),
            ("FlashDrop:Upstream:Resilience:Generate:BaseDelay", "00:00:20"),
            ("FlashDrop:Upstream:Resilience:Generate:MaxDelay", "00:01:00"));
        upstream.Answers(Slow, 429, and: response => response.Headers.TryAddWithoutValidation("Retry-After", retryAfter));

        await upstream.Run(Task.WhenAll(Enumerable.Range(0, 4).Select(_ => upstream.Client.GenerateAsync(Upstream.Ask(), None))));

        var waits = upstream.Requests.Select(request => (request.At - upstream.Requests[0].At).TotalSeconds).Order().Skip(4).ToList();
        Assert.Equal(4, waits.Count);
        Assert.All(waits, wait => Assert.InRange(wait, earliest, latest));
        Assert.NotEqual(waits[0], waits[^1]);
    }

    [Fact]
    public async Task Logs_NameTheCallAndItsFailure_AndShowNeitherKeyNorAnswer()
    {
        using var logs = new Logs();
        await using var upstream = new Upstream(services => services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs)));
        upstream.Answers(Busy, 503).Answers(Fixtures.Native);

        await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None));

        var retry = Assert.Single(logs.Lines, line => line.Contains("OnRetry", StringComparison.Ordinal));
        Assert.Contains("'FlashDrop.EvoLink.Generate/direct.evolink.ai/Standard/Retry'", retry, StringComparison.Ordinal);
        Assert.Contains("'Refused (service_unavailable_error)'", retry, StringComparison.Ordinal);
        Assert.Contains(logs.Lines, line => line.Contains("Authorization: *", StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Lines, line => line.Contains(Upstream.Secret, StringComparison.Ordinal) || line.Contains("Two ships", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "empty_response", true)]
    [InlineData("data: {broken\n\n", "malformed_frame", true)]
    [InlineData($"data: {Busy}\n\n", "service_unavailable_error", true)]
    [InlineData($"data: {Slow}\n\n", "rate_limit_error", false)]
    public async Task StreamWithoutAChunk_CountsAgainstTheHostUnlessTheRequestIsToBlame(string content, string code, bool againstHost)
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Upstream:Resilience:Stream:Retries", "0"),
            ("FlashDrop:Upstream:Resilience:CircuitBreaker:MinimumThroughput", "2"));
        var body = ScriptedStream.Of(upstream.Time, StreamEnd.Closes, content.Length == 0 ? [] : [content]);
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(body)));
        upstream.Answers(content, contentType: "text/event-stream");

        Assert.Equal(code, Assert.IsType<StreamEvent.Broken>(Assert.Single(await upstream.Collect(Upstream.Ask()))).Error.Code);
        await upstream.Collect(Upstream.Ask());
        await upstream.Collect(Upstream.Ask());

        Assert.Equal(againstHost ? 2 : 3, upstream.Requests.Count);
        Assert.True(body.Disposed);
    }

    [Fact]
    public async Task StreamFailure_BeforeTheFirstChunkIsRetried()
    {
        await using var upstream = new Upstream().Answers(Busy, 503).Throws(Reset);
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, StreamEnd.Breaks, ": ping\n\n"))));
        upstream.Answers(Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2), contentType: "text/event-stream");

        var events = await upstream.Collect(Upstream.Ask());

        Assert.IsType<StreamEvent.Finished>(events[^1]);
        Assert.Equal(4, upstream.Requests.Count);
    }

    [Theory]
    [InlineData(StreamEnd.Breaks, "truncated_stream")]
    [InlineData(StreamEnd.Closes, "truncated_stream")]
    [InlineData(StreamEnd.GoesSilent, "timeout")]
    internal async Task StreamFailure_AfterTheFirstChunkEndsItBroken(StreamEnd end, string code)
    {
        await using var upstream = new Upstream();
        var body = ScriptedStream.Of(upstream.Time, end, Fixtures.Sse(Fixtures.Chunk1));
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(body)));
        var start = upstream.Time.GetUtcNow();

        var events = await upstream.Collect(Upstream.Ask());

        var broken = Assert.IsType<StreamEvent.Broken>(events[^1]);
        Assert.Equal((code, ErrorKind.Retry), (broken.Error.Code, broken.Error.Kind));
        Assert.Equal("The clip ", broken.Partial!.Text);
        Assert.Single(upstream.Requests);
        Assert.True(body.Disposed);
        Assert.True(upstream.Time.GetUtcNow() - start <= TimeSpan.FromSeconds(31));
    }

    [Theory]
    [InlineData(StreamEnd.Breaks)]
    [InlineData(StreamEnd.GoesSilent)]
    internal async Task StreamThatProvedWhole_FinishesWithoutAClosingSentinel(StreamEnd end)
    {
        await using var upstream = new Upstream();
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, end, Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2)))));
        var start = upstream.Time.GetUtcNow();

        var events = await upstream.Collect(Upstream.Ask());

        Assert.Equal(229, Assert.IsType<StreamEvent.Finished>(events[^1]).Answer.Usage!.OutputTokens);
        Assert.True(upstream.Time.GetUtcNow() - start < TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task StreamWithTheDoneMark_FinishesAtOnceAlthoughTheConnectionStaysOpen()
    {
        await using var upstream = new Upstream();
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(ScriptedStream.Of(upstream.Time, StreamEnd.GoesSilent, Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2, "[DONE]")))));
        var start = upstream.Time.GetUtcNow();

        Assert.IsType<StreamEvent.Finished>((await upstream.Collect(Upstream.Ask()))[^1]);
        Assert.Equal(start, upstream.Time.GetUtcNow());
    }

    [Fact]
    public async Task CallerWhoLeavesAStream_ClosesTheConnection()
    {
        await using var upstream = new Upstream();
        var body = ScriptedStream.Of(upstream.Time, StreamEnd.GoesSilent, Fixtures.Sse(Fixtures.Chunk1));
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(body)));
        using var caller = new CancellationTokenSource();
        await using var stream = upstream.Client.StreamAsync(Upstream.Ask(), caller.Token).GetAsyncEnumerator(None);
        Assert.True(await stream.MoveNextAsync());

        var next = stream.MoveNextAsync();
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
        Assert.True(body.Disposed);
    }

    private sealed class Logs : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
