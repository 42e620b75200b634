using System.Text;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Relay;

namespace FlashDrop.EvoLink.Tests;

/// <summary>What is told of an answer that is followed without being built.</summary>
public sealed class AnswerScanTests
{
    /// <summary>Longer than what is kept of it, so that reading it anew shows in memory.</summary>
    private static readonly string LongName = new('m', 5_000);

    [Theory]
    [InlineData("", PayloadKind.Notice)]
    [InlineData(" \r\n\t", PayloadKind.Notice)]
    [InlineData("[DONE]", PayloadKind.Done)]
    [InlineData(" [DONE]\r\n", PayloadKind.Done)]
    [InlineData("[done]", PayloadKind.Malformed)]
    [InlineData("""{"candidates":[]""", PayloadKind.Malformed)]
    [InlineData("""{"candidates":[]} {"candidates":[]}""", PayloadKind.Malformed)]
    [InlineData("<html>", PayloadKind.Malformed)]
    [InlineData("""{"candidates":[{"finishReason":"\ud83d"}]}""", PayloadKind.Malformed)]
    [InlineData("7", PayloadKind.Notice)]
    [InlineData("{}", PayloadKind.Notice)]
    [InlineData("""{"type":"ping"}""", PayloadKind.Notice)]
    [InlineData("""["candidates",[]]""", PayloadKind.Notice)]
    [InlineData("""[{"candidates":[]}]""", PayloadKind.Notice)]
    [InlineData("""{"model":"gemini-2.5-flash"}""", PayloadKind.Notice)]
    [InlineData("""{"promptFeedback":null}""", PayloadKind.Notice)]
    [InlineData("""{"usageMetadata":null}""", PayloadKind.Notice)]
    [InlineData("""{"usage":{"prompt_tokens":1}}""", PayloadKind.Notice)]
    [InlineData("""{"candidates":[]}""", PayloadKind.Chunk)]
    [InlineData("""{"candidat\u0065s":[]}""", PayloadKind.Chunk)]
    [InlineData("""{"choices":[]}""", PayloadKind.Chunk)]
    [InlineData("""{"modelVersion":"gemini-2.5-flash"}""", PayloadKind.Chunk)]
    [InlineData("""{"choices":[],"model":"gemini-2.5-flash"}""", PayloadKind.Chunk)]
    [InlineData("""{"usageMetadata":{}}""", PayloadKind.Chunk)]
    [InlineData("""{"promptFeedback":{}}""", PayloadKind.Chunk)]
    [InlineData("""{"candidates":[],"promptFeedback":{}}""", PayloadKind.Chunk)]
    [InlineData("""{"candidates":[],"promptFeedback":null}""", PayloadKind.Chunk)]
    // Errors of a stream are the upstream's own, in any envelope, beside an answer or instead of it.
    [InlineData("""{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}""", PayloadKind.Error)]
    [InlineData("""[{"error":{"code":503,"message":"overloaded"}}]""", PayloadKind.Error)]
    [InlineData("""{"code":503,"msg":"overloaded"}""", PayloadKind.Error)]
    [InlineData("""{"candidates":[],"error":{}}""", PayloadKind.Error)]
    [InlineData("""{"candidates":[],"error":true}""", PayloadKind.Error)]
    [InlineData("""{"candidates":[],"error":"overloaded"}""", PayloadKind.Error)]
    [InlineData("""{"choices":[{"finish_reason":"error"}]}""", PayloadKind.Error)]
    [InlineData("""{"choices":[{"finish_reason":"error"},{"finish_reason":"error"}]}""", PayloadKind.Error)]
    [InlineData("""{"choices":[{"finish_reason":"error"}],"error":{"code":502}}""", PayloadKind.Error)]
    [InlineData("""{"candidates":[],"error":""}""", PayloadKind.Chunk)]
    [InlineData("""{"candidates":[],"error":null}""", PayloadKind.Chunk)]
    [InlineData("""{"candidates":[],"error":false}""", PayloadKind.Chunk)]
    [InlineData("""{"candidates":[],"error":0}""", PayloadKind.Chunk)]
    [InlineData("""{"error":[1],"candidates":[]}""", PayloadKind.Chunk)]
    public void Payload_IsOfItsKind_AndOnlyAChunkCounts(string payload, PayloadKind kind)
    {
        var scan = new AnswerScan();

        Assert.Equal(kind, scan.Take(Encoding.UTF8.GetBytes(payload)));
        Assert.Equal(kind == PayloadKind.Chunk, scan.HasChunk);
    }

