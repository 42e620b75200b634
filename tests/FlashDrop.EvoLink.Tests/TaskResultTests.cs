using System.Net;
using System.Text.Json;
using CsCheck;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.EvoLink.Tests;

[Collection(VirtualTime.Name)]
public sealed class TaskResultTests
{
    private const string Inner = """{"candidates":[{"content":{"role":"model","parts":[{"text":"Two ships leave."}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1806,"candidatesTokenCount":5}}""";

    private const string InnerOpenAi = """{"choices":[{"message":{"content":"Two ships leave."},"finish_reason":"stop"}],"usage":{"prompt_tokens":1806,"completion_tokens":5}}""";

    public static TheoryData<string, bool> Rungs
    {
        get
        {
            var quoted = JsonSerializer.Serialize(Inner);
            return new TheoryData<string, bool>
            {
                { $$""" "results":[{{Inner}}] """, true },
                { $$""" "results":[{{quoted}}] """, true },
                { $$""" "results":["Two ships"," leave."] """, false },
                { $$""" "results":[{"text":"Two "},{"content":"ships "},{"type":"text","text":"leave."}] """, false },
                { """ "results":[{"content":{"parts":[{"text":"Two ships leave."}]}}] """, false },
                { $$""" "result_data":{{Inner}} """, true },
                { $$""" "result_data":[{{Inner}}] """, true },
                { $$""" "results":[],"result":{{quoted}} """, true },
                { $$""" "results":null,"output":"Two ships leave." """, false },
                { $$""" "output":[{"type":"text","text":"Two ships leave."}] """, false },
                { $$""" "response":{{Inner}} """, true },
                { $$$""" "data":{"result":{{{Inner}}}} """, true },
                { Inner[1..^1], true },
                { InnerOpenAi[1..^1], true },
                { $$""" "results":[{{InnerOpenAi}}] """, true },
                { $$""" "results":[{{JsonSerializer.Serialize(InnerOpenAi)}}] """, true },
                { $$""" "results":["Two ships leave."],"usageMetadata":{"promptTokenCount":1806,"candidatesTokenCount":5} """, true },
                { $$""" "results":["Two ships leave."],"usage":{"prompt_tokens":1806,"completion_tokens":5} """, true },
                { """ "results":[{"candidates":[{"content":{"parts":[{"text":"Two ships "}]}}]},{"candidates":[{"content":{"parts":[{"text":"leave."}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1806}}] """, true },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Rungs))]
    public async Task EveryPlausibleForm_GivesTheAnswer(string fields, bool usageKnown)
    {
        await using var upstream = Completed(fields.Contains("\"usage\"", StringComparison.Ordinal) ? fields : fields + """,  "usage":{"billing_rule":"per_token","credits_used":0.05,"cost":{"usd":"0.0007"}}""");

        var completed = Assert.IsType<TaskReading.Completed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None));

        Assert.Equal("Two ships leave.", completed.Answer.Text);
        Assert.Equal(usageKnown ? 1_806 : null, completed.Answer.Usage?.PromptTokens);
        Assert.NotNull(completed.Answer.Raw);
        if (!fields.Contains("\"usage\"", StringComparison.Ordinal))
        {
            Assert.Equal(0.0007m, completed.Answer.ReportedCostUsd);
        }
    }

    [Theory]
    [InlineData(""" "results":[] """)]
    [InlineData(""" "results":[""] """)]
    [InlineData(""" "results":[42,null] """)]
    [InlineData(""" "progress":100 """)]
    [InlineData(""" "result":{"unknown":{"deep":1}} """)]
    public async Task CompletedWithoutText_FailsWithTheBodyInTheMessage(string fields)
    {
        await using var upstream = Completed(fields);

        var failed = Assert.IsType<TaskReading.Failed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None));

        Assert.Equal(("unreadable_result", ErrorKind.Fix), (failed.Error.Code, failed.Error.Kind));
        Assert.Contains("\"status\"", failed.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://example.com/a.json")]
    [InlineData("http://example.com and more")]
    [InlineData("https://evolink.ai.example.com/a.json")]
    [InlineData("{\"text\":\"the model's own JSON\"}")]
    [InlineData("[1,2]")]
    public async Task TextThatOnlyLooksSpecial_IsTheAnswer(string text)
    {
        await using var upstream = Completed($$""" "results":[{{JsonSerializer.Serialize(text)}}] """);

        Assert.Equal(text, Assert.IsType<TaskReading.Completed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None)).Answer.Text);
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [InlineData("https://files.evolink.ai/r/1.json", false)]
    [InlineData("https://EvoLink.ai/r/1.json", false)]
    [InlineData("https://cdn.example.com/r/1.json", true)]
    public async Task Link_IsFetchedWithoutTheKeyAndRead(string link, bool answerIsJson)
    {
        await using var upstream = Completed($$""" "results":["{{link}}"] """).Answers(Inner);

        var reading = answerIsJson
            ? await upstream.Client.ReadJsonTaskAsync("t1", CancellationToken.None)
            : await upstream.Client.ReadTaskAsync("t1", CancellationToken.None);

        var answer = Assert.IsType<TaskReading.Completed>(reading).Answer;
        Assert.Equal(("Two ships leave.", 1_806), (answer.Text, answer.Usage!.PromptTokens));
        Assert.Equal(new Uri(link), upstream.Requests[1].Url);
        Assert.Null(upstream.Requests[1].Header("Authorization"));
    }

    [Fact]
    public async Task LinkedText_IsTheAnswerEvenIfItIsAnotherLink()
    {
        await using var upstream = Completed(""" "results":["https://files.evolink.ai/r/1.txt"] """).Answers("https://files.evolink.ai/r/2.txt", contentType: "text/plain");

        Assert.Equal("https://files.evolink.ai/r/2.txt", Assert.IsType<TaskReading.Completed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None)).Answer.Text);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("http://files.evolink.ai/r/1.json")]
    [InlineData("https://127.0.0.1/r/1.json")]
    [InlineData("https://[::1]/r/1.json")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("http://localhost/r/1.json")]
    public async Task ForbiddenLink_IsNeverFetched(string link)
    {
        await using var upstream = Completed($$""" "results":["{{link}}"] """).Answers(Inner);

        var failed = Assert.IsType<TaskReading.Failed>(await upstream.Client.ReadJsonTaskAsync("t1", CancellationToken.None));

        Assert.Equal("unreadable_result", failed.Error.Code);
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task LoopbackLink_IsFetchedWhenAllowed()
    {
        await using var upstream = Completed(""" "results":["http://127.0.0.1:5080/r/1.json"] """, ("FlashDrop:Upstream:AllowLoopbackLinks", "true")).Answers(Inner);

        Assert.IsType<TaskReading.Completed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None));
    }

    [Theory]
    [InlineData(302, "", typeof(TaskReading.Failed))]
    [InlineData(404, "", typeof(TaskReading.Failed))]
    [InlineData(200, "", typeof(TaskReading.Failed))]
    [InlineData(200, "large", typeof(TaskReading.Failed))]
    [InlineData(503, "", typeof(TaskReading.Unknown))]
    public async Task LinkThatCannotBeRead_FailsOrIsLookedAtLater(int status, string body, Type reading)
    {
        await using var upstream = Completed(""" "results":["https://files.evolink.ai/r/1.json?sig=abc"] """, ("FlashDrop:Upstream:MaxLinkedResultBytes", "2000"))
            .Answers(body.Length > 0 ? new string('x', 3_000) : "", status);

        var found = await upstream.Run(upstream.Client.ReadTaskAsync("t1", CancellationToken.None));

        Assert.IsType(reading, found);
        Assert.DoesNotContain("sig=abc", found.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EmptyLinkedDocument_IsFailedAndSaysSo()
    {
        await using var upstream = Completed(""" "results":["https://files.evolink.ai/r/1.json"] """).Answers("");

        Assert.Equal(
            new UpstreamError
            {
                Kind = ErrorKind.Fix,
                Code = "unreadable_result",
                Message = "The document linked as the task's result is empty.",
                HttpStatus = 200,
                RequestId = "req-1",
            },
            Assert.IsType<TaskReading.Failed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None)).Error);
    }

    [Fact]
    public async Task SilentLink_IsLookedAtLater()
    {
        await using var upstream = Completed(
            """ "results":["https://files.evolink.ai/r/1.json"] """,
            ("FlashDrop:Upstream:Resilience:ReadTask:AttemptTimeout", "00:00:02"),
            ("FlashDrop:Upstream:Resilience:ReadTask:Retries", "1")).IsSilent();

        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Retry, Code = "timeout", Message = "The task's result could not be fetched in time." },
            Assert.IsType<TaskReading.Unknown>(await upstream.Run(upstream.Client.ReadTaskAsync("t1", CancellationToken.None))).Error);
        Assert.Equal(3, upstream.Requests.Count);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("2606:4700::1111", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.31.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("127.8.8.8", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("64:ff9b::a9fe:a9fe", false)]
    [InlineData("64:ff9b::808:808", true)]
    [InlineData("64:ff9b:1::808:808", false)]
    [InlineData("2002:a00:1::", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("1.0.0.0", true)]
    [InlineData("9.255.255.255", true)]
    [InlineData("11.0.0.0", true)]
    [InlineData("100.63.255.255", true)]
    [InlineData("100.128.0.0", true)]
    [InlineData("126.255.255.255", true)]
    [InlineData("128.0.0.0", true)]
    [InlineData("169.253.255.255", true)]
    [InlineData("169.255.0.0", true)]
    [InlineData("172.15.255.255", true)]
    [InlineData("192.0.0.1", false)]
    [InlineData("192.0.1.0", true)]
    [InlineData("192.0.2.1", false)]
    [InlineData("192.0.3.0", true)]
    [InlineData("192.88.99.1", false)]
    [InlineData("192.88.100.0", true)]
    [InlineData("192.167.255.255", true)]
    [InlineData("198.17.255.255", true)]
    [InlineData("198.19.255.255", false)]
    [InlineData("198.20.0.0", true)]
    [InlineData("198.51.100.1", false)]
    [InlineData("203.0.113.1", false)]
    [InlineData("203.0.114.0", true)]
    [InlineData("223.255.255.255", true)]
    [InlineData("239.255.255.255", false)]
    [InlineData("240.0.0.1", false)]
    [InlineData("168.63.129.15", true)]
    [InlineData("168.63.129.17", true)]
    [InlineData("2001::1", false)]
    [InlineData("2001:1ff:ffff::1", false)]
    [InlineData("2001:200::1", true)]
    [InlineData("3fff:fff::1", false)]
    [InlineData("3fff:1000::1", true)]
    [InlineData("1fff::1", false)]
    [InlineData("4000::1", false)]
    public void OnlyPublicAddresses_ArePublic(string address, bool expected) => Assert.Equal(expected, PublicAddress.IsPublic(IPAddress.Parse(address)));

    [Theory]
    [InlineData("content_policy_violation", ErrorKind.Refused)]
    [InlineData("invalid_parameters", ErrorKind.Fix)]
    [InlineData("image_dimension_mismatch", ErrorKind.Fix)]
    [InlineData("invalid_audio", ErrorKind.Fix)]
    [InlineData("request_cancelled", ErrorKind.Fix)]
    [InlineData("generation_failed_no_content", ErrorKind.Retry)]
    [InlineData("service_error", ErrorKind.Retry)]
    [InlineData("generation_timeout", ErrorKind.Retry)]
    [InlineData("resource_exhausted", ErrorKind.Retry)]
    [InlineData("quota_exceeded", ErrorKind.Retry)]
    [InlineData("service_unavailable", ErrorKind.Retry)]
    [InlineData("resource_not_found", ErrorKind.Retry)]
    [InlineData("unknown_error", ErrorKind.Retry)]
    [InlineData("channel_whatever", ErrorKind.Retry)]
    [InlineData("never_seen_before", ErrorKind.Retry)]
    [InlineData("insufficient_quota", ErrorKind.Hold)]
    public async Task FailedTask_SaysWhatToDo(string code, ErrorKind kind)
    {
        await using var upstream = new Upstream().Answers($$"""{"id":"t1","status":"failed","error":{"code":"{{code}}","message":"No sk-abcdef123456"} }""");

        var failed = Assert.IsType<TaskReading.Failed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None));

        Assert.Equal((code, kind, "No ***"), (failed.Error.Code, failed.Error.Kind, failed.Error.Message));
    }

    [Theory]
    [InlineData("""{"id":"t1","status":"failed"}""", "unknown_error")]
    [InlineData("""{"id":"t1","status":"failed","error":"boom"}""", "unknown_error")]
    [InlineData("""{"id":"t1","status":"FAILED","error":{"code":503,"message":"x"}}""", "http_503")]
    [InlineData("""{"id":"t1","status":"canceled"}""", "request_cancelled")]
    [InlineData("""{"code":200,"data":{"id":"t1","status":"Cancelled"}}""", "request_cancelled")]
    public async Task TaskThatEndedWithoutAnswer_IsFailed(string body, string code)
    {
        await using var upstream = new Upstream().Answers(body);

        Assert.Equal(code, Assert.IsType<TaskReading.Failed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None)).Error.Code);
    }

    [Theory]
    [InlineData("succeeded")]
    [InlineData("SUCCESS")]
    [InlineData("done")]
    public async Task EveryWordForCompleted_IsCompleted(string status)
    {
        await using var upstream = new Upstream().Answers($$"""{"id":"t1","status":"{{status}}","results":["x"]}""");

        Assert.IsType<TaskReading.Completed>(await upstream.Client.ReadTaskAsync("t1", CancellationToken.None));
    }

    [Fact]
    public void AnyResult_NeverThrows()
    {
        var pieces = Pick.From("{", "}", "[", "]", "\"results\":", "\"text\":", "\"content\":", "\"candidates\":", "\"choices\":", "\"data\":", "\"x\"", "\"https://evolink.ai/x\"", "1", "null", ",", Inner, InnerOpenAi);
        pieces.Array[1, 12].Sample(
            text =>
            {
                if (Json.JsonRead.TryParse(string.Concat(text), out var json))
                {
                    _ = TaskReader.ReadResult(json, static _ => true);
                    _ = Responses.Reply.Classify(System.Text.Encoding.UTF8.GetBytes(string.Concat(text)), 1_000_000, new ErrorContext(200));
                }

                return true;
            },
            iter: 5_000);
    }

    private static Upstream Completed(string fields, params IReadOnlyList<(string, string)> settings) =>
        new Upstream(settings).Answers($$"""{"id":"t1","type":"text","status":"completed","progress":100,"created":1793697164,"model":"gemini-2.5-flash",{{fields}} }""");
}
