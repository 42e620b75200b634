using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Tests;

public class NativeAnswerTests
{
    [Fact]
    public async Task Question_IsAnsweredInGooglesShapeWithUsage()
    {
        await using var sim = await Sim.StartAsync();
        var answer = await sim.AnswerAsync(Sim.Ask("What is a harbour?"));

        Assert.Contains("What is a harbour?", Sim.Text(answer), StringComparison.Ordinal);
        Assert.Equal("STOP", (string)answer["candidates"]![0]!["finishReason"]!);
        Assert.Equal("model", (string)answer["candidates"]![0]!["content"]!["role"]!);
        Assert.Equal(Sim.Model, (string)answer["modelVersion"]!);
        Assert.Equal("2026-11-03T09:00:00.000Z", (string)answer["createTime"]!);
        var usage = answer["usageMetadata"]!;
        Assert.Equal(5, (int)usage["promptTokenCount"]!);
        Assert.Equal((Sim.Text(answer).Length + 3) / 4, (int)usage["candidatesTokenCount"]!);
        Assert.InRange((int)usage["thoughtsTokenCount"]!, 48, 480);
        Assert.Equal((int)usage["promptTokenCount"]! + (int)usage["candidatesTokenCount"]! + (int)usage["thoughtsTokenCount"]!, (int)usage["totalTokenCount"]!);
        Assert.Equal("ON_DEMAND", (string)usage["trafficType"]!);
        Assert.Null(usage["cachedContentTokenCount"]);
    }

    [Fact]
    public async Task SameSeedAndInput_SameAnswer_OtherSeedThinksOtherwise()
    {
        async Task<(string Text, int Thoughts)> AskAsync(long seed)
        {
            await using var sim = await Sim.StartAsync(o => o with { Seed = seed });
            var answer = await sim.AnswerAsync(Sim.Ask("Describe.", Sim.Inline("image/png", MediaBytes.Png(10, 10))));
            return (Sim.Text(answer), (int)answer["usageMetadata"]!["thoughtsTokenCount"]!);
        }

        Assert.Equal(await AskAsync(7), await AskAsync(7));
        Assert.NotEqual((await AskAsync(7)).Thoughts, (await AskAsync(8)).Thoughts);
    }

