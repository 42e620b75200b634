using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.EvoLink.Errors;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Limits;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.DropIn;

/// <summary>The two formats of the drop-in endpoints.</summary>
internal enum WireFormat
{
    /// <summary>Google's native one.</summary>
    Native,

    /// <summary>OpenAI's.</summary>
    OpenAi,
}

/// <summary>An error of a drop-in endpoint, before it is written in a format's own shape.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Code">Stable code.</param>
/// <param name="Message">What is wrong and what to do.</param>
internal sealed record DropInError(int Status, string Code, string Message)
{
    /// <summary>The field to blame.</summary>
    public string? Param { get; init; }

    /// <summary>When to try again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static DropInError Invalid(string message, string? param = null, string code = "invalid_request") =>
        new(StatusCodes.Status400BadRequest, code, message) { Param = param };

    public static DropInError NoObject() => Invalid("The body has to be a JSON object.", code: "invalid_json");

    public static DropInError UnknownModel(string model) => new(
        StatusCodes.Status404NotFound, "model_not_found", $"The model '{Short(model)}' is not known here: GET the list of models for the names that are.")
    { Param = "model" };

    public static DropInError NotFound(string message) => new(StatusCodes.Status404NotFound, "not_found", message);

    public static DropInError Unexpected() => new(StatusCodes.Status500InternalServerError, "internal_error", "Something unexpected went wrong; the log has the details under the request id.");

    /// <summary>What a problem of the jobs API is here.</summary>
    public static DropInError Of(Problem problem) => new(
        problem.Status,
        problem.Status == StatusCodes.Status401Unauthorized ? "invalid_api_key" : problem.Code,
        $"{problem.Detail} {problem.Remedy}")
    {
        RetryAfter = problem.RetryAfter,
        Param = problem.Errors is [{ Field: var field }, ..] ? field : null,
    };

    /// <summary>A limit of the caller is reached.</summary>
    public static DropInError Of(LimitRefusal refusal) => new(
        refusal.IsBudget ? StatusCodes.Status402PaymentRequired : StatusCodes.Status429TooManyRequests, refusal.Code, refusal.Message)
    {
        RetryAfter = refusal.RetryAfter,
    };

    /// <summary>What an upstream failure is to the caller: its own mistakes are passed on, the gateway's troubles are not its business.</summary>
    public static DropInError Of(UpstreamError error) => error.Kind switch
    {
        ErrorKind.Fix or ErrorKind.Refused => new DropInError(
            error.HttpStatus is >= 400 and < 500 and not 401 and not 403 and { } status ? status : StatusCodes.Status400BadRequest, error.Code, error.Message)
        { Param = error.Param },
        ErrorKind.Retired => new DropInError(StatusCodes.Status404NotFound, "model_not_found", error.Message) { Param = "model" },
        ErrorKind.Hold => new DropInError(
            StatusCodes.Status503ServiceUnavailable, "upstream_account", "The upstream account takes no more work at present; the operator has to act.")
        { RetryAfter = TimeSpan.FromMinutes(1) },
        ErrorKind.Stop => new DropInError(
            StatusCodes.Status503ServiceUnavailable, "upstream_key", "The upstream does not accept the gateway's key for this; the operator has to act.")
        { RetryAfter = TimeSpan.FromMinutes(1) },
        _ when error.HttpStatus == StatusCodes.Status429TooManyRequests => new DropInError(
            StatusCodes.Status429TooManyRequests, "rate_limit_exceeded", error.Message)
        { RetryAfter = error.RetryAfter ?? TimeSpan.FromSeconds(5) },
        _ when error.Code == "timeout" => new DropInError(StatusCodes.Status504GatewayTimeout, "timeout", error.Message),
        _ when error.Code == "circuit_open" => new DropInError(StatusCodes.Status503ServiceUnavailable, error.Code, error.Message) { RetryAfter = error.RetryAfter },
        _ => new DropInError(error.HttpStatus is >= 500 and <= 504 and { } own ? own : StatusCodes.Status502BadGateway, error.Code, error.Message) { RetryAfter = error.RetryAfter },
    };

    /// <summary>The body in the format's own shape.</summary>
    public byte[] ToBytes(WireFormat format) => format == WireFormat.Native
        ? JsonSerializer.SerializeToUtf8Bytes(new GoogleErrorBody(new GoogleError(Status, Message, GoogleStatus, Details)), DropInJson.Default.GoogleErrorBody)
        : JsonSerializer.SerializeToUtf8Bytes(new OpenAiErrorBody(new OpenAiError(Message, OpenAiType, Param, Code)), DropInJson.Default.OpenAiErrorBody);

    /// <summary>Writes the whole answer; nothing may have been sent yet.</summary>
    public async Task WriteAsync(HttpContext context, WireFormat format)
    {
        var response = context.Response;
        var body = ToBytes(format);
        response.StatusCode = Status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        if (RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = Http.RetryAfter.Seconds(wait < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : wait);
        }

        if (Status == StatusCodes.Status504GatewayTimeout)
        {
            // OpenAI's clients would ask twice more at once; the upstream may still be at work on the first one, and charge for it.
            response.Headers["x-should-retry"] = "false";
        }

        if (Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"flashdrop\"";
        }

        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private IReadOnlyList<GoogleErrorInfo> Details =>
        [new GoogleErrorInfo("type.googleapis.com/google.rpc.ErrorInfo", Code, "flashdrop")];

    private string GoogleStatus => Status switch
    {
        400 or 413 or 415 or 422 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        402 or 429 => "RESOURCE_EXHAUSTED",
        501 => "UNIMPLEMENTED",
        500 => "INTERNAL",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNAVAILABLE",
    };

    private string OpenAiType => Status switch
    {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    private static string Short(string text) => text.Length <= 100 ? text : text[..100] + "…";
}

internal sealed record GoogleErrorBody(GoogleError Error);

internal sealed record GoogleError(int Code, string Message, string Status, IReadOnlyList<GoogleErrorInfo> Details);

internal sealed record GoogleErrorInfo([property: JsonPropertyName("@type")] string Type, string Reason, string Domain);

internal sealed record OpenAiErrorBody(OpenAiError Error);

internal sealed record OpenAiError(
    string Message, string Type, [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param, string Code);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GoogleErrorBody))]
[JsonSerializable(typeof(OpenAiErrorBody))]
internal sealed partial class DropInJson : JsonSerializerContext;
