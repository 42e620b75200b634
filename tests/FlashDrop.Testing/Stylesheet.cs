using System.Text.RegularExpressions;

namespace FlashDrop.Testing;

/// <summary>The colours of a stylesheet, as its custom properties name them, and how well they can be told apart.</summary>
public static partial class Stylesheet
{
    /// <summary>Least contrast of text to what it stands on (WCAG 2.2, level AA, text of normal size).</summary>
    public const double Readable = 4.5;

    /// <summary>Every colour scheme: colours by the name of their property.</summary>
    /// <param name="css">The stylesheet.</param>
    /// <param name="first">The property each scheme begins with, without its dashes.</param>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Schemes(string css, string first) =>
        [.. Regex.Matches(css, $"--{first}:[^}}]+", RegexOptions.None, TimeSpan.FromSeconds(5))
            .Select(scheme => Colours().Matches(scheme.Value).ToDictionary(colour => colour.Groups["name"].Value, colour => colour.Groups["value"].Value, StringComparer.Ordinal))];

    /// <summary>The contrast of two colours, from 1 to 21.</summary>
    /// <param name="one">A colour, as <c>#rgb</c> or <c>#rrggbb</c>.</param>
    /// <param name="other">The other one.</param>
    public static double Contrast(string one, string other)
    {
        var (left, right) = (Luminance(one), Luminance(other));
        return (Math.Max(left, right) + 0.05) / (Math.Min(left, right) + 0.05);
    }

    private static double Luminance(string colour)
    {
        var hex = colour.Length == 4 ? string.Concat(colour.Skip(1).Select(c => $"{c}{c}")) : colour[1..];
        var parts = Convert.FromHexString(hex).Select(part => part / 255d).Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
        return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
    }

    [GeneratedRegex("--(?<name>[a-z-]+): (?<value>#[0-9a-f]{3,6})", RegexOptions.ExplicitCapture)]
    private static partial Regex Colours();
}
