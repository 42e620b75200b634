namespace FlashDrop.Core.Media;

/// <summary>
/// Which media are taken, and how large. Section <c>FlashDrop:Media</c>. Defaults are the upstream's documented limits for the
/// native format; other types are undocumented there and can be allowed here.
/// </summary>
public sealed class MediaOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Media";

    /// <summary>Media types taken, as the upstream names them. An entry set to false removes a default.</summary>
    public Dictionary<string, bool> Types { get; set; } = new(StringComparer.OrdinalIgnoreCase)
    {
        ["image/jpeg"] = true,
        ["image/png"] = true,
        ["audio/mp3"] = true,
        ["video/mp4"] = true,
        ["application/pdf"] = true,
        ["text/plain"] = true,
    };

    /// <summary>Largest image in bytes. Default 10 MB.</summary>
    public long MaxImageBytes { get; set; } = 10_000_000;

    /// <summary>Largest recording in bytes. Default 10 MB.</summary>
    public long MaxAudioBytes { get; set; } = 10_000_000;

    /// <summary>Largest clip in bytes. Default 50 MB.</summary>
    public long MaxVideoBytes { get; set; } = 50_000_000;

    /// <summary>Largest document in bytes. Default 20 MB.</summary>
    public long MaxDocumentBytes { get; set; } = 20_000_000;

    /// <summary>Largest text file in bytes. Default 3 MB, about a million tokens of plain English at the cautious estimate.</summary>
    public long MaxTextBytes { get; set; } = 3_000_000;

    /// <summary>Longest recording in seconds. Default 600 (what the upstream recommends); 0 is no limit.</summary>
    public double MaxAudioSeconds { get; set; } = 600;

    /// <summary>Longest clip in seconds. Default 180 (what the upstream recommends); 0 is no limit.</summary>
    public double MaxVideoSeconds { get; set; } = 180;

    /// <summary>
    /// Most pages of a document. Default 0: no limit. With a limit, a document whose first 64 KiB do not tell its pages costs one storage
    /// operation more.
    /// </summary>
    public int MaxPages { get; set; }

    /// <summary>Most files of a bundle. Default 16.</summary>
    public int MaxBundleFiles { get; set; } = 16;

    /// <summary>Largest bundle in bytes. Default 100 MB.</summary>
    public long MaxBundleBytes { get; set; } = 100_000_000;

    internal double SecondsLimitOf(MediaKind kind) => kind switch
    {
        MediaKind.Audio => MaxAudioSeconds,
        MediaKind.Video => MaxVideoSeconds,
        _ => 0,
    };

    internal bool Takes(MediaType type) => Types.TryGetValue(type.MimeType, out var taken) && taken;

    internal string Supported => string.Join(", ", Types.Where(t => t.Value).Select(t => t.Key).Order(StringComparer.Ordinal));

    internal long LimitOf(MediaKind kind) => kind switch
    {
        MediaKind.Image => MaxImageBytes,
        MediaKind.Audio => MaxAudioBytes,
        MediaKind.Video => MaxVideoBytes,
        MediaKind.Document => MaxDocumentBytes,
        _ => MaxTextBytes,
    };
}
