using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Tests;

public class ControlTests
{
    [Fact]
    public async Task Faults_ArePostedListedAndDeletedWithoutAKey()
    {
        await using var sim = await Sim.StartAsync();
        using var anyone = new HttpClient { BaseAddress = sim.Host.BaseUrl };
        using var posted = await anyone.PostAsync("/control/faults", new StringContent(
            """[{"name":"busy","match":{"kind":"generate","nth":1},"action":{"status":429,"body":"googleArray","retryAfter":5}}]"""));
        Assert.Equal(HttpStatusCode.NoContent, posted.StatusCode);
        Assert.Contains("\"googleArray\"", await anyone.GetStringAsync("/control/faults"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await sim.GenerateAsync(Sim.Ask("x"))).StatusCode);
        Assert.Equal("busy", sim.Host.Requests[0].Fault);

        await anyone.DeleteAsync("/control/faults");
        Assert.Equal("[]", await anyone.GetStringAsync("/control/faults"));
    }

    [Theory]
    [InlineData("""[{"action":{"statsu":429}}]""", "statsu")]
    [InlineData("""[{"action":{"status":99}}]""", "action.status is 99")]
    [InlineData("""[{"match":{"nth":0},"action":{}}]""", "match.nth is 0")]
    [InlineData("""[{"match":{"kind":"genrate"},"action":{}}]""", "kind")]
    [InlineData("""[{"match":{}}]""", "action")]
    [InlineData("nonsense", "invalid")]
    public async Task WrongRule_Is400AndNamesTheMistake(string rules, string mistake)
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.Http.PostAsync("/control/faults", new StringContent(rules));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(mistake, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task EveryRuleInTheDocument_IsAccepted()
    {
        await using var sim = await Sim.StartAsync();
        var document = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "simulator.md"));
        var blocks = document.Split("```json\n").Skip(1).Select(b => b.Split("```")[0]).ToList();
        Assert.Equal(4, blocks.Count);
        foreach (var block in blocks)
        {
            using var response = await sim.Http.PostAsync("/control/faults", new StringContent(block));
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task Log_ShowsWhatWasReceived_AndNoKey()
    {
        await using var sim = await Sim.StartAsync();
        var png = MediaBytes.Png(3, 3);
        var ask = Sim.Ask("Look.", Sim.Inline("image/png", png));
        using var response = await sim.PostAsync($"/v1beta/models/{Sim.Model}:generateContent", ask, asynchronous: true, idempotencyKey: "key-0123456789abcdef");
        await Sim.UntilAsync(() => sim.Host.Requests[0].DurationMs is not null);
        var log = await sim.Http.GetStringAsync("/control/log");
        var entry = JsonNode.Parse(log)![0]!;
        Assert.Equal(
            ("POST", "generate", Sim.Model, "key-0123456789abcdef", "task", 200),
            ((string)entry["method"]!, (string)entry["kind"]!, (string)entry["model"]!, (string)entry["idempotencyKey"]!, (string)entry["outcome"]!, (int)entry["status"]!));
        Assert.True((bool)entry["async"]!);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(ask.ToJsonString()))), (string)entry["bodySha256"]!);
        Assert.Equal(png.Length, (int)entry["media"]![0]!["bytes"]!);
        Assert.Equal(response.Headers.GetValues("x-request-id").Single(), (string)entry["requestId"]!);
        Assert.DoesNotContain("sk-test", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_AgreesWithWhatTheAnswersReported()
    {
        await using var sim = await Sim.StartAsync();
        long prompt = 0, total = 0;
        for (var i = 0; i < 3; i++)
        {
            var usage = (await sim.AnswerAsync(Sim.Ask($"Question {i}", Sim.Inline("application/pdf", MediaBytes.Pdf(5))), "gemini-2.5-flash-beta"))["usageMetadata"]!;
            prompt += (long)usage["promptTokenCount"]!;
            total += (long)usage["totalTokenCount"]!;
        }

        var report = JsonNode.Parse(await sim.Http.GetStringAsync("/control/usage"))!;
        Assert.Equal(3, (int)report["count"]!);
        Assert.Equal(prompt, (long)report["promptTokens"]!);
        Assert.Equal(total, prompt + (long)report["candidatesTokens"]! + (long)report["thoughtsTokens"]!);
        Assert.Equal(2 * 1290, (long)report["cachedTokens"]!);
        var expected = (((prompt - 2580) * 0.078m) + (2580 * 0.008m) + ((total - prompt) * 0.65m)) / 1_000_000m;
        Assert.Equal(expected, (decimal)report["costUsd"]!);

        var credits = await Sim.ReadAsync(await sim.Http.GetAsync("/v1/credits"));
        Assert.Equal(10_000m - Math.Round(expected * 68, 6), (decimal)credits["data"]!["user"]!["remaining_credits"]!);
    }

    [Fact]
    public async Task KeysAndReset_WorkOverHttp()
    {
        await using var sim = await Sim.StartAsync();
        var id = await sim.SubmitTaskAsync(Sim.Ask("x"));
        await sim.Http.PostAsync("/control/keys", new StringContent("""["sk-rotated"]"""));
        Assert.Equal(HttpStatusCode.Unauthorized, (await sim.Http.GetAsync("/v1/models")).StatusCode);
        await sim.Http.PostAsync("/control/reset", null);
        Assert.Equal(HttpStatusCode.OK, (await sim.Http.GetAsync("/v1/models")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await sim.Http.GetAsync($"/v1/tasks/{id}")).StatusCode);
        sim.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, sim.Host.Usage.Count);
    }

    [Fact]
    public async Task IdempotencyKey_IsIgnoredByDefault()
    {
        await using var sim = await Sim.StartAsync();
        for (var i = 0; i < 2; i++)
        {
            using var response = await sim.PostAsync($"/v1beta/models/{Sim.Model}:generateContent", Sim.Ask("x"), idempotencyKey: "key-0123456789abcdef");
        }

        Assert.Equal(2, sim.Host.Usage.Count);
    }

    [Fact]
    public async Task IdempotencyKey_ReplaysWhenTheOptionIsOn_AndRefusesAnotherBody()
    {
        await using var sim = await Sim.StartAsync(o => o with { ReplaysIdempotencyKeys = true });
        var path = $"/v1beta/models/{Sim.Model}:generateContent";
        using var first = await sim.PostAsync(path, Sim.Ask("x"), asynchronous: true, idempotencyKey: "key-0123456789abcdef");
        using var second = await sim.PostAsync(path, Sim.Ask("x"), asynchronous: true, idempotencyKey: "key-0123456789abcdef");
        using var other = await sim.PostAsync(path, Sim.Ask("y"), asynchronous: true, idempotencyKey: "key-0123456789abcdef");
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal("true", second.Headers.GetValues("idempotency-replayed").Single());
        Assert.Equal(HttpStatusCode.Conflict, other.StatusCode);
        Assert.Equal("idempotency_conflict", (string)(await Sim.ReadAsync(other))["error"]!["code"]!);
        sim.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, sim.Host.Usage.Count);
    }

    [Fact]
    public async Task Catalog_ListsModelsAndPrices()
    {
        await using var sim = await Sim.StartAsync();
        var models = await Sim.ReadAsync(await sim.Http.GetAsync("/v1/models"));
        Assert.Contains("gemini-2.5-flash-beta", ((JsonArray)models["data"]!).Select(m => (string)m!["id"]!), StringComparer.Ordinal);
        var native = await Sim.ReadAsync(await sim.Http.GetAsync("/v1beta/models/evolink/auto"));
        Assert.Equal("models/evolink/auto", (string)native["name"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await sim.Http.GetAsync("/v1beta/models/none")).StatusCode);
        using var anyone = new HttpClient { BaseAddress = sim.Host.BaseUrl };
        var prices = JsonNode.Parse(await anyone.GetStringAsync("/web/api/models/pricing"))!;
        Assert.Equal(0.00024m, (decimal)prices["data"]![0]!["price_range"]!["min_usd"]!);
    }

    [Fact]
    public async Task HundredsOfRequestsAtOnce_AreAllServedAndChargedOnce()
    {
        await using var sim = await Sim.StartAsync();
        var png = MediaBytes.Png(100, 100);
        var ids = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => sim.SubmitTaskAsync(Sim.Ask($"Question {i}", Sim.Inline("image/png", png)))));
        Assert.Equal(300, ids.Distinct(StringComparer.Ordinal).Count());
        sim.Time.Advance(TimeSpan.FromSeconds(5));
        var tasks = await Task.WhenAll(ids.Select(sim.ReadTaskAsync));
        Assert.All(tasks, t => Assert.Equal("completed", (string)t["status"]!));
        Assert.Equal(300, sim.Host.Usage.Count);
        Assert.Equal(tasks.Sum(t => (decimal)t["usage"]!["cost"]!["usd"]!), sim.Host.Usage.CostUsd);
    }

    [Fact]
    public async Task TakenPort_IsAnIOException()
    {
        await using var sim = await Sim.StartAsync();
        await Assert.ThrowsAsync<IOException>(() => SimulatorHost.StartAsync(new SimulatorOptions { Port = sim.Host.BaseUrl.Port }));
    }
}
