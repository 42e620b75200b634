using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Testing.Fuzzing;

namespace FlashDrop.EvoLink.Tests;

/// <summary>A chunk that fits the one before is not read as JSON, and nobody can tell.</summary>
public sealed class ChunkPatternTests
{
    private const string Google =
        """{"candidates":[{"content":{"parts":[{"text":"One"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":9,"totalTokenCount":21,"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]},"modelVersion":"gemini-2.5-flash","responseId":"r"}""";

    private const string OpenAi =
        """{"id":"c","object":"chat.completion.chunk","created":1,"model":"gemini-2.5-flash","choices":[{"index":0,"delta":{"content":"One"},"finish_reason":null}]}""";

    private static readonly string[] Words = ["\"text\":", "\"content\":", "\"usageMetadata\":", "\"promptTokenCount\":0", "\"finishReason\":\"STOP\"", "\"error\":{}", "0", "10", "\\u00", "\\n"];

    [Theory]
    [InlineData(Google, "One", "")]
    [InlineData(Google, "One", """a \"quoted\" word, a path C:\\x, \u00e9 and é""")]
    [InlineData(Google, ":9,\"total", ":10,\"total")]
    [InlineData(Google, ":21,", ":7,")]
    [InlineData(Google, ":21,", ":20,")]
    [InlineData(Google, ":12,\"cand", ":102,\"cand")]
    [InlineData(OpenAi, "One", "Two")]
    public void ChunkThatDiffersInTextOrCounts_Fits(string chunk, string old, string fresh) => Assert.True(Fits(chunk, chunk.Replace(old, fresh, StringComparison.Ordinal)));

    [Theory]
    [InlineData(Google, "One", "a\u0001b")]
    [InlineData(Google, "One", "\u0001")]
    [InlineData(Google, "One", """\x""")]
    [InlineData(Google, "One", """\u12g4""")]
    [InlineData(Google, "One\"", "One")]
    [InlineData(Google, "One", """a"}],"role":"model"},"finishReason":"STOP","x":{"parts":[{"text":"b""")]
    [InlineData(Google, ":9,\"total", ":0,\"total")]
    [InlineData(Google, ":9,\"total", ":09,\"total")]
    [InlineData(Google, ":9,\"total", ":,\"total")]
    [InlineData(Google, ":12,\"cand", ":13 ,\"cand")]
    [InlineData(Google, ":9,\"total", ":null,\"total")]
    [InlineData(Google, "\"index\":0", "\"index\":1")]
    [InlineData(Google, "\"responseId\":\"r\"}", "\"responseId\":\"r\"")]
    [InlineData(OpenAi, "null", "\"stop\"")]
    public void ChunkThatDiffersOtherwise_DoesNotFit(string chunk, string old, string fresh) => Assert.False(Fits(chunk, chunk.Replace(old, fresh, StringComparison.Ordinal)));

    /// <summary>What cannot be told apart from its text, or holds escapes where counts are compared, is read each time.</summary>
    [Theory]
    [InlineData("""{"usageMetadata":{"promptTokenCount":12},"candidates":[{"text":"One"}]}""", "{\"prompt", ",\"cand")]
    [InlineData("""{"candidates":[{"text":"One"}],"usageMetadata":{"promptTokenCount":12,"traffic\u0054ype":"A"},"x":1}""", "{\"prompt", ",\"x\"")]
    public void ChunkWithCountsElsewhereOrEscaped_IsNotKept(string chunk, string counts, string after)
    {
        var text = chunk.IndexOf("One", StringComparison.Ordinal);
        var pattern = new ChunkPattern();

        pattern.Learn(Encoding.UTF8.GetBytes(chunk), text..(text + 3), chunk.IndexOf(counts, StringComparison.Ordinal)..chunk.IndexOf(after, StringComparison.Ordinal), 1);

        Assert.False(pattern.Fits(Encoding.UTF8.GetBytes(chunk), out _));
    }

    [Fact]
    public void ChunkWithoutText_IsNotKept()
    {
        var pattern = new ChunkPattern();

        pattern.Learn("\"\""u8, 0..0, 0..0, 0);

        Assert.False(pattern.Fits("\"\""u8, out _));
    }

