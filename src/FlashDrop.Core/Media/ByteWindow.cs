namespace FlashDrop.Core.Media;

/// <summary>
/// A file seen through its first bytes, and through a few bounded range reads where those do not do. Never the whole file.
/// </summary>
/// <param name="head">The first bytes.</param>
/// <param name="length">Size of the file.</param>
/// <param name="read">Reads a range; null when nothing beyond the first bytes may be read.</param>
internal sealed class ByteWindow(
    ReadOnlyMemory<byte> head, long length, Func<long, int, CancellationToken, Task<ReadOnlyMemory<byte>?>>? read = null)
{
    /// <summary>Range reads at most.</summary>
    public const int MaxReads = 4;

    /// <summary>Bytes a range read asks for.</summary>
    public const int ReadLength = 64 * 1024;

    private ReadOnlyMemory<byte> _chunk;
    private long _chunkStart;

    public long Length => length;

    public ReadOnlyMemory<byte> Head => head;

    public bool IsWhole => head.Length >= length;

    /// <summary>Range reads made.</summary>
    public int Reads { get; private set; }

    /// <summary>Bytes at an offset: as many as asked for, fewer at the end of the file; null when they may not be read.</summary>
    /// <param name="offset">Where, at least 0.</param>
    /// <param name="count">How many, at most <see cref="ReadLength"/>.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    public async ValueTask<ReadOnlyMemory<byte>?> GetAsync(long offset, int count, CancellationToken cancellationToken)
    {
        if (offset >= length)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        var wanted = (int)Math.Min(count, length - offset);
        if (offset + wanted <= head.Length)
        {
            return head.Slice((int)offset, wanted);
        }

        if (offset < _chunkStart || offset + wanted > _chunkStart + _chunk.Length)
        {
            if (read is null || Reads == MaxReads)
            {
                return null;
            }

            Reads++;
            if (await read(offset, (int)Math.Min(ReadLength, length - offset), cancellationToken) is not { } bytes || bytes.Length < wanted)
            {
                return null;
            }

            (_chunk, _chunkStart) = (bytes, offset);
        }

        return _chunk.Slice((int)(offset - _chunkStart), wanted);
    }
}
