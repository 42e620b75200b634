using System.Buffers.Binary;

namespace FlashDrop.Core.Media;

/// <summary>MP4 and its relatives: boxes whose sizes lead to the index (<c>moov</c>), at the start or at the end.</summary>
internal static class Mp4File
{
    private const int MaxBoxes = 200;
    private const int BoxHeader = 16;

    public static async ValueTask<MediaFacts> InspectAsync(ByteWindow file, CancellationToken cancellationToken)
    {
        long at = 0;
        var fragmented = false;
        MediaFacts? found = null;
        for (var i = 0; i < MaxBoxes && at + 8 <= file.Length; i++)
        {
            // With the index in hand, what follows is worth a look only where it costs nothing.
            if (found is not null && at + BoxHeader > file.Head.Length)
            {
                return found;
            }

            if (await BoxAtAsync(file, at, cancellationToken) is not { } box)
            {
                return new MediaFacts();
            }

            if (box.Size < 8 || at + box.Size > file.Length)
            {
                return MediaFacts.Damaged("a clip that was cut short: a part is longer than the rest of the file");
            }

            if (box.Is("moov"u8) && found is null)
            {
                found = await DurationAsync(file, at + box.Header, at + box.Size, cancellationToken);
                if (found.Damage is not null)
                {
                    return found;
                }
            }

            fragmented |= box.Is("moof"u8);
            at += box.Size;
        }

        return found is not null ? found
            : fragmented || at + 8 <= file.Length ? new MediaFacts()
            : MediaFacts.Damaged("a clip without its index (moov)");
    }

    private static async ValueTask<MediaFacts> DurationAsync(ByteWindow file, long at, long end, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxBoxes && at + 8 <= end; i++)
        {
            if (await BoxAtAsync(file, at, cancellationToken) is not { } box)
            {
                return new MediaFacts();
            }

            if (box.Size < 8 || at + box.Size > end)
            {
                return MediaFacts.Damaged("a clip whose index is broken");
            }

            if (box.Is("mvhd"u8))
            {
                return await file.GetAsync(at + box.Header, 32, cancellationToken) is { } header ? Duration(header.Span) : new MediaFacts();
            }

            at += box.Size;
        }

        return MediaFacts.Damaged("a clip whose index has no header");
    }

    private static MediaFacts Duration(ReadOnlySpan<byte> header)
    {
        if (header.Length < 32)
        {
            return MediaFacts.Damaged("a clip whose index is broken");
        }

        var (scale, duration, unknown) = header[0] == 1
            ? (BinaryPrimitives.ReadUInt32BigEndian(header[20..]), BinaryPrimitives.ReadUInt64BigEndian(header[24..]), ulong.MaxValue)
            : (BinaryPrimitives.ReadUInt32BigEndian(header[12..]), BinaryPrimitives.ReadUInt32BigEndian(header[16..]), (ulong)uint.MaxValue);

        // A fragmented clip has no duration here.
        return scale == 0 || duration == 0 || duration == unknown
            ? new MediaFacts()
            : new MediaFacts { Seconds = Math.Round((double)duration / scale, 3) };
    }

    private static async ValueTask<Box?> BoxAtAsync(ByteWindow file, long at, CancellationToken cancellationToken)
    {
        if (await file.GetAsync(at, BoxHeader, cancellationToken) is not { Length: >= 8 } bytes)
        {
            return null;
        }

        var header = bytes.Span;
        var type = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        return BinaryPrimitives.ReadUInt32BigEndian(header) switch
        {
            0 => new Box(type, file.Length - at, 8),
            1 when header.Length == BoxHeader && BinaryPrimitives.ReadUInt64BigEndian(header[8..]) is var size and >= BoxHeader and <= long.MaxValue / 2 =>
                new Box(type, (long)size, BoxHeader),
            1 => new Box(type, 0, 8),
            var size => new Box(type, size, 8),
        };
    }

    private readonly record struct Box(uint Type, long Size, int Header)
    {
        public bool Is(ReadOnlySpan<byte> type) => BinaryPrimitives.ReadUInt32BigEndian(type) == Type;
    }
}
