using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;

namespace FlashDrop.Core.Requests;

/// <summary>Extensions and the media types the upstream expects for them.</summary>
internal static class MimeTypes
{
    private static readonly Dictionary<string, string> ByExtension = new(StringComparer.OrdinalIgnoreCase)
    {
        [".jpg"] = "image/jpeg",
        [".jpeg"] = "image/jpeg",
        [".png"] = "image/png",
        [".webp"] = "image/webp",
        [".gif"] = "image/gif",
        [".heic"] = "image/heic",
        [".mp3"] = "audio/mp3",
        [".wav"] = "audio/wav",
        [".ogg"] = "audio/ogg",
        [".flac"] = "audio/flac",
        [".m4a"] = "audio/aac",
        [".aac"] = "audio/aac",
        [".mp4"] = "video/mp4",
        [".mov"] = "video/mov",
        [".webm"] = "video/webm",
        [".avi"] = "video/avi",
        [".pdf"] = "application/pdf",
        [".txt"] = "text/plain",
    };

    /// <summary>Whether a name ends with an extension that stands for the type.</summary>
    public static bool Fits(string name, MediaType type) =>
        ByExtension.TryGetValue(Path.GetExtension(name), out var mime) && mime == type.MimeType;

    /// <summary>The extension of a name that stands for another type than the bytes have; null when they agree or it stands for none.</summary>
    public static string? Mislabel(string name, MediaType type) =>
        Path.GetExtension(name) is var extension && ByExtension.TryGetValue(extension, out var mime) && mime != type.MimeType
            ? extension.ToLowerInvariant()
            : null;

    /// <summary>The media type a URL path's extension stands for.</summary>
    /// <exception cref="InputException">The extension is none we know.</exception>
    public static string OfExtension(string path) => ByExtension.TryGetValue(Path.GetExtension(path), out var mime)
        ? mime
        : throw new InputException(JobErrors.RequestUnreadable(
            $"the URL path '{path}' does not end with a known extension ({string.Join(" ", ByExtension.Keys)}), and no mimeType is given."));
}
