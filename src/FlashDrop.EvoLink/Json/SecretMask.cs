using System.Text.RegularExpressions;

namespace FlashDrop.EvoLink.Json;

/// <summary>Takes keys out of text that came from outside before it is kept or shown.</summary>
internal static partial class SecretMask
{
    /// <summary>Longest message kept of an upstream text.</summary>
    public const int MaxMessage = 500;

    private const int MaxInput = 8_192;

    /// <summary>Masks everything that looks like a key, and <paramref name="secret"/> itself, and cuts to <see cref="MaxMessage"/>.</summary>
    public static string Clean(string text, string? secret)
    {
        var bounded = text.Length > MaxInput ? text[..MaxInput] : text;
        if (!string.IsNullOrEmpty(secret))
        {
            bounded = bounded.Replace(secret, "***", StringComparison.Ordinal);
        }

        bounded = KeyLike().Replace(bounded, "***").Trim();
        return bounded.Length > MaxMessage ? bounded[..MaxMessage] : bounded;
    }

    /// <inheritdoc cref="Clean" />
    public static string? CleanIfAny(string? text, string? secret) => text is null ? null : Clean(text, secret);

    [GeneratedRegex(
        @"\bsk-[A-Za-z0-9_\-\*\.]{3,}|\bBearer\s+[^\s""'<,;]+|\bAIza[A-Za-z0-9_\-]{8,}|(?<=[?&](?:key|api_key|sig)=)[^&\s""'<]+",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex KeyLike();
}
