using FlashDrop.Core.Jobs;

namespace FlashDrop.Gateway.Tests;

public sealed class ListJobsTests
{
    [Fact]
    public async Task DefaultList_IsTheCallersOwnOfTheLastSevenDays()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Jobs.Add("alice");
        host.Jobs.Add("bob");

        var reply = await host.SendAsync("GET", "api/jobs");

        Assert.Equal(["alice"], reply.Json.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("caller").GetString()));
        var query = Assert.Single(host.Jobs.Queries);
        Assert.Equal((new DateOnly(2026, 2, 27), new DateOnly(2026, 3, 5), "alice", 100), (query.From, query.To, query.Caller, query.PageSize));
    }

    [Fact]
    public async Task Filters_ReachTheStore()
    {
        await using var host = await GatewayHost.StartAsync();

        await host.SendAsync("GET", "api/jobs?state=failed&caller=drop:meeting-notes&profile=p&day=2026-01-02&limit=5", key: GatewayHost.AdminKey);

        var query = Assert.Single(host.Jobs.Queries);
        Assert.Equal((JobState.Failed, "drop:meeting-notes", "p", 5), (query.State, query.Caller, query.Profile, query.PageSize));
        Assert.Equal((new DateOnly(2026, 1, 2), new DateOnly(2026, 1, 2)), (query.From, query.To));
    }

    [Theory]
    [InlineData("from=2026-03-01", "2026-03-01", "2026-03-05")]
    [InlineData("to=2026-01-07", "2026-01-01", "2026-01-07")]
    [InlineData("from=2026-01-01&to=2026-01-31", "2026-01-01", "2026-01-31")]
    [InlineData("to=0001-01-02", "0001-01-02", "0001-01-02")]
    public async Task Range_IsCompleted(string parameters, string from, string to)
    {
        await using var host = await GatewayHost.StartAsync();

        await host.SendAsync("GET", $"api/jobs?{parameters}");

        var query = Assert.Single(host.Jobs.Queries);
        Assert.Equal((from, to), (query.From.ToString("yyyy-MM-dd"), query.To.ToString("yyyy-MM-dd")));
    }

    [Fact]
    public async Task NextLink_AsksTheSameQuestionAndEnds()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Jobs.NextCursor = "a&b=c/+";

        var first = await host.SendAsync("GET", "api/jobs?state=Queued&limit=7");
        host.Time.Advance(TimeSpan.FromDays(1));
        var second = await host.SendAsync("GET", first.Json.GetProperty("links").GetProperty("next").GetString()!);

        Assert.Equal(200, second.Status);
        Assert.Equal(host.Jobs.Queries[0] with { Cursor = "a&b=c/+" }, host.Jobs.Queries[1]);
        Assert.False(second.Json.GetProperty("links").TryGetProperty("next", out _));
    }

    [Fact]
    public async Task CallerFilter_IsForAdministratorsUnlessItIsOneself()
    {
        await using var host = await GatewayHost.StartAsync();

        Assert.Equal((403, "forbidden"), await StatusAsync("bob", GatewayHost.AliceKey));
        Assert.Equal((200, null), await StatusAsync("alice", GatewayHost.AliceKey));
        Assert.Equal((200, null), await StatusAsync("bob", GatewayHost.AdminKey));
        Assert.Equal(["alice", "bob"], host.Jobs.Queries.Select(query => query.Caller));

        async Task<(int, string?)> StatusAsync(string caller, string key)
        {
            var reply = await host.SendAsync("GET", $"api/jobs?caller={caller}", key: key);
            return (reply.Status, reply["code"]);
        }
    }

    [Fact]
    public async Task AdministratorWithoutFilter_SeesEverybodys()
    {
        await using var host = await GatewayHost.StartAsync();

        await host.SendAsync("GET", "api/jobs", key: GatewayHost.AdminKey);

        Assert.Null(Assert.Single(host.Jobs.Queries).Caller);
    }

    [Theory]
    [InlineData("state=Done", "query.state")]
    [InlineData("state=1", "query.state")]
    [InlineData("status=Queued", "query.status")]
    [InlineData("state=Queued&state=Held", "query.state")]
    [InlineData("limit=0", "query.limit")]
    [InlineData("limit=1001", "query.limit")]
    [InlineData("limit=ten", "query.limit")]
    [InlineData("day=05.03.2026", "query.day")]
    [InlineData("day=2026-02-30", "query.day")]
    [InlineData("day=2026-03-05&from=2026-03-01", "query.day")]
    [InlineData("from=2026-03-05&to=2026-03-04", "query.from")]
    [InlineData("from=2025-12-01&to=2026-03-05", "query.from")]
    [InlineData("cursor=forged", "query.cursor")]
    public async Task UnusableParameter_IsNamed(string parameters, string field)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("GET", $"api/jobs?{parameters}");

        Assert.Equal((400, "invalid_request"), (reply.Status, reply["code"]));
        Assert.Equal(field, Assert.Single(reply.Json.GetProperty("errors").EnumerateArray()).GetProperty("field").GetString());
    }

    [Fact]
    public async Task OverlongCursor_IsRefusedBeforeTheStoreSeesIt()
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("GET", $"api/jobs?cursor={new string('c', 2049)}");

        Assert.Equal(400, reply.Status);
        Assert.Empty(host.Jobs.Queries);
    }
}
