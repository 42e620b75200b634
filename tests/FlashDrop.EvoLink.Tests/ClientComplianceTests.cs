using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing;
using FlashDrop.Testing.Compliance;
using FlashDrop.Testing.Simulation;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Time.Testing;
using Said = FlashDrop.Testing.Upstream.Errors;

namespace FlashDrop.EvoLink.Tests;

/// <summary>The real client, given the HTTP that stands for each condition.</summary>
[Collection(VirtualTime.Name)]
public sealed class EvoLinkClientTests : EvoLinkClientCompliance, IAsyncDisposable
{
    private const string WholeAnswer =
        """
        {"candidates":[{"content":{"role":"model","parts":[{"text":"A harbour."}]},"finishReason":"STOP","index":0}],
         "usageMetadata":{"promptTokenCount":1000,"candidatesTokenCount":80,"thoughtsTokenCount":500,"totalTokenCount":1580},"modelVersion":"gemini-2.5-flash"}
        """;

    private readonly Upstream _upstream = new();
    private readonly HashSet<string> _tasks = new(StringComparer.Ordinal);
    private CallCondition _condition;
    private TaskEnd _end;
    private bool _readsFail;
    private bool _timePassed;

    public EvoLinkClientTests() => _upstream.Then((request, token) =>
        request.Method == HttpMethod.Get ? Task.FromResult(ReadTask(request.RequestUri!.Segments[^1])) : CallAsync(token));

    protected override IEvoLinkClient Client => _upstream.Client;

    protected override int Reached => _upstream.Requests.Count(request => request.Method == HttpMethod.Post);

    public ValueTask DisposeAsync() => _upstream.DisposeAsync();

    protected override async Task MeetAsync(CallCondition condition)
    {
        _condition = condition;
        if (condition == CallCondition.CircuitOpen)
        {
            for (var failures = 0; failures < 10; failures++)
            {
                await RunAsync(Client.SubmitAsync(Upstream.Ask(), CancellationToken.None));
            }
        }
    }

    protected override void EndTasks(TaskEnd outcome) => _end = outcome;

    protected override void FailReads(bool fail) => _readsFail = fail;

    protected override void PassTaskTime() => _timePassed = true;

    protected override Task<T> RunAsync<T>(Task<T> work) => _upstream.Run(work, TimeSpan.FromSeconds(1));

    private static HttpResponseMessage Error(int status, string error, TimeSpan? retryAfter = null)
    {
        var response = Upstream.Json($$"""{"error":{{error}} }""", status);
        response.Headers.RetryAfter = retryAfter is { } wait ? new(wait) : null;
        return response;
    }

    private async Task<HttpResponseMessage> CallAsync(CancellationToken cancellationToken)
    {
        switch (_condition)
        {
            case CallCondition.Answer:
                return Upstream.Json(WholeAnswer);
            case CallCondition.Stream:
                return Upstream.Json(Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2), contentType: "text/event-stream");
            case CallCondition.CutStream:
                return Upstream.Json(Fixtures.Sse(Fixtures.Chunk1), contentType: "text/event-stream");
            case CallCondition.CircuitOpen or CallCondition.ServiceError:
                return Error(503, """{"code":"service_error","message":"overloaded"}""");
            case CallCondition.RateLimited:
                return Error(429, """{"code":429,"message":"slow down","type":"rate_limit_error"}""", TimeSpan.FromSeconds(40));
            case CallCondition.InvalidRequest:
                return Error(400, """{"code":400,"message":"contents is empty","type":"invalid_request_error","param":"contents"}""");
            case CallCondition.ContentRefused:
                return Error(400, """{"code":"content_policy_violation","message":"not this"}""");
            case CallCondition.Unauthorized:
                return Error(401, """{"code":"unauthorized","message":"unknown key","type":"authentication_error"}""");
            case CallCondition.AccountEmpty:
                return Error(402, """{"code":"insufficient_quota","message":"Not enough balance"}""");
            case CallCondition.ModelGone:
                return Error(404, """{"code":404,"message":"no such model","type":"not_found_error","param":"model"}""");
            case CallCondition.Silence:
                await Task.Delay(Timeout.InfiniteTimeSpan, _upstream.Time, cancellationToken);
                throw new InvalidOperationException("Not reached.");
            default:
                lock (_tasks)
                {
                    var id = $"task-unified-{_tasks.Count + 1:0000}";
                    _tasks.Add(id);
                    return Upstream.Json($$"""{"id":"{{id}}","object":"text.generation.task","status":"pending","progress":0,"created":1793697164}""");
                }
        }
    }

    private HttpResponseMessage ReadTask(string id) =>
        _readsFail ? Error(503, """{"code":"service_error","message":"overloaded"}""", TimeSpan.FromSeconds(40))
        : !_tasks.Contains(id) || (_timePassed && _end == TaskEnd.Loss) ? Error(404, """{"code":"resource_not_found","message":"wrong or expired"}""")
        : Upstream.Json(
            !_timePassed ? $$"""{"id":"{{id}}","status":"processing","progress":40}"""
            : _end switch
            {
                TaskEnd.Answer => $$"""{"id":"{{id}}","status":"completed","progress":100,"results":[{{WholeAnswer}}]}""",
                TaskEnd.Failure => $$$"""{"id":"{{{id}}}","status":"failed","error":{"code":"task_failed","message":"no luck"}}""",
                TaskEnd.Refusal => $$$"""{"id":"{{{id}}}","status":"failed","error":{"code":"content_policy_violation","message":"not this"}}""",
                _ => $$"""{"id":"{{id}}","status":"completed","results":[]}""",
            });
}

