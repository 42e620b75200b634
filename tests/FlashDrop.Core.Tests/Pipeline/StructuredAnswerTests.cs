using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Pipeline;

public sealed class StructuredAnswerTests
{
    private const string Profile = """
        {
          "prompt": "Read the receipt.",
          "responseSchema": { "type": "object", "properties": { "total": { "type": "number" }, "shop": { "type": "string" } }, "required": ["total"], "additionalProperties": false },
          "repair": true
        }
        """;

    [Fact]
    public void JsonCutInsideACharacter_IsReadWithAMark()
    {
        var check = new AnswerCheck { MimeType = StructuredAnswers.Json, Schema = JsonElement.Parse("""{"type":"OBJECT","properties":{"a":{"type":"STRING","maxLength":2}}}""") };

        Assert.Empty(StructuredAnswers.Misfits(check, """{"a":"x\ud83d"}"""));
        Assert.Equal("x\uFFFD", StructuredAnswers.Read(check, """{"a":"x\ud83d"}""")!.Value.GetProperty("a").GetString());
    }

    [Fact]
    public async Task AnswerThatFits_IsStoredAsIndentedJson_WithoutItsFence()
    {
        var bench = BenchWith(Profile);
        Answer(bench, "```json\n{\"total\": 12.5, \"shop\": \"Bäckerei\"}\n```");

        await bench.DropAsync("receipts/a.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var result = bench.Result("receipts/a.jpg");
        Assert.Equal(12.5, result.Answer!.Json!.Value.GetProperty("total").GetDouble());
        Assert.Equal("{\n  \"total\": 12.5,\n  \"shop\": \"Bäckerei\"\n}", bench.Text("receipts/a.jpg.json"));
        Assert.Null(bench.Text("receipts/a.jpg.md"));
        var config = Assert.Single(bench.Upstream.Submissions).Body.GenerationConfig!;
        Assert.Equal("application/json", config.ResponseMimeType);
        Assert.Equal("OBJECT", config.ResponseSchema!.Value.GetProperty("type").GetString());
        Assert.Equal(["total", "shop"], config.ResponseSchema.Value.GetProperty("propertyOrdering").EnumerateArray().Select(p => p.GetString()));
        Assert.False(config.ResponseSchema.Value.TryGetProperty("additionalProperties", out _));
    }

    [Theory]
    [InlineData("""{"shop":"x"}""", "'total' is missing")]
    [InlineData("""{"total":"12.5"}""", "$.total")]
    [InlineData("""{"total":1,"extra":2}""", "'extra' is not expected")]
    [InlineData("""{"total":1""", "it is not JSON")]
    [InlineData("I cannot read it.", "it is not JSON")]
    public async Task AnswerThatDoesNotFit_IsSentBackOnce_AndTheRepairedOneCounts(string broken, string complaint)
    {
        var bench = BenchWith(Profile);
        Answer(bench, broken, """{"total":12.5}""");

        await bench.DropAsync("receipts/a.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        var result = bench.Result("receipts/a.jpg");
        Assert.Equal(["answer_misfit", null], result.Attempts.Select(a => a.ErrorCode));
        Assert.Equal(2 * 0.00158m, result.Cost.Usd);
        Assert.Equal(2, bench.Usage.Count);
        var turns = bench.Upstream.Submissions[1].Body.Contents;
        Assert.Equal(["user", "model", "user"], turns.Select(t => t.Role));
        Assert.Equal(broken, turns[1].Parts[0].Text);
        Assert.Contains(complaint, turns[2].Parts[0].Text, StringComparison.Ordinal);
        Assert.Equal(bench.Upstream.Submissions[0].MediaHashes, bench.Upstream.Submissions[1].MediaHashes);
    }

    [Fact]
    public async Task AnswerThatStillDoesNotFit_IsAnError_WithWhatDidNotFit()
    {
        var bench = BenchWith(Profile);
        Answer(bench, "{}", """{"total":"much"}""", """{"total":1}""");

        await bench.DropAsync("receipts/a.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        var error = bench.Error("receipts/a.jpg");
        Assert.Equal("answer_misfit", error.Error!.Code);
        Assert.Contains("$.total: expected a number", error.Error.Message, StringComparison.Ordinal);
        Assert.Contains("not even after it was sent back", error.Error.Message, StringComparison.Ordinal);
        Assert.Equal(2, bench.Upstream.Submissions.Count);
        Assert.Equal(2 * 0.00158m, error.Cost.Usd);
        Assert.Null(bench.Text("receipts/a.jpg.json"));
        Assert.Null(bench.Text("receipts/a.jpg.result.json"));
    }

    [Fact]
    public async Task AnswerThatDoesNotFit_WithoutRepair_FailsAtOnce()
    {
        var bench = BenchWith(Profile.Replace("\"repair\": true", "\"repair\": false", StringComparison.Ordinal));
        Answer(bench, "{}");

        await bench.DropAsync("receipts/a.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal("answer_misfit", bench.Error("receipts/a.jpg").Error!.Code);
        Assert.Single(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task ProfileEditedMeanwhile_TheAnswerIsHeldAgainstWhatWasAsked()
    {
        var bench = BenchWith(Profile);
        Answer(bench, """{"total":1}""");
        await bench.DropAsync("receipts/a.jpg");
        bench.Storage.Content.Put(Containers.Profiles, "receipts.json", """{"prompt":"x","responseSchema":{"type":"array","items":{"type":"string"}}}"""u8.ToArray());
        bench.Time.Advance(TimeSpan.FromMinutes(5));

        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
    }

    [Theory]
    [InlineData("cat", JobState.Succeeded)]
    [InlineData("  dog\n", JobState.Succeeded)]
    [InlineData("horse", JobState.Failed)]
    public async Task ChoiceAnswer_MustBeOneOfTheChoices(string answer, JobState state)
    {
        var bench = BenchWith("""{"prompt":"Which?","generationConfig":{"responseMimeType":"text/x.enum","responseSchema":{"type":"string","enum":["cat","dog"]}}}""");
        Answer(bench, answer);

        await bench.DropAsync("receipts/a.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(state, bench.Only.State);
    }

    [Fact]
    public async Task JsonOutputWithoutASchema_MustBeJson()
    {
        var bench = BenchWith("""{"prompt":"x","output":"json"}""");
        Answer(bench, "not json");

        await bench.DropAsync("receipts/a.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal("answer_misfit", bench.Error("receipts/a.jpg").Error!.Code);
        Assert.Equal("application/json", bench.Upstream.Submissions[0].Body.GenerationConfig!.ResponseMimeType);
    }

    [Fact]
    public async Task FunctionCallsAlone_AreASuccess_AndStoredAsData()
    {
        var bench = BenchWith("""{"prompt":"x","tools":[{"functionDeclarations":[{"name":"find_order","parameters":{"type":"OBJECT","properties":{"id":{"type":"INTEGER"}}}}]}],"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["find_order"]}},"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}""");
        var call = JsonDocument.Parse("""{"name":"find_order","args":{"id":7}}""").RootElement;
        bench.Upstream.Finish = s => Completed(Answers.Text("") with { FunctionCalls = [call] });

        await bench.DropAsync("receipts/a.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var result = bench.Result("receipts/a.jpg");
        Assert.Equal("find_order", Assert.Single(result.Answer!.FunctionCalls!).GetProperty("name").GetString());
        var body = bench.Upstream.Submissions[0].Body;
        Assert.True(body.Tools.HasValue && body.ToolConfig.HasValue && body.SafetySettings.HasValue);
    }

    public static TheoryData<string, string> Traps => new()
    {
        { """{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"generationConfig":{"responseMimeType":"application/json"}}""", "$.tools" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"f"}]},{"googleSearch":{}}]}""", "$.tools" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"1f"}]}]}""", "$.tools[0].functionDeclarations[0].name" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"toolConfig":{"functionCallingConfig":{"mode":"SOMETIMES"}}}""", "$.toolConfig.functionCallingConfig.mode" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"responseSchema":{"type":"string"},"responseJsonSchema":{"type":"string"}}}""", "$.generationConfig.responseJsonSchema" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"cachedContent":"cachedContents/1","systemInstruction":{"parts":[{"text":"x"}]}}""", "$.cachedContent" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"maxOutputTokens":65537}}""", "$.generationConfig.maxOutputTokens" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"thinkingBudget":30000}}}""", "$.generationConfig.thinkingConfig.thinkingBudget" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"most"}}}""", "$.generationConfig.thinkingConfig.thinkingLevel" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"thinkingConfig":{"thinkingLevel":"low","thinkingBudget":1}}}""", "$.generationConfig.thinkingConfig.thinkingLevel" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"responseMimeType":"text/x.enum"}}""", "$.generationConfig.responseMimeType" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"responseSchema":{"type":"object","patternProperties":{}}}}""", "$.generationConfig.responseSchema.patternProperties" },
    };

    [Theory]
    [MemberData(nameof(Traps))]
    public async Task RequestTheUpstreamWouldRefuse_IsRefusedFirst_NamingThePlace(string native, string path)
    {
        var bench = new PipelineBench();

        var rejected = Assert.IsType<AcceptOutcome.Rejected>(await bench.Service.AcceptAsync(Native(native), CancellationToken.None));

        Assert.Equal(("invalid_request", "native"), (rejected.Error.Code, rejected.Field));
        Assert.Contains($"{path}:", rejected.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NativeSchema_WithoutAMediaType_GetsOne_AndTheAnswerIsChecked()
    {
        var bench = new PipelineBench();
        Answer(bench, "[1]");

        await bench.Service.AcceptAsync(
            Native("""{"contents":[{"parts":[{"text":"x"}]}],"generationConfig":{"responseJsonSchema":{"type":"array","items":{"type":"integer"}}}}"""), CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        var config = bench.Upstream.Submissions[0].Body.GenerationConfig!;
        Assert.Equal("application/json", config.ResponseMimeType);
        Assert.Equal("""{"type":"ARRAY","items":{"type":"INTEGER"}}""", config.ResponseSchema!.Value.GetRawText());
        Assert.Null(config.ResponseJsonSchema);
    }

    private static PipelineBench BenchWith(string profile)
    {
        var bench = new PipelineBench();
        bench.Storage.Content.Put(Containers.Profiles, "receipts.json", System.Text.Encoding.UTF8.GetBytes(profile));
        return bench;
    }

    private static void Answer(PipelineBench bench, params string[] texts) =>
        bench.Upstream.Finish = submission => Completed(Answers.Text(texts[submission.Number - 1]));

    private static TaskReading.Completed Completed(Answer answer) => new(new UpstreamTask { Id = "t", Status = "completed" }, answer);

    private static NewJob Native(string native) => new()
    {
        Caller = "tests",
        Origin = JobOrigin.Api,
        Request = new JobRequest { Native = JsonDocument.Parse(native).RootElement },
    };
}
