using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace FlashDrop.Core.Profiles;

/// <summary>
/// A prompt with placeholders. The values come from whoever drops files, so they are data: one line, bounded. The lines before the
/// first placeholder are the same in every request and go first, so that the upstream's implicit cache can hit.
/// </summary>
internal static partial class PromptTemplate
{
    /// <summary>The placeholders, for error messages.</summary>
    public const string Known = "{{file.name}}, {{file.path}}, {{date}} and {{metadata.KEY}}";

    private const int MaxValueLength = 500;

    /// <summary>What looks like a placeholder and is none.</summary>
    public static IEnumerable<string> UnknownIn(string prompt) =>
        Placeholder().Matches(prompt).Where(m => !IsKnown(m.Groups["name"].Value)).Select(m => m.Value.Length > 80 ? m.Value[..80] : m.Value).Distinct(StringComparer.Ordinal);

    /// <summary>Fills a prompt in.</summary>
    /// <returns>The text that never varies, and the rest; either may be empty.</returns>
    public static (string Fixed, string Varying) Render(string prompt, PromptValues values)
    {
        var first = Placeholder().Match(prompt);
        if (!first.Success)
        {
            return (prompt, "");
        }

        var line = prompt.LastIndexOf('\n', first.Index) + 1;
        return (prompt[..line].TrimEnd(), Placeholder().Replace(prompt[line..], m => Clean(Value(m.Groups["name"].Value, values) ?? "")));
    }

    /// <summary>A value that may stand in a prompt: one line of at most 500 characters.</summary>
    public static string Clean(string value)
    {
        var clean = new StringBuilder(Math.Min(value.Length, MaxValueLength));
        foreach (var rune in value.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > MaxValueLength)
            {
                break;
            }

            var isBreak = Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format;
            clean.Append(isBreak ? " " : rune.ToString());
        }

        return clean.ToString().Trim();
    }

    private static bool IsKnown(string name) =>
        name is "file.name" or "file.path" or "date" || (name.StartsWith("metadata.", StringComparison.Ordinal) && name.Length > "metadata.".Length);

    private static string? Value(string name, PromptValues values) => name switch
    {
        "file.name" => values.FileName,
        "file.path" => values.FilePath,
        "date" => values.Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => values.Metadata.GetValueOrDefault(Ports.BlobMetadata.NormalizeKey(name["metadata.".Length..])),
    };

    [GeneratedRegex(@"\{\{\s*(?<name>[^{}\r\n]*?)\s*\}\}", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Placeholder();
}

/// <summary>What a prompt's placeholders stand for.</summary>
/// <param name="FilePath">Name in the container.</param>
/// <param name="Date">The day the job was accepted, UTC.</param>
/// <param name="Metadata">Metadata of the drop, or the tags of an HTTP job; keys normalised.</param>
internal sealed record PromptValues(string FilePath, DateTimeOffset Date, IReadOnlyDictionary<string, string> Metadata)
{
    public string FileName => FilePath[(FilePath.LastIndexOf('/') + 1)..];
}
