using System.Text.RegularExpressions;

namespace FlashDrop.Gateway.Callers;

/// <summary>Names of callers, in settings and over HTTP.</summary>
internal static partial class CallerNames
{
    /// <summary>Whether a text is 1 to 64 characters of <c>[a-z0-9-]</c>.</summary>
    public static bool IsValid(string text) => Pattern().IsMatch(text);

    [GeneratedRegex("^[a-z0-9-]{1,64}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
