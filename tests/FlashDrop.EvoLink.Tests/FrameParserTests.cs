using System.Text;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Tests;

/// <summary>Which payloads a stream is cut into, to the byte.</summary>
public sealed class FrameParserTests
{
    private const long Limit = 1_000;

    private const int BufferBytes = 16 * 1024;

    public static TheoryData<string, string[]> Framings => new()
    {
        // Server-sent events: line ends of every kind, comments, unknown fields.
        { "data: {\"a\":1}\n\ndata: {\"a\":2}\n\n", ["{\"a\":1}", "{\"a\":2}"] },
        { "data: {\"a\":1}\r\n\r\ndata: {\"a\":2}\r\n\r\n", ["{\"a\":1}", "{\"a\":2}"] },
        { "data: {\"a\":1}\r\rdata: {\"a\":2}\r\r", ["{\"a\":1}", "{\"a\":2}"] },
        { "data: one\n\r\ndata: two\r\n\n", ["one", "two"] },
        { ": ping\n\nid: 7\nretry: 100\ndata: one\nunknown\n\n:\n\n\n\ndata: two\n\n", ["one", "two"] },
        { "\uFEFFdata: one\n\ndata: two\n\n", ["one", "two"] },

        // Of the space after the colon one is taken, no more.
        { "data:one\n\ndata: two\n\ndata:  three\n\n", ["one", "two", " three"] },
        { "data\ndata:\n\n", [""] },

        // Lines of one event are joined by one line feed.
        { "data: one\ndata: two\n\n", ["one\ntwo"] },
        { "data: one\r\ndata:\r\ndata: three\r\n\r\n", ["one\n\nthree"] },
        { "data: one\rdata: two\r\rdata: three\r\r", ["one\ntwo", "three"] },

        // The end of the stream ends the event.
        { "data: one\n\ndata: two", ["one", "two"] },
        { "data: one\n\ndata: two\n", ["one", "two"] },
        { "data: one\ndata: two", ["one\ntwo"] },

        // A name counts for its own event.
        { "event: error\ndata: one\n\ndata: two\n\n", ["one (error)", "two"] },
        { "event:error\r\ndata: one\r\ndata: two\r\n\r\ndata: three\r\n\r\n", ["one\ntwo (error)", "three"] },
        { "event: message\ndata: one\n\n", ["one"] },
        { "event: error\n\ndata: two\n\n", ["two"] },

        // An object put between events without framing ends the event before it.
        { "data: one\n{\"error\":1}\ndata: two\n\n", ["one", "{\"error\":1}", "two"] },
        { "data: one\n\n{\"error\":1}", ["one", "{\"error\":1}"] },

        // Bare objects and arrays; brackets in strings are text.
        { "{}", ["{}"] },
        { "{\"a\":1}{\"a\":2}\n {\"a\":[{}]}", ["{\"a\":1}", "{\"a\":2}", "{\"a\":[{}]}"] },
        { "{\"a\":\"}\"}{\"a\":\"{[\"}", ["{\"a\":\"}\"}", "{\"a\":\"{[\"}"] },
        { "{\"a\":\"\\\"}\"}{\"a\":\"\\\\\"}", ["{\"a\":\"\\\"}\"}", "{\"a\":\"\\\\\"}"] },
        { "\uFEFF [ {\"a\":1}\r\n,\t{\"a\":2} ]\n", ["{\"a\":1}", "{\"a\":2}"] },
        { "[{\"a\":1}]\n[{\"a\":2}]", ["{\"a\":1}", "{\"a\":2}"] },
        { "[{\"a\":1}]\ndata: two\n\n", ["{\"a\":1}", "two"] },
        { "{\"a\":1}\ndata: two\n\n", ["{\"a\":1}", "two"] },
        { "{\"a\":1}{\"a\":", ["{\"a\":1}", "{\"a\":"] },

        // Nothing, and nearly nothing.
        { "", [] },
        { "\uFEFF", [] },
        { " \r\n\t", [] },
        { "[]", [] },
        { "<html>\n</html>", [] },
    };

