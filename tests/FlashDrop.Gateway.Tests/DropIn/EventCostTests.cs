using System.IO.Pipelines;
using System.Text;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.DropIn;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>What one event of a stream costs on its way through: counted, not timed.</summary>
public sealed class EventCostTests
{
    private const int Events = 2000;

    [Theory]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"The ferry leaves."}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":{0},"totalTokenCount":{0},"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]},"modelVersion":"gemini-2.5-flash","responseId":"r"}""", "events")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"The ferry leaves."}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash","responseId":"r","n":{0}}""", "array")]
    [InlineData("""{"id":"c","object":"chat.completion.chunk","created":{0},"model":"gemini-2.5-flash","choices":[{"index":0,"delta":{"content":"The ferry leaves."},"finish_reason":null}]}""", "chat")]
    public async Task RelayedEvent_AllocatesNothing(string payload, string writerName)
    {
        byte[][] events = [.. Enumerable.Range(1000, Events).Select(i => Encoding.UTF8.GetBytes($"data: {payload.Replace("{0}", $"{i}", StringComparison.Ordinal)}\r\n\r\n"))];
        using var frames = new RelayFrames(1024 * 1024);
        var scan = new AnswerScan();
        IAnswerWriter writer = writerName switch { "events" => new NativeEvents(), "array" => new NativeArray(), _ => new ChatEvents(includesUsage: false) };
        var pipe = PipeWriter.Create(Stream.Null);
        var output = new StreamOutput(pipe, writer);

        await RelayAsync(events);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var chunks = await RelayAsync(events);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await pipe.CompleteAsync();

        Assert.Equal(Events, chunks);
        Assert.InRange(allocated, 0, Events);

        // Completes synchronously, so that one thread pays for all of it.
        async Task<int> RelayAsync(byte[][] all)
        {
            var seen = 0;
            foreach (var bytes in all)
            {
                bytes.CopyTo(frames.GetMemory(bytes.Length));
                frames.Advance(bytes.Length);
                while (frames.TryRead(out var frame))
                {
                    seen += scan.Take(frame.Payload.Span) == PayloadKind.Chunk ? 1 : 0;
                    output.Write(frame, scan);
                }

                await output.FlushAsync(TestContext.Current.CancellationToken);
            }

            return seen;
        }
    }
}
