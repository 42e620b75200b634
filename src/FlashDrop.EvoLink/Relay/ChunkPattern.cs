using System.Buffers;

namespace FlashDrop.EvoLink.Relay;

/// <summary>
/// The chunk read last, as a pattern: most chunks of a stream are the one before with another text and, in Google's format, other counts.
/// Those need no reading as JSON. What does not fit is read; what fits would read the same. Not safe for concurrent use.
/// </summary>
internal sealed class ChunkPattern
{
    /// <summary>A larger frame around the text is not worth keeping.</summary>
    private const int MostBytes = 16 * 1024;

    /// <summary>What ends a plain stretch of a JSON string: its end, an escape, and control characters, which JSON does not allow (RFC 8259, section 7).</summary>
    private static readonly SearchValues<byte> EndOfPlain = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 0x20).Select(value => (byte)value)]);

    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);

    private readonly ArrayBufferWriter<byte> _bytes = new();
    private int _text;
    private int _counts;
    private int _after;
    private bool _isKnown;

    /// <summary>Which of the counts are there and not zero, as learned.</summary>
    public int Counted { get; private set; }

    private ReadOnlySpan<byte> Before => _bytes.WrittenSpan[.._text];

    private ReadOnlySpan<byte> Between => _bytes.WrittenSpan[_text.._counts];

    private ReadOnlySpan<byte> Counts => _bytes.WrittenSpan[_counts.._after];

    private ReadOnlySpan<byte> After => _bytes.WrittenSpan[_after..];

    public void Forget() => _isKnown = false;

    /// <summary>Keeps a chunk's form.</summary>
    /// <param name="chunk">A chunk that was read; what it says besides its text and counts need be said once only.</param>
    /// <param name="text">The inside of a string whose content means nothing here.</param>
    /// <param name="counts">Google's counts; empty without.</param>
    /// <param name="counted">Which of the counts are there and not zero.</param>
    public void Learn(ReadOnlySpan<byte> chunk, Range text, Range counts, int counted)
    {
        var (textStart, textEnd) = (text.Start.Value, text.End.Value);
        var (countsStart, countsEnd) = counted == 0 ? (chunk.Length, chunk.Length) : (counts.Start.Value, counts.End.Value);
        _isKnown = textStart > 0 && textEnd < countsStart && chunk.Length - (textEnd - textStart) <= MostBytes && !chunk[countsStart..countsEnd].Contains((byte)'\\');
        if (_isKnown)
        {
            _bytes.ResetWrittenCount();
            _bytes.Write(chunk[..textStart]);
            _bytes.Write(chunk[textEnd..]);
            (_text, _counts, _after) = (textStart, textStart + countsStart - textEnd, textStart + countsEnd - textEnd);
            Counted = counted;
        }
    }

    /// <summary>Whether a chunk differs from the learned one in the text and in the digits of its counts alone.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <param name="counts">Its counts; empty without.</param>
    public bool Fits(ReadOnlySpan<byte> chunk, out ReadOnlySpan<byte> counts)
    {
        counts = default;
        if (!_isKnown || !chunk.StartsWith(Before) || LengthOfText(chunk[_text..]) is not (>= 0 and var text))
        {
            return false;
        }

        var rest = chunk[(_text + text)..];
        if (!rest.StartsWith(Between) || !rest[Between.Length..].EndsWith(After))
        {
            return false;
        }

        counts = rest[Between.Length..^After.Length];
        return DifferInDigits(Counts, counts);
    }

    /// <summary>Length of a string's inside up to its closing quote; -1 when it has none or is no JSON.</summary>
    private static int LengthOfText(ReadOnlySpan<byte> bytes)
    {
        var length = 0;
        while (true)
        {
            var plain = bytes[length..].IndexOfAny(EndOfPlain);
            if (plain < 0)
            {
                return -1;
            }

            length += plain;
            if (bytes[length] == '"')
            {
                return length;
            }

            var escape = bytes[length] == '\\' ? LengthOfEscape(bytes[length..]) : 0;
            if (escape == 0)
            {
                return -1;
            }

            length += escape;
        }
    }

    private static int LengthOfEscape(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [_, (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t', ..] => 2,
        [_, (byte)'u', _, _, _, _, ..] when !bytes.Slice(2, 4).ContainsAnyExcept(HexDigits) => 6,
        _ => 0,
    };

    /// <summary>Whether two pieces of JSON are the same but for digits, with neither a count of zero nor a number JSON does not allow among the differing ones.</summary>
    private static bool DifferInDigits(ReadOnlySpan<byte> known, ReadOnlySpan<byte> next)
    {
        while (true)
        {
            var common = known.CommonPrefixLength(next);
            if (common == known.Length && common == next.Length)
            {
                return true;
            }

            // Back to where the number begins that differs.
            while (common > 0 && char.IsAsciiDigit((char)known[common - 1]))
            {
                common--;
            }

            var (knownDigits, nextDigits) = (Digits(known[common..]), Digits(next[common..]));
            if (knownDigits == 0 || nextDigits == 0 || known[common] == '0' || next[common] == '0')
            {
                return false;
            }

            known = known[(common + knownDigits)..];
            next = next[(common + nextDigits)..];
        }
    }

    private static int Digits(ReadOnlySpan<byte> bytes)
    {
        var count = 0;
        while (count < bytes.Length && char.IsAsciiDigit((char)bytes[count]))
        {
            count++;
        }

        return count;
    }
}
