using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace FlashDrop.EvoLink.Json;

/// <summary>
/// Makes JSON readable whose strings are not all text. A parser takes half of a surrogate pair (<c>"\ud83d"</c>) and stray bytes inside a
/// string, and throws only when somebody reads it: too late. Models are cut off in the middle of a character, so both happen.
/// </summary>
public static class ReadableJson
{
    /// <summary>The JSON with U+FFFD in place of what is no character; the same memory when there is nothing to replace.</summary>
    /// <param name="utf8">JSON, or what is taken for it.</param>
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> utf8) => Mend(utf8.Span) ?? utf8;

    /// <summary>The JSON as UTF-8, with U+FFFD in place of what is no character.</summary>
    /// <param name="text">JSON, or what is taken for it.</param>
    public static ReadOnlyMemory<byte> Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    /// <summary>The mended JSON, or null when there is nothing to mend.</summary>
    internal static byte[]? Mend(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            var valid = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(utf8));
            return Mend(valid) ?? valid;
        }

        byte[]? mended = null;
        for (var at = NextEscape(utf8, 0); at >= 0; at = NextEscape(utf8, at))
        {
            var length = 2;
            if (CodeUnit(utf8[at..]) is { } unit)
            {
                length = 6;
                if (char.IsHighSurrogate(unit) && CodeUnit(utf8[(at + 6)..]) is { } next && char.IsLowSurrogate(next))
                {
                    length = 12;
                }
                else if (char.IsSurrogate(unit))
                {
                    mended ??= utf8.ToArray();
                    "fffd"u8.CopyTo(mended.AsSpan(at + 2));
                }
            }

            at += length;
        }

        return mended;
    }

    private static int NextEscape(ReadOnlySpan<byte> utf8, int from)
    {
        var found = from < utf8.Length ? utf8[from..].IndexOf((byte)'\\') : -1;
        return found < 0 ? -1 : from + found;
    }

    /// <summary>The code unit of an escape such as <c>\u00e9</c> at the beginning, or null.</summary>
    private static char? CodeUnit(ReadOnlySpan<byte> escape) =>
        escape is [(byte)'\\', (byte)'u', _, _, _, _, ..] && Utf8Parser.TryParse(escape[2..6], out ushort unit, out var read, 'x') && read == 4
            ? (char)unit
            : null;
}
