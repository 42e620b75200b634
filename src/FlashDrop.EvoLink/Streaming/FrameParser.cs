using System.Buffers;

namespace FlashDrop.EvoLink.Streaming;

/// <summary>
/// Cuts a streamed answer into JSON payloads, whatever the framing: server-sent events, a JSON array sent piecemeal, or bare objects.
/// Incremental: the result does not depend on how the bytes were split. Works in one rented buffer; a payload is a slice of it.
/// Not safe for concurrent use.
/// </summary>
internal sealed class FrameParser(long maxFrameBytes) : IDisposable
{
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private static ReadOnlySpan<byte> Data => "data:"u8;

    private readonly ArrayBufferWriter<byte> _joined = new();
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
    private int _start;
    private int _end;

    /// <summary>How far the line or the object being read was looked through.</summary>
    private int _scanned;
    private bool _completed;
    private Mode _mode = Mode.Start;
    private bool _inArray;

    // Of the event being read.
    private int _dataLines;
    private bool _isErrorEvent;
    private bool _skipLineFeed;

    // Of the bare object being read.
    private int _depth;
    private bool _inString;
    private bool _escaped;

    private enum Mode
    {
        /// <summary>Before the framing is known, between array elements and after a bare object.</summary>
        Start,

        /// <summary>Inside server-sent events.</summary>
        Events,

        /// <summary>Inside a bare object.</summary>
        Object,
    }

    /// <summary>Whether bytes were met that belong to no framing, such as an element of the array that is no object.</summary>
    public bool SawGarbage { get; private set; }

    /// <summary>Whether a frame outgrew the limit; nothing more is parsed then.</summary>
    public bool FrameTooLarge { get; private set; }

    /// <summary>Room to read into, followed by <see cref="Advance"/>.</summary>
    public Memory<byte> GetMemory(int sizeHint)
    {
        MakeRoom(sizeHint);
        return _buffer.AsMemory(_end);
    }

    public void Advance(int bytes) => _end += bytes;

    /// <summary>Says that no more bytes will come: what is left is an event of its own.</summary>
    public void Complete() => _completed = true;

    /// <summary>The next payload; valid until the next call of any method.</summary>
    public bool TryRead(out Frame frame)
    {
        while (!FrameTooLarge)
        {
            switch (_mode)
            {
                case Mode.Start:
                    if (!TrySkipToFrame())
                    {
                        frame = default;
                        return false;
                    }

                    break;
                case Mode.Object:
                    return TryReadObject(out frame);
                default:
                    switch (ReadEvents(out frame))
                    {
                        case Step.Frame:
                            return true;
                        case Step.Starved:
                            return false;
                        default:
                            break;
                    }

                    break;
            }
        }

        frame = default;
        return false;
    }

    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        _start = _end = 0;
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (byte)'\r' or (byte)'\n' or (byte)'\t';

    private void MakeRoom(int wanted)
    {
        if (_buffer.Length - _end >= wanted)
        {
            return;
        }

        var pending = _end - _start;

        // The pool has powers of two: at least twice the room.
        var target = _buffer.Length - pending >= wanted ? _buffer : ArrayPool<byte>.Shared.Rent(pending + wanted);
        _buffer.AsSpan(_start, pending).CopyTo(target);
        if (!ReferenceEquals(target, _buffer))
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = target;
        }

