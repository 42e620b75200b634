using System.Net;
using System.Text.Json.Nodes;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Tasks;

namespace FlashDrop.Simulator.Tests;

public class TaskTests
{
    [Fact]
    public async Task Task_GoesFromPendingThroughProcessingToCompleted_AndIsChargedThen()
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.PostAsync($"/v1beta/models/{Sim.Model}:streamGenerateContent?alt=sse", Sim.Ask("Later."), asynchronous: true);
        var created = await Sim.ReadAsync(response);
        var id = (string)created["id"]!;
        Assert.Matches("^task-unified-1793696400-[a-z0-9]{8}$", id);
        Assert.Equal(("pending", "text", Sim.Model), ((string)created["status"]!, (string)created["type"]!, (string)created["model"]!));
        Assert.InRange((int)created["task_info"]!["estimated_time"]!, 1, 4);
        Assert.Equal("per_token", (string)created["usage"]!["billing_rule"]!);

        Assert.Equal("pending", (string)(await sim.ReadTaskAsync(id))["status"]!);
        sim.Time.Advance(TimeSpan.FromSeconds(0.9));
        var running = await sim.ReadTaskAsync(id);
        Assert.Equal("processing", (string)running["status"]!);
        Assert.InRange((int)running["progress"]!, 10, 95);
        Assert.Null(running["results"]);
        Assert.Equal(0, sim.Host.Usage.Count);

