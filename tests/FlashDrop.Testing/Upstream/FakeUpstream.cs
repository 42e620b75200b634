using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
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

    /// <summary>Every submission that reached it so far, in order.</summary>
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

    public Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        CallAsync(request, CreateTask, cancellationToken);

    /// <summary>A new task for a submission, as the upstream would make it.</summary>
    public SubmitOutcome CreateTask(Submission submission)
    {
        var task = new UpstreamTask { Id = $"task-unified-{submission.Number:0000}", Status = "pending", Created = time.GetUtcNow() };
        _tasks[task.Id] = new FakeTask(task, submission, time.GetUtcNow() + TaskTime);
        return new SubmitOutcome.TaskCreated(task);
    }

    public async Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        Calls.OfPlainCall(await CallAsync(request, submission => new SubmitOutcome.Answered(AnswerOf(submission)), cancellationToken));

    public async IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var next in Calls.OfStream(await CallAsync(request, submission => new SubmitOutcome.Streamed(AnswerOf(submission)), cancellationToken)))
        {
            yield return next;
        }
    }

    public Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken)
    {
        Calls.RequireTaskId(taskId);
        cancellationToken.ThrowIfCancellationRequested();
        Interlocked.Increment(ref _reads);
        TaskReading reading;
        if (ReadFails(taskId) is { } error)
        {
            reading = new TaskReading.Unknown(error);
        }
        else if (!_tasks.TryGetValue(taskId, out var task))
        {
            reading = new TaskReading.Failed(Errors.TaskLost);
        }
        else if (time.GetUtcNow() < task.DoneAt)
        {
            reading = new TaskReading.Running(task.Task with { Status = "processing" });
        }
        else
        {
            reading = Finish(task.Submission) ?? new TaskReading.Completed(task.Task with { Status = "completed" }, AnswerOf(task.Submission));
        }

        return Task.FromResult(reading);
    }

    private static Answer AnswerOf(Submission submission) => Answers.Text($"Answer {submission.Number}.");

    private async Task<SubmitOutcome> CallAsync(UpstreamRequest request, Func<Submission, SubmitOutcome> otherwise, CancellationToken cancellationToken)
    {
        var (hashes, error) = await Calls.SendAsync(request, cancellationToken);
        if (error is not null)
        {
            return new SubmitOutcome.Failed(error);
        }

        var submission = new Submission(Interlocked.Increment(ref _count), request.Tier, request.IdempotencyKey, request.Body, hashes);
        var outcome = _script.TryDequeue(out var scripted) ? scripted(submission) : otherwise(submission);
        if (outcome is not SubmitOutcome.Failed { Error.Sent: false })
        {
            _submissions.Enqueue(submission);
        }

        return outcome;
    }

    private sealed record FakeTask(UpstreamTask Task, Submission Submission, DateTimeOffset DoneAt);
}
