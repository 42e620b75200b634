using System.Text;

namespace FlashDrop.Azure.Storage;

/// <summary>
/// Metadata travels in HTTP headers. A value that is not plain visible ASCII is stored as an encoded word (<c>=?utf-8?B?…?=</c>).
/// </summary>
internal static class MetadataValues
{
    private const string Prefix = "=?utf-8?B?";
    private const string Suffix = "?=";

    public static string Encode(string value)
    {
        var plain = value.Length > 0
            && value[0] != ' '
            && value[^1] != ' '
            && value.All(letter => letter is >= ' ' and <= '~')
            && !value.StartsWith(Prefix, StringComparison.Ordinal);
        return plain ? value : $"{Prefix}{Convert.ToBase64String(Encoding.UTF8.GetBytes(value))}{Suffix}";
    }

    public static string Decode(string value)
    {
        if (!value.StartsWith(Prefix, StringComparison.Ordinal) || !value.EndsWith(Suffix, StringComparison.Ordinal)
            || value.Length < Prefix.Length + Suffix.Length)
        {
            return value;
        }

        var encoded = value[Prefix.Length..^Suffix.Length];
        var bytes = new byte[encoded.Length];
        return Convert.TryFromBase64String(encoded, bytes, out var written) ? Encoding.UTF8.GetString(bytes, 0, written) : value;
    }
}
