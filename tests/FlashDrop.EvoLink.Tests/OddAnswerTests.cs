using System.Text;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Relay;
using FlashDrop.EvoLink.Responses;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Tests;

/// <summary>Answers that are JSON and yet cannot be kept as they are; each was found by a fuzz test.</summary>
public sealed class OddAnswerTests
{
    private static readonly ErrorContext Context = new(200);

    [Fact]
    public void StreamCutInsideACharacter_IsReadWithAMark()
    {
        var last = StreamReading.ReadWhole(
            Encoding.UTF8.GetBytes(Fixtures.Sse("""{"candidates":[{"content":{"parts":[{"text":"a \ud83d"}]},"finishReason":"STOP"}]}""")), 10_000, Context);

        Assert.Equal("a \uFFFD", Assert.IsType<StreamEvent.Finished>(last).Answer.Text);
    }

    [Fact]
    public void CountsNoAnswerHas_AreNoCounts() => Assert.Null(Whole("""
        {"candidates":[],"usageMetadata":{"promptTokenCount":9223372036854775807,"candidatesTokenCount":-1,"totalTokenCount":1e30}}
        """).Usage);

    [Fact]
    public void CountsByModality_AreBoundedInNumberAndLength()
    {
        var details = string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""{"modality":"{{new string('m', 500)}}","tokenCount":{{i + 1}}}"""));

        var usage = Whole($$$"""{"candidates":[],"usageMetadata":{"promptTokenCount":5,"promptTokensDetails":[{{{details}}}]}}""").Usage!;

        Assert.Equal(16, usage.PromptDetails.Count);
        Assert.All(usage.PromptDetails, detail => Assert.Equal(128, detail.Modality.Length));
    }

    [Fact]
    public void NamesAndIds_AreCutToWhatARowHolds()
    {
        var name = new string('n', 5_000);
        var body = Encoding.UTF8.GetBytes(
            $$"""{"candidates":[{"finishReason":"{{name}}"}],"promptFeedback":{"blockReason":"{{name}}"},"modelVersion":"{{name}}","responseId":"{{name}}"}""");
        var scan = new AnswerScan();

        var answer = Assert.IsType<Reply.Whole>(Reply.Classify(body, 100_000, Context)).Answer;
        Assert.Equal(PayloadKind.Chunk, scan.Take(body));

        Assert.All([answer.FinishReason, answer.BlockReason, answer.ModelVersion, answer.ResponseId], kept => Assert.Equal(name[..128], kept));
        Assert.All([scan.FinishReason, scan.ModelVersion, scan.ResponseId], kept => Assert.Equal(name[..128], kept));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("  ")]
    public void TaskNobodyCanAskFor_IsNoTask(string id) => Assert.Equal(
        "unreadable_answer", Assert.IsType<Reply.Refusal>(Reply.Classify(Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","status":"pending"}"""), 10_000, Context)).Error.Code);

    [Fact]
    public void TaskWithAnEndlessId_IsNoTask() => Assert.IsType<Reply.Refusal>(
        Reply.Classify(Encoding.UTF8.GetBytes($$"""{"id":"{{new string('t', 257)}}","status":"pending"}"""), 10_000, Context));

    private static Answer Whole(string body) => Assert.IsType<Reply.Whole>(Reply.Classify(Encoding.UTF8.GetBytes(body), 100_000, Context)).Answer;
}
