using System.Runtime.CompilerServices;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Testing.Simulation;

/// <summary>One submission that reached the upstream, with the truth about it.</summary>
internal sealed class SimulatedSubmission(int number, JobId job, DateTimeOffset at)
{
    public int Number { get; } = number;

    public JobId Job { get; } = job;

    public DateTimeOffset At { get; } = at;

    /// <summary>Id of the task it became, when it became one.</summary>
    public string? TaskId { get; set; }

    /// <summary>What it is answered with, when it is: charged.</summary>
    public Answer? Answer { get; set; }

    /// <summary>What its task fails with, when it does: not charged.</summary>
    public UpstreamError? Failure { get; set; }

    /// <summary>When its task is finished; null for never.</summary>
    public DateTimeOffset? DoneAt { get; set; }

    /// <summary>From when on the upstream has forgotten its task.</summary>
    public DateTimeOffset? LostAt { get; set; }

    /// <summary>Whether the answer came back with the submission itself.</summary>
    public bool Immediate { get; set; }
}

/// <summary>What a submission meets.</summary>
internal enum SubmitFate
{
    NeverSent,
    AccountEmpty,
    ServiceError,
    RateLimited,
    Invalid,
    Refused,
    Unauthorized,
    ModelGone,
    Silence,

    /// <summary>The work is done and charged; only the way back is broken.</summary>
    SilentWork,
    Answered,
    Streamed,

    /// <summary>The stream ends before the answer does; a stream without a finish reason is one as well.</summary>
    CutStream,
    Task,
}

/// <summary>What a task comes to.</summary>
internal enum TaskFate
{
    VerySlow,
    Slow,
    Never,
    Lost,
    Failed,
    Unreadable,
    Refused,
    Done,
}

/// <summary>
/// The upstream with everything it is known to do: refuse in every way, answer nothing although it works and charges, ignore the
/// asynchronous header, finish late, never or in a shape nobody knows, lose tasks, cut answers, leave counts out.
/// </summary>
internal sealed class SimulatedUpstream(SimulatedWorld simulation, Random random) : IEvoLinkClient
{
    private readonly Dictionary<string, SimulatedSubmission> _tasks = new(StringComparer.Ordinal);

    public List<SimulatedSubmission> Submissions { get; } = [];

    /// <summary>What submissions meet, in place of chance; for the tests of this stand-in itself.</summary>
    public SubmitFate? NextSubmit { get; set; }

    /// <summary>What tasks come to, in place of chance.</summary>
    public TaskFate? NextTask { get; set; }

    /// <summary>Whether every read fails, in place of chance.</summary>
    public bool ReadsFail { get; set; }

    public Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        CallAsync(request, SubmitFate.Task, cancellationToken);

