using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Http;

/// <summary>One field of a request that cannot be taken as it is.</summary>
/// <param name="Field">JSON path in the body (<c>inputs[1].url</c>), <c>query.x</c> or <c>header.x</c>.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to change.</param>
internal sealed record FieldError(string Field, string Code, string Message, string Remedy);

/// <summary>An error answer, before it is written as <c>application/problem+json</c>.</summary>
internal sealed record Problem(int Status, string Code, string Title, string Detail, string Remedy)
{
    /// <summary>The fields to blame.</summary>
    public IReadOnlyList<FieldError>? Errors { get; init; }

    /// <summary>When to try again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether an offered key was refused, rather than none offered; 401 only.</summary>
    public bool KeyRefused { get; init; }

    public IResult ToResult() => new ProblemResponse(this);

    public static Problem InvalidJson(string detail) => new(
        StatusCodes.Status400BadRequest, "invalid_json", "The body is not usable JSON", detail,
        "Send one JSON object in UTF-8, without comments, trailing commas or repeated members.");

    public static Problem InvalidRequest(IReadOnlyList<FieldError> errors) => new(
        StatusCodes.Status400BadRequest, "invalid_request", "The request cannot be accepted as it is",
        $"{errors[0].Field}: {errors[0].Message}", errors[0].Remedy)
    {
        Errors = errors,
    };

    public static Problem Rejected(JobError error, string? field) => new(
        StatusCodes.Status400BadRequest, error.Code, "The request cannot be accepted as it is",
        error.Message, error.Remedy)
    {
        Errors = field is null ? null : [new FieldError(field, error.Code, error.Message, error.Remedy)],
    };

    public static Problem InterruptedBody() => new(
        StatusCodes.Status400BadRequest, "invalid_body", "The body could not be read",
        "The request body ended early or its framing is broken.", "Send the request again, whole.");

    public static Problem Unauthenticated(bool keyOffered) => new(
        StatusCodes.Status401Unauthorized, "unauthorized", "A valid caller key is needed",
        keyOffered ? "The key sent is not a valid caller key." : "No caller key was sent.",
        "Send the key as 'Authorization: Bearer', 'x-api-key', 'x-goog-api-key' or 'api-key'.")
    {
        KeyRefused = keyOffered,
    };

    public static Problem NotAdmin() => new(
        StatusCodes.Status403Forbidden, "forbidden", "An administrator's key is needed",
        "Only an administrator may list the jobs of other callers.",
        "Leave the 'caller' parameter out to list your own jobs, or use an administrator's key.");

    public static Problem AdminOnly(string detail, string remedy) => new(
        StatusCodes.Status403Forbidden, "forbidden", "An administrator's key is needed", detail, remedy);

    public static Problem CallerNotFound() => new(
        StatusCodes.Status404NotFound, "caller_not_found", "There is no such caller",
        "No caller has this name.", "GET /api/callers lists the callers there are.");

    public static Problem CallerExists(string name) => new(
        StatusCodes.Status409Conflict, "caller_exists", "There is a caller of this name already",
        $"The name '{name}' is taken.", "Choose another name, or rotate or enable the caller there is.");

    public static Problem CallerConfigured(string name) => new(
        StatusCodes.Status409Conflict, "caller_configured", "The caller belongs to the configuration",
        $"'{name}' is set in FlashDrop:Callers:{name}; it cannot be created or changed here.",
        "Change the app's settings, or create a caller of another name.");

    public static Problem LastAdmin(string name) => new(
        StatusCodes.Status409Conflict, "last_admin", "The last administrator has to stay",
        $"Without '{name}' nobody could manage callers any more.",
        "Create another administrator first, or set one in FlashDrop:Callers.");

    public static Problem TooManyKeys(int most) => new(
        StatusCodes.Status409Conflict, "too_many_keys", "The caller has too many keys",
        $"{most} keys are valid at present.", "Rotate with 'overlapSeconds': 0, which ends them all, or wait until some have expired.");

    public static Problem Outdated() => new(
        StatusCodes.Status412PreconditionFailed, "outdated", "It was changed meanwhile",
        "If-Match names a version that is not the present one.", "GET it again and decide anew.");

    public static Problem LimitReached(string code, string detail, TimeSpan retryAfter) => new(
        StatusCodes.Status429TooManyRequests, code, "A limit of the caller is reached", detail, "Try again after the time in Retry-After.")
    {
        RetryAfter = retryAfter,
    };

    public static Problem NotRetryable(JobState state) => new(
        StatusCodes.Status409Conflict, "job_not_retryable", "The job cannot be tried again",
        state == JobState.Failed ? "The job failed so long ago that it would not be looked after any more." : $"The job is in state {state}; only failed jobs are tried again.",
        "Post the request, or drop the file, again: that is a job of its own.");

    public static Problem NotDiscardable(JobState state) => new(
        StatusCodes.Status409Conflict, "job_not_failed", "The job did not fail",
        $"The job is in state {state}; only failed jobs are discarded.", "DELETE a job that is under way to cancel it.");