    [Fact]
    public void ChunkThatCame_IsNotForgottenOverWhatIsNone()
    {
        var scan = Scan("""{"candidates":[]}""");

        scan.Take("[DONE]"u8);
        scan.Take("""{"type":"ping"}"""u8);

        Assert.True(scan.HasChunk);
    }

    [Theory]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"g","responseId":"r"}""", "STOP", false, "g", "r")]
    [InlineData("""{"candidates":[{"index":0,"finishReason":"STOP"}],"modelVersion":"g"}""", "STOP", false, "g", null)]
    [InlineData("""{"id":"c","object":"chat.completion.chunk","created":1,"model":"g","choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}""", "stop", false, "g", "c")]
    [InlineData("""{"object":"chat.completion.chunk","created":1,"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"system_fingerprint":"fp"}""", null, false, null, null)]
    [InlineData("""{"promptFeedback":{"safetyRatings":[{"category":"X"}],"blockReason":"SAFETY","blockReasonMessage":"no"},"modelVersion":"g"}""", null, true, "g", null)]
    // One candidate's reason is the answer's.
    [InlineData("""{"candidates":[{"finishReason":"STOP"},{"finishReason":null}]}""", "STOP", false, null, null)]
    [InlineData("""{"candidates":[{"finishReason":"STOP"},{"finishReason":""}]}""", "STOP", false, null, null)]
    [InlineData("""{"candidates":[{"finishReason":"STOP"},{"finishReason":"MAX_TOKENS"}]}""", "MAX_TOKENS", false, null, null)]
    // A reason is one in its own place only.
    [InlineData("""{"candidates":[{"content":{"finishReason":"STOP"}}],"finishReason":"STOP"}""", null, false, null, null)]
    [InlineData("""{"candidates":[["finishReason","STOP"],[{"finishReason":"STOP"}]]}""", null, false, null, null)]
    [InlineData("""{"promptFeedback":{"blockReasonMessage":"no","safetyRatings":[]}}""", null, false, null, null)]
    // What comes in another form than expected is passed over, and what follows it is read.
    [InlineData("""{"candidates":[[],{"finishReason":"STOP"}],"modelVersion":"g"}""", "STOP", false, "g", null)]
    [InlineData("""{"candidates":{"finishReason":"STOP"},"modelVersion":"g"}""", null, false, "g", null)]
    [InlineData("""{"candidates":[{"finishReason":{"finishReason":"STOP"}},{"finishReason":["STOP"]},{"finishReason":1}],"modelVersion":"g"}""", null, false, "g", null)]
    [InlineData("""{"usageMetadata":[{"a":1}],"usage":[{"a":1}],"candidates":[{"finishReason":"STOP"}]}""", "STOP", false, null, null)]
    [InlineData("""{"model":{"name":"g"},"id":{"id":"c"},"other":{"id":"c"},"candidates":[{"finishReason":"STOP"}]}""", "STOP", false, null, null)]
    [InlineData("""{"modelVersion":"","id":"","candidates":[{"finishReason":"STOP"}]}""", "STOP", false, null, null)]
    [InlineData("""{"modelVersion":null,"id":7,"candidates":[]}""", null, false, null, null)]
    [InlineData("""{"promptFeedback":[{"blockReason":"SAFETY"}],"candidates":[{"finishReason":"STOP"}]}""", "STOP", false, null, null)]
    [InlineData("""{"promptFeedback":{"blockReason":null},"candidates":[]}""", null, false, null, null)]
    [InlineData("""{"promptFeedback":{"blockReason":""},"candidates":[]}""", null, false, null, null)]
    [InlineData("""{"promptFeedback":{"blockReason":{"reason":"SAFETY"}},"candidates":[{"finishReason":"STOP"}]}""", "STOP", false, null, null)]
    // Said twice.
    [InlineData("""{"promptFeedback":{"blockReason":"SAFETY","blockReason":"OTHER"}}""", null, true, null, null)]
    [InlineData("""{"promptFeedback":{"blockReason":"SAFETY"},"promptFeedback":{"blockReason":"OTHER"}}""", null, true, null, null)]
    public void Chunk_TellsOfItsAnswer(string chunk, string? finish, bool blocked, string? model, string? id)
    {
        var scan = Scan(chunk);

        Assert.Equal((finish, blocked, model, id), (scan.FinishReason, scan.Blocked, scan.ModelVersion, scan.ResponseId));
        Assert.Equal(finish is not null || blocked, scan.IsWhole);
    }

    [Fact]
    public void LaterChunks_AddToWhatIsKnown()
    {
        var scan = Scan(
            """{"candidates":[],"modelVersion":"g1"}""",
            """{"candidates":[{"finishReason":"STOP"}],"modelVersion":"g2","responseId":"r1"}""",
            """{"promptFeedback":{"blockReason":"SAFETY"},"responseId":"r2"}""",
            """{"promptFeedback":{"blockReason":"SAFETY"}}""",
            """{"candidates":[],"modelVersion":""}""");

        Assert.Equal(("STOP", true, "g2", "r1"), (scan.FinishReason, scan.Blocked, scan.ModelVersion, scan.ResponseId));

        scan.Take("""{"candidates":[{"finishReason":"MAX_TOKENS"}],"modelVersion":"g3"}"""u8);
        Assert.Equal(("MAX_TOKENS", "g3"), (scan.FinishReason, scan.ModelVersion));
    }

    [Theory]
    [InlineData("""{"id":"c","choices":[],"usage":{"prompt_tokens":3}}""", true)]
    [InlineData("""{"id":"c","choices":null,"usage":{"prompt_tokens":3}}""", true)]
    [InlineData("""{"id":"c","choices":[1],"usage":{}}""", true)]
    [InlineData("""{"choices":[],"usageMetadata":{"promptTokenCount":3}}""", true)]
    [InlineData("""{"choices":[]}""", false)]
    [InlineData("""{"choices":[],"usage":null}""", false)]
    [InlineData("""{"choices":[],"usageMetadata":null}""", false)]
    [InlineData("""{"choices":[{}],"usage":{"prompt_tokens":3}}""", false)]
    [InlineData("""{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}],"usage":{"prompt_tokens":3}}""", false)]
    [InlineData("""{"candidates":[],"usageMetadata":{"promptTokenCount":3}}""", false)]
    [InlineData("""{"candidates":[],"usage":{"prompt_tokens":3}}""", false)]
    public void ExtraChunkOfCounts_IsTold(string chunk, bool isUsageOnly)
    {
        var scan = Scan(chunk);
        Assert.Equal(isUsageOnly, scan.IsUsageOnly);

        scan.Take("[DONE]"u8);
        Assert.False(scan.IsUsageOnly);
    }

    /// <summary>In neither format, and still told the second time.</summary>
    [Fact]
    public void ExtraChunkOfCountsWithAText_IsToldEachTime()
    {
        const string Chunk = """{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"choices":[],"usageMetadata":{"promptTokenCount":3}}""";

        Assert.True(Scan(Chunk, Chunk).IsUsageOnly);
    }

    [Fact]
    public void ChunkAfterTheExtraOne_IsReadAgain()
    {
        const string Text = """{"id":"c","model":"g1","choices":[{"delta":{"content":"a"}}]}""";

        Assert.Equal("g1", Scan(Text, """{"id":"c","model":"g2","choices":[],"usage":{"prompt_tokens":3}}""", Text).ModelVersion);
    }

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

    [Theory]
    [InlineData("promptTokenCount")]
    [InlineData("candidatesTokenCount")]
    [InlineData("totalTokenCount")]
    [InlineData("promptTokensDetails")]
    [InlineData("thoughtsTokenCount")]
    [InlineData("cachedContentTokenCount")]
    [InlineData("toolUsePromptTokenCount")]
    [InlineData("cacheTokensDetails")]
    [InlineData("")]
    public void CountThatIsNotRepeated_Stays(string missing)
    {
        var usage = Scan(Counts(100), Counts(200, missing)).Usage!;

        Assert.Equal(
            (Of("promptTokenCount", 1), Of("candidatesTokenCount", 2), Of("thoughtsTokenCount", 3), Of("cachedContentTokenCount", 4), Of("toolUsePromptTokenCount", 5), Of("totalTokenCount", 6)),
            (usage.PromptTokens, usage.CandidatesTokens, usage.ThoughtsTokens, usage.CachedTokens, usage.ToolUsePromptTokens, usage.TotalTokens));
        Assert.Equal([new ModalityTokens("TEXT", Of("promptTokensDetails", 7))], usage.PromptDetails);
        Assert.Equal([new ModalityTokens("AUDIO", Of("cacheTokensDetails", 8))], usage.CacheDetails);

        long Of(string name, int number) => number + (name == missing ? 100 : 200);
    }

    [Theory]
    [InlineData("promptTokenCount", "0")]
    [InlineData("promptTokenCount", "\"0\"")]
    [InlineData("promptTokenCount", "\"\"")]
    [InlineData("promptTokenCount", "null")]
    [InlineData("promptTokenCount", "{\"a\":1}")]
    [InlineData("promptTokensDetails", "[]")]
    [InlineData("promptTokensDetails", "[ ]")]
    [InlineData("cacheTokensDetails", "[]")]
    [InlineData("cacheTokensDetails", "null")]
    public void CountOfNothing_LeavesTheOneBefore(string name, string nothing)
    {
        var usage = Scan(Counts(100), Counts(200, name, nothing)).Usage!;

        Assert.Equal(
            name switch { "promptTokenCount" => (101, 207, 208), "promptTokensDetails" => (201, 107, 208), _ => (201, 207, 108) },
            (usage.PromptTokens, usage.PromptDetails[0].Tokens, usage.CacheDetails[0].Tokens));
    }

    [Fact]
    public void CountSaidTwice_IsTheLast() =>
        Assert.Equal(new TokenUsage { PromptTokens = 2 }, Plain(Scan("""{"usageMetadata":{"promptTokenCount":1,"promptTokenCount":2}}""").Usage!));

    [Fact]
    public void CountsOfAChatAnswer_AreReadInItsWords()
    {
        var usage = Scan(
            """{"choices":[{"delta":{"content":"a"}}],"usage":null}""",
            """{"choices":[],"usage":{"prompt_tokens":13,"completion_tokens":20,"total_tokens":33,"prompt_tokens_details":{"cached_tokens":4,"text_tokens":13},"completion_tokens_details":{"reasoning_tokens":5}}}""").Usage!;

        Assert.Equal(new TokenUsage { PromptTokens = 13, CachedTokens = 4, CandidatesTokens = 15, ThoughtsTokens = 5, TotalTokens = 33 }, Plain(usage));
        Assert.Equal([new ModalityTokens("TEXT", 13)], usage.PromptDetails);
        Assert.Empty(usage.CacheDetails);
    }

    [Fact]
    public void CountsInBothVocabularies_AreTheLatestToo()
    {
        var scan = Scan("""{"candidates":[],"usageMetadata":{"promptTokenCount":10,"thoughtsTokenCount":3}}""", """{"choices":[],"usage":{"prompt_tokens":12}}""");

        Assert.Equal((12, 3), (scan.Usage!.PromptTokens, scan.Usage.ThoughtsTokens));
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
    [InlineData("""{"choices":[],"usage":{}}""")]
    public void NoCounts_AreUnknown(string chunk) => Assert.Null(Scan(chunk).Usage);

    /// <summary>A long stream repeats the form of its chunks: only the first is read, and what is known is not made anew.</summary>
    [Theory]
    [InlineData("""{"candidates":[{"content":{"parts":[{"text":"One"}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":12},"modelVersion":"(model)"}""")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"thought":true,"text":"One"}]}}],"modelVersion":"(model)"}""")]
    [InlineData("""{"model":"(model)","choices":[{"index":0,"delta":{"content":"One"},"finish_reason":null}]}""")]
    [InlineData("""{"model":"(model)","choices":[{"index":0,"delta":{"content":"One"},"finish_reason":null}],"usage":null}""")]
    public void ChunksOfOneForm_AreReadOnce(string chunk)
    {
        byte[][] chunks = [.. Enumerable.Range(0, 4).Select(i => Encoding.UTF8.GetBytes(chunk
            .Replace("(model)", LongName, StringComparison.Ordinal).Replace("One", new string('x', 1 + i), StringComparison.Ordinal).Replace(":12", $":{13 + i}", StringComparison.Ordinal)))];
        var scan = new AnswerScan();
        scan.Take(chunks[0]);
        scan.Take(chunks[1]);

        var before = GC.GetAllocatedBytesForCurrentThread();
        scan.Take(chunks[2]);
        scan.Take(chunks[3]);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.InRange(allocated, 0, LongName.Length);
        Assert.Equal(LongName[..128], scan.ModelVersion);
    }

    [Fact]
    public void NameOfTheModel_IsKeptOnce()
    {
        var scan = Scan("""{"candidates":[],"modelVersion":"gemini-2.5-flash"}""");
        var name = scan.ModelVersion;

        scan.Take("""{"candidates":[{"index":0}],"modelVersion":"gemini-2.5-flash"}"""u8);

        Assert.Same(name, scan.ModelVersion);
    }

    [Fact]
    public void AnswerThatCameAsAStream_IsMergedToOneDocument() => Assert.Equal(
        """
        {"candidates":[{"content":{"role":"model","parts":[{"text":"The clip shows a harbour \u2014 {\u0022q\u0022}."}]},"index":0,"finishReason":"STOP"}],"usageMetadata":{"trafficType":"ON_DEMAND","promptTokenCount":1806,"candidatesTokenCount":9,"thoughtsTokenCount":220,"totalTokenCount":2035},"modelVersion":"gemini-2.5-flash","responseId":"Qk3m"}
        """,
        Encoding.UTF8.GetString(AnswerScan.Merge(Encoding.UTF8.GetBytes(Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2)), 10_000)!));

    [Theory]
    [InlineData(Fixtures.Chunk1)]
    [InlineData(Fixtures.ErrorEvent)]
    public void StreamThatIsNoWholeAnswer_IsNotMerged(string chunk) =>
        Assert.Null(AnswerScan.Merge(Encoding.UTF8.GetBytes(Fixtures.Sse(chunk)), 10_000));

    /// <summary>Google's counts, each with its own number on top of <paramref name="from"/>, but for one with another value or none.</summary>
    private static string Counts(int from, string odd = "", string? value = null)
    {
        (string Name, string? Value)[] counts =
        [
            ("promptTokenCount", $"{from + 1}"), ("candidatesTokenCount", $"{from + 2}"), ("thoughtsTokenCount", $"{from + 3}"),
            ("cachedContentTokenCount", $"{from + 4}"), ("toolUsePromptTokenCount", $"{from + 5}"), ("totalTokenCount", $"{from + 6}"),
            ("promptTokensDetails", $$"""[{"modality":"TEXT","tokenCount":{{from + 7}}}]"""), ("cacheTokensDetails", $$"""[{"modality":"AUDIO","tokenCount":{{from + 8}}}]"""),
            ("trafficType", "\"ON_DEMAND\""),
        ];
        var said = counts.Select(count => count.Name == odd ? (count.Name, Value: value) : count).Where(count => count.Value is not null);
        return $$$"""{"usageMetadata":{{{{string.Join(',', said.Select(count => $"\"{count.Name}\":{count.Value}"))}}}}}""";
    }

    /// <summary>Without the lists, which compare by reference.</summary>
    private static TokenUsage Plain(TokenUsage usage) => usage with { PromptDetails = [], CacheDetails = [] };

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