    public async Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken)
    {
        Calls.RequireTaskId(taskId);
        cancellationToken.ThrowIfCancellationRequested();
        await simulation.PassAsync("upstream.read", after: false);
        cancellationToken.ThrowIfCancellationRequested();
        var reading = Read(taskId);
        simulation.Log($"{Operation.Current} upstream.read {taskId} -> {reading.GetType().Name}");
        await simulation.PassAsync("upstream.read", after: true);
        cancellationToken.ThrowIfCancellationRequested();
        return reading;
    }

    public async Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken) =>
        Calls.OfPlainCall(await CallAsync(request, SubmitFate.Answered, cancellationToken));

    public async IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var next in Calls.OfStream(await CallAsync(request, SubmitFate.Streamed, cancellationToken)))
        {
            yield return next;
        }
    }

    /// <param name="request">What is asked.</param>
    /// <param name="ordinary">What a call of its kind meets when nothing is wrong.</param>
    /// <param name="cancellationToken">The caller's.</param>
    private async Task<SubmitOutcome> CallAsync(UpstreamRequest request, SubmitFate ordinary, CancellationToken cancellationToken)
    {
        var (_, error) = await Calls.SendAsync(request, cancellationToken);
        if (error is not null)
        {
            simulation.Log($"{Operation.Current} upstream.submit {request.IdempotencyKey} -> {error.Code}");
            return new SubmitOutcome.Failed(error);
        }

        await simulation.PassAsync("upstream.submit", after: false);
        cancellationToken.ThrowIfCancellationRequested();
        var outcome = Submit(request, ordinary);
        simulation.Log($"{Operation.Current} upstream.submit {request.IdempotencyKey} -> {Describe(outcome)}");
        await simulation.PassAsync("upstream.submit", after: true);
        cancellationToken.ThrowIfCancellationRequested();
        return outcome;
    }

    private SubmitOutcome Submit(UpstreamRequest request, SubmitFate ordinary)
    {
        var fate = NextSubmit ?? FateOfSubmit(simulation.Faulty ? random.NextDouble() : 1);
        if (fate == SubmitFate.NeverSent)
        {
            return new SubmitOutcome.Failed(Errors.CircuitOpen(TimeSpan.FromSeconds(20)));
        }

        var submission = new SimulatedSubmission(Submissions.Count + 1, JobOf(request), simulation.Now);
        Submissions.Add(submission);
        switch (simulation.Holding ? SubmitFate.AccountEmpty : fate == SubmitFate.Task ? ordinary : fate)
        {
            case SubmitFate.AccountEmpty:
                return new SubmitOutcome.Failed(Errors.AccountEmpty);
            case SubmitFate.ServiceError:
                return new SubmitOutcome.Failed(Errors.ServiceError());
            case SubmitFate.RateLimited:
                return new SubmitOutcome.Failed(Errors.RateLimited(TimeSpan.FromSeconds(random.Next(1, 120))));
            case SubmitFate.Invalid:
                return new SubmitOutcome.Failed(Errors.InvalidRequest);
            case SubmitFate.Refused:
                return new SubmitOutcome.Failed(Errors.ContentRefused);
            case SubmitFate.Unauthorized:
                return new SubmitOutcome.Failed(Errors.Unauthorized);
            case SubmitFate.ModelGone:
                return new SubmitOutcome.Failed(Errors.ModelGone);
            case SubmitFate.Silence:
                return new SubmitOutcome.Unanswered(Errors.Timeout);
            case SubmitFate.SilentWork:
                CreateTask(submission);
                return new SubmitOutcome.Unanswered(Errors.Timeout);
            case SubmitFate.Answered:
                submission.Immediate = true;
                submission.Answer = AnswerOf(submission);
                return new SubmitOutcome.Answered(submission.Answer);
            case SubmitFate.Streamed or SubmitFate.CutStream:
                submission.Immediate = true;
                submission.Answer = AnswerOf(submission);
                return fate == SubmitFate.CutStream || submission.Answer is { FinishReason: null, BlockReason: null }
                    ? new SubmitOutcome.Unanswered(Errors.TruncatedStream)
                    : new SubmitOutcome.Streamed(submission.Answer);
            default:
                return new SubmitOutcome.TaskCreated(CreateTask(submission));
        }
    }

    private static SubmitFate FateOfSubmit(double roll) => roll switch
    {
        < 0.04 => SubmitFate.NeverSent,
        < 0.10 => SubmitFate.ServiceError,
        < 0.13 => SubmitFate.RateLimited,
        < 0.15 => SubmitFate.Invalid,
        < 0.16 => SubmitFate.Refused,
        < 0.17 => SubmitFate.Unauthorized,
        < 0.20 => SubmitFate.ModelGone,
        < 0.22 => SubmitFate.Silence,
        < 0.26 => SubmitFate.SilentWork,
        < 0.32 => SubmitFate.Answered,
        < 0.35 => SubmitFate.Streamed,
        _ => SubmitFate.Task,
    };

    private static TaskFate FateOfTask(double roll) => roll switch
    {
        < 0.03 => TaskFate.VerySlow,
        < 0.10 => TaskFate.Slow,
        < 0.12 => TaskFate.Never,
        < 0.15 => TaskFate.Lost,
        < 0.19 => TaskFate.Failed,
        < 0.20 => TaskFate.Unreadable,
        < 0.21 => TaskFate.Refused,
        _ => TaskFate.Done,
    };

    private static string Describe(SubmitOutcome outcome) => outcome switch
    {
        SubmitOutcome.TaskCreated created => created.Task.Id,
        SubmitOutcome.Failed failed => failed.Error.Code,
        _ => outcome.GetType().Name,
    };

    private UpstreamTask CreateTask(SimulatedSubmission submission)
    {
        submission.TaskId = $"task-{submission.Number:0000}";
        _tasks[submission.TaskId] = submission;
        var fate = NextTask ?? FateOfTask(simulation.Faulty ? random.NextDouble() : 1);
        var seconds = fate switch
        {
            TaskFate.VerySlow => random.Next(900, 3_000),
            TaskFate.Slow => random.Next(60, 800),
            _ => random.Next(1, 40),
        };
        submission.DoneAt = fate == TaskFate.Never ? null : simulation.Now + TimeSpan.FromSeconds(seconds);
        submission.LostAt = fate == TaskFate.Lost ? simulation.Now + TimeSpan.FromSeconds(random.Next(60)) : null;
        submission.Failure = fate switch
        {
            TaskFate.Failed => Errors.TaskFailed,
            TaskFate.Unreadable => Errors.TaskUnreadable,
            TaskFate.Refused => Errors.TaskRefused,
            _ => null,
        };
        submission.Answer = submission.Failure is null ? AnswerOf(submission) : null;
        return new UpstreamTask { Id = submission.TaskId, Status = "pending", Created = simulation.Now };
    }

    /// <summary>No two answers cost the same, so that a sum that is right by chance is no danger.</summary>
    private Answer AnswerOf(SimulatedSubmission submission)
    {
        var answer = Answers.Text($"{SimulatedWorld.Content} answer {submission.Number}") with
        {
            Usage = Answers.Usage with { PromptTokens = 1_000 + (submission.Number * submission.Number), CandidatesTokens = 80 + submission.Number },
            ResponseId = $"response-{submission.Number}",
        };
        var shape = simulation.Faulty ? random.NextDouble() : 1;
        return shape switch
        {
            < 0.04 => answer with { FinishReason = "MAX_TOKENS" },
            < 0.06 => answer with { Text = "", FinishReason = "MAX_TOKENS" },
            < 0.08 => answer with { Text = "", FinishReason = "SAFETY" },
            < 0.09 => answer with { Text = "", BlockReason = "PROHIBITED_CONTENT" },
            < 0.14 => answer with { Text = "", FinishReason = "OTHER" },
            < 0.18 => answer with { Usage = null },
            < 0.22 => answer with { ModelVersion = "some-other-model" },
            < 0.24 => answer with { FinishReason = null },
            _ => answer,
        };
    }

    private TaskReading Read(string taskId)
    {
        if (ReadsFail || (simulation.Faulty && random.Next(20) == 0))
        {
            return new TaskReading.Unknown(Errors.ServiceError(retryAfter: random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(90)) : null));
        }

        if (!_tasks.TryGetValue(taskId, out var submission) || simulation.Now >= submission.LostAt)
        {
            return new TaskReading.Failed(Errors.TaskLost);
        }

        var task = new UpstreamTask { Id = taskId, Status = "processing", Created = submission.At };
        return simulation.Now < (submission.DoneAt ?? DateTimeOffset.MaxValue) ? new TaskReading.Running(task)
            : submission.Failure is { } failure ? new TaskReading.Failed(failure)
            : new TaskReading.Completed(task with { Status = "completed" }, submission.Answer!);
    }

    /// <summary>The job is in the key: <c>fd-{job}-{attempt}</c>.</summary>
    private static JobId JobOf(UpstreamRequest request) => JobId.Parse(request.IdempotencyKey!.Split('-')[1]);
}
