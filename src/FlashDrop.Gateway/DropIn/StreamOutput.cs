using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using FlashDrop.EvoLink.Relay;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// A streamed answer on its way to the caller. Events that need no rewriting and stand side by side in the stream's memory are written in one
/// piece, when it is flushed. One per call; not safe for concurrent use.
/// </summary>
internal sealed class StreamOutput(PipeWriter output, IAnswerWriter writer)
{
    private ArraySegment<byte> _passing;

    /// <summary>Bytes of chunks since the last flush.</summary>
    public int Unflushed { get; private set; }

    /// <summary>Takes a chunk, whose memory has to stay until the next flush.</summary>
    public void Write(in Frame chunk, AnswerScan scan)
    {
        Unflushed += chunk.Payload.Length;
        if (!writer.Passes(chunk.Event.Span, scan) || !MemoryMarshal.TryGetArray(chunk.Event, out var bytes))
        {
            WritePassing();
            writer.Chunk(output, chunk.Payload, scan);
        }
        else if (_passing.Count > 0 && bytes.Array == _passing.Array && bytes.Offset == _passing.Offset + _passing.Count)
        {
            _passing = new ArraySegment<byte>(bytes.Array!, _passing.Offset, _passing.Count + bytes.Count);
        }
        else
        {
            WritePassing();
            _passing = bytes;
        }
    }

    /// <summary>Sends what was written.</summary>
    public ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken)
    {
        var passing = _passing;
        (_passing, Unflushed) = (default, 0);
        return passing.Count > 0 ? output.WriteAsync(passing, cancellationToken) : output.FlushAsync(cancellationToken);
    }

    /// <summary>Ends a stream that proved whole.</summary>
    public ValueTask<FlushResult> EndAsync(CancellationToken cancellationToken)
    {
        WritePassing();
        writer.End(output);
        return FlushAsync(cancellationToken);
    }

    /// <summary>Ends a stream that broke, once what came before is out.</summary>
    public ValueTask<FlushResult> BreakAsync(DropInError error, CancellationToken cancellationToken)
    {
        writer.Break(output, error);
        return FlushAsync(cancellationToken);
    }

    private void WritePassing()
    {
        // Kestrel gives too little memory to whoever asks for some after having asked for some and written nothing.
        if (_passing.Count > 0)
        {
            output.Write(_passing);
            _passing = default;
        }
    }
}
