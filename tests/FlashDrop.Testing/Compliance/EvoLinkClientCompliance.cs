using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Upstream;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What a call meets at the upstream, or on the way to it.</summary>
public enum CallCondition
{
    /// <summary>A task is made of it.</summary>
    Task,

    /// <summary>It is answered at once, whatever was asked for.</summary>
    Answer,

    /// <summary>It is answered with a stream, whatever was asked for.</summary>
    Stream,

    /// <summary>A stream ends before the answer does.</summary>
    CutStream,

    /// <summary>The upstream is left alone after too many failures.</summary>
    CircuitOpen,
    ServiceError,
    RateLimited,
    InvalidRequest,
    ContentRefused,
    Unauthorized,
    AccountEmpty,
    ModelGone,

    /// <summary>Nothing comes back.</summary>
    Silence,
}

/// <summary>What a task comes to.</summary>
public enum TaskEnd
{
    Answer,
    Failure,
    Refusal,

    /// <summary>It finishes in a form nobody can read.</summary>
    Unreadable,

    /// <summary>The upstream forgets it.</summary>
    Loss,
}

/// <summary>
/// What every implementation of the upstream port does: what it says of everything that can happen, in the same words, since the pipeline decides
/// by them. Each test gets a client of its own.
/// </summary>
public abstract class EvoLinkClientCompliance
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<CallCondition> Conditions => [.. Enum.GetValues<CallCondition>()];

    protected abstract IEvoLinkClient Client { get; }

    /// <summary>How many requests for an answer have reached the upstream as a whole.</summary>
    protected abstract int Reached { get; }

    /// <summary>Lets calls from now on meet this.</summary>
    protected abstract Task MeetAsync(CallCondition condition);

    /// <summary>Lets tasks made from now on come to this.</summary>
    protected abstract void EndTasks(TaskEnd outcome);

    /// <summary>Lets reads of tasks fail, or no longer.</summary>
    protected abstract void FailReads(bool fail);

    /// <summary>Lets so much time pass that every task has come to its end.</summary>
    protected abstract void PassTaskTime();

    /// <summary>Lets a call have the time it takes.</summary>
    protected virtual Task<T> RunAsync<T>(Task<T> work) => work;

    [Theory]
    [MemberData(nameof(Conditions))]
    public async Task Submit_says_what_it_met_and_reaches_the_upstream_once_at_most(CallCondition condition)
    {
        await MeetAsync(condition);
        var reached = Reached;

        var outcome = await RunAsync(Client.SubmitAsync(Ask(), Stop));

        switch (condition)
        {
            case CallCondition.Task:
                Assert.NotEmpty(Assert.IsType<SubmitOutcome.TaskCreated>(outcome).Task.Id);
                break;
            case CallCondition.Answer:
                AssertWhole(Assert.IsType<SubmitOutcome.Answered>(outcome).Answer);
                break;
            case CallCondition.Stream:
                AssertWhole(Assert.IsType<SubmitOutcome.Streamed>(outcome).Answer);
                break;
            default:
                AssertFailed(condition, outcome);
                break;
        }

        Assert.Equal(condition == CallCondition.CircuitOpen ? 0 : 1, Reached - reached);
    }

    [Theory]
    [MemberData(nameof(Conditions))]
    public async Task Plain_call_is_answered_or_says_why_not_and_is_never_a_task(CallCondition condition)
    {
        await MeetAsync(condition);

        var outcome = await RunAsync(Client.GenerateAsync(Ask(), Stop));

        switch (condition)
        {
            case CallCondition.Task when outcome is SubmitOutcome.Unanswered lost:
                AssertSays(Errors.UnexpectedTask, lost.Error);
                break;
            case CallCondition.Task or CallCondition.Answer or CallCondition.Stream:
                AssertWhole(Assert.IsType<SubmitOutcome.Answered>(outcome).Answer);
                break;
            default:
                AssertFailed(condition, outcome);
                break;
        }
    }

    [Theory]
    [MemberData(nameof(Conditions))]
    public async Task Stream_ends_in_one_last_event_which_says_whether_it_is_whole(CallCondition condition)
    {
        await MeetAsync(condition);

        var events = await RunAsync(CollectAsync(Ask(), Stop));

        var chunks = events.SkipLast(1).Select(next => Assert.IsType<StreamEvent.Chunk>(next)).ToList();
        switch (condition)
        {
            case CallCondition.Task when events[^1] is StreamEvent.Broken { Error: var error }:
                AssertSays(Errors.EmptyResponse, error);
                break;
            case CallCondition.Task or CallCondition.Answer or CallCondition.Stream:
                var answer = Assert.IsType<StreamEvent.Finished>(events[^1]).Answer;
                AssertWhole(answer);
                Assert.Equal(answer.Text, string.Concat(chunks.Select(chunk => chunk.Text)));
                break;
            case CallCondition.CutStream:
                var cut = Assert.IsType<StreamEvent.Broken>(events[^1]);
                AssertSays(Errors.TruncatedStream, cut.Error);
                Assert.Equal(cut.Partial?.Text, string.Concat(chunks.Select(chunk => chunk.Text)));
                Assert.NotEmpty(chunks);
                break;
            default:
                var broken = Assert.IsType<StreamEvent.Broken>(Assert.Single(events));
                AssertSays(Expected(condition, broken.Error) with { Sent = true }, broken.Error);
                Assert.Null(broken.Partial);
                break;
        }
    }

    [Fact]
    public async Task Submit_reads_every_media_source_to_its_end_once()
    {
        await MeetAsync(CallCondition.Task);
        Watched[] media = [new(70_000), new(0), new(1)];

        Assert.IsType<SubmitOutcome.TaskCreated>(await RunAsync(Client.SubmitAsync(Ask(media), Stop)));

        Assert.All(media, source => Assert.Equal((1, 1, source.Bytes), (source.Opened, source.Closed, source.Read)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(60_000)]
    public async Task Media_that_cannot_be_read_is_a_failure_and_never_whole(int after)
    {
        await MeetAsync(CallCondition.Task);
        var reached = Reached;
        var media = new Watched(70_000) { BreaksAfter = after, With = () => new UnauthorizedAccessException("no such blob") };

        var failed = Assert.IsType<SubmitOutcome.Failed>(await RunAsync(Client.SubmitAsync(Ask(media), Stop)));

        AssertSays(Errors.MediaUnreadable, failed.Error);
        Assert.Contains("no such blob", failed.Error.Message, StringComparison.Ordinal);
        Assert.Equal((0, media.Opened), (Reached - reached, media.Closed));
    }

    [Theory]
    [InlineData(69_999)]
    [InlineData(70_001)]
    public async Task Media_of_another_length_is_a_failure_and_never_whole(int length)
    {
        await MeetAsync(CallCondition.Task);
        var reached = Reached;

        var failed = Assert.IsType<SubmitOutcome.Failed>(await RunAsync(Client.SubmitAsync(Ask(new Watched(70_000) { Announced = length }), Stop)));

        AssertSays(Errors.MediaLengthMismatch, failed.Error);
        Assert.Equal(0, Reached - reached);
    }

    [Fact]
    public async Task Media_whose_own_patience_ends_is_a_failure_and_no_cancellation()
    {
        await MeetAsync(CallCondition.Task);
        var reached = Reached;
        var media = new Watched(70_000) { BreaksAfter = 0, With = () => new TaskCanceledException("the storage client's own timeout") };

        AssertSays(Errors.Timeout, Assert.IsType<SubmitOutcome.Failed>(await RunAsync(Client.SubmitAsync(Ask(media), Stop))).Error);

        Assert.Equal(0, Reached - reached);
    }

    [Fact]
    public async Task Cancelled_call_ends_as_cancelled_and_reaches_nothing()
    {
        await MeetAsync(CallCondition.Task);
        var id = await SubmitAsync();
        var reached = Reached;
        using var caller = new CancellationTokenSource();
        await caller.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(Client.SubmitAsync(Ask(), caller.Token)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(Client.GenerateAsync(Ask(), caller.Token)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(CollectAsync(Ask(), caller.Token)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(Client.ReadTaskAsync(id, caller.Token)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(Client.ReadJsonTaskAsync(id, caller.Token)));

        Assert.Equal(reached, Reached);
    }

    [Fact]
    public async Task Call_that_is_cancelled_while_it_is_sent_ends_as_cancelled()
    {
        await MeetAsync(CallCondition.Answer);

        await AssertCancelledAsync((request, token) => Client.SubmitAsync(request, token));
        await AssertCancelledAsync((request, token) => Client.GenerateAsync(request, token));
        await AssertCancelledAsync(CollectAsync);

        async Task AssertCancelledAsync<T>(Func<UpstreamRequest, CancellationToken, Task<T>> call)
        {
            using var caller = new CancellationTokenSource();
            var media = new Watched(70_000) { BreaksAfter = 60_000, With = () => Cancel(caller) };
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(call(Ask(media), caller.Token)));
        }

        static OperationCanceledException Cancel(CancellationTokenSource caller)
        {
            caller.Cancel();
            return new OperationCanceledException(caller.Token);
        }
    }

    [Fact]
    public async Task Malformed_key_or_task_id_is_a_programming_error()
    {
        await MeetAsync(CallCondition.Task);

        await Assert.ThrowsAsync<ArgumentException>(() => Client.SubmitAsync(Ask() with { IdempotencyKey = "short" }, Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.ReadTaskAsync(" ", Stop));
        await Assert.ThrowsAsync<ArgumentException>(() => Client.ReadJsonTaskAsync("..", Stop));
    }

    [Fact]
    public async Task Task_runs_until_it_is_answered_and_stays_so()
    {
        await MeetAsync(CallCondition.Task);
        EndTasks(TaskEnd.Answer);
        var id = await SubmitAsync();

        Assert.Equal(id, Assert.IsType<TaskReading.Running>(await ReadAsync(id)).Task.Id);
        PassTaskTime();
        var completed = Assert.IsType<TaskReading.Completed>(await ReadAsync(id));

        Assert.Equal(id, completed.Task.Id);
        AssertWhole(completed.Answer);
        AssertSame(completed.Answer, Assert.IsType<TaskReading.Completed>(await ReadAsync(id)).Answer);
    }

    [Theory]
    [InlineData(TaskEnd.Failure)]
    [InlineData(TaskEnd.Refusal)]
    [InlineData(TaskEnd.Unreadable)]
    [InlineData(TaskEnd.Loss)]
    public async Task Task_without_an_answer_says_why_and_stays_so(TaskEnd end)
    {
        await MeetAsync(CallCondition.Task);
        EndTasks(end);
        var id = await SubmitAsync();
        var expected = end switch
        {
            TaskEnd.Failure => Errors.TaskFailed,
            TaskEnd.Refusal => Errors.TaskRefused,
            TaskEnd.Unreadable => Errors.TaskUnreadable,
            _ => Errors.TaskLost,
        };

        PassTaskTime();

        AssertSays(expected, Assert.IsType<TaskReading.Failed>(await ReadAsync(id)).Error);
        AssertSays(expected, Assert.IsType<TaskReading.Failed>(await ReadAsync(id)).Error);
    }

    [Fact]
    public async Task Task_nobody_made_is_lost() =>
        AssertSays(Errors.TaskLost, Assert.IsType<TaskReading.Failed>(await ReadAsync("task-nobody-made")).Error);

    [Fact]
    public async Task Read_that_fails_says_nothing_about_the_task()
    {
        await MeetAsync(CallCondition.Task);
        EndTasks(TaskEnd.Answer);
        var id = await SubmitAsync();

        FailReads(true);
        AssertUnknown(await ReadAsync(id));
        FailReads(false);
        Assert.IsType<TaskReading.Running>(await ReadAsync(id));
        PassTaskTime();
        FailReads(true);
        AssertUnknown(await ReadAsync(id));
        FailReads(false);

        Assert.IsType<TaskReading.Completed>(await ReadAsync(id));

        static void AssertUnknown(TaskReading reading)
        {
            var error = Assert.IsType<TaskReading.Unknown>(reading).Error;
            AssertSays(Errors.ServiceError(retryAfter: error.RetryAfter), error);
        }
    }

    [Fact]
    public async Task Submits_at_once_make_a_task_each()
    {
        await MeetAsync(CallCondition.Task);

        var outcomes = await RunAsync(Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Client.SubmitAsync(Ask(new Watched(100)), Stop))));

        Assert.Equal(20, outcomes.Select(outcome => Assert.IsType<SubmitOutcome.TaskCreated>(outcome).Task.Id).Distinct().Count());
    }

    /// <summary>What an answer of every implementation has: text, counts, the model, and the JSON it was read from.</summary>
    private static void AssertWhole(Answer answer)
    {
        Assert.NotEmpty(answer.Text);
        Assert.Equal((AnswerQuality.Complete, "STOP"), (answer.Quality, answer.FinishReason));
        Assert.True(answer.Usage is { PromptTokens: > 0, CandidatesTokens: > 0, ThoughtsTokens: > 0 });
        Assert.NotNull(answer.ModelVersion);
        Assert.NotNull(answer.Raw);
    }

    private static void AssertSame(Answer one, Answer other) => Assert.Equal(
        (one.Text, one.FinishReason, one.Usage!.PromptTokens, one.Usage.OutputTokens, one.ModelVersion),
        (other.Text, other.FinishReason, other.Usage!.PromptTokens, other.Usage.OutputTokens, other.ModelVersion));

    private static void AssertFailed(CallCondition condition, SubmitOutcome outcome)
    {
        var error = condition is CallCondition.Silence or CallCondition.CutStream
            ? Assert.IsType<SubmitOutcome.Unanswered>(outcome).Error
            : Assert.IsType<SubmitOutcome.Failed>(outcome).Error;
        AssertSays(Expected(condition, error), error);
    }

    /// <param name="condition">What was met.</param>
    /// <param name="error">What was said; how long to wait is the upstream's choice.</param>
    private static UpstreamError Expected(CallCondition condition, UpstreamError error) => condition switch
    {
        CallCondition.CutStream => Errors.TruncatedStream,
        CallCondition.CircuitOpen => Errors.CircuitOpen(Assert.NotNull(error.RetryAfter)),
        CallCondition.ServiceError => Errors.ServiceError(),
        CallCondition.RateLimited => Errors.RateLimited(Assert.NotNull(error.RetryAfter)),
        CallCondition.InvalidRequest => Errors.InvalidRequest,
        CallCondition.ContentRefused => Errors.ContentRefused,
        CallCondition.Unauthorized => Errors.Unauthorized,
        CallCondition.AccountEmpty => Errors.AccountEmpty,
        CallCondition.ModelGone => Errors.ModelGone,
        _ => Errors.Timeout,
    };

    private static void AssertSays(UpstreamError expected, UpstreamError error)
    {
        Assert.Equal(
            (expected.Kind, expected.Code, expected.HttpStatus, expected.RetryAfter, expected.ConcernsModel, expected.Sent),
            (error.Kind, error.Code, error.HttpStatus, error.RetryAfter, error.ConcernsModel, error.Sent));
        Assert.NotEmpty(error.Message);
    }

    private static UpstreamRequest Ask(params IReadOnlyList<Watched> media) => new()
    {
        Tier = Tier.Standard,
        Body = new GenerateContentRequest
        {
            Contents = [Content.User([Part.FromText("What is it?"), .. media.Select(source => new Part { Media = source.ToMedia() })])],
        },
        IdempotencyKey = $"fd-{TestJobs.Id(TestJobs.Noon, 1)}-1",
    };

    private async Task<string> SubmitAsync() => Assert.IsType<SubmitOutcome.TaskCreated>(await RunAsync(Client.SubmitAsync(Ask(), Stop))).Task.Id;

    /// <summary>A plain answer reads the same whether the caller knows it to be JSON or not.</summary>
    private async Task<TaskReading> ReadAsync(string id)
    {
        var (reading, asJson) = (await RunAsync(Client.ReadTaskAsync(id, Stop)), await RunAsync(Client.ReadJsonTaskAsync(id, Stop)));
        Assert.Equal(reading.GetType(), asJson.GetType());
        if ((reading, asJson) is (TaskReading.Completed one, TaskReading.Completed other))
        {
            AssertSame(one.Answer, other.Answer);
        }

        return reading;
    }

    private async Task<List<StreamEvent>> CollectAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        List<StreamEvent> events = [];
        await foreach (var next in Client.StreamAsync(request, cancellationToken))
        {
            events.Add(next);
        }

        return events;
    }

    /// <summary>Media that notes what is done to it, and breaks where it is told to.</summary>
    private sealed class Watched(int bytes)
    {
        public int Bytes => bytes;

        public int Opened { get; private set; }

        public int Closed { get; private set; }

        public int Read { get; private set; }

        /// <summary>The length it claims to have; null for its own.</summary>
        public int? Announced { get; init; }

        /// <summary>Bytes that can be read, 0 when it cannot even be opened; null for all.</summary>
        public int? BreaksAfter { get; init; }

        /// <summary>How it breaks.</summary>
        public Func<Exception> With { get; init; } = () => new IOException("broken");

        public MediaSource ToMedia() => new("image/png", Announced ?? bytes, _ =>
        {
            if (BreaksAfter == 0)
            {
                return Task.FromException<Stream>(With());
            }

            Opened++;
            return Task.FromResult<Stream>(new WatchedStream(this));
        });

        private sealed class WatchedStream(Watched media) : MemoryStream(new byte[media.Bytes], writable: false)
        {
            private bool _closed;

            public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            {
                if (Position >= media.BreaksAfter)
                {
                    return ValueTask.FromException<int>(media.With());
                }

                var read = Read(buffer.Span);
                media.Read += read;
                return ValueTask.FromResult(read);
            }

            protected override void Dispose(bool disposing)
            {
                media.Closed += _closed ? 0 : 1;
                _closed = true;
                base.Dispose(disposing);
            }
        }
    }
}
