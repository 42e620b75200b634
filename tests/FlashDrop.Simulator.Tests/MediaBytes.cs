using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace FlashDrop.Simulator.Tests;

/// <summary>Tiny media files, built byte by byte.</summary>
internal static class MediaBytes
{
    public static byte[] Png(int width, int height)
    {
        byte[] png = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, .. "IHDR"u8, .. Big(width), .. Big(height), 8, 2, 0, 0, 0, 0, 0, 0, 0];
        return png;
    }

    public static byte[] Jpeg(int width, int height) =>
    [
        0xFF, 0xD8,
        0xFF, 0xE0, 0, 16, .. "JFIF"u8, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0,
        0xFF, 0xC4, 0, 4, 0, 0,
        0xFF, 0xFF, 0xC2, 0, 17, 8, .. Big(height)[2..], .. Big(width)[2..], 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1,
        0xFF, 0xD9,
    ];

    public static byte[] Wav(double seconds, int rate = 8000, bool unknownSize = false)
    {
        var data = new byte[(int)(seconds * rate)];
        return
        [
            .. "RIFF"u8, .. Little(36 + data.Length), .. "WAVE"u8,
            .. "LIST"u8, .. Little(3), 1, 2, 3, 0,
            .. "fmt "u8, .. Little(16), 1, 0, 1, 0, .. Little(rate), .. Little(rate), 1, 0, 8, 0,
            .. "data"u8, .. Little(unknownSize ? -1 : data.Length), .. data,
        ];
    }

    /// <summary>Frames of MPEG 1 layer III, 128 kbit/s, 44.1 kHz, 417 bytes and 1,152 samples each.</summary>
    public static byte[] Mp3(int frames, bool id3 = false, uint? xingFrames = null, uint? vbriFrames = null)
    {
        var bytes = new List<byte>();
        if (id3)
        {
            // The tag holds what looks like a frame header; 200 bytes as a syncsafe size are 1 and 72.
            bytes.AddRange([.. "ID3"u8, 4, 0, 0, 0, 0, 1, 72, 0xFF, 0xFB, 0x90, 0, .. new byte[196]]);
        }

        for (var i = 0; i < frames; i++)
        {
            var frame = new byte[417];
            ((ReadOnlySpan<byte>)[0xFF, 0xFB, 0x90, 0]).CopyTo(frame);
            if (i == 0 && xingFrames is { } xing)
            {
                byte[] header = [.. "Xing"u8, 0, 0, 0, 1, .. Big((int)xing)];
                header.CopyTo(frame, 36);
            }

            if (i == 0 && vbriFrames is { } vbri)
            {
                byte[] header = [.. "VBRI"u8, .. new byte[10], .. Big((int)vbri)];
                header.CopyTo(frame, 36);
            }

            bytes.AddRange(frame);
        }

        bytes.AddRange([.. "TAG"u8, .. new byte[125]]);
        return [.. bytes];
    }

    public static byte[] Mp4(double seconds, int width, int height, bool version1 = false)
    {
        var duration = (int)(seconds * 1000);
        byte[] movieHeader = version1
            ? [1, 0, 0, 0, .. new byte[16], .. Big(1000), 0, 0, 0, 0, .. Big(duration), .. new byte[80]]
            : [0, 0, 0, 0, .. new byte[8], .. Big(1000), .. Big(duration), .. new byte[80]];
        byte[] sound = Box("trak", Box("tkhd", new byte[84]));
        byte[] picture = Box("trak", Box("tkhd", [.. new byte[76], .. Big(width << 16), .. Big(height << 16)]));
        return
        [
            .. Box("ftyp", "isom\0\0\0\0"u8.ToArray()),
            .. Box("mdat", new byte[100]),
            .. Box("moov", [.. Box("mvhd", movieHeader), .. sound, .. picture]),
        ];
    }

    public static byte[] Pdf(int pages)
    {
        var text = new StringBuilder("%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Count 1 >> endobj\n");
        for (var i = 0; i < pages; i++)
        {
            text.Append(i % 2 == 0 ? $"{i + 3} 0 obj << /Type /Page /Parent 2 0 R >> endobj\n" : $"{i + 3} 0 obj <</Type\n/Page/Parent 2 0 R>> endobj\n");
        }

        return Encoding.ASCII.GetBytes(text.Append("%%EOF").ToString());
    }

    public static byte[] PdfWithObjectStream(int pages)
    {
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write("<< /Type /Pages >>"u8);
            for (var i = 0; i < pages; i++)
            {
                deflate.Write("<< /Type /Page /Parent 2 0 R >> "u8);
            }
        }

        return
        [
            .. "%PDF-1.5\n3 0 obj << /Type /ObjStm /N 9 /First 40 /Filter /FlateDecode >>\nstream\r\n"u8,
            .. packed.ToArray(),
            .. "\nendstream endobj\n%%EOF"u8,
        ];
    }

    private static byte[] Box(string type, byte[] content) => [.. Big(content.Length + 8), .. Encoding.ASCII.GetBytes(type), .. content];

    private static byte[] Big(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Little(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
