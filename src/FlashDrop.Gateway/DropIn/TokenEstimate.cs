namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Guesses the tokens of a prompt from its bytes, by the published arithmetic of the model's generation and typical bit rates. For admission,
/// budgets and counts nobody else can give; never for bills.
/// </summary>
internal static class TokenEstimate
{
    private const long PerImageTile = 258;
    private const long PerPage = 258;
    private const long AudioPerSecond = 32;
    private const long VideoPerSecond = 300;

    /// <summary>What a medium behind a link may be: nobody has looked at it.</summary>
    private const long Linked = 6 * PerImageTile;

    /// <summary>A guess for a count: about four bytes of text a token.</summary>
    public static long Likely(NativeBodyScan scan) => (scan.TextBytes + 3) / 4 + Media(scan.Media);

    /// <summary>A cautious guess for an admission: three bytes of text a token.</summary>
    public static long Cautious(NativeBodyScan scan) => scan.TextBytes / 3 + 1 + Media(scan.Media);

    /// <summary>The same for a chat request, whose media are images unless it goes the native way.</summary>
    public static long Cautious(ChatBodyScan scan) => scan.TextBytes / 3 + 1 + (scan.MediaParts * Linked) + (scan.MediaBytes / 500);

    private static long Media(IReadOnlyList<(string Type, long Bytes)> media) => media.Sum(medium => (medium.Type.Split('/')[0], medium.Bytes) switch
    {
        (_, 0) => Linked,
        ("image", <= 50_000) => PerImageTile,
        ("image", _) => 6 * PerImageTile,
        ("audio", var bytes) when medium.Type.EndsWith("wav", StringComparison.Ordinal) => AudioPerSecond * (1 + (bytes / 32_000)),
        ("audio", var bytes) => AudioPerSecond * (1 + (bytes / 16_000)),
        ("video", var bytes) => VideoPerSecond * (1 + (bytes / 125_000)),
        ("text", var bytes) => bytes / 3,
        (_, var bytes) => PerPage * (1 + (bytes / 50_000)),
    });
}
