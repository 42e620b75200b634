using System.Globalization;
using CsCheck;

namespace FlashDrop.Testing.Fuzzing;

/// <summary>
/// Runs a parser over inputs that are almost real: samples, spoilt in a few places. A parser that throws, or allocates more than its input
/// justifies, fails with the input made small and the seed that brings it back.
/// </summary>
public static class Fuzz
{
    private const string CasesVariable = "FLASHDROP_FUZZ_CASES";
    private const int DefaultCases = 20_000;

    /// <summary>What a call may allocate beside its input: buffers, and what the first call of each path sets up.</summary>
    private const long FreeBytes = 2_000_000;

    /// <summary>Fragments that parsers stumble over.</summary>
    private static readonly string[] Fragments =
    [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "false", "0", "-1", "1e999", "-0.0", "9223372036854775807", "9223372036854775808", "1.5", "\"\"", "{}", "[]",
        "\\ud800", "\"\\ud800\"", "\"\\udfff\"", "\\u0000", "\0", "\r\n", "\n\n", "data: ", "data:", "event: error\n", ": ping\n", "[DONE]", "\uFEFF",
        "<html>", "//", "/*", "*/", "\u2028", "😀", "%00", "../", "\t",
    ];

    /// <summary>How many cases each parser gets: 20,000, or as the environment says.</summary>
    private static int Cases =>
        int.TryParse(Environment.GetEnvironmentVariable(CasesVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var cases) ? cases : DefaultCases;

    /// <summary>Spoilt samples.</summary>
    /// <param name="samples">Inputs that are whole.</param>
    /// <param name="words">Words of the format, put in where they do not belong.</param>
    public static Gen<byte[]> Spoilt(IReadOnlyList<byte[]> samples, params string[] words)
    {
        byte[][] fragments = [.. Fragments.Concat(words).Select(System.Text.Encoding.UTF8.GetBytes), [0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80]];
        var change = Gen.Select(Gen.Int[0, 6], Gen.Double[0, 1], Gen.Int[1, 64], Gen.Int[0, fragments.Length - 1], Gen.Byte, Gen.Int[0, samples.Count - 1]);
        return Gen.Select(Gen.Int[0, samples.Count - 1], change.Array[0, 8]).Select((sample, changes) =>
        {
            List<byte> bytes = [.. samples[sample]];
            foreach (var (kind, where, length, fragment, value, other) in changes)
            {
                var at = (int)(where * bytes.Count);
                switch (kind)
                {
                    case 0 when at < bytes.Count:
                        bytes[at] = value;
                        break;
                    case 1:
                        bytes.InsertRange(at, fragments[fragment]);
                        break;
                    case 2:
                        bytes.RemoveRange(at, Math.Min(length, bytes.Count - at));
                        break;
                    case 3:
                        bytes.InsertRange(at, bytes.GetRange(at, Math.Min(length, bytes.Count - at)));
                        break;
                    case 4 when length > 48:
                        bytes.RemoveRange(at, bytes.Count - at);
                        break;
                    case 5 when length > 56:
                        // Deep nesting and long runs.
                        bytes.InsertRange(at, Enumerable.Repeat(fragments[fragment], 400).SelectMany(f => f));
                        break;
                    case 6:
                        bytes.InsertRange(at, samples[other].Skip((int)(where * samples[other].Length)).Take(length));
                        break;
                    default:
                        break;
                }
            }

            return bytes.ToArray();
        });
    }

    /// <summary>Samples that are text.</summary>
    /// <inheritdoc cref="Spoilt(IReadOnlyList{byte[]}, string[])" />
    public static Gen<byte[]> Spoilt(IEnumerable<string> samples, params string[] words) =>
        Spoilt([.. samples.Select(System.Text.Encoding.UTF8.GetBytes)], words);

    /// <summary>Feeds a parser.</summary>
    /// <param name="inputs">The inputs.</param>
    /// <param name="bytesPerByte">What it may allocate for each byte of its input.</param>
    /// <param name="parse">The parser, and what must hold of what it says.</param>
    public static void Run(Gen<byte[]> inputs, int bytesPerByte, Func<byte[], bool> parse) => inputs.Sample(
        input =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var holds = parse(input);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            return allocated <= FreeBytes + ((long)bytesPerByte * input.Length)
                ? holds
                : throw new InvalidOperationException($"{allocated:N0} bytes were allocated for an input of {input.Length:N0}.");
        },
        print: Describe,
        iter: Cases);

    private static string Describe(byte[] input) => $"{input.Length} bytes: {Convert.ToBase64String(input)}\n{System.Text.Encoding.UTF8.GetString(input)}";
}