    public static Problem DropExists(string path) => new(
        StatusCodes.Status409Conflict, "drop_exists", "A file with this name is there already",
        $"The inbox holds '{path}'; it was left as it is.", "Send the file under another name.");

    public static Problem ReportNotFound() => new(
        StatusCodes.Status404NotFound, "report_not_found", "There is no such report",
        "No report of this period is stored in this form.", "GET /api/reports lists the reports there are.");

    public static Problem PageNotFound() => new(
        StatusCodes.Status404NotFound, "page_not_found", "There is no such page",
        "The dashboard has no page or file of this name.", "Open /dashboard.");

    public static Problem JobNotFound() => new(
        StatusCodes.Status404NotFound, "job_not_found", "There is no such job",
        "No job of this caller has this id.",
        "Check the id and the key used; GET /api/jobs lists the jobs you may see. Old jobs are purged.");

    public static Problem ResultNotFound() => new(
        StatusCodes.Status404NotFound, "result_not_found", "The job has no stored result",
        "The job is finished and its result is not in storage: it was purged by age or removed.",
        "Post the request again if the answer is still needed.");

    public static Problem JobCancelled() => new(
        StatusCodes.Status404NotFound, "job_cancelled", "The job has no result",
        "The job was cancelled before it was answered.", "Post the request again if the answer is still needed.");

    public static Problem NoAnswer(JobError? error) => new(
        StatusCodes.Status404NotFound, "no_answer", "The job has no answer in text",
        error is null ? "The result holds no text: the model answered with something else." : $"The job failed: {error.Message}",
        error is null ? "Read the whole result as application/json." : error.Remedy);

    public static Problem JobNotFinished(JobState state, TimeSpan retryAfter) => new(
        StatusCodes.Status409Conflict, "job_not_finished", "The job is not finished",
        $"The job is in state {state}; its result is there once it is finished.",
        "Ask again after the time in Retry-After, or GET the job with 'Prefer: wait=30'.")
    {
        RetryAfter = retryAfter,
    };

    public static Problem KeyReused(JobId existing) => new(
        StatusCodes.Status409Conflict, "idempotency_key_reused", "The idempotency key was used with another request",
        $"The key belongs to job {existing}, whose request body was another one.",
        "Send a new Idempotency-Key with a new request; repeat a request byte for byte to repeat its key.");

    public static Problem NotAcceptable(IReadOnlyList<string> offered) => new(
        StatusCodes.Status406NotAcceptable, "not_acceptable", "None of the accepted media types can be given",
        $"It is given as {string.Join(", ", offered.SkipLast(1))} or {offered[^1]}.",
        "Send one of these in Accept, or '*/*'.");

    public static Problem TooLarge(long limit) => new(
        StatusCodes.Status413PayloadTooLarge, "payload_too_large", "The request body is too large",
        $"The body may have at most {limit} bytes.",
        "POST /api/uploads gives a URL to upload large media to; name the uploaded blob as an input.");

    public static Problem UnsupportedMediaType(string detail) => new(
        StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "The body's format is not supported",
        detail, "Send 'Content-Type: application/json', UTF-8, without Content-Encoding.");

    public static Problem Unexpected() => new(
        StatusCodes.Status500InternalServerError, "internal_error", "The request failed unexpectedly",
        "The failure is ours and has been logged under the trace id.",
        "Try again; if it keeps failing, report the trace id.");

    public static Problem StorageUnavailable() => new(
        StatusCodes.Status503ServiceUnavailable, "storage_unavailable", "Storage cannot be reached",
        "The request may or may not have been carried out.",
        "Try again after the time in Retry-After; a POST with an Idempotency-Key is safe to repeat.")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };
}

/// <summary>The wire form of a <see cref="Problem"/>, RFC 9457 with our extensions.</summary>
internal sealed record ProblemBody(
    string Type,
    string Title,
    int Status,
    string Detail,
    string Code,
    string Remedy,
    string TraceId,
    IReadOnlyList<FieldError>? Errors);

/// <summary>Writes a problem.</summary>
internal sealed class ProblemResponse(Problem problem) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var body = new ProblemBody(
            $"urn:flashdrop:problem:{problem.Code}", problem.Title, problem.Status, problem.Detail, problem.Code, problem.Remedy,
            TraceIds.Of(httpContext), problem.Errors);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(body, HttpJsonContext.Default.ProblemBody);

        if (problem.RetryAfter is { } retryAfter)
        {
            response.Headers.RetryAfter = RetryAfter.Seconds(retryAfter);
        }

        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = problem.KeyRefused
                ? "Bearer realm=\"flashdrop\", error=\"invalid_token\""
                : "Bearer realm=\"flashdrop\"";
        }

        // What a handler set before it failed speaks of an answer that is not given.
        response.Headers.Remove("ETag");
        response.StatusCode = problem.Status;
        response.ContentType = "application/problem+json";
        response.ContentLength = bytes.Length;
        await response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }
}

/// <summary>The id a request is found by in logs and traces.</summary>
internal static class TraceIds
{
    public static string Of(HttpContext context) => Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class HttpJsonContext : JsonSerializerContext;
