using FlashDrop.Core.Media;

namespace FlashDrop.Core.Profiles;

/// <summary>What a profile takes: kinds or media types.</summary>
internal static class AcceptList
{
    public const string Kinds = "image, audio, video, document, text";

    private static readonly string[] KindNames = Kinds.Split(", ");

    public static bool IsKind(string text) => KindNames.Contains(text, StringComparer.Ordinal);

    /// <summary>Whether a list takes a type; no list takes everything.</summary>
    public static bool Takes(IReadOnlyList<string>? list, MediaType type) => list is null || list.Any(entry =>
        IsKind(entry)
            ? string.Equals(entry, type.Kind.ToString(), StringComparison.OrdinalIgnoreCase)
            : string.Equals(Canonical(entry), type.MimeType, StringComparison.OrdinalIgnoreCase));

    /// <summary>Names people know, in the upstream's spelling.</summary>
    private static string Canonical(string mimeType) => mimeType.ToUpperInvariant() switch
    {
        "AUDIO/MPEG" => "audio/mp3",
        "IMAGE/JPG" => "image/jpeg",
        "VIDEO/QUICKTIME" => "video/mov",
        _ => mimeType,
    };
}
