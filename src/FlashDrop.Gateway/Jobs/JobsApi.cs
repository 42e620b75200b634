using System.Security.Cryptography;
using System.Text.Json;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Limits;
using FlashDrop.Gateway.Urls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Jobs;

/// <summary>
/// The jobs API. Every method answers with a problem rather than throwing, needs a caller key, and stops when the client goes away.
/// Safe for concurrent use.
/// </summary>
public sealed class JobsApi
{
    private const string IdempotencyHeader = "Idempotency-Key";
    private const int MaxIdempotencyKey = 255;

    private readonly IJobService _jobs;
    private readonly RequestPipeline _pipeline;
    private readonly JobRequestParser _parser;
    private readonly InputHosts _hosts;
    private readonly JobWaiter _waiter;
    private readonly LimitBook _limits;
    private readonly TimeProvider _time;
    private readonly GatewayOptions _options;
    private readonly ILogger<JobsApi> _logger;

    internal JobsApi(
        IJobService jobs,
        RequestPipeline pipeline,
        JobRequestParser parser,
        InputHosts hosts,
        JobWaiter waiter,
        LimitBook limits,
        TimeProvider time,
        IOptions<GatewayOptions> options,
        ILogger<JobsApi> logger)
    {
        _jobs = jobs;
        _pipeline = pipeline;
        _parser = parser;
        _hosts = hosts;
        _waiter = waiter;
        _limits = limits;
        _time = time;
        _options = options.Value;
        _logger = logger;
    }

    /// <summary>
    /// <c>POST</c> <see cref="Routes.Jobs"/>: accepts a job; 202, or 200 when it is finished already. The limits per minute are held here (429); a
    /// budget holds the job back, not the request.
    /// </summary>
    public Task<IResult> PostAsync(HttpRequest request) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        var (key, keyProblem) = IdempotencyKey(request);
        if (keyProblem is not null)
        {
            return keyProblem.ToResult();
        }

        if (_limits.TryJob(caller) is { } refusal)
        {
            Log.JobRefused(_logger, caller.Name, refusal.Code);
            return Problem.LimitReached(refusal.Code, refusal.Message, refusal.RetryAfter).ToResult();
        }

        var (job, problem) = await ReadAsync(request, caller, key, cancellationToken);
        if (job is null)
        {
            Log.JobRefused(_logger, caller.Name, problem!.Code);
            return problem.ToResult();
        }

