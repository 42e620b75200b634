using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Tests;

public class ChatTests
{
    [Fact]
    public async Task Question_IsAnsweredInOpenAisShape_AndCompletionTokensIncludeReasoning()
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.PostAsync("/v1/chat/completions", Sim.Chat("What is a harbour?"));
        var answer = await Sim.ReadAsync(response);
        Assert.Equal("chat.completion", (string)answer["object"]!);
        Assert.Contains("What is a harbour?", (string)answer["choices"]![0]!["message"]!["content"]!, StringComparison.Ordinal);
        Assert.Equal("stop", (string)answer["choices"]![0]!["finish_reason"]!);
        var charge = sim.Host.Usage.Charges[0];
        Assert.Equal(charge.CandidatesTokens + charge.ThoughtsTokens, (long)answer["usage"]!["completion_tokens"]!);
        Assert.Equal(charge.ThoughtsTokens, (long)answer["usage"]!["completion_tokens_details"]!["reasoning_tokens"]!);
        Assert.Equal(charge.PromptTokens, (long)answer["usage"]!["prompt_tokens"]!);
        Assert.Equal($"chatcmpl-{charge.Id}", (string)answer["id"]!);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_EndsWithDone_AndHasUsageOnlyWhenAskedFor(bool includeUsage)
    {
        await using var sim = await Sim.StartAsync();
        var ask = Sim.Chat("Tell me something.");
        ask["stream"] = true;
        ask["stream_options"] = new JsonObject { ["include_usage"] = includeUsage };
        using var response = await sim.PostAsync("/v1/chat/completions", ask);
        var body = await response.Content.ReadAsStringAsync();
        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        var events = Sim.Events(body, "\n\n");
        Assert.Equal("assistant", (string)events[0]["choices"]![0]!["delta"]!["role"]!);
        Assert.Contains("Tell me something.", string.Concat(events.Where(e => e["choices"] is JsonArray { Count: > 0 }).Select(e => (string?)e["choices"]![0]!["delta"]!["content"])), StringComparison.Ordinal);
        Assert.Single(events, e => (string?)(e["choices"] as JsonArray)?.ElementAtOrDefault(0)?["finish_reason"] is "stop");
        Assert.Equal(includeUsage ? 1 : 0, events.Count(e => e["usage"] is not null && e["choices"] is JsonArray { Count: 0 }));
    }

    [Fact]
    public async Task RequiredTool_IsCalled_InPlainAndStreamedForm()
    {
        await using var sim = await Sim.StartAsync();
        var ask = Sim.Chat("Where?");
        ask["tools"] = JsonNode.Parse("""[{"type":"function","function":{"name":"find","parameters":{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"]}}}]""");
        ask["tool_choice"] = "required";
        using var plain = await sim.PostAsync("/v1/chat/completions", ask);
        var choice = (await Sim.ReadAsync(plain))["choices"]![0]!;
        Assert.Equal("tool_calls", (string)choice["finish_reason"]!);
        Assert.Null(choice["message"]!["content"]);
        var function = choice["message"]!["tool_calls"]![0]!["function"]!;
        Assert.Equal("find", (string)function["name"]!);
        Assert.NotNull(JsonNode.Parse((string)function["arguments"]!)!["id"]);

        ask["stream"] = true;
        using var streamed = await sim.PostAsync("/v1/chat/completions", ask);
        var events = Sim.Events(await streamed.Content.ReadAsStringAsync(), "\n\n");
        Assert.Equal(0, (int)events[0]["choices"]![0]!["delta"]!["tool_calls"]![0]!["index"]!);
        Assert.Equal("tool_calls", (string)events[^1]["choices"]![0]!["finish_reason"]!);
    }

    [Fact]
    public async Task ResponseFormat_GivesConformingJson()
    {
        await using var sim = await Sim.StartAsync();
        var ask = Sim.Chat("Sum up.");
        ask["response_format"] = JsonNode.Parse(
            """{"type":"json_schema","json_schema":{"name":"s","strict":true,"schema":{"type":"object","properties":{"n":{"type":"integer","minimum":3,"maximum":3}},"required":["n"],"additionalProperties":false}}}""");
        using var response = await sim.PostAsync("/v1/chat/completions", ask);
        Assert.Equal("""{"n":3}""", (string)(await Sim.ReadAsync(response))["choices"]![0]!["message"]!["content"]!);
    }

    [Fact]
    public async Task InlineImageAndAudio_AreReceived()
    {
        await using var sim = await Sim.StartAsync();
        var ask = Sim.Chat("");
        ask["messages"]![0]!["content"] = new JsonArray(
            new JsonObject { ["type"] = "text", ["text"] = "What?" },
            new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = "data:image/png;base64," + Convert.ToBase64String(MediaBytes.Png(30, 20)) } },
            new JsonObject { ["type"] = "input_audio", ["input_audio"] = new JsonObject { ["data"] = Convert.ToBase64String(MediaBytes.Wav(1)), ["format"] = "wav" } });
        using var response = await sim.PostAsync("/v1/chat/completions", ask);
        var answer = await Sim.ReadAsync(response);
        var text = (string)answer["choices"]![0]!["message"]!["content"]!;
        Assert.Contains("30 x 20 pixels", text, StringComparison.Ordinal);
        Assert.Contains("WAV recording", text, StringComparison.Ordinal);
        Assert.Equal((258, 32), ((int)answer["usage"]!["prompt_tokens_details"]!["image_tokens"]!, (int)answer["usage"]!["prompt_tokens_details"]!["audio_tokens"]!));
    }

    [Fact]
    public async Task EffortNone_DoesNotThink_AndSystemMessagesAreFollowed()
    {
        await using var sim = await Sim.StartAsync();
        var ask = Sim.Chat("Hello");
        ask["reasoning_effort"] = "none";
        ((JsonArray)ask["messages"]!).Insert(0, JsonNode.Parse("""{"role":"system","content":"Be brief."}"""));
        using var response = await sim.PostAsync("/v1/chat/completions", ask);
        var answer = await Sim.ReadAsync(response);
        Assert.Equal(0, (int)answer["usage"]!["completion_tokens_details"]!["reasoning_tokens"]!);
        Assert.Contains("My instruction is: \"Be brief.\"", (string)answer["choices"]![0]!["message"]!["content"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AsyncHeader_GivesATaskWhoseAnswerIsAChatCompletion()
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.PostAsync("/v1/chat/completions", Sim.Chat("Later."), asynchronous: true);
        var id = (string)(await Sim.ReadAsync(response))["id"]!;
        sim.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("chat.completion", (string)(await sim.ReadTaskAsync(id))["results"]![0]!["object"]!);
    }
}
