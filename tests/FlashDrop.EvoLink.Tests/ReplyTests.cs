using System.Text;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Responses;

namespace FlashDrop.EvoLink.Tests;

/// <summary>What a body under a 2xx is taken for.</summary>
public sealed class ReplyTests
{
    private static readonly ErrorContext Context = new(200, "req-1", Secret: Upstream.Secret);

    [Theory]
    [InlineData("""{"id":"t1","status":"failed"}""", ErrorKind.Retry, "unknown_error", "The task failed without a message.", null)]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"x"}]}}],"error":{"code":503,"message":"overloaded"}}""", ErrorKind.Retry, "http_503", "overloaded", 503)]
    [InlineData("""{"hello":"sk-evo-test-1234567890"}""", ErrorKind.Retry, "unreadable_answer", """The answer is JSON of no known form: {"hello":"***"}""", 200)]
    [InlineData("<style>\n{ }\ndata: x\n</style>", ErrorKind.Retry, "http_502", "<style> { } data: x </style>", 502)]
    [InlineData("[]", ErrorKind.Retry, "http_502", "HTTP 502 with an empty list", 502)]
    [InlineData("Sorry", ErrorKind.Retry, "http_502", "Sorry", 502)]
    public void BodyWithoutAnswer_IsARefusal(string body, ErrorKind kind, string code, string message, int? status) => Assert.Equal(
        new UpstreamError { Kind = kind, Code = code, Message = message, HttpStatus = status, RequestId = "req-1" },
        Assert.IsType<Reply.Refusal>(Classify(body)).Error);

    [Theory]
    [InlineData("", "empty_response", "The answer has no body.")]
    [InlineData("\uFEFF \r\n\t", "empty_response", "The answer has no body.")]
    [InlineData("{\"candidates\":[", "malformed_frame", "A frame of the stream could not be read and the stream did not prove whole.")]
    [InlineData("event: ping\ndata: {\"candidates\":[]}\n\n", "truncated_stream", "The stream ended without a finish reason: the answer is cut.")]
    public void BodyThatBrokeOff_IsCut(string body, string code, string message) => Assert.Equal(
        new UpstreamError { Kind = ErrorKind.Retry, Code = code, Message = message, HttpStatus = 200, RequestId = "req-1" },
        Assert.IsType<Reply.Cut>(Classify(body)).Error);

    [Theory]
    [InlineData("""{"promptFeedback":{}}""", "")]
    [InlineData("""{"usageMetadata":{}}""", "")]
    [InlineData("""{"modelVersion":"gemini-2.5-flash"}""", "")]
    [InlineData("""{"candidates":[7,{"index":1,"content":{"parts":[{"text":"another"}]}},{"index":0,"content":{"parts":[{"text":"x"}]}}]}""", "x")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"hm","thought":"true"},{"text":"x"},7,{"text":7}]}}],"error":null}""", "x")]
    [InlineData("""{"id":"r1","status":"completed","candidates":[{"content":{"parts":[{"text":"x"}]}}]}""", "x")]
    [InlineData("""{"id":"r1","status":"completed","choices":[{"message":{"content":"x"}}]}""", "x")]
    public void AnyMarkOfAnAnswer_MakesItOne(string body, string text)
    {
        var whole = Assert.IsType<Reply.Whole>(Classify(body));

        Assert.Equal((text, body, false), (whole.Answer.Text, whole.Answer.Raw!.Value.GetRawText(), whole.Streamed));
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData("data:")]
    [InlineData(": ping\n\ndata: ")]
    [InlineData("event: message\ndata: ")]
    [InlineData("id: 1\ndata: ")]
    [InlineData("retry: 5\ndata: ")]
    [InlineData("\uFEFF\r\n[")]
    [InlineData(Fixtures.Chunk1)]
    public void AnyStream_IsReadAsOne(string start)
    {
        var whole = Assert.IsType<Reply.Whole>(Classify(start + Fixtures.Chunk2));

        Assert.EndsWith("shows a harbour — {\"q\"}.", whole.Answer.Text, StringComparison.Ordinal);
        Assert.True(whole.Streamed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(16 * 1024)]
    [InlineData((16 * 1024) + 1)]
    [InlineData(100_000)]
    public async Task Body_IsReadToItsLastByteUpToTheLimit(int length)
    {
        var bytes = Enumerable.Range(0, length).Select(number => (byte)(number % 251)).ToArray();

        Assert.Equal((false, Convert.ToBase64String(bytes)), await ReadAsync(length));
        Assert.Equal((length > 0, Convert.ToBase64String(bytes.AsSpan(0, Math.Max(0, length - 1)))), await ReadAsync(Math.Max(0, length - 1)));

        async Task<(bool TooLarge, string Bytes)> ReadAsync(long limit)
        {
            using var content = new ByteArrayContent(bytes);
            using var body = await ResponseBody.ReadAsync(content, limit, TestContext.Current.CancellationToken);
            return (body.TooLarge, Convert.ToBase64String(body.Bytes));
        }
    }

    [Fact]
    public async Task BodyThatBreaksOff_IsThrown()
    {
        using var content = new StreamContent(ScriptedStream.Of(TimeProvider.System, StreamEnd.Breaks, "{\"candidates\":"));

        await Assert.ThrowsAsync<IOException>(() => ResponseBody.ReadAsync(content, 1_000, TestContext.Current.CancellationToken));
    }

    private static Reply Classify(string body) => Reply.Classify(Encoding.UTF8.GetBytes(body), 100_000, Context);
}
