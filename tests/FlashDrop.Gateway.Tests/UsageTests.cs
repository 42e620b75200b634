using FlashDrop.Core.Metering;
using FlashDrop.Testing;

namespace FlashDrop.Gateway.Tests;

public sealed class UsageTests
{
    private static readonly DateTimeOffset Day = new(2026, 3, 4, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Caller_SeesItsOwnUsage_AnAdministratorEverybodys()
    {
        await using var host = await StartAsync();

        var own = await host.SendAsync("GET", "api/usage?groupBy=caller");
        var all = await host.SendAsync("GET", "api/usage?groupBy=caller,day", key: GatewayHost.AdminKey);
        var one = await host.SendAsync("GET", "api/usage?caller=bob", key: GatewayHost.AdminKey);

        Assert.Equal(["alice"], own.Json.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("caller").GetString()));
        Assert.Equal(2, own.Json.GetProperty("total").GetProperty("answers").GetInt64());
        Assert.Equal(["2026-03-04 alice", "2026-03-04 bob"], all.Json.GetProperty("rows").EnumerateArray().Select(row => $"{row.GetProperty("day")} {row.GetProperty("caller")}"));
        Assert.Equal(3, all.Json.GetProperty("total").GetProperty("answers").GetInt64());
        Assert.Equal(1, one.Json.GetProperty("total").GetProperty("answers").GetInt64());
        Assert.Equal("2026-02-04", own["from"]);
    }

    [Theory]
    [InlineData("?groupBy=caller&format=csv", null, "text/csv")]
    [InlineData("?groupBy=caller", "text/csv", "text/csv")]
    [InlineData("?groupBy=caller", "application/json, text/csv;q=0.5", "application/json")]
    [InlineData("?groupBy=caller&format=json", "text/csv", "application/json")]
    public async Task Usage_IsGivenInTheFormAskedFor(string query, string? accept, string mediaType)
    {
        await using var host = await StartAsync();

        var reply = await host.SendAsync("GET", $"api/usage{query}", headers: accept is null ? [] : [("Accept", accept)]);

        Assert.Equal((200, mediaType), (reply.Status, reply.MediaType));
        if (mediaType is "text/csv")
        {
            Assert.StartsWith("caller,answers,", reply.Text, StringComparison.Ordinal);
            Assert.Contains("\nalice,2,", reply.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("?caller=bob", 403, "forbidden")]
    [InlineData("?groupBy=hour", 400, "invalid_request")]
    [InlineData("?from=2026-03-05&to=2026-03-04", 400, "invalid_request")]
    [InlineData("?from=2020-01-01", 400, "invalid_request")]
    [InlineData("?from=yesterday", 400, "invalid_request")]
    [InlineData("?format=xml", 400, "invalid_request")]
    [InlineData("?format=csv&format=json", 400, "invalid_request")]
    public async Task UnusableQuestion_IsRefused(string query, int status, string code)
    {
        await using var host = await StartAsync();

        var reply = await host.SendAsync("GET", $"api/usage{query}");

        Assert.Equal((status, code), (reply.Status, reply["code"]));
    }

    private static async Task<GatewayHost> StartAsync()
    {
        var host = await GatewayHost.StartAsync();
        foreach (var (number, caller) in new[] { (1, "alice"), (2, "alice"), (3, "bob") })
        {
            UsageRecord usage = TestJobs.Usage(TestJobs.Id(Day, number), $"task-{number}") with { Caller = caller };
            await host.Storage.Jobs.AddUsageAsync(usage, CancellationToken.None);
        }

        return host;
    }
}
