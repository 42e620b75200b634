using System.Text.Json;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using FlashDrop.Gateway.Limits;
using FlashDrop.Gateway.Urls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Requests with <c>X-Async-Mode: true</c>: durable jobs, shown in the shape of the upstream's tasks. Safe for concurrent use.
/// </summary>
public sealed class TasksApi
{
    private const string IdPrefix = "task-fd-";

    private readonly DropInPipeline _pipeline;
    private readonly IJobService _jobs;
    private readonly ModelCatalog _models;
    private readonly LimitBook _limits;
    private readonly UrlGuard _guard;
    private readonly InputHosts _hosts;
    private readonly TimeProvider _time;
    private readonly GatewayOptions _options;

    internal TasksApi(
        DropInPipeline pipeline, IJobService jobs, ModelCatalog models, LimitBook limits, UrlGuard guard, InputHosts hosts, TimeProvider time, IOptions<GatewayOptions> options)
    {
        (_pipeline, _jobs, _models, _limits, _guard, _hosts, _time, _options) = (pipeline, jobs, models, limits, guard, hosts, time, options.Value);
    }

    /// <summary><c>GET</c> <see cref="Routes.Task"/>: the task; with the whole response and its counts once it is completed.</summary>
    /// <param name="request">The request.</param>
    /// <param name="id">The task's id, or the job's.</param>
    public Task<IResult> GetAsync(HttpRequest request, string id) => _pipeline.RunAsync(request, WireFormat.OpenAi, async call =>
    {
        var text = id.StartsWith(IdPrefix, StringComparison.OrdinalIgnoreCase) ? id[IdPrefix.Length..] : id;
        if (!JobId.TryParse(text, out var jobId)
            || await _jobs.FindAsync(jobId, call.Left) is not { Job: var job }
            || !MaySee(call.Caller, job))
        {
            await call.RefuseAsync(new DropInError(StatusCodes.Status404NotFound, "resource_not_found", "No task of this caller has this id."));
            return;
        }

        using var envelope = job.State == JobState.Succeeded ? await ReadResultAsync(job, call.Left) : null;
        if (!job.IsTerminal)
        {
            call.Response.Headers.RetryAfter = RetryAfter.Seconds(RetryAfter.Of(job, _time.GetUtcNow(), _options.MinRetryAfter));
        }

        await NativeApi.WriteAsync(call, writer => Write(writer, job, envelope?.RootElement));
    });

