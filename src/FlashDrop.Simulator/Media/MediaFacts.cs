using System.Globalization;

namespace FlashDrop.Simulator.Media;

/// <summary>What kind of thing a medium is to the model.</summary>
internal enum MediaKind
{
    Image,
    Audio,
    Video,
    Document,
    Text,
}

/// <summary>What the bytes themselves say.</summary>
internal sealed record MediaFacts
{
    public required MediaKind Kind { get; init; }

    /// <summary>Name of the format, as people say it.</summary>
    public required string Format { get; init; }

    public int Width { get; init; }

    public int Height { get; init; }

    public TimeSpan Duration { get; init; }

    public int Pages { get; init; }

    /// <summary>Length of the text in characters.</summary>
    public int Characters { get; init; }
}

/// <summary>A medium of a request, inspected.</summary>
internal sealed record Medium(MediaFacts Facts, string MimeType, long Bytes, string Sha256, bool Inline)
{
    /// <summary>Says what it is in words: <c>a JPEG image, 48,113 bytes, 1200 x 800 pixels, sha256 1a2b3c4d5e6f</c>.</summary>
    public string Describe()
    {
        var what = Facts.Kind switch
        {
            MediaKind.Image => $"{Facts.Format} image",
            MediaKind.Audio => $"{Facts.Format} recording",
            MediaKind.Video => $"{Facts.Format} video",
            MediaKind.Document => $"{Facts.Format} document",
            _ => "text file",
        };
        var measure = Facts.Kind switch
        {
            MediaKind.Image => $"{Facts.Width} x {Facts.Height} pixels",
            MediaKind.Audio => Seconds(Facts.Duration),
            MediaKind.Video => $"{Facts.Width} x {Facts.Height} pixels, {Seconds(Facts.Duration)}",
            MediaKind.Document => Facts.Pages == 1 ? "1 page" : $"{Facts.Pages} pages",
            _ => $"{Facts.Characters.ToString("N0", CultureInfo.InvariantCulture)} characters",
        };
        var article = what[0] is 'M' or 'A' or 'E' or 'I' or 'O' ? "an" : "a";
        return $"{article} {what}, {Bytes.ToString("N0", CultureInfo.InvariantCulture)} bytes, {measure}, sha256 {Sha256[..12]}";
    }

    private static string Seconds(TimeSpan duration) => $"{duration.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} seconds long";
}