    [Theory]
    [InlineData(16 * 1024, 3, true)]
    [InlineData(16 * 1024, 30_000, true)]
    [InlineData((16 * 1024) + 1, 3, false)]
    [InlineData((16 * 1024) + 1, 30_000, false)]
    public void FrameAroundTheText_IsKeptUpToItsLimit(int frame, int text, bool isKept)
    {
        const string Before = "{\"choices\":[{\"delta\":{\"content\":\"";
        const string After = "\"}}],\"id\":\"";
        var chunk = Encoding.UTF8.GetBytes($"{Before}{new string('t', text)}{After}{new string('i', frame - Before.Length - After.Length - 2)}\"}}");
        var pattern = new ChunkPattern();

        pattern.Learn(chunk, Before.Length..(Before.Length + text), 0..0, 0);

        Assert.Equal(frame + text, chunk.Length);
        Assert.Equal(isKept, pattern.Fits(chunk, out _));
    }

    [Fact]
    public void ChunkLearnedLast_IsTheOneThatCounts()
    {
        var (google, openAi) = (Encoding.UTF8.GetBytes(Google), Encoding.UTF8.GetBytes(OpenAi));
        var pattern = new ChunkPattern();
        Learn(pattern, Google);
        Learn(pattern, OpenAi);

        Assert.False(pattern.Fits(google, out _));
        Assert.True(pattern.Fits(openAi, out _));

        pattern.Forget();
        Assert.False(pattern.Fits(openAi, out _));
    }

    [Fact]
    public void Counts_AreGivenAsTheyCame()
    {
        var pattern = new ChunkPattern();
        Learn(pattern, Google);

        Assert.True(pattern.Fits(Encoding.UTF8.GetBytes(Google.Replace(":9,", ":14,", StringComparison.Ordinal)), out var counts));
        Assert.Equal(
            """{"promptTokenCount":12,"candidatesTokenCount":14,"totalTokenCount":21,"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]}""", Encoding.UTF8.GetString(counts));
        Assert.Equal(1, pattern.Counted);
    }

    [Fact]
    public void Stream_WhateverItIs_ReadsTheSameWithAndWithoutPattern()
    {
        string[] samples =
        [
            Lines(Google, "One", "Two", ":9,", ":14,"), Lines(Google, ":9,", ":0,", ":21,", ":26,"), Lines(OpenAi, "One", "Two", "null", "\"stop\""),
            Lines(Google, "\"index\":0", "\"finishReason\":\"STOP\"", "One", "the end"), Lines(Google.Replace("\"parts\":[", "\"parts\":[{\"text\":\"a\"},", StringComparison.Ordinal), "One", "1", "a", "b"),
        ];
        Fuzz.Run(Fuzz.Spoilt(samples, Words), bytesPerByte: 400, input =>
        {
            var (follows, forgets) = (new AnswerScan(), new AnswerScan());
            foreach (var line in Split(input))
            {
                if (follows.Take(line) != forgets.Take(line) || !string.Equals(Told(follows), Told(forgets), StringComparison.Ordinal))
                {
                    return false;
                }

                forgets.Take([]);
            }

            return true;
        });
    }

    private static bool Fits(string known, string next)
    {
        var pattern = new ChunkPattern();
        Learn(pattern, known);
        return pattern.Fits(Encoding.UTF8.GetBytes(next), out _);
    }

    private static void Learn(ChunkPattern pattern, string chunk)
    {
        var text = chunk.IndexOf("One", StringComparison.Ordinal);
        var counts = chunk.IndexOf("{\"promptTokenCount", StringComparison.Ordinal);
        pattern.Learn(
            Encoding.UTF8.GetBytes(chunk), text..(text + 3), counts < 0 ? 0..0 : counts..chunk.IndexOf(",\"modelVersion", StringComparison.Ordinal), counts < 0 ? 0 : 1);
    }

    /// <summary>A chunk, and the same with one part, the other, and both exchanged.</summary>
    private static string Lines(string chunk, string one, string freshOne, string other, string freshOther)
    {
        var (first, second) = (chunk.Replace(one, freshOne, StringComparison.Ordinal), chunk.Replace(other, freshOther, StringComparison.Ordinal));
        return string.Join('\n', chunk, first, second, first.Replace(other, freshOther, StringComparison.Ordinal), chunk, chunk);
    }

    private static IEnumerable<byte[]> Split(byte[] input)
    {
        var start = 0;
        for (var i = 0; i <= input.Length; i++)
        {
            if (i == input.Length || input[i] == '\n')
            {
                yield return input[start..i];
                start = i + 1;
            }
        }
    }

    private static string Told(AnswerScan scan) => JsonSerializer.Serialize(new
    {
        scan.Usage,
        scan.ModelVersion,
        scan.ResponseId,
        scan.FinishReason,
        scan.Blocked,
        scan.IsWhole,
        scan.HasChunk,
        scan.IsUsageOnly,
    });
}