public sealed class FakeUpstreamTests : EvoLinkClientCompliance
{
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private readonly FakeUpstream _upstream;
    private TaskEnd _end;

    public FakeUpstreamTests() => _upstream = new FakeUpstream(_time);

    protected override IEvoLinkClient Client => _upstream;

    protected override int Reached => _upstream.Submissions.Count;

    protected override Task MeetAsync(CallCondition condition)
    {
        SubmitOutcome? outcome = condition switch
        {
            CallCondition.Task => null,
            CallCondition.Answer => new SubmitOutcome.Answered(Answers.Text("A harbour.")),
            CallCondition.Stream => new SubmitOutcome.Streamed(Answers.Text("A harbour.")),
            CallCondition.CutStream => new SubmitOutcome.Unanswered(Said.TruncatedStream),
            CallCondition.CircuitOpen => new SubmitOutcome.Failed(Said.CircuitOpen(TimeSpan.FromSeconds(10))),
            CallCondition.ServiceError => new SubmitOutcome.Failed(Said.ServiceError()),
            CallCondition.RateLimited => new SubmitOutcome.Failed(Said.RateLimited(TimeSpan.FromSeconds(40))),
            CallCondition.InvalidRequest => new SubmitOutcome.Failed(Said.InvalidRequest),
            CallCondition.ContentRefused => new SubmitOutcome.Failed(Said.ContentRefused),
            CallCondition.Unauthorized => new SubmitOutcome.Failed(Said.Unauthorized),
            CallCondition.AccountEmpty => new SubmitOutcome.Failed(Said.AccountEmpty),
            CallCondition.ModelGone => new SubmitOutcome.Failed(Said.ModelGone),
            _ => new SubmitOutcome.Unanswered(Said.Timeout),
        };
        if (outcome is not null)
        {
            _upstream.Next(outcome);
        }

        return Task.CompletedTask;
    }

    protected override void EndTasks(TaskEnd outcome)
    {
        _end = outcome;
        _upstream.Finish = _ => outcome switch
        {
            TaskEnd.Failure => new TaskReading.Failed(Said.TaskFailed),
            TaskEnd.Refusal => new TaskReading.Failed(Said.TaskRefused),
            TaskEnd.Unreadable => new TaskReading.Failed(Said.TaskUnreadable),
            _ => null,
        };
    }

    protected override void FailReads(bool fail) => _upstream.ReadFails = _ => fail ? Said.ServiceError(retryAfter: TimeSpan.FromSeconds(40)) : null;

    protected override void PassTaskTime()
    {
        _time.Advance(_upstream.TaskTime);
        if (_end == TaskEnd.Loss)
        {
            _upstream.Lose("task-unified-0001");
        }
    }
}

public sealed class SimulatedUpstreamTests : EvoLinkClientCompliance
{
    private readonly SimulatedWorld _world = SimulatedWorld.Calm(seed: 1);

    protected override IEvoLinkClient Client => _world.Upstream;

    protected override int Reached => _world.Upstream.Submissions.Count;

    protected override Task MeetAsync(CallCondition condition)
    {
        _world.Upstream.NextSubmit = condition switch
        {
            CallCondition.Task => SubmitFate.Task,
            CallCondition.Answer => SubmitFate.Answered,
            CallCondition.Stream => SubmitFate.Streamed,
            CallCondition.CutStream => SubmitFate.CutStream,
            CallCondition.CircuitOpen => SubmitFate.NeverSent,
            CallCondition.ServiceError => SubmitFate.ServiceError,
            CallCondition.RateLimited => SubmitFate.RateLimited,
            CallCondition.InvalidRequest => SubmitFate.Invalid,
            CallCondition.ContentRefused => SubmitFate.Refused,
            CallCondition.Unauthorized => SubmitFate.Unauthorized,
            CallCondition.AccountEmpty => SubmitFate.AccountEmpty,
            CallCondition.ModelGone => SubmitFate.ModelGone,
            _ => SubmitFate.Silence,
        };
        return Task.CompletedTask;
    }

    protected override void EndTasks(TaskEnd outcome) => _world.Upstream.NextTask = outcome switch
    {
        TaskEnd.Failure => TaskFate.Failed,
        TaskEnd.Refusal => TaskFate.Refused,
        TaskEnd.Unreadable => TaskFate.Unreadable,
        TaskEnd.Loss => TaskFate.Lost,
        _ => TaskFate.Done,
    };

    protected override void FailReads(bool fail) => _world.Upstream.ReadsFail = fail;

    protected override void PassTaskTime() => _world.Pass(TimeSpan.FromMinutes(1));
}
