using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Media;

/// <summary>Which types the upstream takes, how large, and under which extension a link to them must end.</summary>
internal static class MediaRules
{
    private const long Megabyte = 1024 * 1024;

    private static readonly Dictionary<string, Rule> Rules = new(StringComparer.OrdinalIgnoreCase)
    {
        ["image/jpeg"] = new(MediaKind.Image, "JPEG", 10 * Megabyte, ".jpg", ".jpeg"),
        ["image/png"] = new(MediaKind.Image, "PNG", 10 * Megabyte, ".png"),
        ["audio/mp3"] = new(MediaKind.Audio, "MP3", 10 * Megabyte, ".mp3"),
        ["audio/mpeg"] = new(MediaKind.Audio, "MP3", 10 * Megabyte, ".mp3"),
        ["audio/wav"] = new(MediaKind.Audio, "WAV", 10 * Megabyte, ".wav"),
        ["audio/x-wav"] = new(MediaKind.Audio, "WAV", 10 * Megabyte, ".wav"),
        ["video/mp4"] = new(MediaKind.Video, "MP4", 50 * Megabyte, ".mp4"),
        ["application/pdf"] = new(MediaKind.Document, "PDF", 20 * Megabyte, ".pdf"),
        ["text/plain"] = new(MediaKind.Text, "text", 10 * Megabyte, ".txt", ".md", ".log"),
        ["text/markdown"] = new(MediaKind.Text, "text", 10 * Megabyte, ".md"),
        ["text/csv"] = new(MediaKind.Text, "text", 10 * Megabyte, ".csv"),
        ["text/html"] = new(MediaKind.Text, "text", 10 * Megabyte, ".html", ".htm"),
        ["text/xml"] = new(MediaKind.Text, "text", 10 * Megabyte, ".xml"),
        ["application/json"] = new(MediaKind.Text, "text", 10 * Megabyte, ".json"),
    };

    /// <summary>Size limit of a type in bytes.</summary>
    public static long Limit(string mimeType) => Find(mimeType).Limit;

    public static void CheckLink(string mimeType, Uri link)
    {
        var rule = Find(mimeType);
        if (!rule.Extensions.Any(e => link.AbsolutePath.EndsWith(e, StringComparison.OrdinalIgnoreCase)))
        {
            throw RefusedException.EvoLink(400, $"The path of fileUri must end with {string.Join(" or ", rule.Extensions)} for {mimeType}", "content");
        }
    }

    public static void CheckSize(string mimeType, long bytes)
    {
        var limit = Limit(mimeType);
        if (bytes > limit)
        {
            throw RefusedException.EvoLink(413, $"The {mimeType} content is too large: {bytes} bytes, the limit is {limit / Megabyte} MB", "content");
        }
    }

    /// <summary>Inspects the bytes and holds them against the declared type.</summary>
    public static MediaFacts Inspect(string mimeType, ReadOnlyMemory<byte> bytes)
    {
        var rule = Find(mimeType);
        CheckSize(mimeType, bytes.Length);
        var facts = MediaInspector.Inspect(bytes);
        var fits = facts is not null && string.Equals(facts.Format, rule.Format, StringComparison.Ordinal)
            && (facts.Kind == rule.Kind || rule.Kind == MediaKind.Video);
        return fits ? facts! : throw RefusedException.Google($"Unable to process input {Noun(rule.Kind)}. Please check that the bytes are {mimeType}.");
    }

    private static string Noun(MediaKind kind) => kind switch
    {
        MediaKind.Image => "image",
        MediaKind.Audio => "audio",
        MediaKind.Video => "video",
        _ => "document",
    };

    private static Rule Find(string mimeType) =>
        Rules.TryGetValue(mimeType, out var rule) ? rule : throw RefusedException.Google($"Unsupported MIME type: {mimeType}");

    private sealed record Rule(MediaKind Kind, string Format, long Limit, params string[] Extensions);
}
