using System.Buffers;
using System.Net;
using System.Text.Json;
using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// A large request that is sent on while it arrives, and kept in rented segments so that every try can begin anew, until the answer begins. Its end
/// goes out only when all of it has been read, found well-formed and admitted: before that the upstream cannot act on it. Read by one, sent by any
/// number of tries.
/// </summary>
/// <param name="request">The caller's request, whose body has not been read.</param>
/// <param name="limit">Most bytes taken.</param>
/// <param name="scan">Finds the edits.</param>
internal sealed class ArrivingBody(HttpRequest request, long limit, BodyScan scan) : IDisposable
{
    /// <summary>Size of a segment; a body that is known to fit into one is not worth sending piece by piece.</summary>
    public const int SegmentBytes = 1024 * 1024;

    /// <summary>A token longer than this is text or media; what has to be edited is shorter.</summary>
    private const int LongToken = 4 * 1024;

    private readonly Lock _lock = new();
    private readonly byte[]?[] _segments = new byte[limit / SegmentBytes + 1][];
    private readonly List<Edit> _edits = [];
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _withdrawn = new();
    private TaskCompletionSource _moved = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _received;
    private bool _insideLongToken;
    private long _scanAgainAt;
    private long _settled;
    private bool _released;
    private int _sending;

    /// <summary>Completes when there is something to send before the end.</summary>
    public Task Begun => _begun.Task;

    /// <summary>Fires when what has been sent turns out to have been sent in vain.</summary>
    public CancellationToken Withdrawn => _withdrawn.Token;

    /// <summary>Whether a request is worth forwarding while it arrives: it is large, or may be.</summary>
    public static bool Suits(HttpRequest request) => request.ContentLength is null or > SegmentBytes;

    /// <summary>Reads the body to its end, or says why not. The tries under way send what has come, but not its end.</summary>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    /// <exception cref="BadHttpRequestException">The framing is broken or the client went away.</exception>
    public async Task<DropInError?> ReadAsync(CancellationToken cancellationToken)
    {
        if (BodyReader.OpenJson(request, limit) is { } problem)
        {
            return DropInError.Of(problem);
        }

        while (true)
        {
            var read = await request.Body.ReadAsync(Room(), cancellationToken);
            if (_received + read > limit)
            {
                return DropInError.Of(Problem.TooLarge(limit));
            }

            if (!Take(read))
            {
                return DropInError.NoObject();
            }

            if (scan.HasToBeWhole && !_withdrawn.IsCancellationRequested)
            {
                await _withdrawn.CancelAsync();
            }

            if (read == 0)
            {
                return null;
            }
        }
    }

    /// <summary>Lets all of it go, its end included, with the edits as they are now.</summary>
    public void Release() => Move(_received, scan.Edits, released: true);

