using System.Text;
using System.Text.Json;
using CsCheck;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Tests;

public sealed class StreamParsingTests
{
    private const long MaxFrame = 1 << 20;

    private static readonly string[] WholeStreams =
    [
        Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2),
        $"data: {Fixtures.Chunk1}\n\ndata: {Fixtures.Chunk2}\n\n",
        $"data:{Fixtures.Chunk1}\r\rdata:{Fixtures.Chunk2}\r\r",
        $": ping\n\nevent: message\nid: 1\nretry: 5\ndata: {Fixtures.Chunk1}\n\n: ping\r\ndata: {Fixtures.Chunk2}\n\ndata: [DONE]\n\n",
        $"\uFEFFdata: {Fixtures.Chunk1}\n\ndata: {Fixtures.Chunk2}",
        $"data: {Fixtures.Chunk1.Replace(",\"modelVersion\"", ",\ndata: \"modelVersion\"", StringComparison.Ordinal)}\n\ndata: {Fixtures.Chunk2}\n",
        $"[{Fixtures.Chunk1}\r\n,\r\n{Fixtures.Chunk2}]",
        $"  [\n{Fixtures.Chunk1},{Fixtures.Chunk2}\n]\n",
        $"{Fixtures.Chunk1}\n{Fixtures.Chunk2}\n",
        $"data: {Fixtures.Chunk1}\n\ndata: keep-alive\n\ndata:\n\ndata: {Fixtures.Chunk2}\n\n",
        $"data: [{Fixtures.Chunk1},{Fixtures.Chunk2}]\n\n",
    ];

    private static readonly string[] BrokenStreams =
    [
        Fixtures.Sse(Fixtures.Chunk1),
        Fixtures.Sse(Fixtures.Chunk1) + "data: [DONE]\n\n",
        Fixtures.Sse(Fixtures.Chunk1) + "data: " + Fixtures.Chunk2[..60],
        Fixtures.Sse(Fixtures.Chunk1, Fixtures.ErrorEvent),
        Fixtures.Sse(Fixtures.Chunk1) + Fixtures.ErrorEvent,
        Fixtures.Sse(Fixtures.Chunk1) + "{\n  \"error\": {\n    \"code\": 503,\n\n    \"message\": \"overloaded\"\n  }\n}\n",
        Fixtures.ErrorEvent,
        $"[{Fixtures.ErrorEvent}]",
        $"event: error\ndata: {{\"message\":\"overloaded\"}}\n\n",
        $"[{Fixtures.Chunk1}\r\n,{Fixtures.Chunk2[..70]}",
        "",
        "<html><body>Bad gateway</body></html>",
    ];

    public static TheoryData<int> WholeCases => [.. Enumerable.Range(0, WholeStreams.Length)];

    public static TheoryData<int> BrokenCases => [.. Enumerable.Range(0, BrokenStreams.Length)];

    [Theory]
    [MemberData(nameof(WholeCases))]
    public void AnyFraming_GivesTheMergedAnswer(int index)
    {
        var events = Read(WholeStreams[index], [int.MaxValue]);

        var answer = Assert.IsType<StreamEvent.Finished>(events[^1]).Answer;
        Assert.Equal(Fixtures.StreamText, answer.Text);
        Assert.Equal("STOP", answer.FinishReason);
        Assert.Equal(229, answer.Usage!.OutputTokens);
        Assert.Equal("gemini-2.5-flash", answer.ModelVersion);
        Assert.Equal("Qk3m", answer.ResponseId);
        Assert.Equal(Fixtures.StreamText, answer.Raw!.Value.GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0].GetProperty("text").GetString());
        Assert.Equal("ON_DEMAND", answer.Raw.Value.GetProperty("usageMetadata").GetProperty("trafficType").GetString());
        Assert.Equal(Fixtures.StreamText, string.Concat(events.OfType<StreamEvent.Chunk>().Select(chunk => chunk.Text)));
    }

    [Theory]
    [MemberData(nameof(BrokenCases))]
    public void AnyCut_NeverLooksWhole(int index)
    {
        var events = Read(BrokenStreams[index], [int.MaxValue]);

        var broken = Assert.IsType<StreamEvent.Broken>(events[^1]);
        Assert.Equal(BrokenStreams[index].Contains("The clip", StringComparison.Ordinal), broken.Partial is not null);
        Assert.Single(events, last => last is not StreamEvent.Chunk);
        if (BrokenStreams[index].Contains("overloaded", StringComparison.Ordinal))
        {
            Assert.Equal(ErrorKind.Retry, broken.Error.Kind);
            Assert.Equal("overloaded", broken.Error.Message);
        }
    }

    [Fact]
    public void AnySplitOfTheBytes_GivesTheSameEvents()
    {
        var streams = Pick.From([.. WholeStreams, .. BrokenStreams]);
        Gen.Select(streams, Gen.Int[1, 40].Array[1, 12]).Sample(
            (stream, sizes) => string.Equals(Describe(Read(stream, sizes)), Describe(Read(stream, [int.MaxValue])), StringComparison.Ordinal),
            iter: 3_000);
    }

    [Fact]
    public void EveryCutOfAnEventStream_IsBrokenUntilTheFinishReasonCame()
    {
        var bytes = Encoding.UTF8.GetBytes(Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2));
        var whole = bytes.Length - 4;
        for (var length = 0; length < whole; length++)
        {
            Assert.IsType<StreamEvent.Broken>(Read(bytes.AsSpan(0, length), [int.MaxValue])[^1]);
        }

        Assert.IsType<StreamEvent.Finished>(Read(bytes.AsSpan(0, whole), [int.MaxValue])[^1]);
    }

    [Fact]
    public void AnyBytes_EndInExactlyOneLastEvent()
    {
        var pieces = Pick.From("data: ", "{", "}", "[", "]", "\"", "\\", "\r", "\n", "\n\n", "[DONE]", ",", ":", "é", "event: error", Fixtures.Chunk1, Fixtures.Chunk2, Fixtures.ErrorEvent);
        Gen.Select(pieces.Array[0, 30], Gen.Int[1, 50].Array[1, 5]).Sample(
            (text, sizes) =>
            {
                var events = Read(string.Concat(text), sizes);
                return events.Count(last => last is not StreamEvent.Chunk) == 1 && events[^1] is not StreamEvent.Chunk;
            },
            iter: 3_000);
    }

    [Fact]
    public void MalformedFrame_IsSkippedWhenTheStreamProvesWhole()
    {
        var events = Read(Fixtures.Sse(Fixtures.Chunk1, "{\"candidates\":[{", Fixtures.Chunk2), [int.MaxValue]);

        Assert.Equal(Fixtures.StreamText, Assert.IsType<StreamEvent.Finished>(events[^1]).Answer.Text);
    }

    [Fact]
    public void MalformedFrameAndNoFinish_IsAnError()
    {
        var events = Read(Fixtures.Sse(Fixtures.Chunk1, "{\"candidates\":[{"), [int.MaxValue]);

        Assert.Equal("malformed_frame", Assert.IsType<StreamEvent.Broken>(events[^1]).Error.Code);
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData("{\"a\":\"")]
    [InlineData("data: x\ndata: ")]
    public void FrameAboveTheLimit_IsAnErrorBeforeItIsHeldInMemory(string start)
    {
        using var reading = new StreamReading(1_000, long.MaxValue, new ErrorContext(200));
        var events = new List<StreamEvent>();
        Feed(reading, Encoding.UTF8.GetBytes(start + new string('x', 2_000)), events);

        Assert.Equal("frame_too_large", Assert.IsType<StreamEvent.Broken>(Assert.Single(events)).Error.Code);
    }

    [Fact]
    public void StreamAboveTheLimit_IsAnError()
    {
        using var reading = new StreamReading(MaxFrame, 1_000, new ErrorContext(200));
        var events = new List<StreamEvent>();
        Feed(reading, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(": ping\n", 200))), events);

        Assert.Equal("response_too_large", Assert.IsType<StreamEvent.Broken>(Assert.Single(events)).Error.Code);
    }

    [Fact]
    public void BlockedPrompt_FinishesRefused()
    {
        var events = Read(Fixtures.Sse("""{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":812,"totalTokenCount":812}}"""), [int.MaxValue]);

        var answer = Assert.IsType<StreamEvent.Finished>(events[^1]).Answer;
        Assert.Equal(Generation.AnswerQuality.Refused, answer.Quality);
        Assert.Equal(812, answer.Usage!.PromptTokens);
    }

    [Fact]
    public void StreamWithoutCounts_FinishesWithUsageUnknown()
    {
        var events = Read(Fixtures.Sse("""{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{"trafficType":"ON_DEMAND"}}"""), [int.MaxValue]);

        Assert.Null(Assert.IsType<StreamEvent.Finished>(events[^1]).Answer.Usage);
    }

    [Fact]
    public void Counts_AreMergedFieldByFieldAndSurviveALaterPartialReport()
    {
        var events = Read(
            Fixtures.Sse(
                """{"candidates":[{"content":{"parts":[{"text":"a","thought":true}]}}],"usageMetadata":{"promptTokenCount":"10","candidatesTokenCount":1}}""",
                """{"candidates":[{"content":{"parts":[{"text":"b"},{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"usageMetadata":{"candidatesTokenCount":5}}""",
                """{"usageMetadata":{"trafficType":"ON_DEMAND"}}"""),
            [int.MaxValue]);

        var answer = Assert.IsType<StreamEvent.Finished>(events[^1]).Answer;
        Assert.Equal((10, 5), (answer.Usage!.PromptTokens, answer.Usage.CandidatesTokens));
        Assert.Equal("b", answer.Text);
        Assert.Equal("f", Assert.Single(answer.FunctionCalls).GetProperty("name").GetString());
        Assert.Equal(3, answer.Raw!.Value.GetProperty("candidates")[0].GetProperty("content").GetProperty("parts").GetArrayLength());
    }

    [Fact]
    public void OpenAiStream_BecomesANativeAnswer()
    {
        var events = Read(
            Fixtures.Sse(
                """{"id":"c","model":"gemini-2.5-flash","choices":[{"index":0,"delta":{"role":"assistant","content":"Two "},"finish_reason":null}],"usage":null}""",
                """{"id":"c","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","function":{"name":"f","arguments":"{\"a\""}}]}}]}""",
                """{"id":"c","choices":[{"index":0,"delta":{"content":"ships","tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}""",
                """{"id":"c","choices":[],"usage":{"prompt_tokens":13,"completion_tokens":21,"total_tokens":34}}""",
                "[DONE]"),
            [int.MaxValue]);

        var answer = Assert.IsType<StreamEvent.Finished>(events[^1]).Answer;
        Assert.Equal("Two ships", answer.Text);
        Assert.Equal("STOP", answer.FinishReason);
        Assert.Equal((13, 21), (answer.Usage!.PromptTokens, answer.Usage.CandidatesTokens));
        Assert.Equal(1, Assert.Single(answer.FunctionCalls).GetProperty("args").GetProperty("a").GetInt32());
    }

    [Fact]
    public void HtmlInsteadOfAStream_IsABadGateway()
    {
        var broken = Assert.IsType<StreamEvent.Broken>(Read("<html><body>Oops sk-abcdef123456</body></html>", [int.MaxValue])[^1]);

        Assert.Equal("http_502", broken.Error.Code);
        Assert.Equal("<html><body>Oops ***</body></html>", broken.Error.Message);
    }

    private static List<StreamEvent> Read(string stream, int[] sizes) => Read(Encoding.UTF8.GetBytes(stream), sizes);

    private static List<StreamEvent> Read(ReadOnlySpan<byte> bytes, int[] sizes)
    {
        using var reading = new StreamReading(MaxFrame, long.MaxValue, new ErrorContext(200));
        var events = new List<StreamEvent>();
        var turn = 0;
        while (!bytes.IsEmpty && !reading.IsClosed)
        {
            var size = Math.Min(sizes[turn++ % sizes.Length], bytes.Length);
            Feed(reading, bytes[..size], events);
            bytes = bytes[size..];
        }

        if (!reading.IsClosed)
        {
            reading.End(events);
        }

        return events;
    }

    private static void Feed(StreamReading reading, ReadOnlySpan<byte> bytes, List<StreamEvent> events)
    {
        bytes.CopyTo(reading.GetMemory(bytes.Length).Span);
        reading.Advance(bytes, events);
    }

    private static string Describe(List<StreamEvent> events) => string.Join('\n', events.Select(item => item switch
    {
        StreamEvent.Chunk chunk => $"chunk {chunk.Text} {chunk.Raw.GetRawText()}",
        StreamEvent.Finished finished => $"finished {finished.Answer.Text} {Raw(finished.Answer.Raw)}",
        StreamEvent.Broken broken => $"broken {broken.Error} {Raw(broken.Partial?.Raw)}",
        _ => "?",
    }));

    private static string Raw(JsonElement? element) => element?.GetRawText() ?? "-";
}
