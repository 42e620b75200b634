using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Responses;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Tasks;

/// <summary>How far a task is, as far as its status tells.</summary>
internal enum TaskState
{
    /// <summary>Not finished, or in a status nobody knows.</summary>
    Running,

    /// <summary>Finished with a result.</summary>
    Completed,

    /// <summary>Finished without one.</summary>
    Failed,

    /// <summary>Called off.</summary>
    Cancelled,
}

/// <summary>What a finished task holds.</summary>
internal abstract record TaskResult
{
    private TaskResult()
    {
    }

    public sealed record Found(Answer Answer) : TaskResult;

    public sealed record Linked(Uri Link) : TaskResult;

    public sealed record Nothing : TaskResult;
}

/// <summary>Reads task objects. The form of a finished text task is documented nowhere, so every plausible one is accepted.</summary>
internal static class TaskReader
{
    /// <summary>Longest id of a task, in characters.</summary>
    public const int MaxIdLength = 256;

    private const int MaxDepth = 4;

    private static readonly string[] ResultFields = ["results", "result_data", "result", "output", "response", "data"];

    /// <summary>Whether the body is a task: a string id and a status, and no answer in place of them.</summary>
    /// <param name="root">The body.</param>
    /// <param name="task">The task.</param>
    /// <param name="envelope">The object the task was read from; some gateways wrap it in <c>data</c>.</param>
    public static bool TryReadTask(JsonElement root, [NotNullWhen(true)] out UpstreamTask? task, out JsonElement envelope)
    {
        envelope = root;
        if (!IsTask(root))
        {
            if (root.Get("data") is not { } wrapped || !IsTask(wrapped))
            {
                task = null;
                return false;
            }

            envelope = wrapped;
        }

        task = ReadTask(envelope);
        return true;
    }

    public static TaskState StateOf(UpstreamTask task) => task.Status.ToUpperInvariant() switch
    {
        "COMPLETED" or "SUCCEEDED" or "SUCCESS" or "DONE" => TaskState.Completed,
        "FAILED" or "FAILURE" or "ERROR" => TaskState.Failed,
        "CANCELLED" or "CANCELED" => TaskState.Cancelled,
        _ => TaskState.Running,
    };

    /// <summary>Finds the answer of a completed task, from the most to the least plausible place.</summary>
    /// <param name="task">The whole task.</param>
    /// <param name="isLink">Whether a string that is a URL as a whole is a link to the answer rather than the answer.</param>
    public static TaskResult ReadResult(JsonElement task, Func<Uri, bool> isLink)
    {
        foreach (var field in ResultFields)
        {
            if (task.Get(field) is { } value && Read(value, isLink, 0) is not TaskResult.Nothing and var result)
            {
                return result is TaskResult.Found found ? new TaskResult.Found(Enrich(found.Answer, task)) : result;
            }
        }

        return AnswerReader.TryRead(task, out var answer) ? new TaskResult.Found(Enrich(answer, task)) : new TaskResult.Nothing();
    }

    /// <summary>Reads a linked document: the same forms, but no further link.</summary>
    public static Answer? ReadDocument(string text, JsonElement task) =>
        ReadText(text, static _ => false) is TaskResult.Found found ? Enrich(found.Answer, task) : null;

    /// <summary>Reads a task where one was asked for: an answer beside id and status is its result.</summary>
    public static bool TryReadFinished(JsonElement root, [NotNullWhen(true)] out UpstreamTask? task, out JsonElement envelope)
    {
        envelope = !HasIdentity(root) && root.Get("data") is { } wrapped ? wrapped : root;
        task = HasIdentity(envelope) ? ReadTask(envelope) : null;
        return task is not null;
    }

    /// <summary>Whether a task of this id can be asked for.</summary>
    public static bool IsTaskId([NotNullWhen(true)] string? id) => !string.IsNullOrWhiteSpace(id) && id.Length <= MaxIdLength && id is not ("." or "..");

    private static bool HasIdentity(JsonElement root) => IsTaskId(root.GetString("id")) && root.GetString("status") is not null;

    private static bool IsTask(JsonElement root) =>
        HasIdentity(root)
        && !HasItems(root, "candidates")
        && !HasItems(root, "choices");

    private static bool HasItems(JsonElement root, string name) => root.TryGetArray(name, out var items) && items.Value.GetArrayLength() > 0;

    private static UpstreamTask ReadTask(JsonElement task)
    {
        var info = task.Get("task_info") ?? default;
        return new UpstreamTask
        {
            Id = task.GetString("id")!,
            Status = task.GetString("status")!,
            Progress = task.GetLong("progress") is { } progress ? (int)Math.Clamp(progress, 0, 100) : null,
            Created = Time(task.GetLong("created") ?? task.GetLong("created_at")),
            Model = task.GetString("model"),
            EstimatedTime = info.GetDecimal("estimated_time") is { } seconds and >= 0 and < 1_000_000 ? TimeSpan.FromSeconds((double)seconds) : null,
        };
    }

