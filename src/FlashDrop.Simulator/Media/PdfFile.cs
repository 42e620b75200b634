using System.IO.Compression;
using System.Runtime.InteropServices;

namespace FlashDrop.Simulator.Media;

/// <summary>PDF: counts the page objects, in the open and inside compressed object streams.</summary>
internal static class PdfFile
{
    /// <summary>Object streams are small; whatever inflates beyond this in all is not read.</summary>
    private const int InflateLimit = 32 * 1024 * 1024;

    private const int HeaderWindow = 1024;

    public static MediaFacts? Read(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        if (span[..Math.Min(HeaderWindow, span.Length)].IndexOf("%PDF-"u8) < 0)
        {
            return null;
        }

        var pages = CountPages(span);
        var budget = InflateLimit;
        var at = 0;
        while (budget > 0 && Next(span, "/ObjStm"u8, ref at))
        {
            var start = span[at..].IndexOf("stream"u8);
            if (start < 0)
            {
                break;
            }

            start += at + "stream".Length;
            start += span[start..].StartsWith("\r\n"u8) ? 2 : 1;
            var inflated = start < span.Length ? Inflate(bytes[start..], budget) : [];
            budget -= inflated.Length;
            pages += CountPages(inflated);
        }

        return new MediaFacts { Kind = MediaKind.Document, Format = "PDF", Pages = Math.Max(1, pages) };
    }

    /// <summary>Counts <c>/Type /Page</c>, with any white space between, and not <c>/Pages</c>.</summary>
    private static int CountPages(ReadOnlySpan<byte> bytes)
    {
        var pages = 0;
        var at = 0;
        while (Next(bytes, "/Type"u8, ref at))
        {
            var rest = bytes[at..].TrimStart(" \t\r\n\f\0"u8);
            if (rest.StartsWith("/Page"u8) && (rest.Length == 5 || !char.IsAsciiLetterOrDigit((char)rest[5])))
            {
                pages++;
            }
        }

        return pages;
    }

    /// <summary>Moves <paramref name="at"/> behind the next occurrence.</summary>
    private static bool Next(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> wanted, ref int at)
    {
        var found = bytes[at..].IndexOf(wanted);
        at += found + wanted.Length;
        return found >= 0;
    }

    private static byte[] Inflate(ReadOnlyMemory<byte> bytes, int limit)
    {
        if (!MemoryMarshal.TryGetArray(bytes, out var segment))
        {
            return [];
        }

        using var source = new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false);
        using var inflater = new ZLibStream(source, CompressionMode.Decompress);
        using var target = new MemoryStream();
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while (target.Length < limit && (read = inflater.Read(buffer)) > 0)
            {
                target.Write(buffer, 0, (int)Math.Min(read, limit - target.Length));
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // Encrypted, damaged or stored with another filter: what was inflated until here still counts.
        }

        return target.ToArray();
    }
}
