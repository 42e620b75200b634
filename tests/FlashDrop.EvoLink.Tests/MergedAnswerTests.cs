using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Tests;

/// <summary>The one answer that the chunks of a stream come to.</summary>
public sealed class MergedAnswerTests
{
    [Fact]
    public void Chunks_AreMergedPartByPartAndFieldByField()
    {
        var answer = Merge(
            ("""
             {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"mm","thought":true},{"text":"Two "},{"text":"ships"}]}}],
              "usageMetadata":{"promptTokenCount":10,"trafficType":null},"modelVersion":"m1","extra":null}
             """, "Two ships", false),
            ("""
             {"candidates":[{"content":{"parts":[{"text":" leave","thoughtSignature":"s"},{"text":"."},{"functionCall":{"name":"f","args":{}}}]},
              "finishReason":"STOP","avgLogprobs":null,"citationMetadata":{"x":1}}],"usageMetadata":{"candidatesTokenCount":5},"modelVersion":"m2"}
             """, " leave.", true),
            ("""{"candidates":[{"finishReason":"STOP"}]}""", "", true),
            ("""{"candidates":[{"safetyRatings":[]}]}""", "", true),
            ("""{"usageMetadata":7}""", "", true));

        Assert.Equal("Two ships leave.", answer.Text);
        Assert.Equal(
            """{"candidates":[{"content":{"role":"model","parts":[{"text":"hmmm","thought":true},{"text":"Two ships"},{"text":" leave","thoughtSignature":"s"},{"text":"."},{"functionCall":{"name":"f","args":{}}}]},"index":0,"finishReason":"STOP","""
            + """
              "citationMetadata":{"x":1},"safetyRatings":[]}],"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5},"modelVersion":"m2"}
              """,
            answer.Raw!.Value.GetRawText());
    }

    [Fact]
    public void BlockedPrompt_StaysBlockedWhateverComesAfter()
    {
        var answer = Merge(
            ("""{"promptFeedback":{"blockReason":"SAFETY"}}""", "", true),
            ("""{"promptFeedback":{"blockReason":"SAFETY"}}""", "", true),
            ("""{"usageMetadata":{"promptTokenCount":8}}""", "", true));

        Assert.Equal(("SAFETY", 8, AnswerQuality.Refused), (answer.BlockReason, answer.Usage!.PromptTokens, answer.Quality));
    }

    [Fact]
    public void OtherCandidates_AreLeftOut()
    {
        var answer = Merge(
            ("""{"candidates":[{"index":1,"content":{"parts":[{"text":"another"}]},"finishReason":"STOP"}]}""", "", false),
            ("""{"candidates":[7,{"index":1,"content":{"parts":[{"text":"another"}]}},{"index":0,"content":{"parts":[7,{"text":"One."}]},"finishReason":"MAX_TOKENS"}]}""", "One.", true));

        Assert.Equal(("One.", "MAX_TOKENS"), (answer.Text, answer.FinishReason));
    }

    [Theory]
    [InlineData(""","cost":{"usd":"0.002"}""", "0.002", ""","usage":{"prompt_tokens":10,"total_tokens":10,"cost":{"usd":"0.002"}}""")]
    [InlineData("", null, "")]
    [InlineData(""","cost":null""", null, "")]
    public void OpenAiUsage_IsKeptForItsCost(string cost, string? usd, string kept)
    {
        var answer = Merge(("""{"choices":[],"usage":{"prompt_tokens":10,"total_tokens":10""" + cost + "}}", "", false));

        Assert.Equal(usd is null ? null : decimal.Parse(usd, System.Globalization.CultureInfo.InvariantCulture), answer.ReportedCostUsd);
        Assert.Equal(
            """{"usageMetadata":{"promptTokenCount":10,"cachedContentTokenCount":0,"candidatesTokenCount":0,"thoughtsTokenCount":0,"totalTokenCount":10}""" + kept + "}",
            answer.Raw!.Value.GetRawText());
    }

    private static Answer Merge(params (string Chunk, string Adds, bool IsWhole)[] chunks)
    {
        var assembler = new AnswerAssembler();
        Assert.False(assembler.HasAny);
        foreach (var (chunk, adds, isWhole) in chunks)
        {
            Assert.Equal(adds, assembler.Add(JsonElement.Parse(chunk)).Text);
            Assert.Equal((true, isWhole), (assembler.HasAny, assembler.IsWhole));
        }

        return assembler.Build();
    }
}
