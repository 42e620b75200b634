using System.Text.Json;
using FlashDrop.EvoLink.Responses;

namespace FlashDrop.EvoLink.Tests;

/// <summary>An OpenAI answer, and each chunk of one, as the native JSON a caller gets for it.</summary>
public sealed class OpenAiFormatTests
{
    [Fact]
    public void WholeAnswer_IsRewrittenFieldByField() => AssertNative(
        """
        {"id":"c1","object":"chat.completion","model":"gemini-2.5-flash","choices":[7,{"index":1,"message":{"content":"another answer"}},
         {"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","reasoning_content":"hm","content":"Two ships.","tool_calls":[
          {"id":"t1","function":{"name":"find","arguments":"{\"id\":7}"}},
          {"id":"t2","function":{"name":"count","arguments":{"n":1}}},
          {"function":{"arguments":"not JSON"}},
          {"id":"t4","function":{"name":"now"}}]}}],
         "usage":{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"completion_tokens_details":{"reasoning_tokens":20},
          "prompt_tokens_details":{"cached_tokens":4,"text_tokens":60,"audio_tokens":30,"image_tokens":10}}}
        """,
        """
        {"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true},{"text":"Two ships."},
         {"functionCall":{"id":"t1","name":"find","args":{"id":7}}},
         {"functionCall":{"id":"t2","name":"count","args":{"n":1}}},
         {"functionCall":{"name":"","args":"not JSON"}},
         {"functionCall":{"id":"t4","name":"now","args":{}}}]},"finishReason":"STOP","index":0}],
         "usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":4,"candidatesTokenCount":30,"thoughtsTokenCount":20,"totalTokenCount":150,
         "promptTokensDetails":[{"modality":"TEXT","tokenCount":60},{"modality":"AUDIO","tokenCount":30},{"modality":"IMAGE","tokenCount":10}]},
         "modelVersion":"gemini-2.5-flash","responseId":"c1"}
        """);

    [Theory]
    [InlineData("""{"choices":[]}""", """{"candidates":[]}""")]
    [InlineData("""{"choices":[{"index":1,"message":{"content":"another answer"}}],"usage":null}""", """{"candidates":[]}""")]
    [InlineData("""{"choices":[{"delta":{"content":""}}]}""", """{"candidates":[{"content":{"role":"model","parts":[]},"index":0}]}""")]
    [InlineData("""{"choices":[{}],"model":""}""", """{"candidates":[{"content":{"role":"model","parts":[]},"index":0}]}""")]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"hm"}}]}""", """{"candidates":[{"content":{"role":"model","parts":[{"text":"hm","thought":true}]},"index":0}]}""")]
    [InlineData(
        """{"choices":[{"message":{"content":[{"type":"text","text":"Two "},{"type":"image_url"},{"type":"text","text":"ships."}]}}]}""",
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"Two ships."}]},"index":0}]}""")]
    [InlineData(
        """{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}""",
        """{"candidates":[],"usageMetadata":{"promptTokenCount":3,"cachedContentTokenCount":0,"candidatesTokenCount":2,"thoughtsTokenCount":0,"totalTokenCount":5}}""")]
    public void WhatIsNotThere_IsNotWritten(string openAi, string native) => AssertNative(openAi, native);

    [Theory]
    [InlineData("stop", "STOP")]
    [InlineData("tool_calls", "STOP")]
    [InlineData("function_call", "STOP")]
    [InlineData("length", "MAX_TOKENS")]
    [InlineData("content_filter", "SAFETY")]
    [InlineData("recitation", "RECITATION")]
    public void FinishReason_IsTheNativeWord(string openAi, string native) => AssertNative(
        $$"""{"choices":[{"finish_reason":"{{openAi}}"}]}""", $$"""{"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"{{native}}","index":0}]}""");

    [Fact]
    public void ToolCallsInPieces_AreGivenWholeOnceWithTheFinishReason()
    {
        var format = new OpenAiFormat();
        const string Nothing = """{"candidates":[{"content":{"role":"model","parts":[]},"index":0}]}""";

        AssertNative("""{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"second","arguments":"{\"x\""}}]}}]}""", Nothing, format);

        // A piece without a number goes on after the one before it: here with the second call.
        AssertNative("""{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"first"}},{"function":{"arguments":":1"}}]}}]}""", Nothing, format);

        // The first name and id of a call are its name and id.
        AssertNative(
            """{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c","function":{"name":"third","arguments":"}"}}]},"finish_reason":"tool_calls"}]}""",
            """
            {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"id":"a","name":"first","args":{}}},
             {"functionCall":{"id":"b","name":"second","args":{"x":1}}}]},"finishReason":"STOP","index":0}]}
            """,
            format);
        AssertNative("""{"choices":[{"delta":{},"finish_reason":"stop"}]}""", """{"candidates":[{"content":{"role":"model","parts":[]},"finishReason":"STOP","index":0}]}""", format);
    }

    private static void AssertNative(string openAi, string native, OpenAiFormat? format = null) =>
        Assert.Equal(
            native.Replace("\n ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal),
            (format ?? new OpenAiFormat()).ToNative(JsonElement.Parse(openAi)).GetRawText());
}