    [Theory]
    [InlineData("gemini-2.5-flash:generateContent")]
    [InlineData("gemini-2.5-flash%3AgenerateContent")]
    [InlineData("evolink/auto:generateContent")]
    [InlineData("evolink%2Fauto:generateContent")]
    public async Task ModelPath_IsSplitAtTheLastColon(string rest)
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.PostAsync($"/v1beta/models/{rest}", Sim.Ask("hello"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task Stream_CarriesNewPartsOnly_AndCountsInTheLastChunk()
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.StreamAsync(Sim.Ask("Tell me something. SIMULATE_WORDS:30"));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var body = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("\r\n\r\n", body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);

        var events = Sim.Events(body, "\r\n\r\n");
        Assert.True(events.Count > 3);
        Assert.All(events.SkipLast(1), e => Assert.Null(e["candidates"]![0]!["finishReason"]));
        Assert.All(events.SkipLast(1), e => Assert.Equal("""{"trafficType":"ON_DEMAND"}""", e["usageMetadata"]!.ToJsonString()));
        Assert.Equal("STOP", (string)events[^1]["candidates"]![0]!["finishReason"]!);
        var whole = await sim.AnswerAsync(Sim.Ask("Tell me something. SIMULATE_WORDS:30"));
        Assert.Equal(Sim.Text(whole), string.Concat(events.Select(Sim.Text)));
        Assert.Equal((int)whole["usageMetadata"]!["totalTokenCount"]!, (int)events[^1]["usageMetadata"]!["totalTokenCount"]!);
    }

    [Fact]
    public async Task StreamWithoutAltSse_IsOneArray()
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.PostAsync($"/v1beta/models/{Sim.Model}:streamGenerateContent", Sim.Ask("Tell me something."));
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
        var chunks = (JsonArray)JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Contains("Tell me something.", string.Concat(chunks.Select(c => Sim.Text(c!))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CountTokens_AgreesWithTheAnswersPromptCount()
    {
        await using var sim = await Sim.StartAsync();
        var ask = Sim.Ask("How large?", Sim.Inline("image/png", MediaBytes.Png(960, 540)));
        using var bare = await sim.PostAsync($"/v1beta/models/{Sim.Model}:countTokens", ask);
        var full = new JsonObject { ["generateContentRequest"] = ask.DeepClone() };
        full["generateContentRequest"]!["model"] = $"models/{Sim.Model}";
        using var wrapped = await sim.PostAsync($"/v1beta/models/{Sim.Model}:countTokens", full);

        var expected = (int)(await sim.AnswerAsync(ask))["usageMetadata"]!["promptTokenCount"]!;
        Assert.Equal(1548 + 3, expected);
        Assert.Equal(expected, (int)(await Sim.ReadAsync(bare))["totalTokens"]!);
        Assert.Equal(expected, (int)(await Sim.ReadAsync(wrapped))["totalTokens"]!);
        Assert.Equal(1, sim.Host.Usage.Count);
    }

    [Fact]
    public async Task Media_AreNamedInTheAnswerAndCountedByModality()
    {
        await using var sim = await Sim.StartAsync();
        var png = MediaBytes.Png(300, 200);
        var answer = await sim.AnswerAsync(Sim.Ask(
            "What is this?", Sim.Inline("image/png", png), Sim.Inline("audio/mp3", MediaBytes.Mp3(100)), Sim.Inline("video/mp4", MediaBytes.Mp4(10, 640, 360)),
            Sim.Inline("application/pdf", MediaBytes.Pdf(3)), Sim.Inline("text/plain", "12345678"u8.ToArray())));

        var text = Sim.Text(answer);
        Assert.Contains("I received 5 files.", text, StringComparison.Ordinal);
        Assert.Contains($"a PNG image, {png.Length} bytes, 300 x 200 pixels, sha256 {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(png))[..12]}", text, StringComparison.Ordinal);
        Assert.Contains("an MP3 recording", text, StringComparison.Ordinal);
        Assert.Contains("2.6 seconds long", text, StringComparison.Ordinal);
        Assert.Contains("640 x 360 pixels, 10.0 seconds long", text, StringComparison.Ordinal);
        Assert.Contains("3 pages", text, StringComparison.Ordinal);
        Assert.Contains("8 characters", text, StringComparison.Ordinal);
        var tokens = ((JsonArray)answer["usageMetadata"]!["promptTokensDetails"]!).ToDictionary(d => (string)d!["modality"]!, d => (int)d!["tokenCount"]!, StringComparer.Ordinal);
        Assert.Equal(258, tokens["IMAGE"]);
        Assert.Equal((int)Math.Ceiling(100 * 1152 / 44100.0 * 32) + 320, tokens["AUDIO"]);
        Assert.Equal(2580, tokens["VIDEO"]);
        Assert.Equal(774, tokens["DOCUMENT"]);
        Assert.Equal(2 + 4, tokens["TEXT"]);
        Assert.Equal(tokens.Values.Sum(), (int)answer["usageMetadata"]!["promptTokenCount"]!);
    }

    [Fact]
    public async Task VideoWindowRateAndResolution_ChangeTheCount()
    {
        await using var sim = await Sim.StartAsync();
        var clip = Sim.Inline("video/mp4", MediaBytes.Mp4(10, 640, 360));
        clip["videoMetadata"] = JsonNode.Parse("""{"startOffset":"2s","endOffset":"6.5s","fps":2}""");
        var ask = Sim.Ask("Watch.", clip);
        ask["generationConfig"] = JsonNode.Parse("""{"mediaResolution":"MEDIA_RESOLUTION_LOW"}""");
        var answer = await sim.AnswerAsync(ask);
        Assert.Equal((9 * 66) + (int)(4.5 * 32) + 2, (int)answer["usageMetadata"]!["promptTokenCount"]!);
    }

    [Fact]
    public async Task FileUri_IsFetchedWithoutTheKey()
    {
        await using var sim = await Sim.StartAsync(o => o with { TaskResultForm = Tasks.TaskResultForm.TextLink });
        var link = (string)(await sim.FinishedTaskAsync(Sim.Ask("Write a file.")))["results"]![0]!;
        var file = new JsonObject { ["fileData"] = new JsonObject { ["mimeType"] = "text/plain", ["fileUri"] = link } };
        var answer = await sim.AnswerAsync(Sim.Ask("Read it.", file));
        Assert.Contains("a text file", Sim.Text(answer), StringComparison.Ordinal);
        Assert.False(sim.Host.Requests[^2].Media[0].Inline);

        file["fileData"]!["mimeType"] = "image/png";
        using var refused = await sim.GenerateAsync(Sim.Ask("Read it.", (JsonObject)file.DeepClone()));
        Assert.Contains("must end with .png", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SmallCap_CutsTheText_AndASmallerOneLeavesNoParts()
    {
        await using var sim = await Sim.StartAsync();
        var cut = await sim.AnswerAsync(Sim.AskWith("Describe.", """{"maxOutputTokens":10,"thinkingConfig":{"thinkingBudget":0}}"""));
        Assert.Equal("MAX_TOKENS", (string)cut["candidates"]![0]!["finishReason"]!);
        Assert.Equal(40, Sim.Text(cut).Length);
        Assert.Equal(10, (int)cut["usageMetadata"]!["candidatesTokenCount"]!);
        Assert.Null(cut["usageMetadata"]!["thoughtsTokenCount"]);

        var empty = await sim.AnswerAsync(Sim.AskWith("Describe.", """{"maxOutputTokens":10}"""));
        Assert.Equal("""{"role":"model"}""", empty["candidates"]![0]!["content"]!.ToJsonString());
        Assert.Equal("MAX_TOKENS", (string)empty["candidates"]![0]!["finishReason"]!);
        Assert.Equal(10, (int)empty["usageMetadata"]!["thoughtsTokenCount"]!);
        Assert.Null(empty["usageMetadata"]!["candidatesTokenCount"]);
    }

    [Fact]
    public async Task ThinkingBudgetAndThoughts_AreHonoured()
    {
        await using var sim = await Sim.StartAsync();
        var answer = await sim.AnswerAsync(Sim.AskWith("Think.", """{"thinkingConfig":{"thinkingBudget":20,"includeThoughts":true}}"""));
        Assert.Equal(20, (int)answer["usageMetadata"]!["thoughtsTokenCount"]!);
        Assert.True((bool)answer["candidates"]![0]!["content"]!["parts"]![0]!["thought"]!);
        Assert.StartsWith("I received", Sim.Text(answer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task StopSequence_EndsTheTextBeforeIt()
    {
        await using var sim = await Sim.StartAsync();
        var answer = await sim.AnswerAsync(Sim.AskWith("Hello", """{"stopSequences":["You asked"]}"""));
        Assert.Equal("I received no files. ", Sim.Text(answer));
    }

    [Fact]
    public async Task LongSharedPrefix_IsReportedAsCachedTheSecondTime_AndNotAfterAnHour()
    {
        await using var sim = await Sim.StartAsync();
        var pages = Sim.Inline("application/pdf", MediaBytes.Pdf(5));
        async Task<JsonNode> UsageAsync(string question) => (await sim.AnswerAsync(Sim.Ask(question, (JsonObject)pages.DeepClone())))["usageMetadata"]!;

        Assert.Null((await UsageAsync("First?"))["cachedContentTokenCount"]);
        var second = await UsageAsync("Another question?");
        Assert.Equal(1290, (int)second["cachedContentTokenCount"]!);
        Assert.Equal("""[{"modality":"DOCUMENT","tokenCount":1290}]""", second["cacheTokensDetails"]!.ToJsonString());
        sim.Time.Advance(TimeSpan.FromHours(2));
        Assert.Null((await UsageAsync("Third?"))["cachedContentTokenCount"]);
    }

    [Fact]
    public async Task LongTextWithASharedBeginning_IsCachedInBlocks()
    {
        await using var sim = await Sim.StartAsync();
        var text = string.Concat(Enumerable.Repeat("The harbour is full of ships. ", 200));
        await sim.AnswerAsync(Sim.Ask(text + "One?"));
        var usage = (await sim.AnswerAsync(Sim.Ask(text + "Two, quite different?")))["usageMetadata"]!;
        Assert.Equal(5 * 256, (int)usage["cachedContentTokenCount"]!);
        Assert.Null((await sim.AnswerAsync(Sim.Ask("x" + text)))["usageMetadata"]!["cachedContentTokenCount"]);
    }

    [Fact]
    public async Task BlockedPrompt_Is200WithFeedbackAndWithoutCandidates()
    {
        await using var sim = await Sim.StartAsync();
        var answer = await sim.AnswerAsync(Sim.Ask("SIMULATE_BLOCK please"));
        Assert.Equal("PROHIBITED_CONTENT", (string)answer["promptFeedback"]!["blockReason"]!);
        Assert.Null(answer["candidates"]);
        Assert.Equal(6, (int)answer["usageMetadata"]!["totalTokenCount"]!);
    }

    [Fact]
    public async Task UnsafeAnswer_FinishesWithSafetyAndNoParts()
    {
        await using var sim = await Sim.StartAsync();
        var answer = await sim.AnswerAsync(Sim.Ask("SIMULATE_SAFETY please"));
        Assert.Equal("SAFETY", (string)answer["candidates"]![0]!["finishReason"]!);
        Assert.Equal("", Sim.Text(answer));
        Assert.True((bool)answer["candidates"]![0]!["safetyRatings"]![0]!["blocked"]!);
    }

    [Fact]
    public async Task ModeAny_CallsAFunctionWithConformingArguments_AndAResultIsAnsweredInWords()
    {
        await using var sim = await Sim.StartAsync();
        var ask = Sim.Ask("Where is my order?");
        ask["tools"] = JsonNode.Parse("""
            [{"functionDeclarations":[{"name":"other"},{"name":"find_order","parameters":{"type":"OBJECT","properties":
            {"id":{"type":"INTEGER","minimum":5,"maximum":9},"kind":{"type":"STRING","enum":["a","b"]}},"required":["id","kind"]}}]}]
            """);
        ask["toolConfig"] = JsonNode.Parse("""{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["find_order"]}}""");
        var answer = await sim.AnswerAsync(ask);
        Assert.Equal("STOP", (string)answer["candidates"]![0]!["finishReason"]!);
        var call = answer["candidates"]![0]!["content"]!["parts"]![0]!["functionCall"]!;
        Assert.Equal("find_order", (string)call["name"]!);
        Assert.InRange((int)call["args"]!["id"]!, 5, 9);
        Assert.True((string)call["args"]!["kind"]! is "a" or "b");

        ask.Remove("toolConfig");
        ((JsonArray)ask["contents"]!).Add(answer["candidates"]![0]!["content"]!.DeepClone());
        ((JsonArray)ask["contents"]!).Add(JsonNode.Parse("""{"role":"user","parts":[{"functionResponse":{"name":"find_order","response":{"state":"sent"}}}]}"""));
        Assert.Contains("The function find_order returned {\"state\":\"sent\"}.", Sim.Text(await sim.AnswerAsync(ask)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task KeyInAnyAcceptedHeader_IsLetIn_OtherwiseTheDocumented401()
    {
        await using var sim = await Sim.StartAsync();
        sim.Http.DefaultRequestHeaders.Authorization = null;
        using (var refused = await sim.GenerateAsync(Sim.Ask("hello")))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            Assert.Equal("authentication_error", (string)(await Sim.ReadAsync(refused))["error"]!["type"]!);
            Assert.Equal(401, (int)(await Sim.ReadAsync(refused))["error"]!["code"]!);
        }

        sim.Http.DefaultRequestHeaders.Add("x-goog-api-key", "sk-other");
        Assert.True((await sim.GenerateAsync(Sim.Ask("hello"))).IsSuccessStatusCode);

        sim.Host.SetKeys("sk-new");
        Assert.Equal(HttpStatusCode.Unauthorized, (await sim.GenerateAsync(Sim.Ask("hello"))).StatusCode);
        sim.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-new");
        Assert.True((await sim.GenerateAsync(Sim.Ask("hello"))).IsSuccessStatusCode);
    }
}
