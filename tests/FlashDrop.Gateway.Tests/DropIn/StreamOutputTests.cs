using System.IO.Pipelines;
using System.Text;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.DropIn;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>What the caller gets does not depend on how the upstream's bytes came, nor on what could be written in one piece.</summary>
public sealed class StreamOutputTests
{
    private const string Chat = """{"id":"c","choices":[{"index":0,"delta":{"content":"@"}}]}""";
    private const string Native = """{"candidates":[{"content":{"parts":[{"text":"@"}]}}]}""";
    private const string UsageOnly = """{"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}""";

    public static TheoryData<string, int> Splits =>
        [.. new[] { "native", "chat" }.SelectMany(format => Enumerable.Range(1, 60).Concat([100, 200, 10_000]).Select(bytes => (format, bytes)))];

    [Theory]
    [MemberData(nameof(Splits))]
    public async Task EventsInAnyFraming_ArriveInOrderInOurs(string format, int bytesARead)
    {
        var (payload, end, writer) = format == "native"
            ? (Native, "\r\n\r\n", (IAnswerWriter)new NativeEvents())
            : (Chat, "\n\n", new ChatEvents(includesUsage: false));
        var upstream = Encoding.UTF8.GetBytes(string.Concat(
            $"data: {Of("one")}{end}data: {Of("two")}{end}data: {Of("three")}\n\ndata: {Of("four")}\r\n\r\n",
            $"event: message\ndata: {Of("five")}{end}: a comment\n\ndata:{Of("six")}{end}data: {Of("seven")[..1]}\ndata: {Of("seven")[1..]}\n\n",
            $"{(format == "chat" ? $"data: {UsageOnly}{end}" : "")}data: {Of("eight")}{end}data: {Of("nine")}{end}"));
        // A payload in two lines is one with a line break in it, which is only space here.
        string[] shown = [.. new[] { "one", "two", "three", "four", "five", "six" }.Select(Of), Of("seven").Insert(1, " "), Of("eight"), Of("nine")];

        var sent = await RelayAsync(upstream, bytesARead, writer);

        Assert.Equal(string.Concat(shown.Select(text => $"data: {text}{end}")), sent);

        string Of(string text) => payload.Replace("@", text, StringComparison.Ordinal);
    }

    private static async Task<string> RelayAsync(byte[] upstream, int bytesARead, IAnswerWriter writer)
    {
        using var caller = new MemoryStream();
        var pipe = new PlainWriter(PipeWriter.Create(caller));
        var output = new StreamOutput(pipe, writer);
        using var frames = new RelayFrames(1024 * 1024);
        var scan = new AnswerScan();
        foreach (var read in upstream.Chunk(bytesARead))
        {
            read.CopyTo(frames.GetMemory(read.Length));
            frames.Advance(read.Length);
            while (frames.TryRead(out var frame))
            {
                Assert.Equal(PayloadKind.Chunk, scan.Take(frame.Payload.Span));
                output.Write(frame, scan);
            }

            await output.FlushAsync(TestContext.Current.CancellationToken);
        }

        await pipe.CompleteAsync();
        return Encoding.UTF8.GetString(caller.ToArray());
    }

    /// <summary>Takes memory to be asked for only by who writes something into it, as Kestrel's writer does.</summary>
    private sealed class PlainWriter(PipeWriter inner) : PipeWriter
    {
        private bool _asked;

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            Assert.False(_asked, "Memory was asked for twice.");
            _asked = true;
            return inner.GetMemory(sizeHint);
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            _asked &= bytes == 0;
            inner.Advance(bytes);
        }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();
    }
}
