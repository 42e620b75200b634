using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Requests;
using FlashDrop.EvoLink.Resilience;
using FlashDrop.EvoLink.Responses;
using FlashDrop.EvoLink.Streaming;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink;

/// <summary>The upstream over HTTP.</summary>
internal sealed partial class EvoLinkClient(
    Transport transport,
    Pipelines pipelines,
    LinkedResults links,
    IOptions<UpstreamOptions> options,
    IOptions<UpstreamResilienceOptions> resilience,
    TimeProvider time,
    ILogger<EvoLinkClient> logger) : IEvoLinkClient
{
    private const int MaxIdempotencyKeyLength = 96;

    // Links lead to many hosts; what protects us from one slow host is the timeout, so they share a route.
    private static readonly Route LinkRoute = new("result-links", null);

    private readonly UpstreamOptions _options = options.Value;
    private readonly UpstreamResilienceOptions _resilience = resilience.Value;

    public async Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var outgoing = Outgoing(request, ":generateContent") with { AsyncMode = _options.AsyncMode };
        return Outcome(await pipelines.RunAsync(
            Operation.Submit, RouteOf(request), attempt => GenerateOnceAsync(outgoing, request, isSubmit: true, cancellationToken, attempt), cancellationToken));
    }

    public async Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        var outgoing = Outgoing(request, ":generateContent");
        return Outcome(await pipelines.RunAsync(
            Operation.Generate, RouteOf(request), attempt => GenerateOnceAsync(outgoing, request, isSubmit: false, cancellationToken, attempt), cancellationToken));
    }

    public async IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var outgoing = Outgoing(request, ":streamGenerateContent?alt=sse");
        var route = RouteOf(request);
        using var lease = await pipelines.AcquireAsync(route, cancellationToken);
        if (lease is null)
        {
            yield return new StreamEvent.Broken(Pipelines.TooManyCalls(route), null);
            yield break;
        }

        var call = await pipelines.RunAsync(
            Operation.Stream, route, attempt => OpenOnceAsync(outgoing, request, cancellationToken, attempt), cancellationToken);
        if (call.Value is null)
        {
            yield return new StreamEvent.Broken(call.Error!, null);
            yield break;
        }

        await using var stream = call.Value;
        while (true)
        {
            foreach (var next in stream.Events)
            {
                yield return next;
            }

            if (stream.IsClosed)
            {
                yield break;
            }

            await stream.ReadNextAsync(cancellationToken);
        }
    }

    public Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken) =>
        ReadTaskAsync(taskId, answerIsJson: false, cancellationToken);

    public Task<TaskReading> ReadJsonTaskAsync(string taskId, CancellationToken cancellationToken) =>
        ReadTaskAsync(taskId, answerIsJson: true, cancellationToken);

    private static SubmitOutcome Outcome(Call<SubmitOutcome> call) => call switch
    {
        { Value: { } value } => value,
        { Error: { } error, Fate: Fate.Lost or Fate.Silent } => new SubmitOutcome.Unanswered(error) { RequestId = error.RequestId },
        _ => new SubmitOutcome.Failed(call.Error! with { Sent = call.WasSent }) { RequestId = call.Error!.RequestId },
    };

    /// <summary>The base URL with its path kept, and the path below it.</summary>
    private static Uri Below(Uri baseUrl, string path) => new($"{baseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/')}/{path}");

    private Route RouteOf(UpstreamRequest request) => new(_options.GenerateBaseUrl.Authority, request.Tier);

    private RequestBody Body(UpstreamRequest request, GenerateContentRequest body) =>
        RequestBody.Write(ThinkingForms.For(_options.Models[request.Tier], body));

    private Outgoing Outgoing(UpstreamRequest request, string method)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.IdempotencyKey is { } key && !IdempotencyKeyForm().IsMatch(key))
        {
            throw new ArgumentException($"The idempotency key '{key}' has to be 16 to 96 characters of A-Z a-z 0-9 . _ -", nameof(request));
        }

        // A model id may contain slashes, which stay; everything else in it is escaped.
        var model = string.Join('/', _options.Models[request.Tier].Split('/').Select(Uri.EscapeDataString));
        return new Outgoing(Below(_options.GenerateBaseUrl, $"v1beta/models/{model}{method}"), Body(request, request.Body))
        {
            IdempotencyKey = request.IdempotencyKey,
        };
    }

    private async Task<Call<SubmitOutcome>> GenerateOnceAsync(
        Outgoing outgoing, UpstreamRequest request, bool isSubmit, CancellationToken caller, CancellationToken attempt)
    {
        ResponseHandler<SubmitOutcome> read = (response, context, token) => ReadOutcomeAsync(response, context, isSubmit, token);
        return WithoutGuess(await WithRolesAsync(outgoing, request, message => transport.SendAsync(message, read, caller, attempt)));
    }

    private async Task<Call<OpenStream>> OpenOnceAsync(Outgoing outgoing, UpstreamRequest request, CancellationToken caller, CancellationToken attempt) =>
        WithoutGuess(await WithRolesAsync(outgoing, request, message => transport.SendAsync<OpenStream>(message, OpenAsync, caller, attempt)));

    /// <summary>Some routes know the roles user and model only and refuse an instruction: said in so many words, it is repeated without one.</summary>
    private async Task<Call<T>> WithRolesAsync<T>(Outgoing outgoing, UpstreamRequest request, Func<Outgoing, Task<Call<T>>> send)
        where T : class
    {
        var call = await send(outgoing);
        if (call.Error is not { HttpStatus: 400 } error
            || !error.Message.Contains("Please use a valid role", StringComparison.OrdinalIgnoreCase)
            || RequestBody.MergeSystemText(request.Body) is not { } merged)
        {
            return call;
        }

        Log.RolesMerged(logger);
        return await send(outgoing with { Body = Body(request, merged), IdempotencyKey = KeyForOtherBody(outgoing.IdempotencyKey) });
    }

    /// <summary>The same key with another body would be a conflict.</summary>
    private static string? KeyForOtherBody(string? key) => key is { Length: <= MaxIdempotencyKeyLength - 2 } ? key + ".r" : null;

    /// <summary>An answer that only says "I do not know whether the work was done" is no refusal.</summary>
    private static Call<T> WithoutGuess<T>(Call<T> call)
        where T : class =>
        call is { Fate: Fate.Refused, Error: { Code: "http_504" or "http_524" or "paid_outcome_unknown" } error }
            ? Call<T>.Failure(error, Fate.Silent)
            : call;

    private async Task<Call<SubmitOutcome>> ReadOutcomeAsync(
        HttpResponseMessage response, ErrorContext context, bool isSubmit, CancellationToken cancellationToken)
    {
        using (response)
        {
            using var body = await ResponseBody.ReadAsync(response.Content, _options.MaxResponseBytes, cancellationToken);
            if (body.TooLarge)
            {
                return Call<SubmitOutcome>.Failure(
                    Local(context, "response_too_large", ErrorKind.Fix, $"The answer exceeds the limit of {_options.MaxResponseBytes} bytes."), Fate.Refused);
            }

            return Reply.Classify(body.Bytes, _options.MaxFrameBytes, context) switch
            {
                Reply.Accepted accepted when isSubmit => Success(new SubmitOutcome.TaskCreated(accepted.Task)),
                Reply.Accepted accepted => Call<SubmitOutcome>.Failure(
                    Local(context, "unexpected_task", ErrorKind.Retry, $"The upstream made a task of a plain call: {accepted.Task.Id}"), Fate.Silent),
                Reply.Whole { Streamed: true } whole when isSubmit => Success(new SubmitOutcome.Streamed(whole.Answer)),
                Reply.Whole whole => Success(new SubmitOutcome.Answered(whole.Answer)),
                Reply.Refusal refusal => Call<SubmitOutcome>.Failure(refusal.Error, Fate.Refused),
                Reply.Cut cut => Call<SubmitOutcome>.Failure(cut.Error, Fate.Lost),
                var other => throw new InvalidOperationException($"Unknown reply {other.GetType().Name}."),
            };
        }

        Call<SubmitOutcome> Success(SubmitOutcome outcome) => Call<SubmitOutcome>.Success(outcome with { RequestId = context.RequestId });
    }

    private async Task<Call<OpenStream>> OpenAsync(HttpResponseMessage response, ErrorContext context, CancellationToken cancellationToken)
    {
        OpenStream? stream = null;
        var kept = false;
        try
        {
            var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            stream = new OpenStream(
                response,
                body,
                new StreamReading(_options.MaxFrameBytes, _options.MaxResponseBytes, context),
                _resilience.StreamIdleTimeout,
                _resilience.StreamFinishGrace,
                time);
            await stream.ReadFirstAsync(cancellationToken);
            if (stream.Events[0] is StreamEvent.Broken { Error: var error })
            {
                var fate = error.Code is "empty_response" or "malformed_frame" ? Fate.Lost : Fate.Refused;
                return Call<OpenStream>.Failure(error, fate);
            }

            kept = true;
            return Call<OpenStream>.Success(stream);
        }
        finally
        {
            if (!kept)
            {
                response.Dispose();
                await (stream?.DisposeAsync() ?? ValueTask.CompletedTask);
            }
        }
    }

    private async Task<TaskReading> ReadTaskAsync(string taskId, bool answerIsJson, CancellationToken cancellationToken)
    {
        if (!TaskReader.IsTaskId(taskId))
        {
            throw new ArgumentException($"'{taskId}' is no task id: 1 to {TaskReader.MaxIdLength} characters are.", nameof(taskId));
        }

        var outgoing = new Outgoing(Below(_options.TasksBaseUrl, $"v1/tasks/{Uri.EscapeDataString(taskId)}"), null);
        var call = await pipelines.RunAsync(
            Operation.ReadTask,
            new Route(_options.TasksBaseUrl.Authority, null),
            attempt => transport.SendAsync<ReadState>(outgoing, ReadTaskStateAsync, cancellationToken, attempt),
            cancellationToken);
        if (call.Value is not { } state)
        {
            var error = call.Error!;
            return error.HttpStatus == 404 || string.Equals(error.Code, "resource_not_found", StringComparison.OrdinalIgnoreCase)
                ? new TaskReading.Failed(error with { Kind = ErrorKind.Retry, Code = "resource_not_found", ConcernsModel = false })
                : new TaskReading.Unknown(error);
        }

        return state.Reading ?? await ReadResultAsync(state, answerIsJson, cancellationToken);
    }

    private async Task<Call<ReadState>> ReadTaskStateAsync(HttpResponseMessage response, ErrorContext context, CancellationToken cancellationToken)
    {
        using (response)
        {
            using var body = await ResponseBody.ReadAsync(response.Content, _options.MaxResponseBytes, cancellationToken);
            if (body.TooLarge)
            {
                return Call<ReadState>.Success(new ReadState(new TaskReading.Failed(
                    Local(context, "unreadable_result", ErrorKind.Fix, $"The task exceeds the limit of {_options.MaxResponseBytes} bytes."))));
            }

            if (!JsonRead.TryParse(body.Bytes, out var root))
            {
                return Call<ReadState>.Failure(ErrorReader.Read(body.Bytes, context), Fate.Refused);
            }

            if (!TaskReader.TryReadFinished(root, out var task, out var envelope))
            {
                return Call<ReadState>.Failure(
                    ErrorReader.IsError(root)
                        ? ErrorReader.Read(root, context)
                        : Local(context, "unreadable_task", ErrorKind.Retry, SecretMask.Clean($"The answer is no task: {root.GetRawText()}", context.Secret)),
                    Fate.Refused);
            }

            return Call<ReadState>.Success(TaskReader.StateOf(task) switch
            {
                TaskState.Running => new ReadState(new TaskReading.Running(task)),
                TaskState.Failed => new ReadState(new TaskReading.Failed(ErrorReader.ReadTask(envelope, "unknown_error", context.Secret, context.RequestId))),
                TaskState.Cancelled => new ReadState(new TaskReading.Failed(ErrorReader.ReadTask(envelope, "request_cancelled", context.Secret, context.RequestId))),
                _ => new ReadState(task, envelope, context),
            });
        }
    }

    private async Task<TaskReading> ReadResultAsync(ReadState state, bool answerIsJson, CancellationToken cancellationToken)
    {
        var task = state.Task!;
        var link = default(Uri);
        switch (TaskReader.ReadResult(state.Envelope, uri => links.IsLink(uri, answerIsJson)))
        {
            case TaskResult.Found found:
                return new TaskReading.Completed(task, found.Answer);
            case TaskResult.Linked linked:
                link = linked.Link;
                break;
            default:
                Log.UnreadableTask(logger, task.Id);
                return new TaskReading.Failed(Local(
                    state.Context!,
                    "unreadable_result",
                    ErrorKind.Fix,
                    SecretMask.Clean($"The task completed without a readable result: {state.Envelope.GetRawText()}", state.Context!.Secret)));
        }

        var call = await pipelines.RunAsync(Operation.ReadTask, LinkRoute, attempt => FetchOnceAsync(link, cancellationToken, attempt), cancellationToken);
        if (call.Error is { } error)
        {
            // The link lives for a day, so a passing failure only means another look.
            return error.Kind == ErrorKind.Retry ? new TaskReading.Unknown(error) : new TaskReading.Failed(error);
        }

        return TaskReader.ReadDocument(call.Value!, state.Envelope) is { } answer
            ? new TaskReading.Completed(task, answer)
            : new TaskReading.Failed(Local(state.Context!, "unreadable_result", ErrorKind.Fix, "The document linked as the task's result is empty."));
    }

    private async Task<Call<string>> FetchOnceAsync(Uri link, CancellationToken caller, CancellationToken attempt)
    {
        try
        {
            var (text, error) = await links.FetchAsync(link, attempt);
            return error is null ? Call<string>.Success(text!) : Call<string>.Failure(error, Fate.Refused);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            return Call<string>.Failure(Pipelines.Timeout("The task's result could not be fetched in time."), Fate.Silent);
        }
    }

    private static UpstreamError Local(ErrorContext context, string code, ErrorKind kind, string message) =>
        new() { Kind = kind, Code = code, Message = message, HttpStatus = context.HttpStatus, RequestId = context.RequestId };

    [GeneratedRegex("^[A-Za-z0-9._-]{16,96}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IdempotencyKeyForm();

    /// <summary>A task that was read: its reading, or what is needed to read its result.</summary>
    private sealed class ReadState
    {
        public ReadState(TaskReading reading) => Reading = reading;

        public ReadState(UpstreamTask task, JsonElement envelope, ErrorContext context)
        {
            Task = task;
            Envelope = envelope;
            Context = context;
        }

        public TaskReading? Reading { get; }

        public UpstreamTask? Task { get; }

        public JsonElement Envelope { get; }

        public ErrorContext? Context { get; }
    }
}
