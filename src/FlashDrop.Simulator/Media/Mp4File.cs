using System.Buffers.Binary;

namespace FlashDrop.Simulator.Media;

/// <summary>MP4: duration from the movie header (or the fragment header), size from the first track that has one.</summary>
internal static class Mp4File
{
    public static MediaFacts? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 12 || !bytes.Slice(4, 4).SequenceEqual("ftyp"u8) || !TryFind(bytes, "moov"u8, out var movie)
            || !TryFind(movie, "mvhd"u8, out var header) || !TryTimes(header, out var scale, out var duration))
        {
            return null;
        }

        if (duration == 0 && TryFind(movie, "mvex"u8, out var fragments) && TryFind(fragments, "mehd"u8, out var extent))
        {
            duration = extent.Length >= 12 && extent[0] == 1 ? BinaryPrimitives.ReadUInt64BigEndian(extent[4..])
                : extent.Length >= 8 ? BinaryPrimitives.ReadUInt32BigEndian(extent[4..])
                : 0;
        }

        var (width, height) = Dimensions(movie);
        var seconds = Math.Min((double)duration / scale, TimeSpan.FromDays(1).TotalSeconds);
        return new MediaFacts
        {
            // Sound without a picture comes in the same container.
            Kind = width > 0 ? MediaKind.Video : MediaKind.Audio,
            Format = "MP4",
            Width = width,
            Height = height,
            Duration = TimeSpan.FromSeconds(seconds),
        };
    }

    private static bool TryTimes(ReadOnlySpan<byte> header, out uint scale, out ulong duration)
    {
        (scale, duration) = (0, 0);
        if (header.Length >= 32 && header[0] == 1)
        {
            scale = BinaryPrimitives.ReadUInt32BigEndian(header[20..]);
            duration = BinaryPrimitives.ReadUInt64BigEndian(header[24..]);
        }
        else if (header.Length >= 20 && header[0] == 0)
        {
            scale = BinaryPrimitives.ReadUInt32BigEndian(header[12..]);
            duration = BinaryPrimitives.ReadUInt32BigEndian(header[16..]);
        }

        return scale > 0;
    }

    private static (int Width, int Height) Dimensions(ReadOnlySpan<byte> movie)
    {
        while (TryNext(ref movie, out var type, out var content))
        {
            if (type.SequenceEqual("trak"u8) && TryFind(content, "tkhd"u8, out var track) && track.Length >= 8)
            {
                // Both sizes are 16.16 fixed point and end the box, whatever its version.
                var width = BinaryPrimitives.ReadUInt16BigEndian(track[^8..]);
                var height = BinaryPrimitives.ReadUInt16BigEndian(track[^4..]);
                if (width > 0 && height > 0)
                {
                    return (width, height);
                }
            }
        }

        return (0, 0);
    }

    private static bool TryFind(ReadOnlySpan<byte> boxes, ReadOnlySpan<byte> wanted, out ReadOnlySpan<byte> content)
    {
        var rest = boxes;
        while (TryNext(ref rest, out var type, out content))
        {
            if (type.SequenceEqual(wanted))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryNext(scoped ref ReadOnlySpan<byte> boxes, out ReadOnlySpan<byte> type, out ReadOnlySpan<byte> content)
    {
        type = content = default;
        if (boxes.Length < 8)
        {
            return false;
        }

        ulong size = BinaryPrimitives.ReadUInt32BigEndian(boxes);
        var header = 8;
        if (size == 1 && boxes.Length >= 16)
        {
            size = BinaryPrimitives.ReadUInt64BigEndian(boxes[8..]);
            header = 16;
        }
        else if (size == 0)
        {
            size = (ulong)boxes.Length;
        }

        if (size < (ulong)header || size > (ulong)boxes.Length)
        {
            return false;
        }

        type = boxes.Slice(4, 4);
        content = boxes[header..(int)size];
        boxes = boxes[(int)size..];
        return true;
    }
}