        sim.Time.Advance(TimeSpan.FromSeconds(4));
        var done = await sim.ReadTaskAsync(id);
        Assert.Equal("completed", (string)done["status"]!);
        Assert.Contains("Later.", Sim.Text(done["results"]![0]!), StringComparison.Ordinal);
        var charge = Assert.Single(sim.Host.Usage.Charges);
        Assert.Equal(id, charge.Id);
        Assert.Equal(charge.CostUsd, (decimal)done["usage"]!["cost"]!["usd"]!);
        Assert.Equal(((charge.PromptTokens * 0.24m) + ((charge.CandidatesTokens + charge.ThoughtsTokens) * 2.00m)) / 1_000_000m, charge.CostUsd);
        Assert.Equal(charge.PromptTokens, (long)done["results"]![0]!["usageMetadata"]!["promptTokenCount"]!);
    }

    [Fact]
    public async Task Durations_AreWithinTheDefaults_AndSeeded()
    {
        async Task<List<double>> DurationsAsync(long seed)
        {
            await using var sim = await Sim.StartAsync(o => o with { Seed = seed });
            var durations = new List<double>();
            for (var i = 0; i < 10; i++)
            {
                durations.Add((double)(await sim.FinishedTaskAsync(Sim.Ask($"Task {i}")))["duration"]!);
            }

            return durations;
        }

        var first = await DurationsAsync(3);
        Assert.All(first, d => Assert.InRange(d, 1, 4));
        Assert.True(first.Distinct().Count() > 5);
        Assert.Equal(first, await DurationsAsync(3));
        Assert.NotEqual(first, await DurationsAsync(4));
    }

    [Theory]
    [InlineData(TaskResultForm.ResponseObject)]
    [InlineData(TaskResultForm.JsonString)]
    [InlineData(TaskResultForm.Text)]
    [InlineData(TaskResultForm.Link)]
    [InlineData(TaskResultForm.TextLink)]
    [InlineData(TaskResultForm.TextObjects)]
    [InlineData(TaskResultForm.ResultData)]
    [InlineData(TaskResultForm.Result)]
    [InlineData(TaskResultForm.Output)]
    [InlineData(TaskResultForm.Response)]
    [InlineData(TaskResultForm.Data)]
    [InlineData(TaskResultForm.TopLevel)]
    [InlineData(TaskResultForm.OpenAi)]
    public async Task ResultForm_CarriesTheWholeText(TaskResultForm form)
    {
        await using var sim = await Sim.StartAsync(o => o with { TaskResultForm = form });
        var expected = Sim.Text(await sim.AnswerAsync(Sim.Ask("The question.")));
        var task = await sim.FinishedTaskAsync(Sim.Ask("The question."));
        static string Strings(JsonNode? items) => string.Concat(((JsonArray)items!).Select(i => (string)i!));
        static JsonNode Parsed(JsonNode? json) => JsonNode.Parse((string)json!)!;
        async Task<string> FetchAsync()
        {
            using var anyone = new HttpClient();
            return await anyone.GetStringAsync((string)task["results"]![0]!);
        }

        var text = form switch
        {
            TaskResultForm.ResponseObject => Sim.Text(task["results"]![0]!),
            TaskResultForm.JsonString => Sim.Text(Parsed(task["results"]![0])),
            TaskResultForm.Text => Strings(task["results"]),
            TaskResultForm.Link => Sim.Text(JsonNode.Parse(await FetchAsync())!),
            TaskResultForm.TextLink => await FetchAsync(),
            TaskResultForm.TextObjects => string.Concat(((JsonArray)task["results"]!).Select(i => (string)i!["text"]!)),
            TaskResultForm.ResultData => Sim.Text(task["result_data"]!),
            TaskResultForm.Result => Sim.Text(Parsed(task["result"])),
            TaskResultForm.Output => Strings(task["output"]),
            TaskResultForm.Response => Sim.Text(task["response"]!),
            TaskResultForm.Data => string.Concat(((JsonArray)task["data"]!).Select(i => (string)i!["content"]!)),
            TaskResultForm.TopLevel => Sim.Text(task),
            TaskResultForm.OpenAi => (string)task["results"]![0]!["choices"]![0]!["message"]!["content"]!,
            _ => throw new ArgumentOutOfRangeException(nameof(form), form, message: null),
        };
        Assert.Equal(expected, text);
        Assert.Equal("completed", (string)task["status"]!);
        Assert.Equal(form is TaskResultForm.TextObjects or TaskResultForm.TopLevel, task["usageMetadata"] is not null);
    }

    [Fact]
    public async Task ResultFormNothing_IsCompletedAndEmpty()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { TaskResultForm = TaskResultForm.Nothing }, new FaultMatch { Kind = RequestKind.Submit });
        var task = await sim.FinishedTaskAsync(Sim.Ask("x"));
        Assert.Equal("completed", (string)task["status"]!);
        Assert.Empty((JsonArray)task["results"]!);
    }

    [Fact]
    public async Task ResultLink_RefusesAClientThatSendsItsKey()
    {
        await using var sim = await Sim.StartAsync(o => o with { TaskResultForm = TaskResultForm.Link });
        var task = await sim.FinishedTaskAsync(Sim.Ask("x"));
        using var leaked = await sim.Http.GetAsync((string)task["results"]![0]!);
        Assert.Equal(HttpStatusCode.Forbidden, leaked.StatusCode);
    }

    [Fact]
    public async Task UnknownTask_Is404ResourceNotFound()
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.Http.GetAsync("/v1/tasks/task-unified-1-none");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("resource_not_found", (string)(await Sim.ReadAsync(response))["error"]!["code"]!);
    }

    [Theory]
    [InlineData("service_error", "failed")]
    [InlineData("request_cancelled", "cancelled")]
    public async Task FailedTask_EndsWithItsCode_AndIsNotCharged(string code, string status)
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { FailedTask = code, Message = "No luck" }, new FaultMatch { Kind = RequestKind.Generate });
        var task = await sim.FinishedTaskAsync(Sim.Ask("x"));
        Assert.Equal((status, code, "No luck"), ((string)task["status"]!, (string)task["error"]!["code"]!, (string)task["error"]!["message"]!));
        Assert.Equal(0, sim.Host.Usage.Count);
    }

    [Fact]
    public async Task FailedTaskByAReadRule_StaysFailed_AndItsChargeIsTakenBack()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { FailedTask = "generation_timeout" }, new FaultMatch { Kind = RequestKind.Task, Times = 1 });
        var id = await sim.SubmitTaskAsync(Sim.Ask("x"));
        sim.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("failed", (string)(await sim.ReadTaskAsync(id))["status"]!);
        Assert.Equal("failed", (string)(await sim.ReadTaskAsync(id))["status"]!);
        Assert.Equal(0, sim.Host.Usage.Count);
    }

    [Fact]
    public async Task LostTask_Is404AfterTheReadsAllowed_AndItsChargeIsMarked()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { LostTask = true, LostAfterReads = 1 }, new FaultMatch { Kind = RequestKind.Generate });
        var id = await sim.SubmitTaskAsync(Sim.Ask("x"));
        Assert.Equal("pending", (string)(await sim.ReadTaskAsync(id))["status"]!);
        sim.Time.Advance(TimeSpan.FromSeconds(5));
        using var response = await sim.Http.GetAsync($"/v1/tasks/{id}");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.True(Assert.Single(sim.Host.Usage.Charges).Lost);
    }

    [Fact]
    public async Task LateTask_TakesTheTimeScripted()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { LateTask = 600 }, new FaultMatch { Kind = RequestKind.Generate });
        var id = await sim.SubmitTaskAsync(Sim.Ask("x"));
        sim.Time.Advance(TimeSpan.FromSeconds(599));
        Assert.Equal("processing", (string)(await sim.ReadTaskAsync(id))["status"]!);
        sim.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("completed", (string)(await sim.ReadTaskAsync(id))["status"]!);
    }

    [Fact]
    public async Task StatusWords_CanBeForeign()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { RunningStatus = "IN_PROGRESS", FinalStatus = "succeeded" }, new FaultMatch { Kind = RequestKind.Generate });
        var id = await sim.SubmitTaskAsync(Sim.Ask("x"));
        Assert.Equal("IN_PROGRESS", (string)(await sim.ReadTaskAsync(id))["status"]!);
        sim.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("succeeded", (string)(await sim.ReadTaskAsync(id))["status"]!);
    }

    [Fact]
    public async Task NoUsageAndStringInts_ReachTheFinishedTask()
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { NoUsage = true, IntsAsStrings = true }, new FaultMatch { Kind = RequestKind.Generate });
        var task = await sim.FinishedTaskAsync(Sim.Ask("x"));
        Assert.Null(task["results"]![0]!["usageMetadata"]);
        Assert.Null(task["usage"]!["cost"]);
        Assert.Equal("100", (string)task["progress"]!);
        Assert.Equal("1793696400", (string)task["created"]!);
    }

    [Theory]
    [InlineData(IgnoreAsyncKind.Answer, "application/json")]
    [InlineData(IgnoreAsyncKind.Sse, "text/event-stream")]
    public async Task IgnoredAsyncHeader_IsAnsweredAtOnce(IgnoreAsyncKind kind, string contentType)
    {
        await using var sim = await Sim.WithFaultAsync(new FaultAction { IgnoreAsync = kind });
        using var response = await sim.PostAsync($"/v1beta/models/{Sim.Model}:generateContent", Sim.Ask("Now."), asynchronous: true);
        Assert.Equal(contentType, response.Content.Headers.ContentType!.MediaType);
        Assert.Contains("\"candidates\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(1, sim.Host.Usage.Count);
    }
}