    [Theory]
    [MemberData(nameof(Framings))]
    public void AnyFraming_IsCutIntoItsPayloads(string stream, string[] payloads)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        foreach (var size in (int[])[int.MaxValue, 1, 2, 3])
        {
            using var parser = new FrameParser(Limit);

            Assert.Equal(payloads, ReadAll(parser, bytes, size));
            Assert.False(parser.SawGarbage);
            Assert.False(parser.FrameTooLarge);
        }
    }

    [Theory]
    [InlineData("[{\"a\":1},7,{\"a\":2}]", "{\"a\":1}", "{\"a\":2}")]
    [InlineData("[\"x\"]")]
    [InlineData("[[{\"a\":1}]]", "{\"a\":1}")]
    public void ElementThatIsNoObject_IsSkippedAndTold(string stream, params string[] payloads)
    {
        using var parser = new FrameParser(Limit);

        Assert.Equal(payloads, ReadAll(parser, Encoding.UTF8.GetBytes(stream), int.MaxValue));
        Assert.True(parser.SawGarbage);
    }

    /// <summary>What is whole is not held back until more comes.</summary>
    [Theory]
    [InlineData("data: one\n\n", "one")]
    [InlineData("data: one\r\n\r\n", "one")]
    [InlineData("data: one\r\r", "one")]
    [InlineData("{}", "{}")]
    [InlineData("[{}", "{}")]
    [InlineData("\uFEFF{}", "{}")]
    public void WholeFrame_IsGivenAtOnce(string stream, string payload)
    {
        using var parser = new FrameParser(Limit);
        Feed(parser, Encoding.UTF8.GetBytes(stream));

        Assert.True(parser.TryRead(out var frame));
        Assert.Equal(payload, Show(frame));
        Assert.False(parser.TryRead(out _));
    }

    /// <summary>An event that came in the plain form can be handed on as it is.</summary>
    [Theory]
    [InlineData("data: one\n\n", "data: one\n\n")]
    [InlineData("data:one\r\n\r\n", "data:one\r\n\r\n")]
    [InlineData("event: error\ndata: one\n\n", "data: one\n\n")]
    [InlineData("data: one\r\r", "")]
    [InlineData("data: one\ndata: two\n\n", "")]
    [InlineData("{\"a\":1}", "")]
    public void Event_IsThePayloadWithItsFraming(string stream, string expected)
    {
        using var parser = new FrameParser(Limit);
        Feed(parser, Encoding.UTF8.GetBytes(": ping\n\n" + stream + "data: next\n\n"));

        Assert.True(parser.TryRead(out var frame));
        Assert.Equal(expected, Encoding.UTF8.GetString(frame.Event.Span));
        Assert.True(parser.TryRead(out var next));
        Assert.Equal("next data: next\n\n", $"{Show(next)} {Encoding.UTF8.GetString(next.Event.Span)}");
    }

    /// <summary>The line and the object as they stand are measured, with the lines of the event before.</summary>
    [Theory]
    [InlineData("{\"a\":\"", 1_000 - 8, "\"}", false)]
    [InlineData("{\"a\":\"", 1_001 - 8, "\"}", true)]
    [InlineData("{\"a\":\"", 1_000 - 6, "", false)]
    [InlineData("{\"a\":\"", 1_001 - 6, "", true)]
    [InlineData("data: ", 1_000 - 6, "\n\n", false)]
    [InlineData("data: ", 1_001 - 6, "\n\n", true)]
    [InlineData("data: ", 1_000 - 6, "", false)]
    [InlineData("data: ", 1_001 - 6, "", true)]
    [InlineData("data: 12345678\ndata: ", 1_000 - 14, "\n\n", false)]
    [InlineData("data: 12345678\ndata: ", 1_001 - 14, "\n\n", true)]
    [InlineData("data: 12345678\ndata: ", 1_000 - 14, "", false)]
    [InlineData("data: 12345678\ndata: ", 1_001 - 14, "", true)]
    public void FrameAboveTheLimit_EndsTheParsing(string start, int fill, string end, bool tooLarge)
    {
        using var parser = new FrameParser(Limit);
        Feed(parser, Encoding.UTF8.GetBytes($"{start}{new string('x', fill)}{end}"));
        parser.Complete();

        Assert.Equal(!tooLarge, parser.TryRead(out _));
        Assert.Equal(tooLarge, parser.FrameTooLarge);
        Assert.False(parser.TryRead(out _));
    }

    [Theory]
    [InlineData("data: {0}\n\n")]
    [InlineData("data: {0}\ndata: {0}\n\n")]
    [InlineData("{{\"a\":\"{0}\"}}")]
    public void FramesBeforeAndAfter_DoNotCountAgainstTheLimit(string form)
    {
        var small = string.Format(form, new string('x', 300));
        using var parser = new FrameParser(Limit);
        Feed(parser, Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(small, 10)) + "data: unfinished"));

        var count = 0;
        while (parser.TryRead(out _))
        {
            count++;
        }

        Assert.Equal((10, false), (count, parser.FrameTooLarge));
    }

    /// <summary>Room is made by moving what is unread to the front, and by a larger buffer once that is not enough.</summary>
    [Theory]
    [InlineData("data: {0}\n\n", 3_000, 1_000)]
    [InlineData("data: {0}\n\n", 100_000, 1_000)]
    [InlineData("data: {0}\n\n", 100_000, 60_000)]
    [InlineData("data: {0}\r\n\r\n", 30_000, 7)]
    [InlineData("data: {0}\ndata: {0}\n\n", 20_000, 1_000)]
    [InlineData("{{\"a\":\"{0}\"}}\n", 3_000, 1_000)]
    [InlineData("{{\"a\":\"{0}\"}}\n", 100_000, 1_000)]
    [InlineData("{{\"a\":\"{0}\"}}\n", 100_000, 60_000)]
    [InlineData("{{\"a\":[[\"{0}\"]]}}", 30_000, 7)]
    public void StreamLargerThanTheBuffer_KeepsEveryByte(string form, int length, int size)
    {
        var texts = Enumerable.Range(0, 10).Select(number => string.Concat(Enumerable.Repeat($"{number}-abcdefg", 1 + (length / 9)))).ToArray();
        var payloads = texts.Select(text => string.Format(form, text).Replace("data: ", "", StringComparison.Ordinal).Trim());
        using var parser = new FrameParser(1_000_000);

        Assert.Equal(payloads, ReadAll(parser, Encoding.UTF8.GetBytes(string.Concat(texts.Select(text => string.Format(form, text)))), size));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(BufferBytes)]
    [InlineData(BufferBytes + 1)]
    [InlineData(100_000)]
    public void Room_IsAtLeastWhatWasAskedFor(int wanted)
    {
        using var parser = new FrameParser(Limit);
        Feed(parser, "data: "u8);

        Assert.True(parser.GetMemory(wanted).Length >= wanted);
        Feed(parser, "one\n\n"u8);
        Assert.True(parser.TryRead(out var frame));
        Assert.Equal("one", Show(frame));
    }

    private static List<string> ReadAll(FrameParser parser, byte[] bytes, int size)
    {
        var payloads = new List<string>();
        for (var at = 0; at < bytes.Length; at += Math.Min(size, bytes.Length - at))
        {
            Feed(parser, bytes.AsSpan(at, Math.Min(size, bytes.Length - at)));
            Drain();
        }

        parser.Complete();
        Drain();
        return payloads;

        void Drain()
        {
            while (parser.TryRead(out var frame))
            {
                payloads.Add(Show(frame));
            }
        }
    }

    private static void Feed(FrameParser parser, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(parser.GetMemory(bytes.Length).Span);
        parser.Advance(bytes.Length);
    }

    private static string Show(Frame frame) => Encoding.UTF8.GetString(frame.Payload.Span) + (frame.IsError ? " (error)" : "");
}
