using System.Text.Json.Nodes;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;
using FlashDrop.Simulator.Tasks;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>Reading tasks, and the documents their results may link to.</summary>
internal sealed class TaskEndpoints(TaskStore tasks, TaskWriter writer, UsageLedger ledger, FaultBook faults, Replies replies, TimeProvider time)
{
    private const string TasksPrefix = "/v1/tasks/";
    private const string ResultsPrefix = "/results/";

    public async Task ServeTaskAsync(Exchange exchange)
    {
        var id = Uri.UnescapeDataString(exchange.Request.Path.Value![TasksPrefix.Length..]);
        var task = tasks.Find(id);
        exchange.Note(r => r with { TaskId = id, Model = task?.Model });
        exchange.Meet(faults.Pick(RequestKind.Task, task?.Model, task?.PromptText));
        if (await replies.PlayAsync(exchange))
        {
            return;
        }

        var fault = exchange.Fault;
        if (task?.Read() != true || fault?.LostTask == true)
        {
            throw new RefusedException(new ApiError(404, $"The task '{id}' does not exist or has expired") { Code = "resource_not_found" });
        }

        if (fault?.FailedTask is { } code && task.FailedCode is null)
        {
            task.FailedCode = code;
            ledger.Void(id);
        }

        var body = writer.Read(task, time.GetUtcNow(), fault, $"{exchange.Request.Scheme}://{exchange.Request.Host}");
        if (task.Fault?.IntsAsStrings == true)
        {
            body = (JsonObject)JsonBytes.WithIntsAsStrings(body)!;
        }

        await replies.SendJsonAsync(exchange, body, "answered");
    }

    /// <summary>A result's document is for anyone who has the link, so a client that sends its key along has leaked it: that is refused.</summary>
    public async Task ServeResultAsync(Exchange exchange)
    {
        if (exchange.Request.Headers.Authorization.Count > 0 || exchange.Request.Headers.ContainsKey("x-goog-api-key"))
        {
            throw RefusedException.EvoLink(403, "Result links are fetched without credentials");
        }

        var name = exchange.Request.Path.Value![ResultsPrefix.Length..];
        var task = tasks.Find(Path.GetFileNameWithoutExtension(name));
        exchange.Note(r => r with { TaskId = task?.Id, Model = task?.Model });
        exchange.Meet(faults.Pick(RequestKind.Result, task?.Model, task?.PromptText));
        if (await replies.PlayAsync(exchange))
        {
            return;
        }

        if (task is null || task.FailedCode is not null || time.GetUtcNow() < task.CompletesAt)
        {
            throw RefusedException.EvoLink(404, "No such result");
        }

        await (name.EndsWith(".txt", StringComparison.Ordinal)
            ? replies.SendTextAsync(exchange, task.Answer.Text)
            : replies.SendJsonAsync(exchange, TaskResults.Whole(task.Answer, task.IsChat), "answered"));
    }
}
