using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace FlashDrop.Azure.Storage;

/// <summary>
/// Turns any id into something a table key may contain, and back. ASCII letters and digits, <c>-</c>, <c>.</c>, <c>_</c> and <c>:</c>
/// stay as they are; every other UTF-16 unit becomes <c>~</c> and four hexadecimal digits.
/// </summary>
internal static class TableKeys
{
    /// <summary>Longest escaped id; a key may have 512 UTF-16 units, its prefix included.</summary>
    public const int MaxLength = 480;

    private const string Digest = "~sha256~";

    public static string Escape(string id)
    {
        var escaped = new StringBuilder(id.Length);
        foreach (var unit in id)
        {
            if (char.IsAsciiLetterOrDigit(unit) || unit is '-' or '.' or '_' or ':')
            {
                escaped.Append(unit);
            }
            else
            {
                escaped.Append('~').Append(((int)unit).ToString("x4", CultureInfo.InvariantCulture));
            }
        }

        if (escaped.Length <= MaxLength)
        {
            return escaped.ToString();
        }

        // No id the upstream gives is this long. If one is, its row is found by a digest, and the id itself is a column.
        var hash = SHA256.HashData(Encoding.Unicode.GetBytes(id));
        return $"{Digest}{Convert.ToHexStringLower(hash)}";
    }

    public static bool TryUnescape(string key, [NotNullWhen(true)] out string? id)
    {
        id = null;
        var text = new StringBuilder(key.Length);
        for (var index = 0; index < key.Length; index++)
        {
            if (key[index] != '~')
            {
                text.Append(key[index]);
            }
            else if (index + 5 <= key.Length
                && ushort.TryParse(key.AsSpan(index + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
            {
                text.Append((char)unit);
                index += 4;
            }
            else
            {
                return false;
            }
        }

        id = text.ToString();
        return true;
    }
}
