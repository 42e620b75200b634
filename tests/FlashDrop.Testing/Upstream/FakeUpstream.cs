using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.Testing.Upstream;

/// <summary>One submission as the fake upstream saw it.</summary>
public sealed record Submission(int Number, Tier Tier, string? IdempotencyKey, GenerateContentRequest Body, IReadOnlyList<string> MediaHashes);

/// <summary>
/// The upstream in memory: answers with tasks that finish on the virtual clock, unless a script says otherwise. Reads every media
/// source to its end, as the real one would. Safe for concurrent use.
/// </summary>
public sealed class FakeUpstream(TimeProvider time) : IEvoLinkClient
{
    private readonly ConcurrentQueue<Func<Submission, SubmitOutcome>> _script = new();
    private readonly ConcurrentDictionary<string, FakeTask> _tasks = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<Submission> _submissions = new();
    private int _count;
    private int _reads;

    /// <summary>The clock tasks finish by.</summary>
    public TimeProvider Clock => time;

    /// <summary>How long tasks take. Default 8 s.</summary>
    public TimeSpan TaskTime { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>What tasks come to; null answers with <see cref="Answers.Text"/>.</summary>
    public Func<Submission, TaskReading?> Finish { get; set; } = _ => null;

    /// <summary>What reads of tasks fail with; null for none.</summary>
    public Func<string, UpstreamError?> ReadFails { get; set; } = _ => null;

    /// <summary>Every submission so far, in order.</summary>
    public IReadOnlyList<Submission> Submissions => [.. _submissions];

    /// <summary>How often tasks were looked at.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>Lets the next submission come out as given.</summary>
    public FakeUpstream Next(SubmitOutcome outcome) => Next(_ => outcome);

    /// <summary>Lets the next submission come out as decided then.</summary>
    public FakeUpstream Next(Func<Submission, SubmitOutcome> outcome)
    {
        _script.Enqueue(outcome);
        return this;
    }

    /// <summary>Forgets a task: later reads do not find it.</summary>
    public void Lose(string taskId) => _tasks.TryRemove(taskId, out _);

    public async Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        List<string> hashes = [];
        foreach (var media in request.Body.Contents.SelectMany(c => c.Parts).Select(p => p.Media).OfType<MediaSource>())
        {
            await using var stream = await media.OpenAsync(cancellationToken);
            hashes.Add(Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken)));
        }

        var submission = new Submission(Interlocked.Increment(ref _count), request.Tier, request.IdempotencyKey, request.Body, hashes);
        _submissions.Enqueue(submission);
        if (_script.TryDequeue(out var scripted))
        {
            return scripted(submission);
        }

        return CreateTask(submission);
    }

    /// <summary>A new task for a submission, as the upstream would make it.</summary>
    public SubmitOutcome CreateTask(Submission submission)
    {
        var task = new UpstreamTask { Id = $"task-unified-{submission.Number:0000}", Status = "pending", Created = time.GetUtcNow() };
        _tasks[task.Id] = new FakeTask(task, submission, time.GetUtcNow() + TaskTime);
        return new SubmitOutcome.TaskCreated(task);
    }

    public Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken) => SubmitAsync(request, cancellationToken);

    public async IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await SubmitAsync(request, cancellationToken);
        var answer = Answers.Text("Streamed.");
        yield return new StreamEvent.Chunk(answer.Text, JsonSerializer.SerializeToElement(answer.Text));
        yield return new StreamEvent.Finished(answer);
    }

    public Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        TaskReading reading;
        if (ReadFails(taskId) is { } error)
        {
            reading = new TaskReading.Unknown(error);
        }
        else if (!_tasks.TryGetValue(taskId, out var task))
        {
            reading = new TaskReading.Failed(Errors.Of(ErrorKind.Retry, "resource_not_found", 404));
        }
        else if (time.GetUtcNow() < task.DoneAt)
        {
            reading = new TaskReading.Running(task.Task with { Status = "processing" });
        }
        else
        {
            reading = Finish(task.Submission) ?? new TaskReading.Completed(task.Task with { Status = "completed" }, Answers.Text($"Answer {task.Submission.Number}."));
        }

        return Task.FromResult(reading);
    }

    private sealed record FakeTask(UpstreamTask Task, Submission Submission, DateTimeOffset DoneAt);
}

/// <summary>Ready-made answers.</summary>
public static class Answers
{
    /// <summary>Counts of every ready-made answer: at the default prices 0.0014 USD on the standard tier.</summary>
    public static TokenUsage Usage { get; } = new()
    {
        PromptTokens = 1_000,
        CandidatesTokens = 80,
        ThoughtsTokens = 500,
        TotalTokens = 1_580,
        PromptDetails = [new ModalityTokens("TEXT", 1_000)],
    };

    /// <summary>A whole answer.</summary>
    public static Answer Text(string text, string finishReason = "STOP") => new()
    {
        Text = text,
        FinishReason = finishReason,
        Usage = Usage,
        ModelVersion = "gemini-2.5-flash",
        ResponseId = "response-1",
    };

    /// <summary>A blocked prompt.</summary>
    public static Answer Blocked(string reason) => new() { Text = "", BlockReason = reason, Usage = Usage with { CandidatesTokens = 0, ThoughtsTokens = 0 } };
}

/// <summary>Ready-made errors.</summary>
public static class Errors
{
    public static UpstreamError Of(ErrorKind kind, string code, int? status = null, TimeSpan? retryAfter = null, bool concernsModel = false, bool sent = true) => new()
    {
        Kind = kind,
        Code = code,
        Message = $"scripted {code}",
        HttpStatus = status,
        RetryAfter = retryAfter,
        ConcernsModel = concernsModel,
        Sent = sent,
    };
}
