using System.Text.Json.Nodes;
using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Tasks;

/// <summary>Writes a task as it looks at a moment.</summary>
internal sealed class TaskWriter(TaskResultForm usualForm)
{
    private const double PendingShare = 0.2;
    private const int HighestRunningProgress = 95;

    /// <summary>The task as the answer to its submit shows it.</summary>
    public static JsonObject Created(SimulatedTask task)
    {
        var body = Head(task, task.Fault?.RunningStatus ?? "pending", 0);
        body["task_info"] = Info(task);
        body["usage"] = Reservation(task);
        return body;
    }

    /// <summary>The task as a read shows it.</summary>
    /// <param name="task">The task.</param>
    /// <param name="now">The moment.</param>
    /// <param name="fault">The fault the read met; it outranks the one the submit met.</param>
    /// <param name="baseUrl">Where links to results lead.</param>
    public JsonObject Read(SimulatedTask task, DateTimeOffset now, FaultAction? fault, string baseUrl)
    {
        if (now < task.CompletesAt)
        {
            return Running(task, (now - task.CreatedAt) / task.Duration, fault);
        }

        var finalStatus = fault?.FinalStatus ?? task.Fault?.FinalStatus;
        if (task.FailedCode is { } code)
        {
            var failed = Head(task, finalStatus ?? (code is "request_cancelled" ? "cancelled" : "failed"), 100);
            failed["error"] = new JsonObject
            {
                ["code"] = code,
                ["message"] = fault?.Message ?? task.Fault?.Message ?? "The task did not finish",
            };
            return failed;
        }

        var body = Head(task, finalStatus ?? "completed", 100);
        var answer = fault?.NoUsage == true ? task.Answer with { ReportsUsage = false } : task.Answer;
        TaskResults.Attach(body, fault?.TaskResultForm ?? task.Fault?.TaskResultForm ?? usualForm, answer, task.IsChat, $"{baseUrl}/results/{task.Id}");
        body["usage"] = FinalCharge(task, answer);
        body["duration"] = Math.Round(task.Duration.TotalSeconds, 3);
        return body;
    }

    private static JsonObject Running(SimulatedTask task, double share, FaultAction? fault)
    {
        var word = fault?.RunningStatus ?? task.Fault?.RunningStatus;
        var body = share < PendingShare
            ? Head(task, word ?? "pending", 0)
            : Head(task, word ?? "processing", (int)(share * HighestRunningProgress));
        body["task_info"] = Info(task);
        body["usage"] = Reservation(task);
        return body;
    }

    private static JsonObject Head(SimulatedTask task, string status, int progress) => new()
    {
        ["id"] = task.Id,
        ["object"] = "text.generation.task",
        ["type"] = "text",
        ["model"] = task.Model,
        ["status"] = status,
        ["progress"] = progress,
        ["created"] = task.CreatedAt.ToUnixTimeSeconds(),
    };

    private static JsonObject Info(SimulatedTask task) => new()
    {
        ["can_cancel"] = true,
        ["estimated_time"] = (int)Math.Ceiling(task.Duration.TotalSeconds),
    };

    private static JsonObject Reservation(SimulatedTask task) => new()
    {
        ["billing_rule"] = "per_token",
        ["credits_reserved"] = Math.Round(Prices.Of(task.Model).Cost(task.Answer.Tokens) * 2 * Prices.CreditsPerUsd, 6),
        ["user_group"] = "default",
    };

    private static JsonObject FinalCharge(SimulatedTask task, ModelAnswer answer)
    {
        var usage = new JsonObject { ["billing_rule"] = "per_token", ["user_group"] = "default" };
        if (answer.ReportsUsage)
        {
            var usd = Prices.Of(task.Model).Cost(answer.Tokens);
            usage["credits_used"] = usd * Prices.CreditsPerUsd;
            usage["cost"] = new JsonObject { ["credits"] = usd * Prices.CreditsPerUsd, ["usd"] = usd };
        }

        return usage;
    }
}

/// <summary>Puts an answer into a finished task, in any of the forms clients have to read.</summary>
internal static class TaskResults
{
    public static void Attach(JsonObject task, TaskResultForm form, ModelAnswer answer, bool isChat, string link)
    {
        switch (form)
        {
            case TaskResultForm.JsonString:
                task["results"] = new JsonArray(JsonBytes.Text(Whole(answer, isChat)));
                break;
            case TaskResultForm.Text:
                task["results"] = Texts(answer);
                break;
            case TaskResultForm.Link:
                task["results"] = new JsonArray($"{link}.json");
                break;
            case TaskResultForm.TextLink:
                task["results"] = new JsonArray($"{link}.txt");
                break;
            case TaskResultForm.TextObjects:
                task["results"] = new JsonArray([.. Pieces(answer).Select(p => new JsonObject { ["type"] = "text", ["text"] = p })]);
                CopyUsage(task, answer);
                break;
            case TaskResultForm.ResultData:
                task["result_data"] = Whole(answer, isChat);
                break;
            case TaskResultForm.Result:
                task["result"] = JsonBytes.Text(Whole(answer, isChat));
                break;
            case TaskResultForm.Output:
                task["output"] = Texts(answer);
                break;
            case TaskResultForm.Response:
                task["response"] = Whole(answer, isChat);
                break;
            case TaskResultForm.Data:
                task["data"] = new JsonArray([.. Pieces(answer).Select(p => new JsonObject { ["content"] = p })]);
                break;
            case TaskResultForm.TopLevel:
                foreach (var member in NativeAnswerWriter.Whole(answer))
                {
                    task[member.Key] = member.Value?.DeepClone();
                }

                break;
            case TaskResultForm.OpenAi:
                task["results"] = new JsonArray(ChatAnswerWriter.Whole(answer));
                break;
            case TaskResultForm.Nothing:
                task["results"] = new JsonArray();
                break;
            default:
                task["results"] = new JsonArray(Whole(answer, isChat));
                break;
        }
    }

    public static JsonObject Whole(ModelAnswer answer, bool isChat) => isChat ? ChatAnswerWriter.Whole(answer) : NativeAnswerWriter.Whole(answer);

    private static IEnumerable<string> Pieces(ModelAnswer answer) => TextPieces.Cut(answer.Text, answer.Id);

    private static JsonArray Texts(ModelAnswer answer) => new([.. Pieces(answer).Select(p => JsonValue.Create(p))]);

    private static void CopyUsage(JsonObject task, ModelAnswer answer)
    {
        if (NativeAnswerWriter.Whole(answer)["usageMetadata"] is { } usage)
        {
            task["usageMetadata"] = usage.DeepClone();
        }
    }
}
