using System.Buffers;
using System.IO.Pipelines;
using FlashDrop.EvoLink.Relay;

namespace FlashDrop.Gateway.DropIn;

/// <summary>Writes an answer in the caller's format. One per call; not safe for concurrent use.</summary>
internal interface IAnswerWriter
{
    /// <summary>Content type of a stream.</summary>
    string StreamType { get; }

    /// <summary>The bytes of a whole answer.</summary>
    ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> answer, AnswerScan scan);

    /// <summary>Whether an event of the upstream goes on as it is, framing and all.</summary>
    bool Passes(ReadOnlySpan<byte> upstreamEvent, AnswerScan scan);

    /// <summary>Writes one chunk; may write nothing.</summary>
    void Chunk(PipeWriter output, ReadOnlyMemory<byte> chunk, AnswerScan scan);

    /// <summary>Ends a stream that proved whole.</summary>
    void End(PipeWriter output);

    /// <summary>Ends a stream that broke, so that it cannot be taken for whole.</summary>
    void Break(PipeWriter output, DropInError error);
}

/// <summary>Frames of streams.</summary>
internal static class Frames
{
    /// <summary>Payloads up to this size are written in one piece, which is what most events are.</summary>
    private const int OnePiece = 2048;

    /// <summary>Writes a payload as one event; line breaks in JSON are only space, and would end the event.</summary>
    public static void WriteEvent(this PipeWriter output, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> end)
    {
        payload = payload.Trim(" \r\n\t"u8);
        if (payload.Length > OnePiece)
        {
            output.Write("data: "u8);
            output.WriteLine(payload);
            output.Write(end);
            return;
        }

        var prefix = "data: "u8;
        var size = prefix.Length + payload.Length + end.Length;
        var target = output.GetSpan(size);
        prefix.CopyTo(target);
        var line = target.Slice(prefix.Length, payload.Length);
        payload.Replace(line, (byte)'\r', (byte)' ');
        line.Replace((byte)'\n', (byte)' ');
        end.CopyTo(target[(prefix.Length + payload.Length)..]);
        output.Advance(size);
    }

    public static void WriteLine(this PipeWriter output, ReadOnlySpan<byte> payload)
    {
        payload = payload.Trim(" \r\n\t"u8);
        for (var at = payload.IndexOfAny((byte)'\r', (byte)'\n'); at >= 0; at = payload.IndexOfAny((byte)'\r', (byte)'\n'))
        {
            output.Write(payload[..at]);
            output.Write(" "u8);
            payload = payload[(at + 1)..];
        }

        output.Write(payload);
    }
}

/// <summary>Native to native, as events: nothing but <c>data:</c> lines, and a bare error, which is what Google's clients can read.</summary>
internal sealed class NativeEvents : IAnswerWriter
{
    private static ReadOnlySpan<byte> EventEnd => "\r\n\r\n"u8;

    public string StreamType => "text/event-stream";

    public ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> answer, AnswerScan scan) => answer;

    public bool Passes(ReadOnlySpan<byte> upstreamEvent, AnswerScan scan) => upstreamEvent.StartsWith("data: "u8) && upstreamEvent.EndsWith(EventEnd);

    public void Chunk(PipeWriter output, ReadOnlyMemory<byte> chunk, AnswerScan scan) => output.WriteEvent(chunk.Span, EventEnd);

    public void End(PipeWriter output)
    {
        // Google's streams end with the connection.
    }

    public void Break(PipeWriter output, DropInError error) => output.Write(error.ToBytes(WireFormat.Native));
}

/// <summary>Native to native, as one array sent piecemeal.</summary>
internal sealed class NativeArray : IAnswerWriter
{
    private bool _opened;

    public string StreamType => "application/json; charset=utf-8";

    public ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> answer, AnswerScan scan) => answer;

    public bool Passes(ReadOnlySpan<byte> upstreamEvent, AnswerScan scan) => false;

    public void Chunk(PipeWriter output, ReadOnlyMemory<byte> chunk, AnswerScan scan)
    {
        output.Write(_opened ? "\r\n,"u8 : "["u8);
        _opened = true;
        output.WriteLine(chunk.Span);
    }

    public void End(PipeWriter output) => output.Write("]"u8);

    public void Break(PipeWriter output, DropInError error)
    {
        output.Write("\r\n,"u8);
        output.Write(error.ToBytes(WireFormat.Native));
        output.Write("]"u8);
    }
}

/// <summary>OpenAI to OpenAI.</summary>
/// <param name="includesUsage">Whether the caller asked for the chunk of counts.</param>
internal sealed class ChatEvents(bool includesUsage) : IAnswerWriter
{
    private static ReadOnlySpan<byte> EventEnd => "\n\n"u8;

    public string StreamType => "text/event-stream; charset=utf-8";

    public ReadOnlyMemory<byte> Whole(ReadOnlyMemory<byte> answer, AnswerScan scan) => answer;

    public bool Passes(ReadOnlySpan<byte> upstreamEvent, AnswerScan scan) =>
        IsShown(scan) && upstreamEvent.StartsWith("data: "u8) && upstreamEvent.EndsWith(EventEnd);

    public void Chunk(PipeWriter output, ReadOnlyMemory<byte> chunk, AnswerScan scan)
    {
        if (IsShown(scan))
        {
            output.WriteEvent(chunk.Span, EventEnd);
        }
    }

    public void End(PipeWriter output) => output.Write("data: [DONE]\n\n"u8);

    public void Break(PipeWriter output, DropInError error) => output.WriteEvent(error.ToBytes(WireFormat.OpenAi), EventEnd);

    private bool IsShown(AnswerScan scan) => !scan.IsUsageOnly || includesUsage;
}
