using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Gateway.Tests;

public sealed class ReadJobTests
{
    private const string Envelope = """{"answer":{"text":"# Two cats <b>"},"costUsd":0.0003}""";

    [Fact]
    public async Task FinishedJob_IsShownWithoutInternals()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = Full(host);

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}");

        Assert.Equal(200, reply.Status);
        Assert.Equal("Succeeded", reply["state"]);
        Assert.Equal("0.00012345", reply["costUsd"]);
        Assert.Equal("17", reply.Json.GetProperty("usage").GetProperty("outputTokens").ToString());
        var attempt = reply.Json.GetProperty("attempts")[0];
        Assert.Equal(("beta", "gemini-2.5-flash"), (attempt.GetProperty("tier").GetString(), attempt.GetProperty("model").GetString()));
        Assert.Equal("meeting-notes/a.mp3", reply["dropPath"]);
        Assert.False(reply.Json.GetProperty("links").TryGetProperty("cancel", out _));
        Assert.DoesNotContain("secret", reply.Text, StringComparison.Ordinal);
        Assert.Null(reply.Header("Retry-After"));
    }

    [Fact]
    public async Task UnchangedJob_Is304AndAChangedOneIsNot()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice");
        var path = $"api/jobs/{job.Id}";
        var tag = (await host.SendAsync("GET", path)).Header("ETag")!;

        var unchanged = await host.SendAsync("GET", path, headers: [("If-None-Match", $"\"other\", W/{tag}")]);
        host.Jobs.Change(job with { State = JobState.Submitted });
        var changed = await host.SendAsync("GET", path, headers: [("If-None-Match", tag)]);

        Assert.Equal((304, "", tag), (unchanged.Status, unchanged.Text, unchanged.Header("ETag")));
        Assert.Equal((200, "Submitted"), (changed.Status, changed["state"]));
        Assert.NotEqual(tag, changed.Header("ETag"));
    }

    [Theory]
    [InlineData(-10, "2")]
    [InlineData(7.2, "8")]
    [InlineData(900, "60")]
    public async Task RetryAfter_FollowsTheJobsScheduleWithinBounds(double dueIn, string expected)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice");
        host.Jobs.Change(job with { State = JobState.Submitted, DueAt = host.Time.GetUtcNow().AddSeconds(dueIn) });

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}");

        Assert.Equal(expected, reply.Header("Retry-After"));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/result")]
    [InlineData("DELETE", "")]
    public async Task AnothersJob_IsAnsweredExactlyLikeOneThatDoesNotExist(string method, string suffix)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("bob");
        host.Jobs.Results[job.Id] = Envelope;

        var others = await host.SendAsync(method, $"api/jobs/{job.Id}{suffix}");
        var missing = await host.SendAsync(method, $"api/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV{suffix}");
        var nonsense = await host.SendAsync(method, $"api/jobs/no-id{suffix}");

        Assert.Equal((404, "job_not_found"), (others.Status, others["code"]));
        Assert.Equal(WithoutTrace(missing), WithoutTrace(others));
        Assert.Equal(WithoutTrace(missing), WithoutTrace(nonsense));
        Assert.Equal(JobState.Queued, host.Jobs.Current(job.Id).State);

        static string WithoutTrace(Reply reply) =>
            reply.Text.Replace(reply["traceId"]!, "", StringComparison.Ordinal) + reply.Headers.ToString();
    }

    [Fact]
    public async Task Administrator_SeesAnothersJob()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("bob");

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}", key: GatewayHost.AdminKey);

        Assert.Equal((200, "bob"), (reply.Status, reply["caller"]));
    }

    [Fact]
    public async Task Cancel_IsIdempotentAndLeavesAFinishedJobAlone()
    {
        await using var host = await GatewayHost.StartAsync();
        var running = host.Jobs.Add("alice");
        var done = host.Jobs.Add("alice", state: JobState.Succeeded);

        var first = await host.SendAsync("DELETE", $"api/jobs/{running.Id}");
        var second = await host.SendAsync("DELETE", $"api/jobs/{running.Id}");
        var finished = await host.SendAsync("DELETE", $"api/jobs/{done.Id}");

        Assert.Equal((200, "Cancelled"), (first.Status, first["state"]));
        Assert.Equal((200, "Cancelled"), (second.Status, second["state"]));
        Assert.Equal((200, "Succeeded"), (finished.Status, finished["state"]));
    }

    [Theory]
    [InlineData(null, null, "application/json", Envelope)]
    [InlineData(null, "*/*", "application/json", Envelope)]
    [InlineData(null, "application/json, text/plain;q=0.5", "application/json", Envelope)]
    [InlineData(null, "text/plain", "text/plain", "# Two cats <b>")]
    [InlineData(null, "text/*", "text/plain", "# Two cats <b>")]
    [InlineData(null, "text/markdown", "text/markdown", "# Two cats <b>")]
    [InlineData(null, "application/json;q=0, */*", "text/plain", "# Two cats <b>")]
    [InlineData("text", null, "text/plain", "# Two cats <b>")]
    [InlineData("text", "text/markdown", "text/markdown", "# Two cats <b>")]
    [InlineData("json", "text/plain", "application/json", Envelope)]
    public async Task Result_IsGivenInTheFormAskedFor(string? format, string? accept, string mediaType, string text)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: JobState.Succeeded);
        host.Jobs.Results[job.Id] = Envelope;

        var reply = await host.SendAsync(
            "GET", $"api/jobs/{job.Id}/result{(format is null ? "" : $"?format={format}")}", headers: accept is null ? [] : [("Accept", accept)]);

        Assert.Equal((200, mediaType, text), (reply.Status, reply.MediaType, reply.Text));
    }

    [Fact]
    public async Task UnchangedResult_Is304PerForm()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: JobState.Succeeded);
        host.Jobs.Results[job.Id] = Envelope;
        var path = $"api/jobs/{job.Id}/result";
        var tag = (await host.SendAsync("GET", path)).Header("ETag")!;

        Assert.Equal(304, (await host.SendAsync("GET", path, headers: [("If-None-Match", tag)])).Status);
        Assert.Equal(200, (await host.SendAsync("GET", $"{path}?format=text", headers: [("If-None-Match", tag)])).Status);
    }

    [Theory]
    [InlineData("", "image/png", 406, "not_acceptable")]
    [InlineData("?format=xml", "*/*", 400, "invalid_request")]
    public async Task ImpossibleForm_IsRefused(string query, string accept, int status, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: JobState.Succeeded);

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}/result{query}", headers: [("Accept", accept)]);

        Assert.Equal((status, code), (reply.Status, reply["code"]));
    }

    [Theory]
    [InlineData(JobState.Queued)]
    [InlineData(JobState.Submitted)]
    [InlineData(JobState.Held)]
    public async Task ResultOfAnUnfinishedJob_Is409WithRetryAfter(JobState state)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: state);

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}/result");

        Assert.Equal((409, "job_not_finished", "2"), (reply.Status, reply["code"], reply.Header("Retry-After")));
    }

    [Theory]
    [InlineData(JobState.Cancelled, "", null, "job_cancelled")]
    [InlineData(JobState.Succeeded, "", null, "result_not_found")]
    [InlineData(JobState.Failed, "", null, "result_not_found")]
    [InlineData(JobState.Failed, "?format=text", Envelope, "no_answer")]
    [InlineData(JobState.Succeeded, "?format=text", """{"answer":{"text":null}}""", "no_answer")]
    [InlineData(JobState.Succeeded, "?format=text", """{"answer":{}}""", "no_answer")]
    [InlineData(JobState.Succeeded, "?format=text", """{"answer":null}""", "no_answer")]
    public async Task ResultThatIsNotThere_Is404WithARemedy(JobState state, string query, string? stored, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: state);
        host.Jobs.Change(job with { Error = new JobError("truncated", "It was cut.", "Ask for less.") });
        if (stored is not null)
        {
            host.Jobs.Results[job.Id] = stored;
        }

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}/result{query}");

        Assert.Equal((404, code), (reply.Status, reply["code"]));
        Assert.NotEmpty(reply["remedy"]!);
        Assert.Null(reply.Header("ETag"));
    }

    [Fact]
    public async Task FailedJobsResult_IsItsErrorEnvelope()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: JobState.Failed);
        host.Jobs.Results[job.Id] = """{"error":{"code":"truncated"}}""";

        var reply = await host.SendAsync("GET", $"api/jobs/{job.Id}/result");

        Assert.Equal((200, """{"error":{"code":"truncated"}}"""), (reply.Status, reply.Text));
    }

    internal static Job Full(GatewayHost host)
    {
        var now = host.Time.GetUtcNow();
        var usage = new TokenUsage { PromptTokens = 100, CandidatesTokens = 12, ThoughtsTokens = 5 };
        return host.Jobs.Change(host.Jobs.Add("alice") with
        {
            State = JobState.Succeeded,
            Origin = JobOrigin.Drop,
            Drop = new DropReference("meeting-notes/a.mp3", "secret-etag", now, 5),
            TaskId = "secret-task",
            CompletedAt = now,
            Usage = usage,
            CostUsd = 0.00012345m,
            Media = new MediaSummary { Kind = "audio", MimeType = "audio/mp3", Bytes = 5, Seconds = 1.5 },
            Error = new JobError("retried", "It was busy.", "Nothing to do.") { RequestId = "secret-request-id", UpstreamCode = "secret-code" },
            TraceParent = "secret-trace",
            Attempts =
            [
                new Attempt
                {
                    Number = 1, Tier = Tier.Beta, StartedAt = now, EndedAt = now, TaskId = "secret-task", ErrorCode = "busy",
                    ModelVersion = "gemini-2.5-flash", Usage = usage, CostUsd = 0.00012345m,
                },
            ],
        });
    }
}
