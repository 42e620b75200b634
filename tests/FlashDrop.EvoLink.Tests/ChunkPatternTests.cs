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
    [InlineData(OpenAi, "One", "Two")]
    public void ChunkThatDiffersInTextOrCounts_Fits(string chunk, string old, string fresh) => Assert.True(Fits(chunk, chunk.Replace(old, fresh, StringComparison.Ordinal)));

    [Theory]
    [InlineData(Google, "One", "a\u0001b")]
    [InlineData(Google, "One", """\x""")]
    [InlineData(Google, "One", """\u12g4""")]
    [InlineData(Google, "One\"", "One")]
    [InlineData(Google, "One", """a"}],"role":"model"},"finishReason":"STOP","x":{"parts":[{"text":"b""")]
    [InlineData(Google, ":9,\"total", ":0,\"total")]
    [InlineData(Google, ":9,\"total", ":09,\"total")]
    [InlineData(Google, ":9,\"total", ":,\"total")]
    [InlineData(Google, ":9,\"total", ":null,\"total")]
    [InlineData(Google, "\"index\":0", "\"index\":1")]
    [InlineData(Google, "\"responseId\":\"r\"}", "\"responseId\":\"r\"")]
    [InlineData(OpenAi, "null", "\"stop\"")]
    public void ChunkThatDiffersOtherwise_DoesNotFit(string chunk, string old, string fresh) => Assert.False(Fits(chunk, chunk.Replace(old, fresh, StringComparison.Ordinal)));

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
        var text = known.IndexOf("One", StringComparison.Ordinal);
        var counts = known.IndexOf("{\"promptTokenCount", StringComparison.Ordinal);
        var pattern = new ChunkPattern();
        pattern.Learn(
            Encoding.UTF8.GetBytes(known), text..(text + 3), counts < 0 ? 0..0 : counts..known.IndexOf(",\"modelVersion", StringComparison.Ordinal), counts < 0 ? 0 : 1);
        return pattern.Fits(Encoding.UTF8.GetBytes(next), out _);
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
