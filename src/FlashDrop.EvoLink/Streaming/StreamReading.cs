using System.Text.Json;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Responses;

namespace FlashDrop.EvoLink.Streaming;

/// <summary>
/// Follows one streamed answer from its bytes to its events. Knows no I/O: bytes go in, events come out, the last of them is
/// <see cref="StreamEvent.Finished"/> or <see cref="StreamEvent.Broken"/>. Not safe for concurrent use.
/// </summary>
internal sealed class StreamReading(long maxFrameBytes, long maxBytes, ErrorContext context) : IDisposable
{
    private const int HeadBytes = 2_000;

    private readonly FrameParser _frames = new(maxFrameBytes);
    private readonly AnswerAssembler _assembler = new();
    private readonly byte[] _head = new byte[HeadBytes];
    private int _headLength;
    private long _received;
    private int _frameCount;
    private bool _malformed;
    private bool _closed;

    /// <summary>Whether a chunk of the answer came.</summary>
    public bool HasChunk => _assembler.HasAny;

    /// <summary>Whether the answer is complete, although the connection may still be open.</summary>
    public bool IsWhole => _assembler.IsWhole;

    /// <summary>Whether the last event was given.</summary>
    public bool IsClosed => _closed;

    public Memory<byte> GetMemory(int sizeHint) => _frames.GetMemory(sizeHint);

    /// <summary>Takes the bytes written to <see cref="GetMemory"/> and adds the events they complete.</summary>
    public void Advance(ReadOnlySpan<byte> bytes, List<StreamEvent> events)
    {
        if (_frameCount == 0)
        {
            var taken = Math.Min(bytes.Length, HeadBytes - _headLength);
            bytes[..taken].CopyTo(_head.AsSpan(_headLength));
            _headLength += taken;
        }

        _received += bytes.Length;
        _frames.Advance(bytes.Length);
        Drain(events);
        if (!_closed && _received > maxBytes)
        {
            Break(events, Local("response_too_large", ErrorKind.Fix, $"The stream exceeds the limit of {maxBytes} bytes."));
        }
    }

    /// <summary>The stream ended by itself.</summary>
    public void End(List<StreamEvent> events)
    {
        _frames.Complete();
        Drain(events);
        if (_closed)
        {
            return;
        }

        if (_assembler.IsWhole)
        {
            Finish(events);
        }
        else if (_malformed)
        {
            Break(events, Local("malformed_frame", ErrorKind.Retry, "A frame of the stream could not be read and the stream did not prove whole."));
        }
        else if (_frameCount == 0 && _headLength > 0)
        {
            // No framing at all: a page of a proxy, most likely.
            Break(events, ErrorReader.Read(_head.AsSpan(0, _headLength), context));
        }
        else if (!HasChunk)
        {
            Break(events, Local("empty_response", ErrorKind.Retry, "The stream ended without a single chunk."));
        }
        else
        {
            Break(events, Local("truncated_stream", ErrorKind.Retry, "The stream ended without a finish reason: the answer is cut."));
        }
    }

    /// <summary>The stream broke: a whole answer stays whole, anything else is <paramref name="error"/>.</summary>
    public void Fail(UpstreamError error, List<StreamEvent> events)
    {
        if (_assembler.IsWhole)
        {
            Finish(events);
        }
        else
        {
            Break(events, error);
        }
    }

    public void Dispose() => _frames.Dispose();

    /// <summary>Reads a stream that is in memory already.</summary>
    public static StreamEvent ReadWhole(ReadOnlySpan<byte> body, long maxFrameBytes, ErrorContext context)
    {
        using var reading = new StreamReading(maxFrameBytes, long.MaxValue, context);
        var events = new List<StreamEvent>();
        body.CopyTo(reading.GetMemory(body.Length).Span);
        reading.Advance(body, events);
        reading.End(events);
        return events[^1];
    }

    private void Drain(List<StreamEvent> events)
    {
        while (!_closed && _frames.TryRead(out var frame))
        {
            _frameCount++;
            Take(frame, events);
        }

        if (!_closed && _frames.FrameTooLarge)
        {
            Break(events, Local("frame_too_large", ErrorKind.Fix, $"A frame of the stream exceeds the limit of {maxFrameBytes} bytes."));
        }

        _malformed |= _frames.SawGarbage;
    }

    private void Take(Frame frame, List<StreamEvent> events)
    {
        var payload = frame.Payload.Span.Trim(" \r\n\t"u8);
        if (payload.SequenceEqual("[DONE]"u8))
        {
            End(events);
            return;
        }

        if (payload.IsEmpty)
        {
            return;
        }

        if (!JsonRead.TryParse(payload, out var json))
        {
            _malformed = true;
            return;
        }

        if (json.ValueKind == JsonValueKind.Array)
        {
            foreach (var element in json.EnumerateArray())
            {
                if (!_closed)
                {
                    Take(element, frame.IsError, events);
                }
            }

            return;
        }

        Take(json, frame.IsError, events);
    }

    private void Take(JsonElement json, bool isError, List<StreamEvent> events)
    {
        if (!isError && (OpenAiFormat.Is(json) || NativeAnswer.Is(json)) && !json.Has("error"))
        {
            events.Add(_assembler.Add(json));
        }
        else if (isError || ErrorReader.IsError(json))
        {
            Break(events, ErrorReader.Read(json, context));
        }

        // Any other JSON is a notice nobody knows: skipped.
    }

    private void Finish(List<StreamEvent> events)
    {
        _closed = true;
        events.Add(new StreamEvent.Finished(_assembler.Build()));
    }

    private void Break(List<StreamEvent> events, UpstreamError error)
    {
        _closed = true;
        events.Add(new StreamEvent.Broken(error, _assembler.HasAny ? _assembler.Build() : null));
    }

    private UpstreamError Local(string code, ErrorKind kind, string message) =>
        new() { Kind = kind, Code = code, Message = message, HttpStatus = context.HttpStatus, RequestId = context.RequestId };
}
