using System.Buffers.Binary;

namespace FlashDrop.Core.Media;

/// <summary>PNG: the first chunk has the dimensions.</summary>
internal static class PngFile
{
    private const int HeaderEnd = 33;

    public static MediaFacts Inspect(ByteWindow file)
    {
        var head = file.Head.Span;
        if (head.Length < HeaderEnd || !head[12..16].SequenceEqual("IHDR"u8))
        {
            return MediaFacts.Damaged("a PNG image without its header");
        }

        var width = BinaryPrimitives.ReadUInt32BigEndian(head[16..]);
        var height = BinaryPrimitives.ReadUInt32BigEndian(head[20..]);
        if (width is 0 or > int.MaxValue || height is 0 or > int.MaxValue)
        {
            return MediaFacts.Damaged("a PNG image with an impossible size");
        }

        return file.IsWhole && head.IndexOf("IEND"u8) < 0
            ? MediaFacts.Damaged("a PNG image that was cut short")
            : new MediaFacts { Width = (int)width, Height = (int)height };
    }
}

/// <summary>JPEG: the frame header has the dimensions, behind segments whose lengths lead to it.</summary>
internal static class JpegFile
{
    private const int MaxSegments = 500;

    public static async ValueTask<MediaFacts> InspectAsync(ByteWindow file, CancellationToken cancellationToken)
    {
        long at = 2;
        for (var i = 0; i < MaxSegments; i++)
        {
            if (at + 4 > file.Length)
            {
                return MediaFacts.Damaged("a JPEG image that ends before its picture begins");
            }

            if (await file.GetAsync(at, 9, cancellationToken) is not { } bytes)
            {
                return new MediaFacts();
            }

            var segment = bytes.Span;
            if (segment.Length < 4 || segment[0] != 0xFF)
            {
                return MediaFacts.Damaged("a JPEG image whose segments do not follow each other");
            }

            var marker = segment[1];
            if (marker is 0xFF)
            {
                at++;
                continue;
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD8))
            {
                at += 2;
                continue;
            }

            var length = BinaryPrimitives.ReadUInt16BigEndian(segment[2..]);
            if (length < 2 || marker is 0xD9 or 0xDA)
            {
                return MediaFacts.Damaged("a JPEG image without a frame header");
            }

            if (marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC))
            {
                return Frame(file, segment);
            }

            at += 2 + length;
        }

        return MediaFacts.Damaged("a JPEG image with too many segments");
    }

    private static MediaFacts Frame(ByteWindow file, ReadOnlySpan<byte> segment)
    {
        if (segment.Length < 9)
        {
            return MediaFacts.Damaged("a JPEG image that ends in its frame header");
        }

        // The height may be given later in the file (0 here): then it is not told.
        var height = BinaryPrimitives.ReadUInt16BigEndian(segment[5..]);
        var width = BinaryPrimitives.ReadUInt16BigEndian(segment[7..]);
        if (width == 0)
        {
            return MediaFacts.Damaged("a JPEG image without a width");
        }

        return file.IsWhole && file.Head.Span.LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xD9]) < 0
            ? MediaFacts.Damaged("a JPEG image that was cut short")
            : new MediaFacts { Width = width, Height = height == 0 ? null : height };
    }
}
