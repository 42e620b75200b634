using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Gateway.Callers;

namespace FlashDrop.Gateway.Tests;

public sealed class CallersTests
{
    private const string Create = """{"name":"carol","tierPolicy":"beta","limits":{"requestsPerMinute":60,"dailyBudgetUsd":2.5}}""";

    [Fact]
    public async Task Create_ShowsTheKeyOnce_AndTheKeyWorks()
    {
        await using var host = await GatewayHost.StartAsync();

        var made = await AdminAsync(host, "POST", "api/callers", Create);

        var key = made["key"]!;
        Assert.Equal(201, made.Status);
        Assert.Equal("/api/callers/carol", made.Header("Location"));
        Assert.StartsWith(made.Json.GetProperty("keys")[0].GetProperty("hint").GetString()!, key, StringComparison.Ordinal);
        Assert.Equal("carol", (await host.SendAsync("GET", "api/me", key: key))["caller"]);
        foreach (var path in new[] { "api/callers", "api/callers/carol" })
        {
            var reply = await AdminAsync(host, "GET", path);
            Assert.Equal(200, reply.Status);
            Assert.DoesNotContain(key, reply.Text, StringComparison.Ordinal);
            Assert.DoesNotContain(ApiKeys.Hash(key), reply.Text, StringComparison.Ordinal);
        }

        Assert.All(host.Storage.Callers.AllText(), row => Assert.DoesNotContain(key[7..], row, StringComparison.Ordinal));
        Assert.DoesNotContain(host.Logs.Lines, line => line.Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task List_HasCallersOfTableAndConfiguration_ByName()
    {
        await using var host = await GatewayHost.StartAsync();
        await AdminAsync(host, "POST", "api/callers", Create);

        var callers = (await AdminAsync(host, "GET", "api/callers")).Json.GetProperty("callers");

        Assert.Equal(
            ["alice configuration", "bob configuration", "carol table", "root configuration"],
            callers.EnumerateArray().Select(c => $"{c.GetProperty("name")} {c.GetProperty("source")}"));
        Assert.Equal(2.5m, callers[2].GetProperty("limits").GetProperty("dailyBudgetUsd").GetDecimal());
        Assert.DoesNotContain(ApiKeys.Hash(GatewayHost.BobKey), callers.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OnlyAdministrators_SeeOrChangeCallers()
    {
        await using var host = await GatewayHost.StartAsync();

        foreach (var (method, route) in GatewayHost.Endpoints.Where(e => e.Route.StartsWith(Routes.Callers, StringComparison.Ordinal)))
        {
            Assert.Equal(403, (await host.SendAsync(method, route, Create)).Status);
        }

        Assert.Empty(host.Storage.Callers.AllText());
    }

    [Theory]
    [InlineData("bob", "caller_configured")]
    [InlineData("carol", "caller_exists")]
    public async Task TakenName_IsRefused(string name, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        await AdminAsync(host, "POST", "api/callers", Create);

        var reply = await AdminAsync(host, "POST", "api/callers", $$"""{"name":"{{name}}"}""");

        Assert.Equal((409, code), (reply.Status, reply["code"]));
    }

    [Fact]
    public async Task CallerOfTheConfiguration_CannotBeChangedHere()
    {
        await using var host = await GatewayHost.StartAsync();

        foreach (var (method, action) in new[] { ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate"), ("POST", "/disable"), ("POST", "/enable") })
        {
            var reply = await AdminAsync(host, method, $"api/callers/alice{action}", method == "PATCH" ? "{}" : null);
            Assert.Equal((409, "caller_configured"), (reply.Status, reply["code"]));
        }

        Assert.Equal("configuration", (await AdminAsync(host, "GET", "api/callers/alice"))["source"]);
    }

    [Fact]
    public async Task Change_TakesWhatIsNamed_AndLeavesTheRest()
    {
        await using var host = await GatewayHost.StartAsync();
        await AdminAsync(host, "POST", "api/callers", Create);

        var changed = await AdminAsync(host, "PATCH", "api/callers/carol", """{"admin":true,"limits":{"requestsPerMinute":null,"concurrent":4}}""");

        var limits = changed.Json.GetProperty("limits");
        Assert.Equal((200, "True", "beta"), (changed.Status, changed["admin"], changed["tierPolicy"]));
        Assert.Equal("""{"concurrent":4,"dailyBudgetUsd":2.5}""", limits.GetRawText());
        Assert.Equal("{}", (await AdminAsync(host, "PATCH", "api/callers/carol", """{"limits":null}""")).Json.GetProperty("limits").GetRawText());
    }

    [Fact]
    public async Task OutdatedVersion_IsNotOverwritten()
    {
        await using var host = await GatewayHost.StartAsync();
        var first = (await AdminAsync(host, "POST", "api/callers", Create)).Header("ETag")!;
        var second = (await AdminAsync(host, "PATCH", "api/callers/carol", """{"admin":true}""", ("If-Match", first))).Header("ETag")!;

        Assert.NotEqual(first, second);
        Assert.Equal(412, (await AdminAsync(host, "PATCH", "api/callers/carol", """{"admin":false}""", ("If-Match", first))).Status);
        Assert.Equal(412, (await AdminAsync(host, "DELETE", "api/callers/carol", null, ("If-Match", $"W/{second}"))).Status);
        Assert.Equal(304, (await AdminAsync(host, "GET", "api/callers/carol", null, ("If-None-Match", second))).Status);
        Assert.Equal(204, (await AdminAsync(host, "DELETE", "api/callers/carol", null, ("If-Match", second))).Status);
        Assert.Equal(404, (await AdminAsync(host, "GET", "api/callers/carol")).Status);
    }

    [Theory]
    [InlineData(null, 24 * 3600)]
    [InlineData("""{"overlapSeconds":60}""", 60)]
    [InlineData("{}", 24 * 3600)]
    public async Task RotatedKey_LeavesTheOldOneValidForTheOverlap(string? body, int overlap)
    {
        await using var host = await GatewayHost.StartAsync();
        var old = (await AdminAsync(host, "POST", "api/callers", Create))["key"]!;

        var rotated = await AdminAsync(host, "POST", "api/callers/carol/rotate", body);

        var key = rotated["key"]!;
        Assert.NotEqual(old, key);
        Assert.Equal(2, rotated.Json.GetProperty("keys").GetArrayLength());
        host.Time.Advance(TimeSpan.FromSeconds(overlap - 1));
        Assert.Equal(200, (await host.SendAsync("GET", "api/me", key: old)).Status);
        Assert.Equal(200, (await host.SendAsync("GET", "api/me", key: key)).Status);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(401, (await host.SendAsync("GET", "api/me", key: old)).Status);
        Assert.Equal(200, (await host.SendAsync("GET", "api/me", key: key)).Status);
        Assert.Equal(1, (await AdminAsync(host, "GET", "api/callers/carol")).Json.GetProperty("keys").GetArrayLength());
    }

    [Fact]
    public async Task RotationWithoutOverlap_EndsEveryOldKeyAtOnce_AndALaterOneNeverProlongsAKey()
    {
        await using var host = await GatewayHost.StartAsync();
        var first = (await AdminAsync(host, "POST", "api/callers", Create))["key"]!;
        var second = (await AdminAsync(host, "POST", "api/callers/carol/rotate", """{"overlapSeconds":10}"""))["key"]!;
        await AdminAsync(host, "POST", "api/callers/carol/rotate", """{"overlapSeconds":1000}""");

        host.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(401, (await host.SendAsync("GET", "api/me", key: first)).Status);
        Assert.Equal(200, (await host.SendAsync("GET", "api/me", key: second)).Status);

        var last = (await AdminAsync(host, "POST", "api/callers/carol/rotate", """{"overlapSeconds":0}"""))["key"]!;
        Assert.Equal(401, (await host.SendAsync("GET", "api/me", key: second)).Status);
        Assert.Equal(200, (await host.SendAsync("GET", "api/me", key: last)).Status);
    }

    [Fact]
    public async Task KeysWithOverlap_AreBounded()
    {
        await using var host = await GatewayHost.StartAsync();
        await AdminAsync(host, "POST", "api/callers", Create);
        for (var i = 1; i < CallerRecord.MaxKeys; i++)
        {
            Assert.Equal(200, (await AdminAsync(host, "POST", "api/callers/carol/rotate")).Status);
        }

        Assert.Equal("too_many_keys", (await AdminAsync(host, "POST", "api/callers/carol/rotate"))["code"]);
        Assert.Equal(200, (await AdminAsync(host, "POST", "api/callers/carol/rotate", """{"overlapSeconds":0}""")).Status);
    }

    [Fact]
    public async Task DisabledCaller_IsRefused_UntilItIsEnabled()
    {
        await using var host = await GatewayHost.StartAsync();
        var key = (await AdminAsync(host, "POST", "api/callers", Create))["key"]!;
        Assert.Equal(200, (await host.SendAsync("GET", "api/me", key: key)).Status);

        Assert.Equal("True", (await AdminAsync(host, "POST", "api/callers/carol/disable"))["disabled"]);
        Assert.Equal(401, (await host.SendAsync("GET", "api/me", key: key)).Status);

        Assert.Equal("False", (await AdminAsync(host, "POST", "api/callers/carol/enable"))["disabled"]);
        Assert.Equal(200, (await host.SendAsync("GET", "api/me", key: key)).Status);
    }

    [Fact]
    public async Task LastAdministrator_CannotLockEverybodyOut()
    {
        await using var host = await GatewayHost.StartAsync();
        var carol = (await AdminAsync(host, "POST", "api/callers", """{"name":"carol","admin":true}"""))["key"]!;

        // The same table in a deployment whose configuration has no administrator.
        await using var other = await GatewayHost.StartAsync(
            new() { ["FlashDrop:Callers:root:Admin"] = "false" }, services => services.AddSingletonCallers(host.Storage));
        foreach (var (method, path, body) in new[]
        {
            ("DELETE", "api/callers/carol", null), ("POST", "api/callers/carol/disable", null), ("PATCH", "api/callers/carol", """{"admin":false}"""),
        })
        {
            var reply = await other.SendAsync(method, path, body, carol);
            Assert.Equal((409, "last_admin"), (reply.Status, reply["code"]));
        }

        await other.SendAsync("POST", "api/callers", """{"name":"dave","admin":true}""", carol);
        Assert.Equal(204, (await other.SendAsync("DELETE", "api/callers/carol", null, carol)).Status);
        Assert.Equal(401, (await other.SendAsync("GET", "api/me", key: carol)).Status);
    }

    public static TheoryData<string, string> Mistakes => new()
    {
        { "{}", "name" },
        { """{"name":""}""", "name" },
        { """{"name":"Carol"}""", "name" },
        { """{"name":"drop:notes"}""", "name" },
        { """{"name":"a/../b"}""", "name" },
        { $$"""{"name":"{{new string('a', 65)}}"}""", "name" },
        { """{"name":7}""", "name" },
        { """{"name":"carol","admin":"yes"}""", "admin" },
        { """{"name":"carol","tierPolicy":"gold"}""", "tierPolicy" },
        { """{"name":"carol","limits":[]}""", "limits" },
        { """{"name":"carol","limits":{"requestsPerMinute":0}}""", "limits.requestsPerMinute" },
        { """{"name":"carol","limits":{"requestsPerMinute":1.5}}""", "limits.requestsPerMinute" },
        { """{"name":"carol","limits":{"requestsPerMinute":3000000000}}""", "limits.requestsPerMinute" },
        { """{"name":"carol","limits":{"tokensPerMinute":-1}}""", "limits.tokensPerMinute" },
        { """{"name":"carol","limits":{"concurrent":"4"}}""", "limits.concurrent" },
        { """{"name":"carol","limits":{"dailyBudgetUsd":0}}""", "limits.dailyBudgetUsd" },
        { """{"name":"carol","limits":{"dailyBudgetUsd":1e300}}""", "limits.dailyBudgetUsd" },
        { """{"name":"carol","limits":{"perDay":1}}""", "limits.perDay" },
        { """{"name":"carol","keyHashes":["x"]}""", "keyHashes" },
        { """{"name":"carol","disabled":true}""", "disabled" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task HostileBody_IsRefusedWithTheFieldToBlame(string body, string field)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await AdminAsync(host, "POST", "api/callers", body);

        Assert.Equal(400, reply.Status);
        Assert.Equal(field, reply.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Empty(host.Storage.Callers.AllText());
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("""{"name":"a","name":"b"}""")]
    [InlineData("""{"name":"carol","limits":{"a":{"b":{"c":{"d":{"e":{"f":{"g":{}}}}}}}}}""")]
    public async Task UnusableJson_IsRefused(string body)
    {
        await using var host = await GatewayHost.StartAsync();

        Assert.Equal("invalid_json", (await AdminAsync(host, "POST", "api/callers", body))["code"]);
    }

    [Theory]
    [InlineData("""{"overlapSeconds":2592001}""")]
    [InlineData("""{"overlapSeconds":1.5}""")]
    [InlineData("""{"overlapSeconds":"60"}""")]
    [InlineData("""{"overlap":60}""")]
    public async Task UnusableOverlap_IsRefused_AndChangesNothing(string body)
    {
        await using var host = await GatewayHost.StartAsync();
        var made = await AdminAsync(host, "POST", "api/callers", Create);

        Assert.Equal(400, (await AdminAsync(host, "POST", "api/callers/carol/rotate", body)).Status);
        Assert.Equal(made.Header("ETag"), (await AdminAsync(host, "GET", "api/callers/carol")).Header("ETag"));
    }

    [Fact]
    public async Task LimitsPerMinute_HoldForJobs_AndAcceptedTokensCount()
    {
        await using var host = await GatewayHost.StartAsync(new()
        {
            ["FlashDrop:Callers:alice:Limits:RequestsPerMinute"] = "2",
            ["FlashDrop:Callers:bob:Limits:TokensPerMinute"] = "100",
            ["FlashDrop:Callers:bob:Limits:Concurrent"] = "1",
        });
        host.Jobs.Estimate = new JobEstimate { InputTokens = 100 };

        var statuses = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            statuses.Add((await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""")).Status);
        }

        Assert.Equal([202, 202, 429], statuses);
        Assert.Equal(202, (await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""", GatewayHost.BobKey)).Status);
        var refused = await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""", GatewayHost.BobKey);
        Assert.Equal((429, "tokens_per_minute"), (refused.Status, refused["code"]));
        Assert.InRange(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        host.Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(202, (await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""", GatewayHost.BobKey)).Status);
    }

    private static Task<Reply> AdminAsync(GatewayHost host, string method, string path, string? body = null, params (string, string)[] headers) =>
        host.SendAsync(method, path, body, GatewayHost.AdminKey, headers);
}
