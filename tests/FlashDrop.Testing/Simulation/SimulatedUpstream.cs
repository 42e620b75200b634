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

/// <summary>
/// The upstream with everything it is known to do: refuse in every way, answer nothing although it works and charges, ignore the
/// asynchronous header, finish late, never or in a shape nobody knows, lose tasks, cut answers, leave counts out.
/// </summary>
internal sealed class SimulatedUpstream(SimulatedWorld simulation, Random random) : IEvoLinkClient
{
    private readonly Dictionary<string, SimulatedSubmission> _tasks = new(StringComparer.Ordinal);

    public List<SimulatedSubmission> Submissions { get; } = [];

    public async Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        foreach (var media in request.Body.Contents.SelectMany(c => c.Parts).Select(p => p.Media).OfType<MediaSource>())
        {
            await using var stream = await media.OpenAsync(cancellationToken);
            await stream.CopyToAsync(Stream.Null, cancellationToken);
        }

        await simulation.PassAsync("upstream.submit", after: false);
        cancellationToken.ThrowIfCancellationRequested();
        var outcome = Submit(request);
        simulation.Log($"{Operation.Current} upstream.submit {request.IdempotencyKey} -> {Describe(outcome)}");
        await simulation.PassAsync("upstream.submit", after: true);
        cancellationToken.ThrowIfCancellationRequested();
        return outcome;
    }

    public async Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken)
    {
        await simulation.PassAsync("upstream.read", after: false);
        cancellationToken.ThrowIfCancellationRequested();
        var reading = Read(taskId);
        simulation.Log($"{Operation.Current} upstream.read {taskId} -> {reading.GetType().Name}");
        await simulation.PassAsync("upstream.read", after: true);
        cancellationToken.ThrowIfCancellationRequested();
        return reading;
    }

    public Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken) => SubmitAsync(request, cancellationToken);

    public async IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await SubmitAsync(request, cancellationToken);
        yield return new StreamEvent.Broken(Errors.Of(ErrorKind.Retry, "truncated_stream"), Partial: null);
    }

    private SubmitOutcome Submit(UpstreamRequest request)
    {
        var trouble = simulation.Faulty ? random.NextDouble() : 1;
        if (trouble < 0.04)
        {
            return new SubmitOutcome.Failed(Errors.Of(ErrorKind.Retry, "circuit_open", retryAfter: TimeSpan.FromSeconds(20), sent: false));
        }

        var submission = new SimulatedSubmission(Submissions.Count + 1, JobOf(request), simulation.Now);
        Submissions.Add(submission);
        if (simulation.Holding)
        {
            return Refused(Errors.Of(ErrorKind.Hold, "insufficient_quota", 402));
        }

        switch (trouble)
        {
            case < 0.10:
                return Refused(Errors.Of(ErrorKind.Retry, "service_error", 503));
            case < 0.13:
                return Refused(Errors.Of(ErrorKind.Retry, "rate_limit_error", 429, TimeSpan.FromSeconds(random.Next(1, 120))));
            case < 0.15:
                return Refused(Errors.Of(ErrorKind.Fix, "invalid_request_error", 400));
            case < 0.16:
                return Refused(Errors.Of(ErrorKind.Refused, "content_policy_violation", 400));
            case < 0.17:
                return Refused(Errors.Of(ErrorKind.Stop, "unauthorized", 401));
            case < 0.20:
                return Refused(Errors.Of(ErrorKind.Retired, "not_found_error", 404, concernsModel: true));
            case < 0.22:
                return new SubmitOutcome.Unanswered(Errors.Of(ErrorKind.Retry, "timeout"));
            case < 0.26:
                // The work is done and charged; only the way back is broken.
                CreateTask(submission);
                return new SubmitOutcome.Unanswered(Errors.Of(ErrorKind.Retry, "timeout"));
            case < 0.32:
                submission.Immediate = true;
                submission.Answer = AnswerOf(submission);
                return new SubmitOutcome.Answered(submission.Answer);
            case < 0.35:
                submission.Immediate = true;
                submission.Answer = AnswerOf(submission);
                return new SubmitOutcome.Streamed(submission.Answer);
            default:
                return new SubmitOutcome.TaskCreated(CreateTask(submission));
        }
    }

    private static SubmitOutcome.Failed Refused(UpstreamError error) => new(error);

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
        var fate = simulation.Faulty ? random.NextDouble() : 1;
        var seconds = fate switch
        {
            < 0.03 => random.Next(900, 3_000),
            < 0.10 => random.Next(60, 800),
            _ => random.Next(1, 40),
        };
        submission.DoneAt = fate is >= 0.10 and < 0.12 ? null : simulation.Now + TimeSpan.FromSeconds(seconds);
        submission.LostAt = fate is >= 0.12 and < 0.15 ? simulation.Now + TimeSpan.FromSeconds(random.Next(60)) : null;
        submission.Failure = fate switch
        {
            >= 0.15 and < 0.19 => Errors.Of(ErrorKind.Retry, "task_failed"),
            >= 0.19 and < 0.20 => Errors.Of(ErrorKind.Fix, "unreadable_result"),
            >= 0.20 and < 0.21 => Errors.Of(ErrorKind.Refused, "content_policy_violation"),
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
        if (simulation.Faulty && random.Next(20) == 0)
        {
            return new TaskReading.Unknown(Errors.Of(ErrorKind.Retry, "service_error", 503, random.Next(2) == 0 ? TimeSpan.FromSeconds(random.Next(90)) : null));
        }

        if (!_tasks.TryGetValue(taskId, out var submission) || simulation.Now >= submission.LostAt)
        {
            return new TaskReading.Failed(Errors.Of(ErrorKind.Fix, "resource_not_found", 404));
        }

        var task = new UpstreamTask { Id = taskId, Status = "processing", Created = submission.At };
        return simulation.Now < (submission.DoneAt ?? DateTimeOffset.MaxValue) ? new TaskReading.Running(task)
            : submission.Failure is { } failure ? new TaskReading.Failed(failure)
            : new TaskReading.Completed(task with { Status = "completed" }, submission.Answer!);
    }

    /// <summary>The job is in the key: <c>fd-{job}-{attempt}</c>.</summary>
    private static JobId JobOf(UpstreamRequest request) => JobId.Parse(request.IdempotencyKey!.Split('-')[1]);
}