        _scanned -= _start;
        _start = 0;
        _end = pending;
    }

    private bool TrySkipToFrame()
    {
        var pending = _buffer.AsSpan(_start, _end - _start);
        if (!_completed && ByteOrderMark.StartsWith(pending))
        {
            return false;
        }

        if (pending.StartsWith(ByteOrderMark))
        {
            _start += 3;
        }

        while (_start < _end)
        {
            var next = _buffer[_start];
            if (IsSpace(next))
            {
                _start++;
                continue;
            }

            if (next == '{')
            {
                BeginObject();
                return true;
            }

            if (next == '[' && !_inArray)
            {
                _inArray = true;
                _start++;
                continue;
            }

            if (!_inArray)
            {
                _mode = Mode.Events;
                _scanned = _start;
                return true;
            }

            if (next == ']')
            {
                _inArray = false;
            }
            else if (next != ',')
            {
                SawGarbage = true;
            }

            _start++;
        }

        return false;
    }

    private void BeginObject()
    {
        _mode = Mode.Object;
        _scanned = _start;
        _depth = 0;
        _inString = _escaped = false;
    }

    private bool TryReadObject(out Frame frame)
    {
        frame = default;
        for (; _scanned < _end; _scanned++)
        {
            if (_inString && !_escaped)
            {
                // Most of a frame is text: jump over it.
                var skip = _buffer.AsSpan(_scanned, _end - _scanned).IndexOfAny((byte)'"', (byte)'\\');
                if (skip < 0)
                {
                    _scanned = _end;
                    break;
                }

                _scanned += skip;
            }

            var value = _buffer[_scanned];
            if (_inString)
            {
                if (_escaped)
                {
                    _escaped = false;
                }
                else if (value == '\\')
                {
                    _escaped = true;
                }
                else
                {
                    _inString = false;
                }
            }
            else if (value == '"')
            {
                _inString = true;
            }
            else if (value is (byte)'{' or (byte)'[')
            {
                _depth++;
            }
            else if (value is (byte)'}' or (byte)']' && --_depth == 0)
            {
                _scanned++;
                return EmitObject(out frame);
            }
        }

        if (Outgrown(_end - _start))
        {
            return false;
        }

        return _completed && _start < _end && EmitObject(out frame);
    }

    private bool EmitObject(out Frame frame)
    {
        frame = default;
        if (Outgrown(_scanned - _start))
        {
            return false;
        }

        frame = new Frame(_buffer.AsMemory(_start, _scanned - _start), IsError: false);
        _start = _scanned;
        _mode = Mode.Start;
        return true;
    }

    private Step ReadEvents(out Frame frame)
    {
        frame = default;
        while (true)
        {
            if (_skipLineFeed && _start < _end)
            {
                _skipLineFeed = false;
                if (_buffer[_start] == '\n')
                {
                    _start++;
                    _scanned = _start;
                }
            }

            // An error may be put into the stream without any framing.
            if (_start < _end && _buffer[_start] == '{')
            {
                if (_dataLines > 0)
                {
                    EmitEvent(out frame);
                    return Step.Frame;
                }

                BeginObject();
                return Step.Again;
            }

            var lineBreak = _buffer.AsSpan(_scanned, _end - _scanned).IndexOfAny((byte)'\n', (byte)'\r');
            if (lineBreak < 0)
            {
                _scanned = _end;
                if (Outgrown(_end - _start + _joined.WrittenCount))
                {
                    return Step.Starved;
                }

                return _completed ? ReadLastLine(out frame) : Step.Starved;
            }

            var lineEnd = _scanned + lineBreak;
            var line = _buffer.AsSpan(_start, lineEnd - _start);
            _skipLineFeed = _buffer[lineEnd] == '\r';
            if (Outgrown(line.Length + _joined.WrittenCount))
            {
                return Step.Starved;
            }

            if (_dataLines == 0 && TryReadWholeEvent(line, lineEnd, out frame))
            {
                return Step.Frame;
            }

            _start = _scanned = lineEnd + 1;
            if (!line.IsEmpty)
            {
                ReadField(line);
            }
            else if (EmitEvent(out frame))
            {
                return Step.Frame;
            }
        }
    }

    /// <summary>Whether the line is all of an event's data and its end is here, too, as nearly always: then the payload stays where it is.</summary>
    private bool TryReadWholeEvent(ReadOnlySpan<byte> line, int lineEnd, out Frame frame)
    {
        frame = default;
        var rest = _buffer.AsSpan(lineEnd, _end - lineEnd);
        var ending = rest.StartsWith("\n\n"u8) ? 2 : rest.StartsWith("\r\n\r\n"u8) ? 4 : 0;
        if (ending == 0 || !line.StartsWith(Data))
        {
            return false;
        }

        var value = ValueOf(line);
        frame = new Frame(_buffer.AsMemory(lineEnd - value.Length, value.Length), _isErrorEvent) { Event = _buffer.AsMemory(_start, lineEnd + ending - _start) };
        _isErrorEvent = _skipLineFeed = false;
        _start = _scanned = lineEnd + ending;
        return true;
    }

    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> dataLine)
    {
        var value = dataLine[Data.Length..];
        return value.StartsWith(" "u8) ? value[1..] : value;
    }

    private Step ReadLastLine(out Frame frame)
    {
        ReadField(_buffer.AsSpan(_start, _end - _start));
        _start = _scanned = _end;
        return EmitEvent(out frame) ? Step.Frame : Step.Starved;
    }

    private void ReadField(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith(Data))
        {
            if (_dataLines++ > 0)
            {
                _joined.Write("\n"u8);
            }

            _joined.Write(ValueOf(line));
        }
        else if (line.StartsWith("event:"u8))
        {
            _isErrorEvent = line["event:"u8.Length..].Trim((byte)' ').SequenceEqual("error"u8);
        }

        // Comments, ids, retry hints and unknown fields mean nothing here.
    }

    private bool EmitEvent(out Frame frame)
    {
        frame = default;
        var had = _dataLines > 0;
        var isError = _isErrorEvent;
        _dataLines = 0;
        _isErrorEvent = false;
        if (!had)
        {
            return false;
        }

        frame = new Frame(_joined.WrittenMemory, isError);
        _joined.ResetWrittenCount();
        return true;
    }

    private bool Outgrown(long length)
    {
        FrameTooLarge = length > maxFrameBytes;
        return FrameTooLarge;
    }

    private enum Step
    {
        Frame,
        Starved,
        Again,
    }
}
