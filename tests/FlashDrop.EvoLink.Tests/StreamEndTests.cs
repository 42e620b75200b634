using System.Text;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Tests;

/// <summary>What a caller is told of a stream that did not prove whole.</summary>
[Collection(VirtualTime.Name)]
public sealed class StreamEndTests
{
    private const string Cut = "The stream ended without a finish reason: the answer is cut.";
    private const string Malformed = "A frame of the stream could not be read and the stream did not prove whole.";
    private const string Nothing = "The stream ended without a single chunk.";

    private static readonly ErrorContext Context = new(200, "req-1");

    public static TheoryData<string, string, string, int> Ends => new()
    {
        { "", "empty_response", Nothing, 200 },
        { "data:\n\n", "empty_response", Nothing, 200 },
        { "data: [DONE]\n\n", "empty_response", Nothing, 200 },
        { Fixtures.Sse("""{"notice":"nobody knows"}"""), "empty_response", Nothing, 200 },
        { Fixtures.Sse(Fixtures.Chunk1), "truncated_stream", Cut, 200 },
        { Fixtures.Sse(Fixtures.Chunk1, "[DONE]"), "truncated_stream", Cut, 200 },
        { Fixtures.Sse(Fixtures.Chunk1) + "data:\n\ndata: \t\n\n", "truncated_stream", Cut, 200 },
        { Fixtures.Sse(Fixtures.Chunk1, "keep-alive"), "malformed_frame", Malformed, 200 },
        { "event: error\ndata: boom\n\n", "malformed_frame", Malformed, 200 },
        { $"[{Fixtures.Chunk1},7]", "malformed_frame", Malformed, 200 },
        { Fixtures.Sse(Fixtures.ErrorEvent), "UNAVAILABLE", "overloaded", 503 },
        { Fixtures.Sse($"[{Fixtures.ErrorEvent},{Fixtures.ErrorEvent}]"), "UNAVAILABLE", "overloaded", 503 },
        { Fixtures.Sse($"[{Fixtures.Chunk1},{Fixtures.ErrorEvent}]"), "UNAVAILABLE", "overloaded", 503 },
        { Fixtures.Sse(Fixtures.Chunk1, """{"candidates":[],"error":{"code":503,"message":"overloaded"}}"""), "http_503", "overloaded", 503 },
        { "event: error\ndata: {\"candidates\":[],\"message\":\"overloaded\"}\n\n", "http_502", "overloaded", 502 },
        { "<html>\n<body>Bad gateway</body></html>", "http_502", "<html> <body>Bad gateway</body></html>", 502 },
        { "<html>" + new string('x', 5_000), "http_502", "<html>" + new string('x', 494), 502 },
    };

    [Theory]
    [MemberData(nameof(Ends))]
    public void StreamThatDidNotProveWhole_SaysWhy(string stream, string code, string message, int status)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        foreach (var size in (int[])[int.MaxValue, 700])
        {
            using var reading = new StreamReading(1 << 20, long.MaxValue, Context);
            var events = new List<StreamEvent>();
            for (var at = 0; at < bytes.Length && !reading.IsClosed; at += Math.Min(size, bytes.Length - at))
            {
                Feed(reading, bytes.AsSpan(at, Math.Min(size, bytes.Length - at)), events);
            }

            if (!reading.IsClosed)
            {
                reading.End(events);
            }

            var broken = Assert.IsType<StreamEvent.Broken>(Assert.Single(events, last => last is not StreamEvent.Chunk));
            Assert.Equal(
                new UpstreamError { Kind = ErrorKind.Retry, Code = code, Message = message, HttpStatus = status, RequestId = "req-1" }, broken.Error);
        }
    }

    [Fact]
    public void StreamOfTheLargestSize_IsReadAndOneByteMoreIsNot()
    {
        var bytes = Encoding.UTF8.GetBytes(Fixtures.Sse(Fixtures.Chunk1));
        foreach (var limit in (int[])[bytes.Length, bytes.Length - 1])
        {
            using var reading = new StreamReading(1 << 20, limit, Context);
            var events = new List<StreamEvent>();
            Feed(reading, bytes, events);

            Assert.IsType<StreamEvent.Chunk>(events[0]);
            if (limit == bytes.Length)
            {
                Assert.Single(events);
            }
            else
            {
                Assert.Equal(
                    new UpstreamError { Kind = ErrorKind.Fix, Code = "response_too_large", Message = $"The stream exceeds the limit of {limit} bytes.", HttpStatus = 200, RequestId = "req-1" },
                    Assert.IsType<StreamEvent.Broken>(Assert.Single(events.Skip(1))).Error);
            }
        }
    }

    [Fact]
    public void FrameAboveTheLimit_NamesTheLimit()
    {
        using var reading = new StreamReading(100, long.MaxValue, Context);
        var events = new List<StreamEvent>();
        Feed(reading, Encoding.UTF8.GetBytes(Fixtures.Sse(Fixtures.Chunk1)), events);

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Fix, Code = "frame_too_large", Message = "A frame of the stream exceeds the limit of 100 bytes.", HttpStatus = 200, RequestId = "req-1" },
            Assert.IsType<StreamEvent.Broken>(Assert.Single(events)).Error);
    }

    [Theory]
    [InlineData(StreamEnd.GoesSilent, "timeout", "The stream was silent for 00:00:30.")]
    [InlineData(StreamEnd.Breaks, "truncated_stream", "The connection broke in the middle of the stream.")]
    internal async Task ConnectionLostOverAChunk_IsToldAndReturned(StreamEnd end, string code, string message)
    {
        await using var upstream = new Upstream();
        using var response = new WatchedResponse(ScriptedStream.Of(upstream.Time, end, Fixtures.Sse(Fixtures.Chunk1)));
        upstream.Then((_, _) => Task.FromResult<HttpResponseMessage>(response));

        var error = Assert.IsType<StreamEvent.Broken>((await upstream.Collect(Upstream.Ask()))[^1]).Error;

        Assert.Equal((ErrorKind.Retry, code, message), (error.Kind, error.Code, error.Message));
        Assert.True(response.Disposed);
    }

    private static void Feed(StreamReading reading, ReadOnlySpan<byte> bytes, List<StreamEvent> events)
    {
        bytes.CopyTo(reading.GetMemory(bytes.Length).Span);
        reading.Advance(bytes, events);
    }

    private sealed class WatchedResponse : HttpResponseMessage
    {
        public WatchedResponse(Stream body) => Content = new StreamContent(body);

        public bool Disposed { get; private set; }

        protected override void Dispose(bool disposing)
        {
            Disposed = true;
            base.Dispose(disposing);
        }
    }
}