    /// <summary>Moves the body, which has been read to its end, into one buffer. No try may be under way.</summary>
    public PooledBody ToWhole()
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)_received);
        for (var at = 0; at < _received;)
        {
            var bytes = Bytes(at, _received);
            bytes.CopyTo(buffer.AsMemory(at));
            at += bytes.Length;
        }

        Dispose();
        return new PooledBody(buffer, (int)_received);
    }

    /// <summary>The content of one try.</summary>
    /// <param name="sent">Called when all of it has been sent.</param>
    /// <param name="own">An edit of this try alone, in what is settled by now.</param>
    public HttpContent Content(Action sent, Edit? own = null) => new ArrivingContent(this, sent, own);

    public void Dispose()
    {
        _withdrawn.Dispose();

        // A try that was given up may still be writing: then the segments are left to the collector instead of to the next request.
        if (Volatile.Read(ref _sending) > 0)
        {
            return;
        }

        for (var i = 0; i < _segments.Length && _segments[i] is { } segment; i++)
        {
            _segments[i] = null;
            ArrayPool<byte>.Shared.Return(segment);
        }
    }

    private Memory<byte> Room()
    {
        var segment = _segments[_received / SegmentBytes] ??= ArrayPool<byte>.Shared.Rent(SegmentBytes);
        return segment.AsMemory((int)(_received % SegmentBytes), SegmentBytes - (int)(_received % SegmentBytes));
    }

    /// <summary>Takes what was read; whether the body is an object, as far as one can tell.</summary>
    private bool Take(int read)
    {
        var before = _received;
        _received += read;

        // Inside a text or a medium that is not closed here there is nothing to look for.
        _insideLongToken = _insideLongToken && read > 0 && Bytes(before, _received).Span.IndexOf((byte)'"') < 0;
        if (_insideLongToken)
        {
            Settle();
            return true;
        }

        // A long token is read from its beginning each time: seldom enough that the work stays in proportion to the body.
        if (read > 0 && _received < _scanAgainAt)
        {
            return true;
        }

        var isObject = scan.Read(Unread(), isLast: read == 0);
        var unread = Unread();
        _insideLongToken = unread.Length > LongToken && unread.PositionOf((byte)'"') is { } quote && unread.Slice(quote).Length > LongToken;
        _scanAgainAt = _insideLongToken ? _received + unread.Length : 0;
        Settle();
        return isObject;
    }

    private void Settle()
    {
        if (scan.HasToBeWhole)
        {
            return;
        }

        // What a long token has brought so far may go unless something before it is still open.
        Move(Math.Max(_settled, _insideLongToken && scan.Settled == scan.Position ? _received : scan.Settled), scan.Edits, released: false);
        if (_settled > 0)
        {
            _begun.TrySetResult();
        }
    }

    private void Move(long settled, IReadOnlyList<Edit> edits, bool released)
    {
        TaskCompletionSource moved;
        lock (_lock)
        {
            if (!released && edits.Skip(_edits.Count).Any(edit => edit.Offset < _settled))
            {
                // Gone already: only a name or a role of several thousand bytes can be that late.
                throw new JsonException("A name in the body is too long.");
            }

            if (released)
            {
                _edits.Clear();
            }

            _edits.AddRange(edits.Skip(_edits.Count));
            (_settled, _released) = (settled, released);
            (moved, _moved) = (_moved, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        moved.SetResult();
    }

    /// <summary>What may be sent beyond a position, and whether that is all; waits for it.</summary>
    private async ValueTask<(long End, Edit[] Edits, bool IsAll)> NextAsync(long position, Edit? own, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task moved;
            lock (_lock)
            {
                if (_settled > position || _released)
                {
                    return (_settled, [.. EditsOf(own).Where(edit => edit.Offset >= position && edit.Offset < _settled)], _released);
                }

                moved = _moved.Task;
            }

            await moved.WaitAsync(cancellationToken);
        }
    }

    private IEnumerable<Edit> EditsOf(Edit? own) => own is { } edit ? _edits.Append(edit).OrderBy(each => each.Offset) : _edits;

    /// <summary>Received bytes, as far as they lie in one segment.</summary>
    private ReadOnlyMemory<byte> Bytes(long from, long to)
    {
        var offset = (int)(from % SegmentBytes);
        var segment = _segments[from / SegmentBytes] ?? throw new ObjectDisposedException(nameof(ArrivingBody));
        return segment.AsMemory(offset, (int)Math.Min(SegmentBytes - offset, to - from));
    }

    private ReadOnlySequence<byte> Unread()
    {
        Piece? first = null;
        Piece? last = null;
        for (var at = scan.Position; at < _received; at += last.Memory.Length)
        {
            last = new Piece(Bytes(at, _received), last);
            first ??= last;
        }

        return last is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first!, 0, last, last.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> memory, Piece? previous)
        {
            Memory = memory;
            if (previous is not null)
            {
                previous.Next = this;
                RunningIndex = previous.RunningIndex + previous.Memory.Length;
            }
        }
    }

    private sealed class ArrivingContent : HttpContent
    {
        private readonly ArrivingBody _body;
        private readonly Action _sent;
        private readonly Edit? _own;

        public ArrivingContent(ArrivingBody body, Action sent, Edit? own)
        {
            (_body, _sent, _own) = (body, sent, own);
            Headers.ContentType = JsonContentType.Value;
        }

        protected override bool TryComputeLength(out long length)
        {
            lock (_body._lock)
            {
                length = _body._received + _body.EditsOf(_own).Sum(edit => edit.Replacement.Length - edit.Length);
                return _body._released;
            }
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _body._sending);
            try
            {
                var position = 0L;
                for (var isAll = false; !isAll;)
                {
                    (var end, var edits, isAll) = await _body.NextAsync(position, _own, cancellationToken);
                    foreach (var edit in edits)
                    {
                        await WriteAsync(stream, position, edit.Offset, cancellationToken);
                        await stream.WriteAsync(edit.Replacement, cancellationToken);
                        position = edit.Offset + edit.Length;
                    }

                    await WriteAsync(stream, position, end, cancellationToken);
                    await stream.FlushAsync(cancellationToken);
                    position = end;
                }

                _sent();
            }
            finally
            {
                Interlocked.Decrement(ref _body._sending);
            }
        }

        private async ValueTask WriteAsync(Stream stream, long from, long to, CancellationToken cancellationToken)
        {
            while (from < to)
            {
                var bytes = _body.Bytes(from, to);
                await stream.WriteAsync(bytes, cancellationToken);
                from += bytes.Length;
            }
        }
    }
}
