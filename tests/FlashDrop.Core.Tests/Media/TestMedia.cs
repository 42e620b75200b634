using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace FlashDrop.Core.Tests.Media;

/// <summary>Small files whose structure is right, made on the spot.</summary>
internal static class TestMedia
{
    public static byte[] Jpeg(int width, int height, int segments = 0)
    {
        List<byte> file = [0xFF, 0xD8];
        for (var i = 0; i < segments; i++)
        {
            file.AddRange([0xFF, 0xE2, 0xFF, 0xFF, .. new byte[0xFFFF - 2]]);
        }

        file.AddRange([0xFF, 0xC0, 0, 11, 8, (byte)(height >> 8), (byte)height, (byte)(width >> 8), (byte)width, 1, 1, 0x11, 0, 0xFF, 0xD9]);
        return [.. file];
    }

    public static byte[] Png(int width, int height)
    {
        byte[] file = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, .. "IHDR"u8, .. new byte[17], 0, 0, 0, 0, .. "IEND"u8, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(20), height);
        return file;
    }

    /// <summary>MPEG-1 layer III, 128 kbit/s, 44.1 kHz, stereo: 417 bytes and 1,152 samples a frame.</summary>
    public static byte[] Mp3(int frames, int tag = 0, uint? counted = null)
    {
        List<byte> file = [];
        if (tag > 0)
        {
            file.AddRange([.. "ID3"u8, 4, 0, 0, (byte)(tag >> 21 & 0x7F), (byte)(tag >> 14 & 0x7F), (byte)(tag >> 7 & 0x7F), (byte)(tag & 0x7F), .. new byte[tag]]);
        }

        for (var i = 0; i < frames; i++)
        {
            var frame = new byte[417];
            ((ReadOnlySpan<byte>)[0xFF, 0xFB, 0x90, 0x00]).CopyTo(frame);
            if (i == 0 && counted is { } count)
            {
                "Xing"u8.CopyTo(frame.AsSpan(36));
                frame[43] = 1;
                BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(44), count);
            }

            file.AddRange(frame);
        }

        return [.. file];
    }

    public static byte[] Mp4(double seconds, int data = 100, bool indexLast = false)
    {
        var header = new byte[100];
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(12), 1_000);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(16), (uint)(seconds * 1_000));
        var index = Box("moov", Box("mvhd", header));
        var media = Box("mdat", new byte[data]);
        byte[] brand = [.. "isom"u8, 0, 0, 2, 0, .. "isommp41"u8];
        return indexLast ? [.. Box("ftyp", brand), .. media, .. index] : [.. Box("ftyp", brand), .. index, .. media];
    }

    public static byte[] Pdf(int pages, int padding = 0, bool linear = false) => Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $"""
        %PDF-1.4
        {(linear ? $"1 0 obj << /Linearized 1 /L 9999 /N {pages} /O 7 >> endobj" : "")}
        {new string('x', padding)}
        2 0 obj << /Type /Pages /Kids [3 0 R] /Count {pages} >> endobj
        3 0 obj << /Count 1 /Type /Pages /Parent 2 0 R >> endobj
        trailer << /Root 1 0 R >>
        startxref
        9
        %%EOF
        """));

    private static byte[] Box(string type, byte[] content)
    {
        byte[] box = [0, 0, 0, 0, .. Encoding.ASCII.GetBytes(type), .. content];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        return box;
    }
}
