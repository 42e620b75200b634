namespace FlashDrop.Core.Media;

/// <summary>Finds out how large, how long or how many pages a file is, from a bounded part of its bytes. Never throws on any bytes.</summary>
internal static class MediaInspector
{
    /// <summary>Looks at a file of a known type.</summary>
    public static async ValueTask<MediaFacts> InspectAsync(MediaType type, ByteWindow file, CancellationToken cancellationToken) => type switch
    {
        _ when type == MediaType.Png => PngFile.Inspect(file),
        _ when type == MediaType.Jpeg => await JpegFile.InspectAsync(file, cancellationToken),
        _ when type == MediaType.Mp3 => await Mp3File.InspectAsync(file, cancellationToken),
        _ when type == MediaType.Mp4 || type == MediaType.QuickTime || type is { MimeType: "audio/aac" } && IsBoxed(file) =>
            await Mp4File.InspectAsync(file, cancellationToken),
        _ when type == MediaType.Pdf => await PdfFile.InspectAsync(file, cancellationToken),
        { Kind: MediaKind.Text } => new MediaFacts { Encoding = TextFile.EncodingOf(file.Head.Span) },
        _ => new MediaFacts(),
    };

    private static bool IsBoxed(ByteWindow file) => file.Head.Length >= 8 && file.Head.Span[4..8].SequenceEqual("ftyp"u8);
}

/// <summary>Text.</summary>
internal static class TextFile
{
    public static string EncodingOf(ReadOnlySpan<byte> head) => head switch
    {
        [0xFF, 0xFE, ..] => "utf-16le",
        [0xFE, 0xFF, ..] => "utf-16be",
        _ => "utf-8",
    };
}
