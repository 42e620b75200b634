using System.Text.Json.Serialization;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.DeadLetters;

/// <summary>Failed jobs: list them, try one again, discard one. Every method needs a caller key. Safe for concurrent use.</summary>
public sealed class DeadLettersApi
{
    private readonly IJobService _jobs;
    private readonly IDeadLetters _letters;
    private readonly RequestPipeline _pipeline;
    private readonly TimeProvider _time;
    private readonly ILogger<DeadLettersApi> _logger;

    internal DeadLettersApi(
        IJobService jobs, IDeadLetters letters, RequestPipeline pipeline, TimeProvider time, ILogger<DeadLettersApi> logger)
    {
        _jobs = jobs;
        _letters = letters;
        _pipeline = pipeline;
        _time = time;
        _logger = logger;
    }

    /// <summary>
    /// <c>GET</c> <see cref="Routes.DeadLetters"/>: one page of the caller's failed jobs, of everybody's for an administrator, who also sees
    /// how many messages the poison queues hold.
    /// </summary>
    public Task<IResult> ListAsync(HttpRequest request) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        var (query, problem) = JobListQuery.Parse(
            request.Query, caller, DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime), byState: false);
        if (query is null)
        {
            return problem!.ToResult();
        }

        JobPage page;
        try
        {
            page = await _letters.ListAsync(query, cancellationToken);
        }
        catch (ArgumentException) when (query.Cursor is not null)
        {
            return JobListQuery.ForeignCursor().ToResult();
        }

        var queues = caller.IsAdmin ? await _letters.CountMessagesAsync(cancellationToken) : null;
        var pathBase = request.PathBase;
        var next = page.Cursor is null ? null : $"{pathBase}/{Routes.DeadLetters}{JobListQuery.Next(query, page.Cursor)}";
        var view = new DeadLetterListView(
            [.. page.Jobs.Select(job => JobView.Of(job, pathBase))],
            queues is null ? null : [.. queues.Select(queue => new QueueView(queue.Queue, queue.Messages))],
            page.Cursor,
            new JobListLinks(next));
        return new JsonResponse<DeadLetterListView>(view, DeadLettersJsonContext.Default.DeadLetterListView);
    });

    /// <summary>
    /// <c>POST</c> <see cref="Routes.JobRetry"/>: the same job goes on with its next attempt; 202. A job that is under way stays as it is,
    /// 202 too; any other that did not fail is 409.
    /// </summary>
    public Task<IResult> RetryAsync(HttpRequest request, string id) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        if (await FindAsync(id, caller, cancellationToken) is not { } known
            || await _letters.RetryAsync(known, cancellationToken) is not { } stored)
        {
            return Problem.JobNotFound().ToResult();
        }

        if (stored.Job.IsTerminal)
        {
            return Problem.NotRetryable(stored.Job.State).ToResult();
        }

        Log.JobRetried(_logger, known, caller.Name, stored.Job.Attempt);
        return View(request, stored, StatusCodes.Status202Accepted);
    });

    /// <summary><c>POST</c> <see cref="Routes.JobDiscard"/>: the failed job leaves the list and its error is erased from storage; 200. Idempotent.</summary>
    public Task<IResult> DiscardAsync(HttpRequest request, string id) => _pipeline.RunAsync(request, async (caller, cancellationToken) =>
    {
        if (await FindAsync(id, caller, cancellationToken) is not { } known
            || await _letters.DiscardAsync(known, cancellationToken) is not { } stored)
        {
            return Problem.JobNotFound().ToResult();
        }

        if (stored.Job.DiscardedAt is null)
        {
            return Problem.NotDiscardable(stored.Job.State).ToResult();
        }

        Log.JobDiscarded(_logger, known, caller.Name);
        return View(request, stored, StatusCodes.Status200OK);
    });

    private async Task<JobId?> FindAsync(string id, Caller caller, CancellationToken cancellationToken) =>
        JobId.TryParse(id, out var jobId)
        && await _jobs.FindAsync(jobId, cancellationToken) is { } stored
        && (caller.IsAdmin || string.Equals(stored.Job.Caller, caller.Name, StringComparison.Ordinal))
            ? jobId
            : null;

    private static JsonResponse<JobView> View(HttpRequest request, StoredJob stored, int status)
    {
        request.HttpContext.Response.Headers.ETag = EntityTags.Of(stored.Version, "job");
        return new JsonResponse<JobView>(JobView.Of(stored.Job, request.PathBase), JobsJsonContext.Default.JobView, status);
    }
}

/// <summary>A page of failed jobs, and the poison queues that hold something; those for administrators only.</summary>
internal sealed record DeadLetterListView(
    IReadOnlyList<JobView> Jobs, IReadOnlyList<QueueView>? Queues, string? Cursor, JobListLinks Links);

/// <summary>About how many messages a queue holds.</summary>
internal sealed record QueueView(string Name, long Messages);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeadLetterListView))]
internal sealed partial class DeadLettersJsonContext : JsonSerializerContext;
