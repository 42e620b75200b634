namespace FlashDrop.Core.Media;

/// <summary>The upstream's published token counts for media of the 2.5 models.</summary>
internal static class TokenArithmetic
{
    /// <summary>The longest input the model takes.</summary>
    public const long InputLimit = 1_048_576;

    private const int PerTile = 258;
    private const int SmallSide = 384;
    private const int AudioPerSecond = 32;
    private const int VideoPerSecond = 300;
    private const int LowVideoPerSecond = 100;
    private const int PerPage = 258;
    private const int MaxTilesPerSide = 1_000;

    /// <summary>Tokens of text of so many bytes, on the cautious side.</summary>
    public static long OfText(long bytes) => (bytes + 2) / 3;

    /// <summary>Tokens of a file; null when what they depend on is not known.</summary>
    public static long? Of(MediaType type, long length, MediaFacts facts, string? resolution) => type.Kind switch
    {
        MediaKind.Text => OfText(length),
        MediaKind.Audio => facts.Seconds is { } seconds ? Count(seconds, AudioPerSecond) : null,
        MediaKind.Video => facts.Seconds is { } seconds ? Count(seconds, resolution == "MEDIA_RESOLUTION_LOW" ? LowVideoPerSecond : VideoPerSecond) : null,
        MediaKind.Document => facts.Pages is { } pages ? (long)pages * PerPage : null,
        MediaKind.Image => resolution switch
        {
            "MEDIA_RESOLUTION_LOW" => 64,
            "MEDIA_RESOLUTION_MEDIUM" => 256,
            _ => Tiles(facts) is { } tiles ? tiles * PerTile : null,
        },
        _ => null,
    };

    /// <summary>Tiles an image is cut into; null when its size is not known.</summary>
    public static long? Tiles(MediaFacts facts)
    {
        if (facts is not { Width: { } width, Height: { } height })
        {
            return null;
        }

        if (width <= SmallSide && height <= SmallSide)
        {
            return 1;
        }

        var unit = Math.Max(1, (long)Math.Floor(Math.Min(width, height) / 1.5));
        return Math.Min(MaxTilesPerSide, (width + unit - 1) / unit) * Math.Min(MaxTilesPerSide, (height + unit - 1) / unit);
    }

    private static long Count(double seconds, int perSecond) => (long)Math.Ceiling(Math.Clamp(seconds, 0, 1e9) * perSecond);
}
