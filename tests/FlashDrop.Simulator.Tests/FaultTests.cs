using System.Net;
using System.Text.Json.Nodes;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Tests;

public class FaultTests
{
    [Theory]
    [InlineData(BodyForm.EvoLink, 429, "application/json", """{"error":{"code":429,"message":"M","type":"rate_limit_error","param":null,"fallback_suggestion":null}}""")]
    [InlineData(BodyForm.StringCode, 429, "application/json", """{"error":{"code":"quota_exceeded","message":"M","type":"rate_limit_error","param":null,"fallback_suggestion":null}}""")]
    [InlineData(BodyForm.Google, 429, "application/json", """{"error":{"code":429,"message":"M","status":"RESOURCE_EXHAUSTED"}}""")]
    [InlineData(BodyForm.GoogleArray, 429, "application/json", """[{"error":{"code":429,"message":"M","status":"RESOURCE_EXHAUSTED"}}]""")]
    [InlineData(BodyForm.NewApi, 429, "application/json", """{"error":{"message":"M","type":"new_api_error","param":"","code":null,"metadata":null}}""")]
    [InlineData(BodyForm.ErrorText, 429, "application/json", """{"error":"quota_exceeded","error_description":"M"}""")]
    [InlineData(BodyForm.MessageText, 429, "application/json", """{"message":"M"}""")]
    [InlineData(BodyForm.FilesApi, 429, "application/json", """{"success":false,"code":429,"msg":"M","data":null}""")]
    [InlineData(BodyForm.OkWithCode, 200, "application/json", """{"code":429,"msg":"M"}""")]
    [InlineData(BodyForm.OkWithError, 200, "application/json", """{"error":{"code":429,"message":"M","type":"rate_limit_error","param":null,"fallback_suggestion":null}}""")]
    [InlineData(BodyForm.Html, 429, "text/html", "<!DOCTYPE html><html><head><title>429</title></head><body><h1>Error 429</h1><p>M</p></body></html>")]
    [InlineData(BodyForm.PlainText, 429, "text/plain", "M")]
    [InlineData(BodyForm.EventStream, 429, "text/event-stream", """{"error":{"code":429,"message":"M","type":"rate_limit_error","param":null,"fallback_suggestion":null}}""")]
    public async Task Error_InEachForm(BodyForm form, int status, string contentType, string body)
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Status = 429, Body = form, Message = "M" });
        using var response = await sim.GenerateAsync(Sim.Ask("x"));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(contentType, response.Content.Headers.ContentType!.MediaType);
        Assert.Equal(body, await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(402, "insufficient_quota_error")]
    [InlineData(403, "permission_error")]
    [InlineData(500, "internal_server_error")]
    [InlineData(502, "upstream_error")]
    [InlineData(503, "service_unavailable_error")]
    public async Task Status_HasItsDocumentedType(int status, string type)
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Status = status });
        using var response = await sim.GenerateAsync(Sim.Ask("x"));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(type, (string)(await Sim.ReadAsync(response))["error"]!["type"]!);
    }

    [Fact]
    public async Task CodeTypeMessageAndParam_AreWritten()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Status = 503, Code = "no_available_channel", Type = "t", Message = "m", Param = "model" });
        using var response = await sim.GenerateAsync(Sim.Ask("x"));
        Assert.Equal("""{"code":"no_available_channel","message":"m","type":"t","param":"model","fallback_suggestion":null}""", (await Sim.ReadAsync(response))["error"]!.ToJsonString());
    }

    [Theory]
    [InlineData(false, "34")]
    [InlineData(true, "Tue, 03 Nov 2026 09:00:34 GMT")]
    public async Task RetryAfter_IsSecondsOrADate(bool asDate, string header)
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Status = 429, RetryAfter = 34, RetryAfterAsDate = asDate });
        using var response = await sim.GenerateAsync(Sim.Ask("x"));
        Assert.Equal(header, response.Headers.NonValidated["Retry-After"].ToString());
    }

    [Fact]
    public async Task GoogleDetails_CarryRetryInfoAndQuota()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Status = 429, Body = BodyForm.Google, RetryInfo = 34, QuotaId = "RequestsPerDay" });
        using var response = await sim.GenerateAsync(Sim.Ask("x"));
        var details = (await Sim.ReadAsync(response))["error"]!["details"]!;
        Assert.Equal("RequestsPerDay", (string)details[0]!["violations"]![0]!["quotaId"]!);
        Assert.Equal("34s", (string)details[1]!["retryDelay"]!);
    }

    [Fact]
    public async Task Delay_HoldsTheAnswerForVirtualTime()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { DelayMs = 30_000 });
        var pending = sim.GenerateAsync(Sim.Ask("x"));
        await Sim.UntilAsync(() => sim.Host.Requests is [{ Fault: not null }]);
        Assert.Equal("pending", sim.Host.Requests[0].Outcome);

        // The delay may start a moment after the fault is recorded, so time moves until it is over.
        await Sim.UntilAsync(() =>
        {
            sim.Time.Advance(TimeSpan.FromSeconds(30));
            return pending.IsCompleted;
        });
        Assert.True((await pending).IsSuccessStatusCode);
        Assert.True(sim.Host.Requests[0].DurationMs >= 30_000);
    }

    [Fact]
    public async Task Silence_LastsUntilTheClientLeaves_WhichIsRecorded()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Silence = true });
        using var patience = new CancellationTokenSource();
        var pending = sim.Http.PostAsync($"/v1beta/models/{Sim.Model}:generateContent", Sim.Json(Sim.Ask("x")), patience.Token);
        await Sim.UntilAsync(() => sim.Host.Requests is [{ Fault: not null }]);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pending);
        await Sim.UntilAsync(() => sim.Host.Requests[0].ClientDisconnected);
        Assert.Equal("broken", sim.Host.Requests[0].Outcome);
    }

    [Fact]
    public async Task Silence_DoesNotKeepTheSimulatorFromStopping()
    {
        var sim = await Sim.WithFaultAsync(new FaultAction { Silence = true });
        var pending = sim.GenerateAsync(Sim.Ask("x"));
        await Sim.UntilAsync(() => sim.Host.Requests is [{ Fault: not null }]);
        await sim.Host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<HttpRequestException>(() => pending);
        sim.Http.Dispose();
    }

    [Fact]
    public async Task Reset_BreaksTheConnectionBeforeTheFirstByte()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Reset = true });
        await Assert.ThrowsAsync<HttpRequestException>(() => sim.GenerateAsync(Sim.Ask("x")));
        await Sim.UntilAsync(() => sim.Host.Requests[0].Outcome is "broken");
        Assert.False(sim.Host.Requests[0].ClientDisconnected);
    }

    [Fact]
    public async Task CutWithCleanClose_EndsTheStreamAfterSoManyChunks()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { CutAfterChunks = 2, Cut = CutKind.Close });
        var events = await sim.EventsAsync(Sim.Ask("Tell me a lot. SIMULATE_WORDS:100"));
        Assert.Equal(2, events.Count);
        Assert.All(events, e => Assert.Null(e["candidates"]![0]!["finishReason"]));
    }

    [Fact]
    public async Task CutByReset_BreaksTheStream()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { CutAfterChunks = 2 });
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using var response = await sim.StreamAsync(Sim.Ask("Tell me a lot. SIMULATE_WORDS:100"));
            await response.Content.ReadAsStringAsync();
        });
        await Sim.UntilAsync(() => sim.Host.Requests[0].Outcome is "broken");
    }

    [Fact]
    public async Task CutOfAPlainAnswer_SendsHalfTheJson()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { CutAfterChunks = 0, Cut = CutKind.Close });
        using var response = await sim.GenerateAsync(Sim.Ask("x"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var body = await response.Content.ReadAsStringAsync();
        Assert.StartsWith("""{"candidates":""", body, StringComparison.Ordinal);
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => JsonNode.Parse(body));
    }

    [Fact]
    public async Task Stall_SendsSomeChunksAndThenNothing()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { StallAfterChunks = 1 });
        using var response = await sim.StreamAsync(Sim.Ask("Tell me a lot. SIMULATE_WORDS:100"));
        await using var stream = await response.Content.ReadAsStreamAsync();
        using var reader = new StreamReader(stream);
        Assert.StartsWith("data: {", await reader.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("", await reader.ReadLineAsync());
        var next = reader.ReadLineAsync();
        await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System));
        Assert.False(next.IsCompleted);
        Assert.Equal("pending", sim.Host.Requests[0].Outcome);
    }

    [Theory]
    [InlineData(false, "data: {\"error\":{")]
    [InlineData(true, "{\"error\":{")]
    public async Task ErrorInMidStream_IsFramedOrBare(bool bare, string opening)
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { ErrorAfterChunks = 1, BareError = bare, Status = 503, Body = BodyForm.Google, Message = "M" });
        using var response = await sim.StreamAsync(Sim.Ask("Tell me a lot. SIMULATE_WORDS:100"));
        var frames = (await response.Content.ReadAsStringAsync()).Split("\r\n\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, frames.Length);
        Assert.StartsWith(opening, frames[1], StringComparison.Ordinal);
        Assert.Contains("\"status\":\"UNAVAILABLE\"", frames[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task MalformedFrame_ReplacesOneChunkAndTheRestIsWhole()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { MalformedFrame = 1 });
        using var response = await sim.StreamAsync(Sim.Ask("Tell me a lot. SIMULATE_WORDS:50"));
        var frames = (await response.Content.ReadAsStringAsync()).Split("\r\n\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => JsonNode.Parse(frames[1]["data: ".Length..]));
        Assert.Contains("\"finishReason\":\"STOP\"", frames[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClosingSentinels_CanBeLeftOutAndAdded()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { NoDone = true });
        var chat = Sim.Chat("x");
        chat["stream"] = true;
        using var events = await sim.PostAsync("/v1/chat/completions", chat);
        Assert.DoesNotContain("[DONE]", await events.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var array = await sim.PostAsync($"/v1beta/models/{Sim.Model}:streamGenerateContent", Sim.Ask("x"));
        Assert.False((await array.Content.ReadAsStringAsync()).EndsWith(']'));

        sim.Host.SetFaults(new FaultRule { Action = new FaultAction { AddDone = true } });
        using var native = await sim.StreamAsync(Sim.Ask("x"));
        Assert.EndsWith("data: [DONE]\r\n\r\n", await native.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task UsageOnEveryChunk_AndNoUsageAtAll()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { UsageEveryChunk = true });
        Assert.All(await sim.EventsAsync(Sim.Ask("Tell me a lot.")), e => Assert.NotNull(e["usageMetadata"]!["promptTokenCount"]));
        sim.Host.SetFaults(new FaultRule { Action = new FaultAction { NoUsage = true } });
        Assert.All(await sim.EventsAsync(Sim.Ask("Tell me a lot.")), e => Assert.Null(e["usageMetadata"]));
        Assert.Null((await sim.AnswerAsync(Sim.Ask("x")))["usageMetadata"]);
        Assert.Equal(3, sim.Host.Usage.Count);
    }

    [Fact]
    public async Task FinishReason_CanBeLeftOutOrReplaced()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { NoFinishReason = true });
        Assert.All(await sim.EventsAsync(Sim.Ask("x")), e => Assert.Null(e["candidates"]![0]!["finishReason"]));
        Assert.Null((await sim.AnswerAsync(Sim.Ask("x")))["candidates"]![0]!["finishReason"]);
        sim.Host.SetFaults(new FaultRule { Action = new FaultAction { FinishReason = "RECITATION" } });
        Assert.Equal("RECITATION", (string)(await sim.AnswerAsync(Sim.Ask("x")))["candidates"]![0]!["finishReason"]!);
    }

    [Fact]
    public async Task ForeignModel_Answers()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { ModelVersion = "gemini-3.5-flash-lite" });
        Assert.Equal("gemini-3.5-flash-lite", (string)(await sim.AnswerAsync(Sim.Ask("x")))["modelVersion"]!);
        Assert.Equal(Sim.Model, sim.Host.Usage.Charges[0].Model);
    }

    [Fact]
    public async Task EmptyParts_LeaveTheRoleOnly()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { EmptyParts = true });
        var answer = await sim.AnswerAsync(Sim.Ask("x"));
        Assert.Equal("""{"role":"model"}""", answer["candidates"]![0]!["content"]!.ToJsonString());
        Assert.Equal("STOP", (string)answer["candidates"]![0]!["finishReason"]!);
    }

    [Fact]
    public async Task CodeFencedAndWrongSchema_ChangeTheText()
    {
        var ask = Sim.AskWith("x", """{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}}""");
        await using var sim = await Sim.WithFaultAsync(new FaultAction { CodeFenced = true });
        Assert.Equal("```json\n{\"a\":\"Simulated a\"}\n```", Sim.Text(await sim.AnswerAsync(ask)));
        sim.Host.SetFaults(new FaultRule { Action = new FaultAction { WrongSchema = true } });
        Assert.Equal("""{"simulated_wrong_shape":[1,"two",null]}""", Sim.Text(await sim.AnswerAsync(ask)));
    }

    [Fact]
    public async Task IntsAsStrings_OnAnswersAndChunks()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { IntsAsStrings = true });
        var answer = await sim.AnswerAsync(Sim.Ask("x"));
        Assert.Equal("1", (string)answer["usageMetadata"]!["promptTokenCount"]!);
        Assert.Equal("1", (string)(await sim.EventsAsync(Sim.Ask("x")))[^1]["usageMetadata"]!["promptTokenCount"]!);
    }

    [Fact]
    public async Task Rule_HitsOnlyWhatItMatches()
    {
        await using var sim = await Sim.WithFaultAsync(
            new FaultAction { Status = 500 }, new FaultMatch { Kind = RequestKind.Submit, Model = "gemini-2.5-flash-beta", Contains = "unlucky \"day\"" });
        Assert.True((await sim.GenerateAsync(Sim.Ask("unlucky \"day\""))).IsSuccessStatusCode);
        Assert.True((await sim.GenerateAsync(Sim.Ask("lucky"), "gemini-2.5-flash-beta")).IsSuccessStatusCode);
        Assert.True((await sim.Http.GetAsync("/v1/models")).IsSuccessStatusCode);
        Assert.False((await sim.GenerateAsync(Sim.Ask("an unlucky \"day\""), "gemini-2.5-flash-beta")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task TaskRule_MatchesTheTasksModelAndPrompt()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Status = 503 }, new FaultMatch { Kind = RequestKind.Task, Model = Sim.Model, Contains = "unlucky" });
        var lucky = await sim.SubmitTaskAsync(Sim.Ask("fine"));
        var unlucky = await sim.SubmitTaskAsync(Sim.Ask("unlucky"));
        Assert.Equal(HttpStatusCode.OK, (await sim.Http.GetAsync($"/v1/tasks/{lucky}")).StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await sim.Http.GetAsync($"/v1/tasks/{unlucky}")).StatusCode);
    }

    [Fact]
    public async Task NthAndTimes_CountRequests_AndRulesCountAlongside()
    {
        await using var sim = await Sim.StartAsync(o => o with
        {
            Faults =
            [
                new FaultRule { Match = new FaultMatch { Nth = 2 }, Action = new FaultAction { Status = 429 } },
                new FaultRule { Match = new FaultMatch { Nth = 3, Times = 2 }, Action = new FaultAction { Status = 503 } },
            ],
        });
        var statuses = new List<int>();
        for (var i = 0; i < 6; i++)
        {
            statuses.Add((int)(await sim.GenerateAsync(Sim.Ask("x"))).StatusCode);
        }

        Assert.Equal([200, 429, 503, 503, 200, 200], statuses);
    }

    [Fact]
    public async Task Probability_FollowsTheSeed()
    {
        async Task<string> RunAsync(long seed)
        {
            await using var sim = await Sim.StartAsync(o => o with
            {
                Seed = seed,
                Faults = [new FaultRule { Match = new FaultMatch { Probability = 0.5 }, Action = new FaultAction { Status = 500 } }],
            });
            var hits = "";
            for (var i = 0; i < 40; i++)
            {
                hits += (await sim.GenerateAsync(Sim.Ask("x"))).IsSuccessStatusCode ? "." : "x";
            }

            return hits;
        }

        var first = await RunAsync(1);
        Assert.InRange(first.Count(c => c == 'x'), 8, 32);
        Assert.Equal(first, await RunAsync(1));
        Assert.NotEqual(first, await RunAsync(2), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(RequestKind.Models, "/v1/models")]
    [InlineData(RequestKind.Models, "/v1beta/models")]
    [InlineData(RequestKind.Credits, "/v1/credits")]
    [InlineData(RequestKind.Pricing, "/web/api/models/pricing")]
    public async Task CatalogCalls_CanFailToo(RequestKind kind, string path)
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { Status = 503 }, new FaultMatch { Kind = kind });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await sim.Http.GetAsync(path)).StatusCode);
    }
}
