using System.Buffers.Binary;

namespace FlashDrop.Simulator.Media;

/// <summary>PNG: the header chunk is always first and holds the size.</summary>
internal static class PngFile
{
    private static ReadOnlySpan<byte> Signature => [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];

    public static MediaFacts? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 24 || !bytes.StartsWith(Signature) || !bytes.Slice(12, 4).SequenceEqual("IHDR"u8))
        {
            return null;
        }

        var width = BinaryPrimitives.ReadInt32BigEndian(bytes[16..]);
        var height = BinaryPrimitives.ReadInt32BigEndian(bytes[20..]);
        return width > 0 && height > 0
            ? new MediaFacts { Kind = MediaKind.Image, Format = "PNG", Width = width, Height = height }
            : null;
    }
}
