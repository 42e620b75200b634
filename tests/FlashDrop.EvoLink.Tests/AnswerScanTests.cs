using System.Text;
using FlashDrop.EvoLink.Relay;

namespace FlashDrop.EvoLink.Tests;

/// <summary>Counts of a streamed answer are the latest, field by field.</summary>
public sealed class AnswerScanTests
{
    [Fact]
    public void Counts_AreTheLatestOfEachField()
    {
        var scan = Scan(
            """{"usageMetadata":{"promptTokenCount":10,"promptTokensDetails":[{"modality":"TEXT","tokenCount":10}],"thoughtsTokenCount":3}}""",
            """{"candidates":[],"usageMetadata":{"candidatesTokenCount":1,"totalTokenCount":14}}""",
            """{"candidates":[]}""",
            """{"candidates":[],"usageMetadata":{"promptTokenCount":0,"candidatesTokenCount":"5","totalTokenCount":18,"promptTokensDetails":[]}}""");

        Assert.Equal((10, 5, 3, 18), (scan.Usage!.PromptTokens, scan.Usage.CandidatesTokens, scan.Usage.ThoughtsTokens, scan.Usage.TotalTokens));
        Assert.Equal(10, Assert.Single(scan.Usage.PromptDetails).Tokens);
    }

    [Fact]
    public void Counts_MayBeAskedForAtAnyTime()
    {
        var scan = Scan("""{"usageMetadata":{"promptTokenCount":10}}""");
        Assert.Equal(10, scan.Usage!.PromptTokens);

        scan.Take("""{"candidates":[],"usageMetadata":{"candidatesTokenCount":7}}"""u8);
        Assert.Equal((10, 7), (scan.Usage!.PromptTokens, scan.Usage.CandidatesTokens));
    }

    [Theory]
    [InlineData("""{"candidates":[],"usageMetadata":{}}""")]
    [InlineData("""{"candidates":[],"usageMetadata":{"promptTokenCount":0,"totalTokenCount":0}}""")]
    [InlineData("""{"candidates":[],"usageMetadata":null}""")]
    public void NoCounts_AreUnknown(string chunk) => Assert.Null(Scan(chunk).Usage);

    private static AnswerScan Scan(params string[] chunks)
    {
        var scan = new AnswerScan();
        foreach (var chunk in chunks)
        {
            Assert.Equal(PayloadKind.Chunk, scan.Take(Encoding.UTF8.GetBytes(chunk)));
        }

        return scan;
    }
}
