using System.Buffers.Binary;

namespace FlashDrop.Simulator.Media;

/// <summary>JPEG: segments are skipped until the frame header, which holds the size.</summary>
internal static class JpegFile
{
    public static MediaFacts? Read(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return null;
        }

        var at = 2;
        while (at + 4 <= bytes.Length)
        {
            if (bytes[at] != 0xFF)
            {
                return null;
            }

            var marker = bytes[at + 1];
            if (marker == 0xFF)
            {
                at++;
                continue;
            }

            if (marker is 0x01 or (>= 0xD0 and <= 0xD7))
            {
                at += 2;
                continue;
            }

            if (marker is 0xD9 or 0xDA)
            {
                return null;
            }

            if (IsFrameHeader(marker))
            {
                return at + 9 <= bytes.Length ? Frame(bytes[at..]) : null;
            }

            at += 2 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]);
        }

        return null;
    }

    /// <summary>SOF0–SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range.</summary>
    private static bool IsFrameHeader(byte marker) => marker is >= 0xC0 and <= 0xCF and not (0xC4 or 0xC8 or 0xCC);

    private static MediaFacts? Frame(ReadOnlySpan<byte> segment)
    {
        int height = BinaryPrimitives.ReadUInt16BigEndian(segment[5..]);
        int width = BinaryPrimitives.ReadUInt16BigEndian(segment[7..]);
        return width > 0 && height > 0
            ? new MediaFacts { Kind = MediaKind.Image, Format = "JPEG", Width = width, Height = height }
            : null;
    }
}
