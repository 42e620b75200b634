namespace FlashDrop.Simulator.Answers;

/// <summary>Cuts an answer into the pieces a stream carries; never within a character.</summary>
internal static class TextPieces
{
    private const int Shortest = 24;
    private const int Spread = 40;

    public static IEnumerable<string> Cut(string text, string purpose)
    {
        var at = 0;
        for (var piece = 0; at < text.Length; piece++)
        {
            var length = Math.Min(text.Length - at, Shortest + (purpose[piece % purpose.Length] % Spread));
            if (at + length < text.Length && char.IsHighSurrogate(text[at + length - 1]))
            {
                length++;
            }

            yield return text.Substring(at, length);
            at += length;
        }
    }
}
