using System.Text;

namespace FlashDrop.Core.Media;

/// <summary>Tells a file's type by its first bytes; names and declared types are claims, not facts.</summary>
internal static class MediaSniffer
{
    /// <summary>How many bytes are looked at.</summary>
    public const int HeadLength = 64 * 1024;

    /// <summary>The type of a file that starts with <paramref name="head"/>.</summary>
    /// <param name="head">Up to <see cref="HeadLength"/> first bytes.</param>
    /// <param name="whole">Whether <paramref name="head"/> is the whole file.</param>
    public static MediaType Detect(ReadOnlySpan<byte> head, bool whole)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]))
        {
            return MediaType.Jpeg;
        }

        if (head.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        {
            return MediaType.Png;
        }

        if (head.StartsWith("GIF87a"u8) || head.StartsWith("GIF89a"u8))
        {
            return MediaType.Gif;
        }

        if (head.Length >= 12 && head.StartsWith("RIFF"u8))
        {
            return head[8..12] switch
            {
                var form when form.SequenceEqual("WEBP"u8) => MediaType.Webp,
                var form when form.SequenceEqual("WAVE"u8) => MediaType.Wav,
                var form when form.SequenceEqual("AVI "u8) => MediaType.Avi,
                _ => MediaType.Unknown,
            };
        }

        if (head.Length >= 12 && head[4..8].SequenceEqual("ftyp"u8))
        {
            return OfBrand(head[8..12]);
        }

        if (head.StartsWith("OggS"u8))
        {
            return MediaType.Ogg;
        }

        if (head.StartsWith("fLaC"u8))
        {
            return MediaType.Flac;
        }

        if (head.StartsWith((ReadOnlySpan<byte>)[0x1A, 0x45, 0xDF, 0xA3]))
        {
            return MediaType.Webm;
        }

        if (head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8))
        {
            return MediaType.Zip;
        }

        // Readers accept a PDF header anywhere in the first 1,024 bytes.
        if (head[..Math.Min(head.Length, 1024)].IndexOf("%PDF-"u8) >= 0)
        {
            return MediaType.Pdf;
        }

        if (head.StartsWith("ID3"u8) || IsMp3Frame(head))
        {
            return MediaType.Mp3;
        }

        if (head.Length >= 2 && head[0] == 0xFF && (head[1] & 0xF6) == 0xF0)
        {
            return MediaType.Aac;
        }

        return IsText(head, whole) ? MediaType.Text : MediaType.Unknown;
    }

    private static MediaType OfBrand(ReadOnlySpan<byte> brand)
    {
        if (brand.StartsWith("qt"u8))
        {
            return MediaType.QuickTime;
        }

        if (brand.StartsWith("M4A"u8) || brand.StartsWith("M4B"u8))
        {
            return MediaType.Aac;
        }

        return brand.StartsWith("hei"u8) || brand.StartsWith("hev"u8) || brand.SequenceEqual("mif1"u8) ? MediaType.Heic : MediaType.Mp4;
    }

    /// <summary>Whether the bytes start with an MPEG audio layer III frame, and with a second one where the first ends.</summary>
    private static bool IsMp3Frame(ReadOnlySpan<byte> head)
    {
        return Mp3Frame.TryRead(head, out var frame) && (head.Length < frame.Length + 4 || Mp3Frame.TryRead(head[frame.Length..], out _));
    }

    /// <summary>Valid UTF-8 (a character may be cut at the end of a longer file) or UTF-16 with a byte order mark, without control characters.</summary>
    private static bool IsText(ReadOnlySpan<byte> head, bool whole)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            return true;
        }

        while (!head.IsEmpty)
        {
            var status = Rune.DecodeFromUtf8(head, out var rune, out var consumed);
            if (status == System.Buffers.OperationStatus.NeedMoreData)
            {
                return !whole;
            }

            if (status != System.Buffers.OperationStatus.Done || (Rune.IsControl(rune) && rune.Value is not ('\t' or '\n' or '\r' or '\f')))
            {
                return false;
            }

            head = head[consumed..];
        }

        return true;
    }
}