    internal static bool IsAsync(HttpRequest request) =>
        request.Headers["X-Async-Mode"] is [{ } value] && string.Equals(value.Trim(), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Accepts a native request as a job and answers with its task.</summary>
    internal async Task AcceptAsync(DropInCall call, ReadOnlyMemory<byte> native, TierPolicy policy)
    {
        if (_limits.TryJob(call.Caller) is { } refusal)
        {
            await call.RefuseAsync(DropInError.Of(refusal));
            return;
        }

        var (document, problem) = JsonText.Parse(native, _options.MaxJsonDepth);
        if (document is null)
        {
            await call.RefuseAsync(DropInError.Of(problem!));
            return;
        }

        using (document)
        {
            var errors = new FieldErrors();
            var urls = new InputUrls(_guard);
            var request = new NativeRequest(urls, errors).Parse(document.RootElement, "");
            if (request is null || errors.Any)
            {
                await call.RefuseAsync(DropInError.Of(Problem.InvalidRequest(errors.All)));
                return;
            }

            if (await _hosts.CheckAsync(urls, call.Left) is { } inward)
            {
                await call.RefuseAsync(DropInError.Of(Problem.InvalidRequest([inward])));
                return;
            }

            var outcome = await _jobs.AcceptAsync(
                new NewJob
                {
                    Caller = call.Caller.Name,
                    Origin = JobOrigin.Gateway,
                    TierPolicy = policy,
                    Request = request,
                    TraceParent = RequestPipeline.TraceParentOf(call.Request),
                },
                call.Left);
            switch (outcome)
            {
                case AcceptOutcome.Accepted accepted:
                    _limits.Charge(call.Caller, accepted.Job.Estimate?.InputTokens ?? 0);
                    await NativeApi.WriteAsync(call, writer => Write(writer, accepted.Job, envelope: null));
                    break;
                case AcceptOutcome.Rejected rejected:
                    await call.RefuseAsync(DropInError.Of(Problem.Rejected(rejected.Error, rejected.Field)));
                    break;
                default:
                    throw new InvalidOperationException($"{outcome.GetType().Name} cannot come of a request without a key.");
            }
        }
    }

    private static bool MaySee(Caller caller, Job job) => caller.IsAdmin || string.Equals(job.Caller, caller.Name, StringComparison.Ordinal);

    private static string StatusOf(Job job) => job.State switch
    {
        JobState.Queued or JobState.Held => "pending",
        JobState.Submitted => "processing",
        JobState.Succeeded => "completed",
        JobState.Cancelled => "cancelled",
        _ => "failed",
    };

    private async Task<JsonDocument?> ReadResultAsync(Job job, CancellationToken cancellationToken)
    {
        if (await _jobs.OpenResultAsync(job, cancellationToken) is not { } content)
        {
            return null;
        }

        await using (content)
        {
            return await JsonDocument.ParseAsync(content.Stream, cancellationToken: cancellationToken);
        }
    }

    private void Write(Utf8JsonWriter writer, Job job, JsonElement? envelope)
    {
        var tier = job.Attempts.Count > 0 ? job.Attempts[^1].Tier : ModelCatalog.TiersOf(job.TierPolicy)[0];
        writer.WriteStartObject();
        writer.WriteString("id"u8, IdPrefix + job.Id);
        writer.WriteString("object"u8, "text.generation.task"u8);
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("model"u8, _models.IdOf(tier));
        writer.WriteString("status"u8, StatusOf(job));
        writer.WriteNumber("progress"u8, job.IsTerminal ? 100 : job.State == JobState.Submitted ? 50 : 0);
        writer.WriteNumber("created"u8, job.AcceptedAt.ToUnixTimeSeconds());
        writer.WriteStartObject("task_info"u8);
        writer.WriteBoolean("can_cancel"u8, !job.IsTerminal);
        var due = job.DueAt - _time.GetUtcNow();
        writer.WriteNumber("estimated_time"u8, job.IsTerminal || due < TimeSpan.Zero ? 0 : (long)Math.Ceiling(due.TotalSeconds));
        writer.WriteEndObject();
        if (envelope is { } result)
        {
            WriteAnswer(writer, result);
        }
        else if (job.State is JobState.Failed or JobState.Cancelled)
        {
            writer.WriteStartObject("error"u8);
            writer.WriteString("code"u8, job.Error?.Code ?? (job.State == JobState.Cancelled ? "request_cancelled" : "unknown_error"));
            writer.WriteString("message"u8, job.Error is { } error ? $"{error.Message} {error.Remedy}" : "The task was cancelled.");
            writer.WriteEndObject();
        }

        writer.WriteStartObject("usage"u8);
        writer.WriteString("billing_rule"u8, "per_token"u8);
        if (job.IsTerminal && job.CostUsd is { } cost)
        {
            writer.WriteStartObject("cost"u8);
            writer.WriteNumber("usd"u8, cost);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>The upstream's answer as received, and its counts at the top as well.</summary>
    private static void WriteAnswer(Utf8JsonWriter writer, JsonElement envelope)
    {
        writer.WriteStartArray("results"u8);
        if (envelope.TryGetProperty("raw", out var raw) && raw.ValueKind == JsonValueKind.Object)
        {
            raw.WriteTo(writer);
        }
        else if (envelope.TryGetProperty("answer", out var answer) && answer.TryGetProperty("text", out var text))
        {
            text.WriteTo(writer);
        }

        writer.WriteEndArray();
        if (raw.ValueKind == JsonValueKind.Object && raw.TryGetProperty("usageMetadata", out var usage))
        {
            writer.WritePropertyName("usageMetadata"u8);
            usage.WriteTo(writer);
        }
    }
}
