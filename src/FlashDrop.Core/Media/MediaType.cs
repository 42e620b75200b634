namespace FlashDrop.Core.Media;

/// <summary>What a file is, told by its bytes.</summary>
/// <param name="Kind">Broad kind.</param>
/// <param name="MimeType">Media type as the upstream names it (<c>audio/mp3</c>, not <c>audio/mpeg</c>).</param>
/// <param name="Extension">File extension that matches it, with the dot; signed URLs must end with it.</param>
/// <param name="Description">Words for a person, for example <c>an MP3 recording</c>.</param>
internal sealed record MediaType(MediaKind Kind, string MimeType, string Extension, string Description)
{
    public static MediaType Jpeg { get; } = new(MediaKind.Image, "image/jpeg", ".jpg", "a JPEG image");

    public static MediaType Png { get; } = new(MediaKind.Image, "image/png", ".png", "a PNG image");

    public static MediaType Webp { get; } = new(MediaKind.Image, "image/webp", ".webp", "a WebP image");

    public static MediaType Gif { get; } = new(MediaKind.Image, "image/gif", ".gif", "a GIF image");

    public static MediaType Heic { get; } = new(MediaKind.Image, "image/heic", ".heic", "a HEIC image");

    public static MediaType Mp3 { get; } = new(MediaKind.Audio, "audio/mp3", ".mp3", "an MP3 recording");

    public static MediaType Wav { get; } = new(MediaKind.Audio, "audio/wav", ".wav", "a WAV recording");

    public static MediaType Ogg { get; } = new(MediaKind.Audio, "audio/ogg", ".ogg", "an Ogg recording");

    public static MediaType Flac { get; } = new(MediaKind.Audio, "audio/flac", ".flac", "a FLAC recording");

    public static MediaType Aac { get; } = new(MediaKind.Audio, "audio/aac", ".m4a", "an AAC recording");

    public static MediaType Mp4 { get; } = new(MediaKind.Video, "video/mp4", ".mp4", "an MP4 clip");

    public static MediaType QuickTime { get; } = new(MediaKind.Video, "video/mov", ".mov", "a QuickTime clip");

    public static MediaType Webm { get; } = new(MediaKind.Video, "video/webm", ".webm", "a WebM clip");

    public static MediaType Avi { get; } = new(MediaKind.Video, "video/avi", ".avi", "an AVI clip");

    public static MediaType Pdf { get; } = new(MediaKind.Document, "application/pdf", ".pdf", "a PDF document");

    public static MediaType Text { get; } = new(MediaKind.Text, "text/plain", ".txt", "a text file");

    public static MediaType Zip { get; } = new(MediaKind.Unknown, "application/zip", ".zip", "a ZIP archive or Office document");

    public static MediaType Unknown { get; } = new(MediaKind.Unknown, "application/octet-stream", ".bin", "of an unknown type");
}

/// <summary>Broad kind of an input; limits and reports go by it.</summary>
internal enum MediaKind
{
    /// <summary>Not told.</summary>
    Unknown,

    Image,
    Audio,
    Video,
    Document,
    Text,
}
