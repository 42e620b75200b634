using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink.Tests;

public sealed class GenerationTests
{
    [Theory]
    [InlineData(AnswerQuality.Truncated, "MAX_TOKENS max_tokens")]
    [InlineData(AnswerQuality.Refused, "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII LANGUAGE IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION MODEL_ARMOR")]
    [InlineData(AnswerQuality.Unusable, "MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MALFORMED_RESPONSE")]
    public void FinishReason_DecidesWhateverTheTextIs(AnswerQuality quality, string reasons) => Assert.All(reasons.Split(' '), reason =>
    {
        Assert.Equal(quality, AnswerQualities.Judge(new Answer { Text = "Two ships.", FinishReason = reason }));
        Assert.Equal(quality, AnswerQualities.Judge(new Answer { Text = "", FinishReason = reason }));
    });

    [Theory]
    [InlineData("STOP")]
    [InlineData("FINISH_REASON_UNSPECIFIED")]
    [InlineData("SOMETHING_NEW")]
    [InlineData(null)]
    public void AnswerWithAnyOtherReason_IsWholeWhenThereIsSomethingInIt(string? reason)
    {
        Assert.Equal(AnswerQuality.Complete, AnswerQualities.Judge(new Answer { Text = "Two ships.", FinishReason = reason }));
        Assert.Equal(AnswerQuality.Unusable, AnswerQualities.Judge(new Answer { Text = "", FinishReason = reason }));
    }

    [Fact]
    public void BlockedPrompt_IsRefused_WhateverElseItSays() =>
        Assert.Equal(AnswerQuality.Refused, AnswerQualities.Judge(new Answer { Text = "Two ships.", FinishReason = "STOP", BlockReason = "SAFETY" }));

    [Fact]
    public void TurnOfAUser_SaysSo() => Assert.Equal("user", Content.User(Part.FromText("Hello")).Role);

    [Fact]
    public void FileInALog_HasNoSignature() => Assert.Equal(
        "FileData video/mp4 https://unit.blob.core.windows.net/inbox/harbour.mp4",
        new FileData("video/mp4", new Uri("https://unit.blob.core.windows.net/inbox/harbour.mp4?sig=secret")).ToString());

    [Fact]
    public void ThinkingLevels_GoFromLeastToMost() => Assert.Equal(["minimal", "low", "medium", "high"], ThinkingConfig.Levels);
}
