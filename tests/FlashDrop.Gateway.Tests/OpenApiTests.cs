using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.DeadLetters;
using FlashDrop.Gateway.Drops;
using FlashDrop.Gateway.Health;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using FlashDrop.Gateway.Reports;
using FlashDrop.Gateway.Uploads;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Gateway.Tests;

/// <summary>
/// Keeps the document true. That no answer is undocumented is checked on every request of every test
/// (<see cref="DocumentedAnswers"/>); here: that nothing documented is untrue.
/// </summary>
public sealed class OpenApiTests
{
    private const string Minimal = """{"prompt":"x"}""";

    [Fact]
    public async Task Document_IsServedAsWritten()
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("GET", "openapi.json");

        Assert.Equal(200, reply.Status);
        Assert.Equal("3.1.0", reply["openapi"]);
        Assert.True(JsonElement.DeepEquals(ApiDocument.Root, reply.Json));
    }

    [Fact]
    public void Routes_AreExactlyTheDocumentedOnes()
    {
        // The drop-in endpoints are other people's protocols: the document says that it leaves them out.
        var constants = typeof(Routes).GetFields().Select(field => (string)field.GetRawConstantValue()!)
            .Where(route => !route.StartsWith("v1", StringComparison.Ordinal) && !route.StartsWith("upload/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        var documented = ApiDocument.Operations.Select(o => (o.Method, o.Path)).Order();

        Assert.Equal(GatewayHost.Endpoints.Select(e => (e.Method, $"/{e.Route}")).Order(), documented);
        Assert.Equal(constants, GatewayHost.Endpoints.Select(e => e.Route).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void EveryReference_LeadsSomewhere()
    {
        Walk(ApiDocument.Root);

        static void Walk(JsonElement element)
        {
            if (element.ValueKind == JsonValueKind.Object)
            {
                if (element.TryGetProperty("$ref", out _))
                {
                    Assert.Equal(JsonValueKind.Object, ApiDocument.Resolve(element).ValueKind);
                }

                foreach (var member in element.EnumerateObject())
                {
                    Walk(member.Value);
                }
            }
            else if (element.ValueKind == JsonValueKind.Array)
            {
                foreach (var item in element.EnumerateArray())
                {
                    Walk(item);
                }
            }
        }
    }

    [Fact]
    public async Task DocumentedStatuses_AreAllReal()
    {
        HashSet<(string Operation, string Status)> seen = [];
        await using var host = await GatewayHost.StartAsync(new() { ["FlashDrop:Gateway:MaxRequestBytes"] = "1024" });
        var running = host.Jobs.Add("alice").Id;
        var done = host.Jobs.Add("alice", state: JobState.Succeeded).Id;
        host.Jobs.Results[done] = """{"answer":{"text":"x"}}""";
        var missing = JobId.Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");
        var large = $$"""{"prompt":"{{new string('x', 20_000)}}"}""";

        await AskAsync("POST", "api/jobs", Minimal, headers: ("Idempotency-Key", "k"));
        await AskAsync("POST", "api/jobs", """{"prompt":"y"}""", headers: ("Idempotency-Key", "k"));
        host.Jobs.Change(host.Jobs.Current(JobId.Parse((await ListAsync())[^1])) with { State = JobState.Succeeded });
        await AskAsync("POST", "api/jobs", Minimal, headers: ("Idempotency-Key", "k"));
        await AskAsync("POST", "api/jobs", large);
        await AskAsync("POST", "api/jobs", Minimal, headers: ("Content-Type", "text/plain"));
        await AskAsync("GET", "api/jobs?state=x");
        await AskAsync("GET", "api/jobs?caller=bob");
        await AskAsync("GET", "api/jobs");
        await AskAsync("GET", "api/jobs", headers: ("If-None-Match", "*"));
        await AskPagesAsync();
        await AskCallersAsync();
        await AskAsync("POST", "api/uploads", """{"fileName":"a.mp3"}""");
        await AskAsync("POST", "api/uploads", large);
        await AskAsync("POST", "api/uploads", "{}", headers: ("Content-Type", "text/plain"));
        foreach (var path in new[] { "api/jobs", "api/uploads" })
        {
            await AskAsync("POST", path, "{}");
        }

        var tag = (await host.SendAsync("GET", $"api/jobs/{done}")).Header("ETag")!;
        await AskAsync("GET", $"api/jobs/{done}");
        await AskAsync("GET", $"api/jobs/{done}", headers: ("If-None-Match", tag));
        await AskAsync("GET", $"api/jobs/{done}/result?format=xml");
        await AskAsync("GET", $"api/jobs/{done}/result");
        await AskAsync("GET", $"api/jobs/{done}/result", headers: ("If-None-Match", "*"));
        await AskAsync("GET", $"api/jobs/{done}/result", headers: ("Accept", "image/png"));
        await AskAsync("GET", $"api/jobs/{running}/result");
        foreach (var (method, path) in new[] { ("GET", $"api/jobs/{missing}"), ("DELETE", $"api/jobs/{missing}"), ("GET", $"api/jobs/{missing}/result") })
        {
            await AskAsync(method, path);
        }

        await AskAsync("DELETE", $"api/jobs/{running}");
        await AskAsync("DELETE", $"api/jobs/{running}?erase=perhaps");
        await AskAsync("DELETE", $"api/jobs/{running}?erase=true");
        foreach (var path in new[] { "health/live", "health/ready", "openapi.json" })
        {
            await AskAsync("GET", path);
        }

        host.Time.Advance(TimeSpan.FromMinutes(1));
        host.Probes[0].Outcome = _ => throw new InvalidOperationException();
        await AskAsync("GET", "health/ready");

        foreach (var failure in new Exception?[] { null, new InvalidOperationException(), new StorageUnavailableException("away") })
        {
            await using var other = await GatewayHost.StartAsync(services: services =>
            {
                if (failure is not null)
                {
                    services.AddSingleton<ICallerDirectory>(new FailingCallerDirectory(failure));
                }
            });
            foreach (var (method, route) in GatewayHost.Endpoints.Where(e => !e.Route.StartsWith("health", StringComparison.Ordinal)))
            {
                var path = route.Replace("{id}", missing.ToString(), StringComparison.Ordinal);
                Note(method, path, await other.SendAsync(method, path, key: "fd_unknown"));
            }
        }

        var documented =
            from operation in ApiDocument.Operations
            from status in ApiDocument.StatusesOf(operation.Operation)
            select (operation.Operation.GetProperty("operationId").GetString()!, status);
        Assert.Empty(documented.Except(seen));

        async Task AskCallersAsync()
        {
            await using var limited = await GatewayHost.StartAsync(new() { ["FlashDrop:Callers:alice:Limits:RequestsPerMinute"] = "1" });
            await limited.SendAsync("POST", "api/jobs", Minimal);
            Note("POST", "api/jobs", await limited.SendAsync("POST", "api/jobs", Minimal));

            const string create = """{"name":"carol"}""";
            foreach (var (method, path, body) in new[]
            {
                ("POST", "api/callers", create), ("POST", "api/callers", create), ("POST", "api/callers", "{}"), ("POST", "api/callers", large),
                ("GET", "api/callers", null), ("GET", "api/callers/carol", null), ("GET", "api/callers/nobody", null),
                ("PATCH", "api/callers/carol", "{}"), ("PATCH", "api/callers/carol", """{"admin":1}"""), ("PATCH", "api/callers/carol", large),
            })
            {
                await AsAdminAsync(method, path, body);
            }

            foreach (var path in new[] { "api/callers", "api/callers/carol", "api/callers/carol/rotate" })
            {
                await AsAdminAsync(path.EndsWith("carol", StringComparison.Ordinal) ? "PATCH" : "POST", path, "{}", ("Content-Type", "text/plain"));
            }

            await AsAdminAsync("GET", "api/callers/carol", null, ("If-None-Match", "*"));
            await AsAdminAsync("POST", "api/callers/carol/rotate", large);
            await AsAdminAsync("POST", "api/callers/carol/rotate", """{"overlapSeconds":-1}""");
            foreach (var (method, action) in new[] { ("PATCH", ""), ("POST", "/rotate"), ("POST", "/disable"), ("POST", "/enable"), ("DELETE", "") })
            {
                var body = method == "PATCH" ? "{}" : null;
                await AsAdminAsync(method, $"api/callers/nobody{action}", body);
                await AsAdminAsync(method, $"api/callers/alice{action}", body);
                await AsAdminAsync(method, $"api/callers/carol{action}", body, ("If-Match", "\"other\""));
                await AsAdminAsync(method, $"api/callers/carol{action}", body);
            }

            foreach (var (method, route) in GatewayHost.Endpoints.Where(e => e.Route.StartsWith(Routes.Callers, StringComparison.Ordinal)))
            {
                await AskAsync(method, route);
            }
        }

        async Task AsAdminAsync(string method, string path, string? body, params (string, string)[] headers) =>
            Note(method, path, await host.SendAsync(method, path, body, GatewayHost.AdminKey, headers));

        async Task AskPagesAsync()
        {
            var failed = host.Jobs.Add("alice", state: JobState.Failed).Id;
            host.Storage.Content.Put(Containers.Reports, "daily/2026-03-04/summary.html", "<p>"u8.ToArray());
            foreach (var key in new[] { GatewayHost.AliceKey, GatewayHost.AdminKey })
            {
                foreach (var path in new[]
                {
                    "api/me", "api/dead-letters", "api/dead-letters?state=x", "api/dead-letters?caller=bob", "api/usage", "api/usage?groupBy=x", "api/usage?caller=bob",
                    "api/reports", "api/reports?limit=0", "api/reports/daily/2026-03-04/summary.html", "api/reports/daily/2026-03-05/summary.html",
                })
                {
                    Note("GET", path, await host.SendAsync("GET", path, key: key));
                }

                foreach (var (path, body, header) in new[]
                {
                    ("api/drops/default/a.txt", "x", ("X-Nothing", "")), ("api/drops/default/a.txt", "x", ("X-Nothing", "")), ("api/drops/default/%01", "x", ("X-Nothing", "")),
                    ("api/drops/default/b.txt", large, ("X-Nothing", "")), ("api/drops/default/b.txt", "x", ("Content-Encoding", "gzip")),
                })
                {
                    Note("POST", path, await host.SendAsync("POST", path, body, key, header));
                }
            }

            Note("GET", "api/usage", await host.SendAsync("GET", "api/usage", headers: ("Accept", "image/png")));
            Note("GET", "api/reports/daily/2026-03-04/summary.html", await host.SendAsync("GET", "api/reports/daily/2026-03-04/summary.html", key: GatewayHost.AdminKey, headers: ("If-None-Match", "*")));
            foreach (var action in new[] { "discard", "retry" })
            {
                await AskAsync("POST", $"api/jobs/{missing}/{action}");
                await AskAsync("POST", $"api/jobs/{running}/{action}");
                await AskAsync("POST", $"api/jobs/{done}/{action}");
                await AskAsync("POST", $"api/jobs/{failed}/{action}");
            }
        }

        async Task AskAsync(string method, string path, string? body = null, params (string, string)[] headers) =>
            Note(method, path, await host.SendAsync(method, path, body, headers: headers));

        void Note(string method, string path, Reply reply) =>
            seen.Add((ApiDocument.Find(method, $"/{path.Split('?')[0]}").GetProperty("operationId").GetString()!, reply.Status.ToString()));

        async Task<string[]> ListAsync() =>
            [.. (await host.SendAsync("GET", "api/jobs")).Json.GetProperty("jobs").EnumerateArray().Select(job => job.GetProperty("id").GetString()!)];
    }

    public static TheoryData<string> Views => new(ViewTypes.Keys);

    private static readonly Dictionary<string, JsonTypeInfo> ViewTypes = new(StringComparer.Ordinal)
    {
        ["Job"] = JobsJsonContext.Default.JobView,
        ["Attempt"] = JobsJsonContext.Default.AttemptView,
        ["Usage"] = JobsJsonContext.Default.UsageView,
        ["JobError"] = JobsJsonContext.Default.ErrorView,
        ["Media"] = JobsJsonContext.Default.MediaView,
        ["JobLinks"] = JobsJsonContext.Default.JobLinks,
        ["JobList"] = JobsJsonContext.Default.JobListView,
        ["JobListLinks"] = JobsJsonContext.Default.JobListLinks,
        ["DeadLetterList"] = DeadLettersJsonContext.Default.DeadLetterListView,
        ["Queue"] = DeadLettersJsonContext.Default.QueueView,
        ["Drop"] = DropsJsonContext.Default.DropView,
        ["ReportList"] = ReportsJsonContext.Default.ReportListView,
        ["Report"] = ReportsJsonContext.Default.ReportView,
        ["ReportFile"] = ReportsJsonContext.Default.ReportFileView,
        ["Caller"] = CallersJsonContext.Default.CallerView,
        ["CallerLimits"] = CallersJsonContext.Default.LimitsView,
        ["CallerKey"] = CallersJsonContext.Default.KeyView,
        ["CallerLinks"] = CallersJsonContext.Default.CallerLinks,
        ["CallerList"] = CallersJsonContext.Default.CallerListView,
        ["Me"] = MeJsonContext.Default.MeView,
        ["Upload"] = UploadsJsonContext.Default.UploadView,
        ["UploadInput"] = UploadsJsonContext.Default.UploadInput,
        ["Health"] = HealthJsonContext.Default.HealthView,
        ["HealthCheck"] = HealthJsonContext.Default.HealthCheckView,
        ["Problem"] = HttpJsonContext.Default.ProblemBody,
        ["FieldError"] = HttpJsonContext.Default.FieldError,
    };

    [Theory]
    [MemberData(nameof(Views))]
    public void DocumentedMembersOfAnAnswer_AreTheWrittenOnes(string schema)
    {
        var documented = ApiDocument.Schema(schema);
        var written = ViewTypes[schema].Properties;

        Assert.Equal(
            written.Select(p => p.Name).Order(StringComparer.Ordinal),
            documented.GetProperty("properties").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(
            written.Where(p => !p.IsGetNullable && (!p.PropertyType.IsValueType || Nullable.GetUnderlyingType(p.PropertyType) is null))
                .Select(p => p.Name).Order(StringComparer.Ordinal),
            ApiDocument.RequiredOf(documented).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void DocumentedEnums_AreTheRealOnes()
    {
        Assert.Equal(Enum.GetNames<JobState>(), Values(ApiDocument.Schema("JobState")));
        Assert.Equal(Enum.GetNames<JobOrigin>(), Values(ApiDocument.Schema("Job").GetProperty("properties").GetProperty("origin")));
        foreach (var name in Values(ApiDocument.Schema("JobRequest").GetProperty("properties").GetProperty("tier")))
        {
            Assert.True(TierPolicies.TryParse(name, out _));
        }

        static IEnumerable<string> Values(JsonElement schema) => schema.GetProperty("enum").EnumerateArray().Select(e => e.GetString()!);
    }

    public static TheoryData<string, string> Requests => new()
    {
        { "TextInput", """{"kind":"text","text":"x"}""" },
        { "InlineInput", """{"kind":"inline","data":"AAAA","mimeType":"image/png"}""" },
        { "BlobInput", """{"kind":"blob","name":"a.png","container":"inbox"}""" },
        { "UrlInput", """{"kind":"url","url":"https://example.com/a.png","mimeType":"image/png"}""" },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task DocumentedMembersOfAnInput_AreTakenAndTheRequiredOnesRequired(string schema, string full)
    {
        await using var host = await GatewayHost.StartAsync();
        var members = ApiDocument.Schema(schema).GetProperty("properties").EnumerateObject().Select(p => p.Name).ToList();
        var required = ApiDocument.RequiredOf(ApiDocument.Schema(schema));
        Assert.Equal(members.Order(StringComparer.Ordinal), JsonNode.Parse(full)!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));

        Assert.Equal(202, (await host.SendAsync("POST", "api/jobs", $$"""{"inputs":[{{full}}]}""")).Status);
        foreach (var member in members)
        {
            var without = JsonNode.Parse(full)!.AsObject();
            without.Remove(member);
            var reply = await host.SendAsync("POST", "api/jobs", $$"""{"inputs":[{{without.ToJsonString()}}]}""");
            Assert.Equal(required.Contains(member) ? 400 : 202, reply.Status);
        }
    }

    [Fact]
    public async Task DocumentedMembersOfARequest_AreAllKnown()
    {
        await using var host = await GatewayHost.StartAsync();
        foreach (var member in ApiDocument.Schema("JobRequest").GetProperty("properties").EnumerateObject())
        {
            var reply = await host.SendAsync("POST", "api/jobs", $$"""{"prompt":"x","{{member.Name}}2":1}""");
            Assert.Contains($"{member.Name}", reply["remedy"], StringComparison.Ordinal);
        }

        foreach (var member in ApiDocument.Schema("NativeRequest").GetProperty("properties").EnumerateObject())
        {
            var reply = await host.SendAsync("POST", "api/jobs", """{"native":{"contents":[{"parts":[{"text":"x"}]}],"unknown":1}}""");
            Assert.Contains(member.Name, reply["remedy"], StringComparison.Ordinal);
        }

        foreach (var member in ApiDocument.Schema("UploadRequest").GetProperty("properties").EnumerateObject())
        {
            var reply = await host.SendAsync("POST", "api/uploads", """{"fileName":"a","unknown":1}""");
            Assert.Contains(member.Name, reply["remedy"], StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("api/jobs")]
    [InlineData("api/dead-letters")]
    [InlineData("api/usage")]
    public async Task DocumentedQueryParameters_AreExactlyTheTakenOnes(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        var documented = ApiDocument.Find("get", $"/{path}").GetProperty("parameters").EnumerateArray().Select(ApiDocument.Resolve)
            .Where(p => p.GetProperty("in").GetString() == "query").Select(p => p.GetProperty("name").GetString()!).ToList();

        var refusal = await host.SendAsync("GET", $"{path}?unknown=1");
        foreach (var name in documented)
        {
            // Blank is as good as absent.
            Assert.Equal(200, (await host.SendAsync("GET", $"{path}?{name}=")).Status);
        }

        Assert.EndsWith($"known are {string.Join(", ", documented[..^1])} and {documented[^1]}.", refusal["remedy"], StringComparison.Ordinal);
    }
}
