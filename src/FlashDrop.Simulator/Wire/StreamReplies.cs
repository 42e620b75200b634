using System.Text;
using System.Text.Json.Nodes;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;

namespace FlashDrop.Simulator.Wire;

/// <summary>How the chunks of a stream are framed.</summary>
internal enum StreamFraming
{
    /// <summary>Google's events, delimited by <c>\r\n\r\n</c>, without a closing sentinel.</summary>
    NativeEvents,

    /// <summary>One JSON array, sent piecemeal.</summary>
    NativeArray,

    /// <summary>OpenAI's events, delimited by <c>\n\n</c>, closed by <c>[DONE]</c>.</summary>
    ChatEvents,
}

/// <summary>Sends streams chunk by chunk, each flushed, and plays the faults that happen in them.</summary>
internal sealed class StreamReplies(Replies replies, SimulatorOptions options)
{
    private const string BrokenJson = "{\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":[{\"te";

    public async Task SendAsync(Exchange exchange, IReadOnlyList<JsonObject> chunks, StreamFraming framing)
    {
        var fault = exchange.Fault ?? new FaultAction();
        exchange.Response.ContentType = framing == StreamFraming.NativeArray ? "application/json" : "text/event-stream";
        exchange.Note(r => r with { Status = StatusCodes.Status200OK });
        for (var i = 0; i < chunks.Count; i++)
        {
            if (await BreaksOffAsync(exchange, fault, i, framing))
            {
                return;
            }

            if (i > 0)
            {
                await PauseAsync(exchange, fault);
            }

            var json = fault.MalformedFrame == i ? Encoding.UTF8.GetBytes(BrokenJson) : Replies.Bytes(exchange, chunks[i]);
            await WriteAsync(exchange, Opening(framing, i), json, Closing(framing));
        }

        if (!await BreaksOffAsync(exchange, fault, chunks.Count, framing))
        {
            await WriteAsync(exchange, Sentinel(framing, fault), [], "");
            exchange.Note(r => r with { Outcome = "streamed" });
        }
    }

    /// <summary>Plays the fault due after so many chunks; true when the stream is over.</summary>
    private async Task<bool> BreaksOffAsync(Exchange exchange, FaultAction fault, int sent, StreamFraming framing)
    {
        if (fault.StallAfterChunks == sent)
        {
            await WriteAsync(exchange, "", [], "");
            await replies.WaitForeverAsync(exchange);
        }

        if (fault.ErrorAfterChunks == sent)
        {
            var error = JsonBytes.Of(ErrorBodies.Frame(Replies.Error(fault)));
            await (fault.BareError ? WriteAsync(exchange, "", error, "") : WriteAsync(exchange, Opening(framing, sent), error, Closing(framing)));
            exchange.Note(r => r with { Outcome = "broken" });
            return true;
        }

        if (fault.CutAfterChunks != sent)
        {
            return false;
        }

        await WriteAsync(exchange, "", [], "");
        exchange.Note(r => r with { Outcome = "broken" });
        if (fault.Cut == CutKind.Abort)
        {
            exchange.Abort();
        }

        return true;
    }

    private Task PauseAsync(Exchange exchange, FaultAction fault) =>
        replies.PauseAsync(fault.ChunkDelayMs ?? (int)options.ChunkDelay.TotalMilliseconds, exchange);

    private static string Opening(StreamFraming framing, int index) =>
        framing != StreamFraming.NativeArray ? "data: " : index == 0 ? "[" : "\r\n,";

    private static string Closing(StreamFraming framing) => framing switch
    {
        StreamFraming.NativeEvents => "\r\n\r\n",
        StreamFraming.ChatEvents => "\n\n",
        _ => "",
    };

    private static string Sentinel(StreamFraming framing, FaultAction fault) => framing switch
    {
        StreamFraming.NativeArray => fault.NoDone ? "" : "]",
        StreamFraming.ChatEvents => fault.NoDone ? "" : "data: [DONE]\n\n",
        _ => fault.AddDone ? "data: [DONE]\r\n\r\n" : "",
    };

    private static async Task WriteAsync(Exchange exchange, string before, byte[] json, string after)
    {
        byte[] frame = [.. Encoding.UTF8.GetBytes(before), .. json, .. Encoding.UTF8.GetBytes(after)];
        await exchange.Response.Body.WriteAsync(frame, exchange.CancellationToken);
        await exchange.Response.Body.FlushAsync(exchange.CancellationToken);
    }
}
