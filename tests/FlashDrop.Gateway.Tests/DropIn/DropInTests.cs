using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Simulator.Faults;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>The drop-in endpoints on a good day.</summary>
public sealed class DropInTests
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    [Fact]
    public async Task GeneratedAnswer_IsTheUpstreamsOwnAndMeteredOnce()
    {
        await using var host = await DropInHost.StartAsync();

        var answer = await host.PostAsync(DropInHost.Generate, DropInHost.Ask);

        Assert.Equal("STOP", answer.Json.GetProperty("candidates")[0].GetProperty("finishReason").GetString());
        Assert.NotNull(answer.Header("x-request-id"));
        var usage = Assert.Single(await host.UsageAsync(1));
        Assert.Equal(
            ("client", "gemini", Core.Jobs.JobOrigin.Gateway, answer.Json.GetProperty("responseId").GetString(), host.Upstream.Usage.CostUsd),
            (usage.Caller, usage.Profile, usage.Origin, usage.Id, usage.CostUsd!.Value));
    }

    [Fact]
    public async Task NativeStream_IsNothingButDataLines()
    {
        await using var host = await DropInHost.StartAsync(null, new FaultRule { Action = new FaultAction { AddDone = true } });

        var answer = await host.PostAsync(DropInHost.Stream, DropInHost.Ask);

        Assert.Equal("text/event-stream", answer.MediaType);
        Assert.All(answer.Text.Split("\r\n\r\n", StringSplitOptions.RemoveEmptyEntries), e => Assert.StartsWith("data: {", e, StringComparison.Ordinal));
        Assert.NotNull(Assert.Single(await host.UsageAsync(1)).CostUsd);
    }

    [Fact]
    public async Task NativeStreamWithoutSse_IsOneArray()
    {
        await using var host = await DropInHost.StartAsync();

        var answer = await host.PostAsync("v1beta/models/gemini-2.5-flash:streamGenerateContent", DropInHost.Ask);

        Assert.Equal("application/json", answer.MediaType);
        Assert.True(answer.Json.GetArrayLength() > 0);
    }

    [Theory]
    [InlineData(DropInHost.Generate, """{"contents":[{"parts":[{"text":"x"}]}],"\ud800":1}""")]
    [InlineData("v1/chat/completions", """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"x"}],"\udc00":1}""")]
    public async Task BodyWhoseNamesAreNoText_Is400(string path, string body)
    {
        await using var host = await DropInHost.StartAsync();

        Assert.Equal(400, (await host.PostAsync(path, body)).Status);
    }

    [Theory]
    [InlineData("v1beta/models/gemini-2.5-flash%3AgenerateContent")]
    [InlineData("v1/models/gemini-2.5-flash:generateContent")]
    [InlineData("v1beta/models/models/gemini-2.5-flash:generateContent")]
    [InlineData("v1beta/models/evolink/auto:generateContent")]
    public async Task OddPaths_FindTheirModel(string path)
    {
        await using var host = await DropInHost.StartAsync(new(StringComparer.Ordinal) { ["FlashDrop:Gateway:Models:evolink/auto"] = "standard" });

        Assert.Equal(200, (await host.PostAsync(path, DropInHost.Ask)).Status);
    }

    [Fact]
    public async Task SnakeCaseAndMissingRoles_AreWhatTheUpstreamTakes()
    {
        await using var host = await DropInHost.StartAsync();
        var body = $$$$"""
            {"system_instruction":{"role":"system","parts":[{"text":"Be short."}]},
             "contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"{{{{Png}}}}"}},{"text":"What is it? some_text stays"}]}],
             "generation_config":{"max_output_tokens":900,"thinking_config":{"thinking_budget":0},"response_mime_type":"application/json",
               "response_schema":{"type":"OBJECT","properties":{"snake_name":{"type":"STRING"}},"required":["snake_name"]}}}
            """;

        var answer = await host.PostAsync(DropInHost.Generate, body);

        Assert.Equal(200, answer.Status);
        Assert.Equal("image/png", Assert.Single(host.Upstream.Requests[0].Media).MimeType);
        Assert.Contains("snake_name", answer.Json.GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0].GetProperty("text").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v1beta/models/unknown:generateContent", DropInHost.Ask, "status", "NOT_FOUND")]
    [InlineData("v1/chat/completions", """{"model":"unknown","messages":[{"role":"user","content":"x"}]}""", "code", "model_not_found")]
    public async Task UnknownModel_IsTheFormatsOwn404(string path, string body, string member, string expected)
    {
        await using var host = await DropInHost.StartAsync();

        var answer = await host.PostAsync(path, body);

        Assert.Equal((404, expected), (answer.Status, answer.Json.GetProperty("error").GetProperty(member).GetString()));
        Assert.Empty(host.Asked);
    }

    [Theory]
    [InlineData("v1beta/models/gemini-2.5-flash:generateContent", "UNAUTHENTICATED")]
    [InlineData("v1/chat/completions", "authentication_error")]
    public async Task WrongKey_IsTheFormatsOwn401(string path, string expected)
    {
        await using var host = await DropInHost.StartAsync();

        var answer = await host.PostAsync(path, "{}", ("Authorization", "Bearer nobody"));

        Assert.Equal(401, answer.Status);
        Assert.Contains(expected, answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}")]
    [InlineData("{} {}")]
    public async Task BrokenBody_Is400InBothFormats(string body)
    {
        await using var host = await DropInHost.StartAsync();

        var native = await host.PostAsync(DropInHost.Generate, body);
        var chat = await host.PostAsync("v1/chat/completions", body);

        Assert.Equal((400, "INVALID_ARGUMENT"), (native.Status, native.Json.GetProperty("error").GetProperty("status").GetString()));
        Assert.Equal((400, "invalid_request_error"), (chat.Status, chat.Json.GetProperty("error").GetProperty("type").GetString()));
        Assert.Empty(host.Asked);
    }

    [Theory]
    [InlineData("beta", DropInHost.Key, "gemini-2.5-flash", "gemini-2.5-flash-beta")]
    [InlineData(null, DropInHost.BetaKey, "gemini-2.5-flash", "gemini-2.5-flash-beta")]
    [InlineData(null, DropInHost.Key, "gemini-2.5-flash-beta", "gemini-2.5-flash-beta")]
    [InlineData("standard", DropInHost.BetaKey, "gemini-2.5-flash-beta", "gemini-2.5-flash")]
    public async Task Tier_IsChosenByHeaderThenModelThenCaller(string? header, string key, string model, string asked)
    {
        await using var host = await DropInHost.StartAsync();

        var answer = await host.PostAsync(
            $"v1beta/models/{model}:generateContent", DropInHost.Ask, ("Authorization", $"Bearer {key}"), ("x-flashdrop-tier", header ?? ""));

        Assert.Equal(200, answer.Status);
        Assert.Equal([asked], host.Asked);
    }

    [Fact]
    public async Task ChatStream_HidesTheCountsNobodyAskedFor()
    {
        await using var host = await DropInHost.StartAsync();

        var plain = await host.PostAsync("v1/chat/completions", DropInHost.ChatStream);
        var asked = await host.PostAsync(
            "v1/chat/completions", DropInHost.ChatStream.Replace("\"stream\":true", "\"stream\":true,\"stream_options\":{\"include_usage\":true}", StringComparison.Ordinal));

        Assert.DoesNotContain("\"usage\"", plain.Text, StringComparison.Ordinal);
        Assert.Contains("\"usage\"", asked.Events[^2], StringComparison.Ordinal);
        Assert.Equal("[DONE]", plain.Events[^1]);
        Assert.All(await host.UsageAsync(2), usage => Assert.NotNull(usage.CostUsd));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SoundInAChat_GoesTheNativeWayAndComesBackAsAChat(bool streams)
    {
        await using var host = await DropInHost.StartAsync();
        var wav = Convert.ToBase64String([.. "RIFF"u8, 36 + 64, 0x1F, 0, 0, .. "WAVE"u8, .. "fmt "u8, 16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x40, 0x1F, 0, 0, 1, 0, 8, 0, .. "data"u8, 0x40, 0x1F, 0, 0, .. new byte[8000]]);
        var body = $$$"""{"model":"gemini-2.5-flash","stream":{{{(streams ? "true" : "false")}}},"messages":[{"role":"system","content":"Listen."},{"role":"user","content":[{"type":"text","text":"What is said?"},{"type":"input_audio","input_audio":{"data":"{{{wav}}}","format":"wav"}}]}]}""";

        var answer = await host.PostAsync("v1/chat/completions", body);

        Assert.Equal(200, answer.Status);
        Assert.Contains("generateContent", host.Upstream.Requests[0].Path, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("audio/wav", Assert.Single(host.Upstream.Requests[0].Media).MimeType);
        if (streams)
        {
            Assert.Equal("[DONE]", answer.Events[^1]);
            Assert.Contains("\"finish_reason\":\"stop\"", answer.Events[^2], StringComparison.Ordinal);
        }
        else
        {
            Assert.NotEmpty(answer.Json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!);
            Assert.True(answer.Json.GetProperty("usage").GetProperty("prompt_tokens_details").GetProperty("audio_tokens").GetInt64() > 0);
        }

        Assert.Equal("openai", Assert.Single(await host.UsageAsync(1)).Profile);
    }

    [Fact]
    public async Task Count_IsTheUpstreamsOrAnEstimateThatSaysSo()
    {
        await using var host = await DropInHost.StartAsync();

        var counted = await host.PostAsync("v1beta/models/gemini-2.5-flash:countTokens", DropInHost.Ask);
        host.Upstream.SetFaults(new FaultRule { Action = new FaultAction { Status = 404 } });
        var guessed = await host.PostAsync("v1beta/models/gemini-2.5-flash:countTokens", DropInHost.Ask);

        Assert.True(counted.Json.GetProperty("totalTokens").GetInt64() > 0);
        Assert.Null(counted.Header("x-flashdrop-estimate"));
        Assert.Equal(("true", true), (guessed.Header("x-flashdrop-estimate"), guessed.Json.GetProperty("estimated").GetBoolean()));
        Assert.True(guessed.Json.GetProperty("totalTokens").GetInt64() > 0);
    }

    [Fact]
    public async Task Models_AreListedInBothFormats()
    {
        await using var host = await DropInHost.StartAsync();

        var native = await host.GetAsync("v1beta/models");
        var one = await host.GetAsync("v1beta/models/gemini-2.5-flash");
        var chat = await host.GetAsync("v1/models");

        Assert.Contains("models/gemini-2.5-flash-beta", native.Text, StringComparison.Ordinal);
        Assert.Equal("models/gemini-2.5-flash", one.Json.GetProperty("name").GetString());
        Assert.Equal("list", chat.Json.GetProperty("object").GetString());
        Assert.Equal("gemini-2.5-flash", (await host.GetAsync("v1/models/gemini-2.5-flash")).Json.GetProperty("id").GetString());
        Assert.Equal(404, (await host.GetAsync("v1/models/none")).Status);
        Assert.Equal(404, (await host.GetAsync("v1beta/models/none")).Status);
    }

    [Theory]
    [InlineData("GET", "v1beta/cachedContents")]
    [InlineData("POST", "v1beta/cachedContents")]
    [InlineData("DELETE", "v1beta/cachedContents/abc")]
    [InlineData("GET", "v1beta/batches/abc")]
    [InlineData("GET", "v1beta/files")]
    [InlineData("POST", "upload/v1beta/files")]
    public async Task CallsThereIsNothingFor_AreRefusedInGooglesShape(string method, string path)
    {
        await using var host = await DropInHost.StartAsync();

        var answer = await host.SendAsync(new HttpMethod(method), path);

        Assert.Equal((501, "UNIMPLEMENTED"), (answer.Status, answer.Json.GetProperty("error").GetProperty("status").GetString()));
    }

    [Theory]
    [InlineData("embedContent")]
    [InlineData("batchGenerateContent")]
    public async Task MethodsThereIsNothingFor_AreNotFoundInGooglesShape(string method)
    {
        await using var host = await DropInHost.StartAsync();

        var answer = await host.PostAsync($"v1beta/models/gemini-2.5-flash:{method}", DropInHost.Ask);

        Assert.Equal((404, "NOT_FOUND"), (answer.Status, answer.Json.GetProperty("error").GetProperty("status").GetString()));
    }

    [Theory]
    [InlineData(DropInHost.Generate, DropInHost.Ask)]
    [InlineData("v1/chat/completions", DropInHost.Chat)]
    public async Task AsyncMode_IsADurableJobInTheShapeOfATask(string path, string body)
    {
        await using var host = await DropInHost.StartAsync(new(StringComparer.Ordinal) { ["FlashDrop:Pipeline:FirstPollDelay"] = "00:00:00.1" });

        var accepted = await host.PostAsync(path, body, ("X-Async-Mode", "true"));
        var id = accepted.Json.GetProperty("id").GetString()!;
        Assert.Equal((200, "pending", "text.generation.task"), (accepted.Status, Of(accepted, "status"), Of(accepted, "object")));

        var pipeline = host.Services.GetRequiredService<IPipeline>();
        Answer task;
        var rounds = 0;
        do
        {
            Assert.InRange(rounds++, 0, 300);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
            foreach (var delivery in host.Storage.Queue.Receive(Queues.Submit, 32, TimeSpan.FromMinutes(5)))
            {
                await pipeline.HandleSubmitAsync(delivery.Text, (int)delivery.Deliveries, TestContext.Current.CancellationToken);
                host.Storage.Queue.Delete(Queues.Submit, delivery.MessageId, delivery.Receipt);
            }

            await pipeline.PollDueTasksAsync(TestContext.Current.CancellationToken);
            task = await host.GetAsync($"v1/tasks/{id}");
        }
        while (Of(task, "status") is "pending" or "processing");

        Assert.Equal("completed", Of(task, "status"));
        Assert.NotEmpty(task.Json.GetProperty("results")[0].GetProperty("candidates")[0].GetProperty("content").GetProperty("parts")[0].GetProperty("text").GetString()!);
        Assert.True(task.Json.GetProperty("usageMetadata").GetProperty("totalTokenCount").GetInt64() > 0);
        Assert.Equal(404, (await host.GetAsync("v1/tasks/task-fd-01HZZZZZZZZZZZZZZZZZZZZZZZ")).Status);

        static string? Of(Answer answer, string member) => answer.Json.GetProperty(member).GetString();
    }

    [Fact]
    public async Task Budget_HoldsUnderConcurrency()
    {
        // Each request may cost 0.002 USD at most: 1,000 tokens of output at 2 USD a million.
        await using var host = await DropInHost.StartAsync(new(StringComparer.Ordinal) { ["FlashDrop:Callers:client:Limits:DailyBudgetUsd"] = "0.005" });
        var body = DropInHost.Ask[..^1] + ""","generationConfig":{"maxOutputTokens":1000}}""";

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => host.PostAsync(DropInHost.Generate, body)));
        while ((await host.PostAsync(DropInHost.Generate, body)).Status is 200)
        {
        }

        var refused = await host.PostAsync("v1/chat/completions", DropInHost.Chat);
        Assert.Equal((402, "insufficient_quota"), (refused.Status, refused.Json.GetProperty("error").GetProperty("type").GetString()));
        Assert.NotNull(refused.Header("Retry-After"));
        Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[200, 402, 429]));
        Assert.InRange(host.Upstream.Usage.CostUsd, 0.0001m, 0.005m);
    }

    [Fact]
    public async Task SpentBudget_IsToldInGooglesShape()
    {
        await using var host = await DropInHost.StartAsync(new(StringComparer.Ordinal) { ["FlashDrop:Budgets:client"] = "0.0001" });

        var refused = await host.PostAsync(DropInHost.Generate, DropInHost.Ask);

        var error = refused.Json.GetProperty("error");
        Assert.Equal((402, 402, "RESOURCE_EXHAUSTED"), (refused.Status, error.GetProperty("code").GetInt32(), error.GetProperty("status").GetString()));
        Assert.InRange(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 86_400);
        Assert.Empty(host.Asked);
    }

    [Fact]
    public async Task AsynchronousRequests_CountAsRequests()
    {
        await using var host = await DropInHost.StartAsync(new(StringComparer.Ordinal) { ["FlashDrop:Callers:client:Limits:RequestsPerMinute"] = "2" });

        var statuses = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            statuses.Add((await host.PostAsync("v1/chat/completions", DropInHost.Chat, ("X-Async-Mode", "true"))).Status);
        }

        Assert.Equal([200, 200, 429], statuses);
    }

    [Theory]
    [InlineData("RequestsPerMinute", "2", "requests_per_minute")]
    [InlineData("TokensPerMinute", "40", "tokens_per_minute")]
    public async Task MinuteLimits_Answer429WithAWait(string limit, string value, string code)
    {
        await using var host = await DropInHost.StartAsync(new(StringComparer.Ordinal) { [$"FlashDrop:Callers:client:Limits:{limit}"] = value });
        Answer answer;
        var calls = 0;
        while ((answer = await host.PostAsync("v1/chat/completions", DropInHost.Chat)).Status == 200)
        {
            Assert.InRange(++calls, 1, 2);
        }

        Assert.Equal((429, code), (answer.Status, answer.Json.GetProperty("error").GetProperty("code").GetString()));
        Assert.InRange(int.Parse(answer.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal(200, (await host.PostAsync(DropInHost.Generate, DropInHost.Ask, ("Authorization", $"Bearer {DropInHost.BetaKey}"))).Status);
    }

    [Fact]
    public async Task ConcurrentLimit_CountsStreamsUntilTheyEnd()
    {
        await using var host = await DropInHost.StartAsync(
            new(StringComparer.Ordinal) { ["FlashDrop:Callers:client:Limits:Concurrent"] = "1" }, new FaultRule { Match = new FaultMatch { Kind = RequestKind.Stream }, Action = new FaultAction { ChunkDelayMs = 150 } });
        var stream = host.PostAsync(DropInHost.Stream, DropInHost.Ask.Replace("harbour?", "harbour? SIMULATE_WORDS:100", StringComparison.Ordinal));
        while (host.Asked.Count == 0)
        {
            await GatewayHost.Settle();
        }

        Assert.Equal(429, (await host.PostAsync(DropInHost.Generate, DropInHost.Ask)).Status);
        Assert.Equal(200, (await stream).Status);
        Assert.Equal(200, (await host.PostAsync(DropInHost.Generate, DropInHost.Ask)).Status);
    }

    [Fact]
    public async Task CallersCredentialsAndHeaders_StayHere()
    {
        var received = new List<string>();
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        await using var host = await DropInHost.StartAsync(new(StringComparer.Ordinal)
        {
            ["FlashDrop:Upstream:GenerateBaseUrl"] = $"http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}/",
        });

        var answer = await host.PostAsync(
            DropInHost.Generate, DropInHost.Ask, ("x-goog-api-key", DropInHost.Key), ("x-goog-api-client", "sdk"), ("X-Stainless-Lang", "js"), ("Cookie", "a=b"), ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        await serving;

        Assert.Equal(200, answer.Status);
        Assert.Equal(
            ["Authorization: Bearer sk-upstream-secret", "Content-Length", "Content-Type: application/json", "Host", "User-Agent: FlashDrop/1.0"],
            received.Skip(1).Where(line => line.Length > 0).Select(line => line.StartsWith("Host", StringComparison.Ordinal) || line.StartsWith("Content-Length", StringComparison.Ordinal) ? line.Split(':')[0] : line).Order(StringComparer.Ordinal));

        async Task ServeAsync()
        {
            using var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
            using var reader = new StreamReader(client.GetStream());
            string? line;
            while ((line = await reader.ReadLineAsync(TestContext.Current.CancellationToken)) is { Length: > 0 })
            {
                received.Add(line);
            }

            const string body = """{"candidates":[{"content":{"role":"model","parts":[{"text":"x"}]},"finishReason":"STOP"}]}""";
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"), TestContext.Current.CancellationToken);
        }
    }
}
