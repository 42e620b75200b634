using System.Text;

namespace FlashDrop.Simulator.Media;

/// <summary>Tells from the bytes what a medium is; null when they are nothing it can read.</summary>
internal static class MediaInspector
{
    public static MediaFacts? Inspect(ReadOnlyMemory<byte> bytes)
    {
        var span = bytes.Span;
        return PngFile.Read(span)
            ?? JpegFile.Read(span)
            ?? WavFile.Read(span)
            ?? Mp4File.Read(span)
            ?? PdfFile.Read(bytes)
            ?? Mp3File.Read(span)
            ?? ReadText(span);
    }

    private static MediaFacts? ReadText(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || bytes.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return null;
        }

        return new MediaFacts { Kind = MediaKind.Text, Format = "text", Characters = Encoding.UTF8.GetCharCount(bytes) };
    }
}