        switch (await _jobs.AcceptAsync(job, cancellationToken))
        {
            case AcceptOutcome.Accepted accepted:
                _limits.Charge(caller, accepted.Replayed ? 0 : accepted.Job.Estimate?.InputTokens ?? 0);
                Log.JobAccepted(_logger, accepted.Job.Id, caller.Name, accepted.Replayed);
                return await AnswerAcceptedAsync(request, accepted, cancellationToken);
            case AcceptOutcome.KeyReused reused:
                return Problem.KeyReused(reused.Existing).ToResult();
            case AcceptOutcome.Rejected rejected:
                Log.JobRefused(_logger, caller.Name, rejected.Error.Code);
                return Problem.Rejected(rejected.Error, rejected.Field).ToResult();
            case var unknown:
                throw new InvalidOperationException($"{unknown.GetType().Name} is not a known outcome.");
        }
    });

    /// <summary><c>GET</c> <see cref="Routes.Job"/>: the job; 304 when it has not changed.</summary>
    public Task<IResult> GetAsync(HttpRequest request, string id) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        if (await FindAsync(id, caller, cancellationToken) is not { } stored)
        {
            return Problem.JobNotFound().ToResult();
        }

        if (!stored.Job.IsTerminal && ApplyWait(request) is { } wait)
        {
            if (await _waiter.WaitAsync(stored.Job.Id, wait, cancellationToken) is not { } waited)
            {
                return Problem.JobNotFound().ToResult();
            }

            stored = waited;
        }

        var headers = request.HttpContext.Response.Headers;
        var tag = EntityTags.Of(stored.Version, "job");
        headers.ETag = tag;
        if (!stored.Job.IsTerminal)
        {
            headers.RetryAfter = RetryAfterOf(stored.Job);
        }

        return EntityTags.IsUnchanged(request, tag)
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : View(request, stored.Job, StatusCodes.Status200OK);
    });

    /// <summary><c>GET</c> <see cref="Routes.JobResult"/>: the envelope as JSON, or the bare answer as text.</summary>
    public Task<IResult> ResultAsync(HttpRequest request, string id) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        var (mediaType, problem) = ResultFormat.Choose(request);
        if (mediaType is null)
        {
            return problem!.ToResult();
        }

        if (await FindAsync(id, caller, cancellationToken) is not { Job: var job })
        {
            return Problem.JobNotFound().ToResult();
        }

        if (!job.IsTerminal)
        {
            return Problem.JobNotFinished(job.State, RetryAfter.Of(job, _time.GetUtcNow(), _options.MinRetryAfter)).ToResult();
        }

        if (job.State == JobState.Cancelled)
        {
            return Problem.JobCancelled().ToResult();
        }

        if (job.State == JobState.Failed && mediaType is not ResultFormat.Json)
        {
            return Problem.NoAnswer(job.Error ?? new JobError("failed", "no reason is recorded.", "Read the job.")).ToResult();
        }

        if (await _jobs.OpenResultAsync(job, cancellationToken) is not { } content)
        {
            return Problem.ResultNotFound().ToResult();
        }

        // The body is written after this method returns, so the blob lives as long as the request.
        request.HttpContext.Response.RegisterForDisposeAsync(content);
        return await AnswerResultAsync(request, content, mediaType, cancellationToken);
    });

    /// <summary>
    /// <c>DELETE</c> <see cref="Routes.Job"/>: cancels the job; one that is finished stays as it is. Idempotent. With <c>?erase=true</c>
    /// everything that belongs to the job is removed, but not its usage; 204.
    /// </summary>
    public Task<IResult> DeleteAsync(HttpRequest request, string id) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        if (EraseQuery.Parse(request.Query, out var erase) is { } problem)
        {
            return problem.ToResult();
        }

        if (erase)
        {
            return await EraseAsync(id, caller, cancellationToken);
        }

        if (await FindAsync(id, caller, cancellationToken) is not { } stored
            || await _jobs.CancelAsync(stored.Job.Id, cancellationToken) is not { } job)
        {
            return Problem.JobNotFound().ToResult();
        }

        Log.JobCancelled(_logger, job.Id, caller.Name, job.State);
        return View(request, job, StatusCodes.Status200OK);
    });

    /// <summary><c>GET</c> <see cref="Routes.Jobs"/>: one page of the caller's jobs, of everybody's for an administrator; 304 when it has not changed.</summary>
    public Task<IResult> ListAsync(HttpRequest request) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        var (query, problem) = JobListQuery.Parse(request.Query, caller, DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime), byState: true);
        if (query is null)
        {
            return problem!.ToResult();
        }

        JobPage page;
        try
        {
            page = await _jobs.ListAsync(query, cancellationToken);
        }
        catch (ArgumentException) when (query.Cursor is not null)
        {
            return JobListQuery.ForeignCursor().ToResult();
        }

        var pathBase = request.PathBase;
        var next = page.Cursor is null ? null : $"{pathBase}/{Routes.Jobs}{JobListQuery.Next(query, page.Cursor)}";
        var view = new JobListView([.. page.Jobs.Select(job => JobView.Of(job, pathBase))], page.Cursor, new JobListLinks(next));
        var bytes = JsonSerializer.SerializeToUtf8Bytes(view, JobsJsonContext.Default.JobListView);
        var tag = EntityTags.Of(bytes);
        request.HttpContext.Response.Headers.ETag = tag;
        return EntityTags.IsUnchanged(request, tag)
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : new BytesResponse(bytes, ResultFormat.Json);
    });

    private async Task<IResult> EraseAsync(string id, Caller caller, CancellationToken cancellationToken)
    {
        if (await FindAsync(id, caller, cancellationToken) is not { Job: var job } || !await _jobs.EraseAsync(job.Id, cancellationToken))
        {
            return Problem.JobNotFound().ToResult();
        }

        Log.JobErased(_logger, job.Id, caller.Name);
        return Results.NoContent();
    }

    private static (string? Key, Problem? Problem) IdempotencyKey(HttpRequest request)
    {
        var values = request.Headers[IdempotencyHeader];
        if (values.Count == 0)
        {
            return (null, null);
        }

        if (values is [{ Length: > 0 and <= MaxIdempotencyKey } key] && key.All(c => c is > ' ' and <= '~'))
        {
            return (key, null);
        }

        var errors = new FieldErrors();
        errors.Invalid(
            $"header.{IdempotencyHeader}", "The key is repeated, empty, too long or holds characters other than visible ASCII.",
            $"Send one key of 1 to {MaxIdempotencyKey} visible ASCII characters, for example a UUID.");
        return (null, Problem.InvalidRequest(errors.All));
    }

    private async Task<(NewJob? Job, Problem? Problem)> ReadAsync(
        HttpRequest request, Caller caller, string? idempotencyKey, CancellationToken cancellationToken)
    {
        var (body, unreadable) = await BodyReader.ReadJsonAsync(request, _options.MaxRequestBytes, cancellationToken);
        if (body is null)
        {
            return (null, unreadable);
        }

        using (body)
        {
            var (parsed, problem) = _parser.Parse(body.Bytes, caller);
            if (parsed is null)
            {
                return (null, problem);
            }

            if (await _hosts.CheckAsync(parsed.Urls, cancellationToken) is { } inward)
            {
                return (null, Problem.InvalidRequest([inward]));
            }

            var job = new NewJob
            {
                Caller = caller.Name,
                Origin = JobOrigin.Api,

                // A profile chosen by name brings its own tiers; otherwise the caller's apply.
                TierPolicy = parsed.Tier ?? (parsed.Profile is null ? caller.TierPolicy : null),
                Request = parsed.Request,
                IdempotencyKey = idempotencyKey,
                Fingerprint = idempotencyKey is null ? null : Convert.ToHexStringLower(SHA256.HashData(body.Bytes.Span)),
                Tags = parsed.Tags,
                TraceParent = RequestPipeline.TraceParentOf(request),
            };
            return (parsed.Profile is { } profile ? job with { Profile = profile } : job, null);
        }
    }

    private async Task<IResult> AnswerAcceptedAsync(HttpRequest request, AcceptOutcome.Accepted accepted, CancellationToken cancellationToken)
    {
        var (job, version) = (accepted.Job, accepted.Version);
        if (!job.IsTerminal && ApplyWait(request) is { } wait
            && await _waiter.WaitAsync(job.Id, wait, cancellationToken) is { } waited)
        {
            (job, version) = (waited.Job, waited.Version);
        }

        var headers = request.HttpContext.Response.Headers;
        headers.Location = JobView.Path(request.PathBase, job.Id);
        headers.ETag = EntityTags.Of(version, "job");
        if (accepted.Replayed)
        {
            headers["Idempotency-Replayed"] = "true";
        }

        if (job.IsTerminal)
        {
            return View(request, job, StatusCodes.Status200OK);
        }

        headers.RetryAfter = RetryAfterOf(job);
        return View(request, job, StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> AnswerResultAsync(
        HttpRequest request, BlobContent content, string mediaType, CancellationToken cancellationToken)
    {
        var headers = request.HttpContext.Response.Headers;
        var tag = EntityTags.Of(content.Info.ETag, mediaType);
        headers.ETag = tag;
        headers.Vary = "Accept";
        if (EntityTags.IsUnchanged(request, tag))
        {
            return Results.StatusCode(StatusCodes.Status304NotModified);
        }

        if (mediaType is ResultFormat.Json)
        {
            return new StreamResponse(content.Stream, content.Info.Length, ResultFormat.Json);
        }

        using var envelope = await JsonDocument.ParseAsync(content.Stream, cancellationToken: cancellationToken);
        if (envelope.RootElement is { ValueKind: JsonValueKind.Object } root
            && root.TryGetProperty("answer", out var answer) && answer.ValueKind == JsonValueKind.Object
            && answer.TryGetProperty("text", out var text) && text.GetString() is { Length: > 0 } bare)
        {
            return Results.Text(bare, $"{mediaType}; charset=utf-8");
        }

        return Problem.NoAnswer(error: null).ToResult();
    }

    private async Task<StoredJob?> FindAsync(string id, Caller caller, CancellationToken cancellationToken) =>
        JobId.TryParse(id, out var jobId)
        && await _jobs.FindAsync(jobId, cancellationToken) is { } stored
        && (caller.IsAdmin || string.Equals(stored.Job.Caller, caller.Name, StringComparison.Ordinal))
            ? stored
            : null;

    private TimeSpan? ApplyWait(HttpRequest request)
    {
        var wait = Preferences.Wait(request, _options.MaxWait);
        if (wait is { } time)
        {
            request.HttpContext.Response.Headers["Preference-Applied"] = $"wait={RetryAfter.Seconds(time)}";
        }

        return wait;
    }

    private string RetryAfterOf(Job job) => RetryAfter.Seconds(RetryAfter.Of(job, _time.GetUtcNow(), _options.MinRetryAfter));

    private static JsonResponse<JobView> View(HttpRequest request, Job job, int status) =>
        new(JobView.Of(job, request.PathBase), JobsJsonContext.Default.JobView, status);
}
