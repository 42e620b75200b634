using System.Text;

namespace FlashDrop.LocalHost.Display;

/// <summary>Makes text from elsewhere safe to print: model answers and file names could carry terminal control sequences.</summary>
internal static class TerminalText
{
    /// <summary>One line without control characters, cut at <paramref name="max"/> characters.</summary>
    public static string OneLine(string text, int max)
    {
        StringBuilder clean = new(Math.Min(text.Length, max));
        foreach (var rune in text.EnumerateRunes())
        {
            var shown = Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) == System.Globalization.UnicodeCategory.Format
                ? new Rune(' ')
                : rune;
            if (shown.Value == ' ' && (clean.Length == 0 || clean[^1] == ' '))
            {
                continue;
            }

            if (clean.Length + shown.Utf16SequenceLength > max - 1)
            {
                return clean.Append('…').ToString();
            }

            clean.Append(shown);
        }

        return clean.ToString().TrimEnd();
    }

    /// <summary>The first line that says something, without Markdown's heading marks.</summary>
    public static string FirstLine(string text, int max) =>
        OneLine(text.Split('\n').Select(line => line.Trim().TrimStart('#', ' ')).FirstOrDefault(line => line.Length > 0) ?? string.Empty, max);
}