    private static DateTimeOffset? Time(long? unix) => unix switch
    {
        // Milliseconds are told from seconds by their size.
        > 100_000_000_000 and < 10_000_000_000_000 => DateTimeOffset.FromUnixTimeMilliseconds(unix.Value),
        > 0 and <= 100_000_000_000 => DateTimeOffset.FromUnixTimeSeconds(unix.Value),
        _ => null,
    };

    // Counts and cost may sit beside the result instead of in it.
    private static Answer Enrich(Answer answer, JsonElement task) => answer with
    {
        Usage = answer.Usage ?? UsageReader.Native(task.Get("usageMetadata")) ?? UsageReader.OpenAi(task.Get("usage")),
        ReportedCostUsd = answer.ReportedCostUsd ?? UsageReader.ReportedCostUsd(task),
        ModelVersion = answer.ModelVersion ?? task.GetString("modelVersion"),
        Raw = answer.Raw ?? task,
    };

    private static TaskResult Read(JsonElement value, Func<Uri, bool> isLink, int depth)
    {
        if (depth > MaxDepth)
        {
            return new TaskResult.Nothing();
        }

        return value.ValueKind switch
        {
            JsonValueKind.Object => ReadObject(value, isLink, depth),
            JsonValueKind.Array => ReadArray(value, isLink, depth),
            JsonValueKind.String => ReadText(value.GetString()!, isLink),
            _ => new TaskResult.Nothing(),
        };
    }

    private static TaskResult ReadObject(JsonElement value, Func<Uri, bool> isLink, int depth)
    {
        if (AnswerReader.TryRead(value, out var answer))
        {
            return new TaskResult.Found(answer);
        }

        foreach (var name in (ReadOnlySpan<string>)["text", "content", "parts"])
        {
            if (value.Get(name) is { } inner)
            {
                // The text of an object is text, even if it looks like a link.
                return inner.ValueKind == JsonValueKind.String ? PlainText(inner.GetString()!) : Read(inner, isLink, depth + 1);
            }
        }

        if (value.GetString("url") is { } url && TryLink(url, isLink, out var link))
        {
            return new TaskResult.Linked(link);
        }

        foreach (var name in ResultFields)
        {
            if (value.Get(name) is { } inner && Read(inner, isLink, depth + 1) is not TaskResult.Nothing and var result)
            {
                return result;
            }
        }

        return new TaskResult.Nothing();
    }

    private static TaskResult ReadArray(JsonElement array, Func<Uri, bool> isLink, int depth)
    {
        var count = array.GetArrayLength();
        if (count == 0)
        {
            return new TaskResult.Nothing();
        }

        if (array.EnumerateArray().All(item => OpenAiFormat.Is(item) || NativeAnswer.Is(item)) && count > 1)
        {
            var assembler = new AnswerAssembler();
            foreach (var chunk in array.EnumerateArray())
            {
                assembler.Add(chunk);
            }

            return new TaskResult.Found(assembler.Build());
        }

        var first = Read(array[0], isLink, depth + 1);
        if (first is TaskResult.Linked or TaskResult.Found { Answer.Raw: not null } || count == 1)
        {
            return first;
        }

        var text = new StringBuilder();
        foreach (var item in array.EnumerateArray())
        {
            if (Read(item, static _ => false, depth + 1) is TaskResult.Found found)
            {
                text.Append(found.Answer.Text);
            }
        }

        return PlainText(text.ToString());
    }

    private static TaskResult ReadText(string text, Func<Uri, bool> isLink)
    {
        var trimmed = text.AsSpan().Trim();
        if (trimmed.IsEmpty)
        {
            return new TaskResult.Nothing();
        }

        if (trimmed[0] is '{' or '[' && JsonRead.TryParse(text, out var json))
        {
            if (json.ValueKind == JsonValueKind.Object && AnswerReader.TryRead(json, out var answer))
            {
                return new TaskResult.Found(answer);
            }

            if (json.ValueKind == JsonValueKind.Array
                && json.GetArrayLength() > 0
                && json.EnumerateArray().All(item => OpenAiFormat.Is(item) || NativeAnswer.Is(item)))
            {
                return ReadArray(json, isLink, 0);
            }
        }

        return TryLink(text, isLink, out var link) ? new TaskResult.Linked(link) : PlainText(text);
    }

    private static bool TryLink(string text, Func<Uri, bool> isLink, [NotNullWhen(true)] out Uri? link)
    {
        link = null;
        if (text.Length > 4_096
            || text.Any(char.IsWhiteSpace)
            || !Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("http" or "https")
            || !isLink(uri))
        {
            return false;
        }

        link = uri;
        return true;
    }

    private static TaskResult PlainText(string text) =>
        text.Length == 0 ? new TaskResult.Nothing() : new TaskResult.Found(new Answer { Text = text });
}
