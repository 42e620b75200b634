using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Wire;

/// <summary>Writes one error in any of the forms clients have to recognise.</summary>
internal static class ErrorBodies
{
    public static (int Status, string ContentType, byte[] Body) Write(ApiError error) => error.Form switch
    {
        BodyForm.StringCode => Json(error.Status, Wrapped(EvoLink(error, error.Code ?? CodeWord(error.Status)))),
        BodyForm.Google => Json(error.Status, Wrapped(Google(error))),
        BodyForm.GoogleArray => Json(error.Status, new JsonArray(Wrapped(Google(error)))),
        BodyForm.NewApi => Json(error.Status, Wrapped(new JsonObject
        {
            ["message"] = error.Message,
            ["type"] = error.Type ?? "new_api_error",
            ["param"] = error.Param ?? "",
            ["code"] = error.Code,
            ["metadata"] = null,
        })),
        BodyForm.ErrorText => Json(error.Status, new JsonObject
        {
            ["error"] = error.Code ?? CodeWord(error.Status),
            ["error_description"] = error.Message,
        }),
        BodyForm.MessageText => Json(error.Status, new JsonObject { ["message"] = error.Message }),
        BodyForm.FilesApi => Json(error.Status, new JsonObject
        {
            ["success"] = false,
            ["code"] = error.Status,
            ["msg"] = error.Message,
            ["data"] = null,
        }),
        BodyForm.OkWithCode => Json(200, new JsonObject { ["code"] = error.Status, ["msg"] = error.Message }),
        BodyForm.OkWithError => Json(200, Wrapped(EvoLink(error, IntegerUnlessNamed(error)))),
        BodyForm.Html => (error.Status, "text/html; charset=UTF-8", Encoding.UTF8.GetBytes(
            $"<!DOCTYPE html><html><head><title>{error.Status}</title></head><body><h1>Error {error.Status}</h1><p>{WebUtility.HtmlEncode(error.Message)}</p></body></html>")),
        BodyForm.PlainText => (error.Status, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(error.Message)),
        BodyForm.EventStream => (error.Status, "text/event-stream", JsonBytes.Of(Wrapped(EvoLink(error, IntegerUnlessNamed(error))))),
        _ => Json(error.Status, Wrapped(EvoLink(error, IntegerUnlessNamed(error)))),
    };

    /// <summary>The error as it stands inside a stream: JSON in the form asked for, or the documented one where the form is no JSON.</summary>
    public static JsonNode Frame(ApiError error) => error.Form switch
    {
        BodyForm.Google or BodyForm.GoogleArray => Wrapped(Google(error)),
        BodyForm.StringCode => Wrapped(EvoLink(error, error.Code ?? CodeWord(error.Status))),
        _ => Wrapped(EvoLink(error, IntegerUnlessNamed(error))),
    };

    private static (int Status, string ContentType, byte[] Body) Json(int status, JsonNode body) =>
        (status, "application/json", JsonBytes.Of(body));

    private static JsonObject Wrapped(JsonObject error) => new() { ["error"] = error };

    private static JsonNode IntegerUnlessNamed(ApiError error) => error.Code is { } code ? code : error.Status;

    private static JsonObject EvoLink(ApiError error, JsonNode code) => new()
    {
        ["code"] = code,
        ["message"] = error.Message,
        ["type"] = error.Type ?? TypeWord(error.Status),
        ["param"] = error.Param,
        ["fallback_suggestion"] = error.Suggestion ?? Suggestion(error.Status),
    };

    private static JsonObject Google(ApiError error)
    {
        var details = new JsonArray();
        if (error.QuotaId is { } quota)
        {
            details.Add((JsonNode)new JsonObject
            {
                ["@type"] = "type.googleapis.com/google.rpc.QuotaFailure",
                ["violations"] = new JsonArray(new JsonObject { ["quotaId"] = quota }),
            });
        }

        if (error.RetryInfo is { } seconds)
        {
            details.Add((JsonNode)new JsonObject
            {
                ["@type"] = "type.googleapis.com/google.rpc.RetryInfo",
                ["retryDelay"] = $"{seconds}s",
            });
        }

        var body = new JsonObject
        {
            ["code"] = error.Status,
            ["message"] = error.Message,
            ["status"] = error.Code ?? GoogleStatus(error.Status),
        };
        if (details.Count > 0)
        {
            body["details"] = details;
        }

        return body;
    }

    private static string TypeWord(int status) => status switch
    {
        400 => "invalid_request_error",
        401 => "authentication_error",
        402 => "insufficient_quota_error",
        403 => "permission_error",
        404 => "not_found_error",
        409 => "idempotency_conflict",
        413 => "request_too_large_error",
        429 => "rate_limit_error",
        500 => "internal_server_error",
        502 => "upstream_error",
        503 => "service_unavailable_error",
        _ => "api_error",
    };

    private static string CodeWord(int status) => status switch
    {
        400 => "invalid_parameters",
        401 => "unauthorized",
        402 => "insufficient_quota",
        403 => "model_access_denied",
        404 => "resource_not_found",
        409 => "idempotency_conflict",
        429 => "quota_exceeded",
        500 => "internal_error",
        502 => "upstream_error",
        503 => "service_unavailable",
        _ => $"http_{status}",
    };

    private static string GoogleStatus(int status) => status switch
    {
        400 or 413 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    };

    private static string? Suggestion(int status) => status switch
    {
        402 => "https://evolink.ai/dashboard/billing",
        404 or 502 => "gemini-2.5-flash",
        _ => null,
    };

    /// <summary>A message such as the upstream's for a status.</summary>
    public static string UsualMessage(int status) => status switch
    {
        400 => "Invalid request",
        401 => "Invalid or expired API key",
        402 => "Not enough balance",
        403 => "This key may not use the model",
        404 => "The model or resource does not exist",
        409 => "The idempotency key was used with another body",
        413 => "The request is too large; keep images under 10 MB",
        429 => "Too many requests; try again in 60 seconds",
        500 => "Internal error",
        502 => "The model's provider failed",
        503 => "Service unavailable; try again in 30 seconds",
        504 or 524 => "A timeout occurred",
        _ => $"Error {status}",
    };
}
