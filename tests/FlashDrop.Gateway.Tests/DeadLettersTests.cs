using FlashDrop.Core.Jobs;

namespace FlashDrop.Gateway.Tests;

public sealed class DeadLettersTests
{
    [Fact]
    public async Task List_HoldsTheCallersFailedJobs_AndQueuesForAdministratorsOnly()
    {
        await using var host = await GatewayHost.StartAsync();
        var mine = host.Jobs.Add("alice", state: JobState.Failed);
        host.Jobs.Add("alice", state: JobState.Succeeded);
        host.Jobs.Add("bob", state: JobState.Failed);

        var own = await host.SendAsync("GET", "api/dead-letters");
        var all = await host.SendAsync("GET", "api/dead-letters", key: GatewayHost.AdminKey);

        var job = Assert.Single(own.Json.GetProperty("jobs").EnumerateArray());
        Assert.Equal(mine.Id.ToString(), job.GetProperty("id").GetString());
        Assert.Equal($"/api/jobs/{mine.Id}/retry", job.GetProperty("links").GetProperty("retry").GetString());
        Assert.False(own.Json.TryGetProperty("queues", out _));
        Assert.Equal(2, all.Json.GetProperty("jobs").GetArrayLength());
        Assert.Equal("poll-poison", all.Json.GetProperty("queues")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task NextPage_IsLinked_AndAForeignCursorIsRefused()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Jobs.NextCursor = "next";

        var page = await host.SendAsync("GET", "api/dead-letters?limit=5");
        var next = await host.SendAsync("GET", page.Json.GetProperty("links").GetProperty("next").GetString()!);
        var foreign = await host.SendAsync("GET", "api/dead-letters?cursor=forged");

        Assert.StartsWith("/api/dead-letters?caller=alice&from=", page.Json.GetProperty("links").GetProperty("next").GetString(), StringComparison.Ordinal);
        Assert.Equal((200, "next", 5), (next.Status, host.Jobs.Queries[1].Cursor, host.Jobs.Queries[1].PageSize));
        Assert.Equal((400, "invalid_request"), (foreign.Status, foreign["code"]));
    }

    [Fact]
    public async Task Retry_GoesOnWithTheNextAttempt_Once()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: JobState.Failed);

        var first = await host.SendAsync("POST", $"api/jobs/{job.Id}/retry");
        var second = await host.SendAsync("POST", $"api/jobs/{job.Id}/retry");

        Assert.Equal((202, "Queued", "2"), (first.Status, first["state"], first["attempt"]));
        Assert.Equal((202, "2"), (second.Status, second["attempt"]));
        Assert.NotNull(first.Header("ETag"));
    }

    [Theory]
    [InlineData("retry", "job_not_retryable")]
    [InlineData("discard", "job_not_failed")]
    public async Task JobThatDidNotFail_Is409(string action, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: JobState.Succeeded);

        var reply = await host.SendAsync("POST", $"api/jobs/{job.Id}/{action}");

        Assert.Equal((409, code), (reply.Status, reply["code"]));
    }

    [Fact]
    public async Task Discard_MarksTheJob()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice", state: JobState.Failed);

        var reply = await host.SendAsync("POST", $"api/jobs/{job.Id}/discard");

        Assert.Equal((200, "Failed"), (reply.Status, reply["state"]));
        Assert.NotNull(reply["discardedAt"]);
        Assert.False(reply.Json.GetProperty("links").TryGetProperty("discard", out _));
    }

    [Theory]
    [InlineData("retry")]
    [InlineData("discard")]
    public async Task AnothersJob_IsNotThere(string action)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("bob", state: JobState.Failed);

        var reply = await host.SendAsync("POST", $"api/jobs/{job.Id}/{action}");

        Assert.Equal((404, "job_not_found"), (reply.Status, reply["code"]));
        Assert.Equal((JobState.Failed, null), (host.Jobs.Current(job.Id).State, host.Jobs.Current(job.Id).DiscardedAt));
    }
}
