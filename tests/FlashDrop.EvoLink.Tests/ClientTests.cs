using System.Net;
using System.Text.Json;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.EvoLink.Tests;

[Collection(VirtualTime.Name)]
public sealed class ClientTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Submit_SendsWhatTheUpstreamNeeds()
    {
        await using var upstream = new Upstream().Answers(Fixtures.PendingTask);

        await upstream.Client.SubmitAsync(Upstream.Ask(key: "key.0123456789_-x"), None);

        var sent = Assert.Single(upstream.Requests);
        Assert.Equal("https://direct.evolink.ai/v1beta/models/gemini-2.5-flash:generateContent", sent.Url.AbsoluteUri);
        Assert.Equal(HttpMethod.Post, sent.Method);
        Assert.Equal($"Bearer {Upstream.Secret}", sent.Header("Authorization"));
        Assert.Equal("true", sent.Header("X-Async-Mode"));
        Assert.Equal("FlashDrop/1.0", sent.Header("User-Agent"));
        Assert.Equal("key.0123456789_-x", sent.Header("Idempotency-Key"));
        Assert.Equal("application/json; charset=utf-8", sent.Header("Content-Type"));
        Assert.Equal("Hello", JsonElement.Parse(sent.Body).GetProperty("contents")[0].GetProperty("parts")[0].GetProperty("text").GetString());
    }

    [Theory]
    [InlineData("gemini-2.5-flash", """{"thinkingBudget":512}""", """{"thinkingBudget":512}""")]
    [InlineData("gemini-2.5-flash", """{"thinkingLevel":"minimal"}""", """{"thinkingBudget":0}""")]
    [InlineData("gemini-2.5-flash", """{"thinkingLevel":"low"}""", """{"thinkingBudget":1024}""")]
    [InlineData("gemini-2.5-flash", """{"thinkingLevel":"Medium"}""", """{"thinkingBudget":8192}""")]
    [InlineData("gemini-2.5-flash", """{"thinkingLevel":"high"}""", """{"thinkingBudget":24576}""")]
    [InlineData("gemini-2.5-flash", """{"thinkingLevel":"endless"}""", null)]
    [InlineData("gemini-2.5-flash", """{"thinkingBudget":512,"thinkingLevel":"high"}""", """{"thinkingBudget":512}""")]
    [InlineData("gemini-3", """{"thinkingBudget":512,"thinkingLevel":"high"}""", """{"thinkingLevel":"high"}""")]
    [InlineData("gemini-flash", """{"thinkingBudget":7}""", """{"thinkingBudget":7}""")]
    [InlineData("gemini-3.5-flash-lite", """{"thinkingBudget":0,"includeThoughts":true}""", """{"thinkingLevel":"minimal","includeThoughts":true}""")]
    [InlineData("evolink/gemini-3-flash", """{"thinkingBudget":1024}""", """{"thinkingLevel":"low"}""")]
    [InlineData("gemini-10-flash", """{"thinkingBudget":1025}""", """{"thinkingLevel":"medium"}""")]
    [InlineData("gemini-3.5-flash-lite", """{"thinkingBudget":8192}""", """{"thinkingLevel":"medium"}""")]
    [InlineData("gemini-3.5-flash-lite", """{"thinkingBudget":8193}""", """{"thinkingLevel":"high"}""")]
    [InlineData("gemini-3.5-flash-lite", """{"thinkingBudget":-1}""", null)]
    [InlineData("gemini-3.5-flash-lite", """{"thinkingLevel":"low"}""", """{"thinkingLevel":"low"}""")]
    [InlineData("evolink/auto", """{"thinkingBudget":7}""", """{"thinkingBudget":7}""")]
    public async Task Thinking_IsSentInTheFormTheModelTakes(string model, string given, string? sent)
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:Models:Standard", model)).Answers(Fixtures.PendingTask);
        var ask = Upstream.Ask();
        var thinking = JsonSerializer.Deserialize<ThinkingConfig>(given, JsonSerializerOptions.Web);

        await upstream.Client.SubmitAsync(ask with { Body = ask.Body with { GenerationConfig = new GenerationConfig { ThinkingConfig = thinking } } }, None);

        var config = JsonElement.Parse(Assert.Single(upstream.Requests).Body).GetProperty("generationConfig");
        Assert.Equal(sent, config.TryGetProperty("thinkingConfig", out var written) ? written.GetRawText() : null);
    }

    [Fact]
    public async Task BaseUrlWithPathAndModelWithSlash_AreKept()
    {
        await using var upstream = new Upstream(
            ("FlashDrop:Upstream:GenerateBaseUrl", "https://proxy.example/evo/"),
            ("FlashDrop:Upstream:TasksBaseUrl", "https://proxy.example/tasks"),
            ("FlashDrop:Upstream:AsyncMode", "false"),
            ("FlashDrop:Upstream:Models:beta", "evolink/auto")).Answers(Fixtures.PendingTask);

        await upstream.Client.SubmitAsync(Upstream.Ask(tier: Tier.Beta), None);
        await upstream.Client.ReadTaskAsync("task/1 ä", None);

        Assert.Equal("https://proxy.example/evo/v1beta/models/evolink/auto:generateContent", upstream.Requests[0].Url.AbsoluteUri);
        Assert.Null(upstream.Requests[0].Header("X-Async-Mode"));
        Assert.Equal("https://proxy.example/tasks/v1/tasks/task%2F1%20%C3%A4", upstream.Requests[1].Url.AbsoluteUri);
        Assert.Equal($"Bearer {Upstream.Secret}", upstream.Requests[1].Header("Authorization"));
    }

    [Fact]
    public async Task SubmitAnsweredWithATask_GivesTheTask()
    {
        await using var upstream = new Upstream().Answers(Fixtures.PendingTask);

        var created = Assert.IsType<SubmitOutcome.TaskCreated>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));

        Assert.Equal("task-unified-1793697164-k3v9x2ab", created.Task.Id);
        Assert.Equal(
            ("pending", 0, DateTimeOffset.FromUnixTimeSeconds(1793697164), TimeSpan.FromSeconds(20), "gemini-2.5-flash"),
            (created.Task.Status, created.Task.Progress, created.Task.Created, created.Task.EstimatedTime, created.Task.Model));
        Assert.Equal("req-1", created.RequestId);
    }

    [Theory]
    [InlineData("""{"code":200,"data":{"id":"t1","status":"queued"}}""")]
    [InlineData("""{"id":"t1","status":"completed","results":["x"]}""")]
    [InlineData("""{"id":"t1","status":"whatever","candidates":[],"error":null}""")]
    public async Task OddTasks_AreTasks(string body)
    {
        await using var upstream = new Upstream().Answers(body, 202);

        Assert.Equal("t1", Assert.IsType<SubmitOutcome.TaskCreated>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Task.Id);
    }

    [Fact]
    public async Task SubmitAnsweredAtOnce_GivesTheAnswer()
    {
        await using var upstream = new Upstream().Answers(Fixtures.Native);

        var answer = Assert.IsType<SubmitOutcome.Answered>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Answer;

        Assert.Equal("Two ships.", answer.Text);
        Assert.Equal(AnswerQuality.Complete, answer.Quality);
        Assert.Equal(
            (13_120, 2_048, 640, 1_210, 14_970),
            (answer.Usage!.PromptTokens, answer.Usage.CachedTokens, answer.Usage.CandidatesTokens, answer.Usage.ThoughtsTokens, answer.Usage.TotalTokens));
        Assert.Equal([new ModalityTokens("TEXT", 3_520), new ModalityTokens("AUDIO", 9_600)], answer.Usage.PromptDetails);
        Assert.Equal("2026-11-03T09:12:44.120Z", answer.Raw!.Value.GetProperty("createTime").GetString());
    }

    [Fact]
    public async Task SubmitAnsweredInOpenAiForm_GivesTheAnswer()
    {
        await using var upstream = new Upstream().Answers(Fixtures.OpenAi);

        var answer = Assert.IsType<SubmitOutcome.Answered>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Answer;

        Assert.Equal("Two ships.", answer.Text);
        Assert.Equal(AnswerQuality.Truncated, answer.Quality);
        Assert.Equal((13, 4, 411, 1_480), (answer.Usage!.PromptTokens, answer.Usage.CachedTokens, answer.Usage.CandidatesTokens, answer.Usage.ThoughtsTokens));
        Assert.Equal(7, Assert.Single(answer.FunctionCalls).GetProperty("args").GetProperty("id").GetInt32());
        Assert.True(answer.Raw!.Value.TryGetProperty("choices", out _));
    }

    [Theory]
    [InlineData("text/event-stream", false)]
    [InlineData("application/json", false)]
    [InlineData("application/json", true)]
    public async Task SubmitAnsweredWithAStream_IsReadToItsEnd(string contentType, bool array)
    {
        var body = array ? $"[{Fixtures.Chunk1},{Fixtures.Chunk2}]" : Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2);
        await using var upstream = new Upstream().Answers(body, contentType: contentType);

        Assert.Equal(Fixtures.StreamText, Assert.IsType<SubmitOutcome.Streamed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Answer.Text);
        Assert.Equal(Fixtures.StreamText, Assert.IsType<SubmitOutcome.Answered>(await upstream.Client.GenerateAsync(Upstream.Ask(), None)).Answer.Text);
    }

    [Theory]
    [InlineData("""{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":"812"}}""", AnswerQuality.Refused)]
    [InlineData("""{"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}]}""", AnswerQuality.Truncated)]
    [InlineData("""{"candidates":[{"finishReason":"NEW_REASON"}]}""", AnswerQuality.Unusable)]
    [InlineData("""{"candidates":null,"usageMetadata":{}}""", AnswerQuality.Unusable)]
    public async Task AnswersWithoutText_AreAnswersAllTheSame(string body, AnswerQuality quality)
    {
        await using var upstream = new Upstream().Answers(body);

        Assert.Equal(quality, Assert.IsType<SubmitOutcome.Answered>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Answer.Quality);
    }

    [Theory]
    [InlineData("""{"error":{"code":402,"message":"Not enough balance"}}""", "application/json", ErrorKind.Hold)]
    [InlineData("""{"error":{"code":402,"message":"Not enough balance"}}""", "text/event-stream", ErrorKind.Hold)]
    [InlineData("""data: {"error":{"code":402,"message":"Not enough balance"}}""", "text/event-stream", ErrorKind.Hold)]
    [InlineData("""[{"error":{"code":402,"message":"Not enough balance"}}]""", "application/json", ErrorKind.Hold)]
    [InlineData("""{"id":"t1","status":"FAILED","error":{"code":"quota_not_enough","message":"Not enough balance"}}""", "application/json", ErrorKind.Hold)]
    [InlineData("""{"hello":"world"}""", "application/json", ErrorKind.Retry)]
    [InlineData("<html>hi</html>", "text/html", ErrorKind.Retry)]
    public async Task ErrorUnderHttp200_IsAFailure(string body, string contentType, ErrorKind kind)
    {
        await using var upstream = new Upstream().Answers(body, contentType: contentType);

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));

        Assert.Equal(kind, failed.Error.Kind);
        Assert.Equal("req-1", failed.RequestId);
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"candidates":[{"content":{"parts":[{"te""")]
    [InlineData("data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}\n\n")]
    public async Task AnswerThatBrokeOff_IsUnansweredBecauseItMayBeCharged(string body)
    {
        await using var upstream = new Upstream().Answers(body);

        Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData(524, "<html>A timeout occurred</html>")]
    [InlineData(504, "")]
    [InlineData(409, """{"error":{"code":"paid_outcome_unknown","message":"look at tasks"}}""")]
    public async Task GatewayThatDoesNotKnow_IsUnansweredAndNeverRepeated(int status, string body)
    {
        await using var upstream = new Upstream().Answers(body, status);

        Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));
        Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Run(upstream.Client.GenerateAsync(Upstream.Ask(), None)));
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task AnswerAboveTheLimit_IsAFailure()
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:MaxResponseBytes", "70000"), ("FlashDrop:Upstream:MaxFrameBytes", "70000"))
            .Answers($$"""{"candidates":[],"x":"{{new string('x', 80_000)}}"}""");

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Fix, Code = "response_too_large", Message = "The answer exceeds the limit of 70000 bytes.", HttpStatus = 200, RequestId = "req-1" },
            Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(Upstream.Ask(), None)).Error);
    }

    [Fact]
    public async Task RefusedKey_IsReplacedAndTheRequestSentOnceMore()
    {
        await using var upstream = new Upstream()
            .Answers("""{"error":{"code":"invalid_token","message":"bad key"}}""", 401)
            .Answers(Fixtures.PendingTask);
        upstream.Keys.Replacement = new ApiKey("sk-second-key-0000", "v2");

        Assert.IsType<SubmitOutcome.TaskCreated>(await upstream.Client.SubmitAsync(Upstream.Ask(), None));

        Assert.Equal(Upstream.Secret, Assert.Single(upstream.Keys.Rejected).Secret);
        Assert.Equal("Bearer " + Upstream.Secret, upstream.Requests[0].Header("Authorization"));
        Assert.Equal("Bearer sk-second-key-0000", upstream.Requests[1].Header("Authorization"));
    }

    [Fact]
    public async Task RefusedSecondKey_EndsTheCall()
    {
        await using var upstream = new Upstream().Answers($$$"""{"error":{"message":"Incorrect key {{{Upstream.Secret}}}"}}""", 401);
        upstream.Keys.Replacement = new ApiKey("sk-second-key-0000", "v2");

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.GenerateAsync(Upstream.Ask(), None));

        Assert.Equal(ErrorKind.Stop, failed.Error.Kind);
        Assert.DoesNotContain(Upstream.Secret, failed.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, upstream.Requests.Count);
        Assert.Equal(Upstream.Secret, Assert.Single(upstream.Keys.Rejected).Secret);
    }

    [Fact]
    public async Task MissingKey_IsAStopThatNamesTheRemedy()
    {
        var ring = new ConfigurationKeyRing(new Microsoft.Extensions.Configuration.ConfigurationManager());

        var exception = await Assert.ThrowsAsync<KeyUnavailableException>(async () => await ring.GetAsync(None));
        Assert.Contains("FlashDrop:Upstream:ApiKey", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ConfigurationKey_IsReplacedOnceTheConfigurationChanged()
    {
        var configuration = new Microsoft.Extensions.Configuration.ConfigurationManager { ["FlashDrop:Upstream:ApiKey"] = " sk-one-000000 " };
        var ring = new ConfigurationKeyRing(configuration);
        var first = await ring.GetAsync(None);
        Assert.Equal("sk-one-000000", first.Secret);
        Assert.DoesNotContain("sk-one", first.ToString(), StringComparison.Ordinal);
        Assert.Null(await ring.ReplaceAsync(first, None));

        configuration["FlashDrop:Upstream:ApiKey"] = "sk-two-000000";

        Assert.Equal("sk-two-000000", (await ring.ReplaceAsync(first, None))!.Secret);
    }

    [Fact]
    public async Task RoleRefusal_IsRepeatedOnceWithTheInstructionInTheFirstUserTurn()
    {
        const string Refusal = """{"error":{"code":400,"message":"Please use a valid role: user, model.","status":"INVALID_ARGUMENT"}}""";
        await using var upstream = new Upstream().Answers(Refusal, 400).Answers(Fixtures.Native).Answers(Refusal, 400);
        var request = WithInstruction("0123456789abcdef");

        Assert.IsType<SubmitOutcome.Answered>(await upstream.Client.SubmitAsync(request, None));

        var repeated = JsonElement.Parse(upstream.Requests[1].Body);
        Assert.False(repeated.TryGetProperty("systemInstruction", out _));
        Assert.Equal("Be brief.", repeated.GetProperty("contents")[0].GetProperty("parts")[0].GetProperty("text").GetString());
        Assert.Equal("0123456789abcdef", upstream.Requests[0].Header("Idempotency-Key"));
        Assert.Equal("0123456789abcdef.r", upstream.Requests[1].Header("Idempotency-Key"));

        Assert.Equal(ErrorKind.Fix, Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(request, None)).Error.Kind);
        Assert.Equal(4, upstream.Requests.Count);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(94, 96)]
    [InlineData(95, null)]
    [InlineData(96, null)]
    public async Task RepeatWithoutRoles_NeverReusesTheKeyOfTheOtherBody(int? length, int? repeated)
    {
        await using var upstream = new Upstream().Answers("""{"error":{"code":400,"message":"Please use a VALID ROLE: user, model."}}""", 400).Answers(Fixtures.Native);
        var key = length is { } count ? new string('k', count) : null;

        await upstream.Client.SubmitAsync(WithInstruction(key), None);

        Assert.Equal(2, upstream.Requests.Count);
        Assert.Equal(key, upstream.Requests[0].Header("Idempotency-Key"));
        Assert.Equal(repeated is null ? null : $"{key}.r", upstream.Requests[1].Header("Idempotency-Key"));
        Assert.Equal(repeated, upstream.Requests[1].Header("Idempotency-Key")?.Length);
    }

    [Fact]
    public async Task OtherRefusal_IsNotRepeatedWithoutRoles()
    {
        await using var upstream = new Upstream().Answers("""{"error":{"code":400,"message":"Unknown field."}}""", 400);

        Assert.IsType<SubmitOutcome.Failed>(await upstream.Client.SubmitAsync(WithInstruction(key: null), None));
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("0123456789abcde/")]
    public async Task MalformedIdempotencyKey_IsAProgrammingError(string key)
    {
        await using var upstream = new Upstream().Answers(Fixtures.Native);

        await Assert.ThrowsAsync<ArgumentException>(() => upstream.Client.SubmitAsync(Upstream.Ask(key: key), None));
    }

    [Theory]
    [InlineData(false, "media_length_mismatch", ErrorKind.Fix)]
    [InlineData(true, "media_unreadable", ErrorKind.Retry)]
    public async Task MediaThatCannotBeSent_IsAClearFailure(bool throws, string code, ErrorKind kind)
    {
        await using var upstream = new Upstream().Answers(Fixtures.Native);
        var media = new MediaSource("image/png", 10, _ => throws ? throw new UnauthorizedAccessException("no blob") : Task.FromResult<Stream>(new MemoryStream(new byte[9])));
        var request = new UpstreamRequest { Tier = Tier.Standard, Body = new GenerateContentRequest { Contents = [Content.User(new Part { Media = media })] } };

        var failed = Assert.IsType<SubmitOutcome.Failed>(await upstream.Run(upstream.Client.SubmitAsync(request, None)));

        Assert.Equal((code, kind), (failed.Error.Code, failed.Error.Kind));
    }

    [Fact]
    public async Task CallerCancellation_IsThrown()
    {
        await using var upstream = new Upstream().IsSilent();
        using var caller = new CancellationTokenSource();

        var submit = upstream.Client.SubmitAsync(Upstream.Ask(), caller.Token);
        var read = upstream.Client.ReadTaskAsync("t1", caller.Token);
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => submit);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
    }

    [Fact]
    public async Task PlainCallAnsweredWithATask_IsUnanswered()
    {
        await using var upstream = new Upstream().Answers(Fixtures.PendingTask);

        var unanswered = Assert.IsType<SubmitOutcome.Unanswered>(await upstream.Client.GenerateAsync(Upstream.Ask(), None));

        Assert.Equal("req-1", unanswered.RequestId);
        Assert.Equal(
            new UpstreamError
            {
                Kind = ErrorKind.Retry,
                Code = "unexpected_task",
                Message = "The upstream made a task of a plain call: task-unified-1793697164-k3v9x2ab",
                HttpStatus = 200,
                RequestId = "req-1",
            },
            unanswered.Error);
        Assert.Equal("https://direct.evolink.ai/v1beta/models/gemini-2.5-flash:generateContent", Assert.Single(upstream.Requests).Url.AbsoluteUri);
    }

    [Fact]
    public async Task Stream_AsksForEventsAndEndsFinished()
    {
        await using var upstream = new Upstream();
        var body = ScriptedStream.Of(upstream.Time, StreamEnd.Closes, Fixtures.Sse(Fixtures.Chunk1), Fixtures.Sse(Fixtures.Chunk2));
        upstream.Then((_, _) => Task.FromResult(Upstream.Streaming(body)));

        var events = await upstream.Collect(Upstream.Ask());

        Assert.Equal("https://direct.evolink.ai/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", Assert.Single(upstream.Requests).Url.AbsoluteUri);
        Assert.Null(upstream.Requests[0].Header("X-Async-Mode"));
        Assert.Equal(3, events.Count);
        Assert.Equal(Fixtures.StreamText, Assert.IsType<StreamEvent.Finished>(events[^1]).Answer.Text);
        Assert.True(body.Disposed);
    }

    [Theory]
    [InlineData("""{"error":{"code":503,"message":"x"}}""", "circuit")]
    [InlineData("task", "")]
    public void TextForms_ShowNoContentOfTheCall(string message, string code)
    {
        var error = new UpstreamError { Kind = ErrorKind.Retry, Code = code, Message = message };

        Assert.Equal($"Refused ({code})", Resilience.Call<SubmitOutcome>.Failure(error, Resilience.Fate.Refused).ToString());
        Assert.Equal("Answered", Resilience.Call<string>.Success("the answer").ToString());
        Assert.Equal("HTTP 401, request r", new ErrorContext(401, "r", Secret: Upstream.Secret).ToString());
    }

    [Fact]
    public async Task RunningTask_IsRunning()
    {
        await using var upstream = new Upstream().Answers("""{"id":"t1","status":"Processing","progress":100}""");

        var running = Assert.IsType<TaskReading.Running>(await upstream.Client.ReadTaskAsync("t1", None));

        Assert.Equal(("t1", "Processing", 100), (running.Task.Id, running.Task.Status, running.Task.Progress));
        var asked = Assert.Single(upstream.Requests);
        Assert.Equal((HttpMethod.Get, "https://api.evolink.ai/v1/tasks/t1"), (asked.Method, asked.Url.AbsoluteUri));
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound, """{"error":{"code":"resource_not_found","message":"gone"}}""")]
    [InlineData(HttpStatusCode.NotFound, "")]
    [InlineData(HttpStatusCode.OK, """{"error":{"code":"resource_not_found","message":"gone"}}""")]
    public async Task UnknownTask_IsFailedAndWorthResubmitting(HttpStatusCode status, string body)
    {
        await using var upstream = new Upstream().Answers(body, (int)status);

        var failed = Assert.IsType<TaskReading.Failed>(await upstream.Run(upstream.Client.ReadTaskAsync("t1", None)));

        Assert.Equal(("resource_not_found", ErrorKind.Retry, false), (failed.Error.Code, failed.Error.Kind, failed.Error.ConcernsModel));
    }

    [Theory]
    [InlineData("<html>maintenance</html>", "http_502", "<html>maintenance</html>", 502)]
    [InlineData("""{"hello":"world"}""", "unreadable_task", """The answer is no task: {"hello":"world"}""", 200)]
    [InlineData("""{"error":{"code":503,"message":"busy","type":"service_unavailable_error"}}""", "service_unavailable_error", "busy", 503)]
    public async Task AnswerThatIsNoTask_LeavesTheTaskUnknown(string body, string code, string message, int status)
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:Resilience:ReadTask:Retries", "0")).Answers(body);

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Retry, Code = code, Message = message, HttpStatus = status, RequestId = "req-1" },
            Assert.IsType<TaskReading.Unknown>(await upstream.Client.ReadTaskAsync("t1", None)).Error);
    }

    [Fact]
    public async Task TaskAboveTheLimit_IsFailed()
    {
        await using var upstream = new Upstream(("FlashDrop:Upstream:MaxResponseBytes", "70000"), ("FlashDrop:Upstream:MaxFrameBytes", "70000"))
            .Answers($$"""{"id":"t1","status":"completed","results":["{{new string('x', 80_000)}}"]}""");

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Fix, Code = "unreadable_result", Message = "The task exceeds the limit of 70000 bytes.", HttpStatus = 200, RequestId = "req-1" },
            Assert.IsType<TaskReading.Failed>(await upstream.Client.ReadTaskAsync("t1", None)).Error);
    }

    [Theory]
    [InlineData(401, ErrorKind.Stop)]
    [InlineData(402, ErrorKind.Hold)]
    [InlineData(429, ErrorKind.Retry)]
    [InlineData(500, ErrorKind.Retry)]
    public async Task TaskThatCannotBeLookedAt_IsUnknown(int status, ErrorKind kind)
    {
        await using var upstream = new Upstream().Answers("{}", status);

        Assert.Equal(kind, Assert.IsType<TaskReading.Unknown>(await upstream.Run(upstream.Client.ReadTaskAsync("t1", None))).Error.Kind);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    public async Task ImpossibleTaskId_IsAProgrammingError(string id)
    {
        await using var upstream = new Upstream().Answers("{}");

        await Assert.ThrowsAsync<ArgumentException>(() => upstream.Client.ReadTaskAsync(id, None));
    }

    private static UpstreamRequest WithInstruction(string? key) => Upstream.Ask(key: key) with
    {
        Body = new GenerateContentRequest { SystemInstruction = Content.User(Part.FromText("Be brief.")), Contents = [Content.User(Part.FromText("Hi"))] },
    };
}
