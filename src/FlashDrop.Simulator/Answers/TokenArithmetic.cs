using FlashDrop.Simulator.Media;

namespace FlashDrop.Simulator.Answers;

/// <summary>Token counts of the 2.5 models, as published.</summary>
internal static class TokenArithmetic
{
    public const int CharactersPerToken = 4;
    private const long PerTile = 258;
    private const long PerPage = 258;
    private const long PerSecondOfSound = 32;
    private const int SmallImageSide = 384;

    public static long Text(int characters) => (characters + CharactersPerToken - 1) / CharactersPerToken;

    public static long Image(int width, int height, MediaDetail detail)
    {
        if (detail != MediaDetail.High)
        {
            return detail == MediaDetail.Low ? 64 : 256;
        }

        if (width <= SmallImageSide && height <= SmallImageSide)
        {
            return PerTile;
        }

        var unit = Math.Max(1, (int)Math.Floor(Math.Min(width, height) / 1.5));
        return PerTile * CeilingDivide(width, unit) * CeilingDivide(height, unit);
    }

    public static long Sound(TimeSpan duration) => (long)Math.Ceiling(duration.TotalSeconds * PerSecondOfSound);

    public static long Frames(TimeSpan duration, double perSecond, MediaDetail detail) =>
        Math.Max(1, (long)Math.Ceiling(duration.TotalSeconds * perSecond)) * (detail == MediaDetail.Low ? 66 : PerTile);

    /// <summary>Tokens of a medium by modality: a video counts its frames and its sound.</summary>
    public static IEnumerable<(Modality Modality, long Tokens)> Of(MediumPiece piece, MediaDetail detail)
    {
        var facts = piece.Medium.Facts;
        var end = piece.End is { } cut && cut < facts.Duration ? cut : facts.Duration;
        var window = end > piece.Start ? end - piece.Start : TimeSpan.Zero;
        switch (facts.Kind)
        {
            case MediaKind.Image:
                yield return (Modality.Image, Image(facts.Width, facts.Height, detail));
                break;
            case MediaKind.Audio:
                yield return (Modality.Audio, Sound(window));
                break;
            case MediaKind.Video:
                yield return (Modality.Video, Frames(window, piece.FramesPerSecond, detail));
                yield return (Modality.Audio, Sound(window));
                break;
            case MediaKind.Document:
                yield return (Modality.Document, facts.Pages * PerPage);
                break;
            default:
                yield return (Modality.Text, Text(facts.Characters));
                break;
        }
    }

    private static long CeilingDivide(long value, long by) => (value + by - 1) / by;
}
