using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using FlashDrop.EvoLink.Errors;

namespace FlashDrop.EvoLink.Tests;

public sealed class ErrorTests
{
    [Theory]
    // The documented envelope, each status.
    [InlineData(400, """{"error":{"code":400,"message":"bad","type":"invalid_request_error","param":"contents"}}""", ErrorKind.Fix, "invalid_request_error", false)]
    [InlineData(401, """{"error":{"code":401,"message":"bad","type":"authentication_error"}}""", ErrorKind.Stop, "authentication_error", false)]
    [InlineData(402, """{"error":{"code":402,"message":"Not enough balance","type":"insufficient_quota_error","param":null}}""", ErrorKind.Hold, "insufficient_quota_error", false)]
    [InlineData(403, """{"error":{"code":403,"message":"no","type":"permission_error","param":"model"}}""", ErrorKind.Stop, "permission_error", true)]
    [InlineData(403, """{"error":{"code":403,"message":"no","type":"permission_error","param":"ip"}}""", ErrorKind.Stop, "permission_error", false)]
    [InlineData(404, """{"error":{"code":404,"message":"no","type":"not_found_error","param":"model"}}""", ErrorKind.Retired, "not_found_error", true)]
    [InlineData(404, """{"error":{"code":404,"message":"file files/x not found","status":"NOT_FOUND"}}""", ErrorKind.Fix, "NOT_FOUND", false)]
    [InlineData(404, """{"error":{"code":404,"message":"models/x is no longer available to new users","status":"NOT_FOUND"}}""", ErrorKind.Retired, "NOT_FOUND", true)]
    [InlineData(409, """{"error":{"code":"idempotency_conflict","message":"no"}}""", ErrorKind.Fix, "idempotency_conflict", false)]
    [InlineData(413, """{"error":{"code":413,"message":"no","type":"request_too_large_error","param":"content"}}""", ErrorKind.Fix, "request_too_large_error", false)]
    [InlineData(429, """{"error":{"code":429,"message":"slow","type":"rate_limit_error"}}""", ErrorKind.Retry, "rate_limit_error", false)]
    [InlineData(500, """{"error":{"code":500,"message":"oops","type":"internal_server_error"}}""", ErrorKind.Retry, "internal_server_error", false)]
    [InlineData(502, """{"error":{"code":502,"message":"oops","type":"upstream_error"}}""", ErrorKind.Retry, "upstream_error", false)]
    [InlineData(503, """{"error":{"code":503,"message":"wait","type":"service_unavailable_error"}}""", ErrorKind.Retry, "service_unavailable_error", false)]
    [InlineData(503, """{"error":{"code":503,"message":"No available channels for model x","type":"service_unavailable_error"}}""", ErrorKind.Retry, "service_unavailable_error", true)]
    // The nine other envelopes.
    [InlineData(401, """{"error":{"code":"unauthorized","type":"authentication_error","message":"bad"}}""", ErrorKind.Stop, "unauthorized", false)]
    [InlineData(400, """{"error":{"code":"400","message":"bad","status":"INVALID_ARGUMENT","details":[]}}""", ErrorKind.Fix, "INVALID_ARGUMENT", false)]
    [InlineData(503, """[{"error":{"code":503,"message":"bad","status":"UNAVAILABLE"}}]""", ErrorKind.Retry, "UNAVAILABLE", false)]
    [InlineData(500, """{"error":{"message":"bad","type":"new_api_error","param":"","code":"no_available_channel","metadata":{}}}""", ErrorKind.Retry, "no_available_channel", true)]
    [InlineData(400, """{"error":"bad","error_description":"text"}""", ErrorKind.Fix, "http_400", false)]
    [InlineData(502, """{"message":"bad"}""", ErrorKind.Retry, "http_502", false)]
    [InlineData(200, """{"success":false,"code":400,"msg":"bad","data":null}""", ErrorKind.Fix, "http_400", false)]
    [InlineData(200, """{"code":503,"message":"bad"}""", ErrorKind.Retry, "http_503", false)]
    [InlineData(200, """{"error":{"message":"bad","type":"invalid_request_error"}}""", ErrorKind.Fix, "invalid_request_error", false)]
    [InlineData(403, "<html>error code: 1010</html>", ErrorKind.Stop, "http_403", false)]
    [InlineData(524, "<html>timeout</html>", ErrorKind.Retry, "http_524", false)]
    [InlineData(500, "event: error\ndata: {\"error\":{\"code\":500,\"message\":\"bad\",\"status\":\"INTERNAL\"}}\n\n", ErrorKind.Retry, "INTERNAL", false)]
    [InlineData(502, "", ErrorKind.Retry, "http_502", false)]
    // Codes before the status.
    [InlineData(403, """{"error":{"code":"insufficient_user_quota","message":"x"}}""", ErrorKind.Hold, "insufficient_user_quota", false)]
    [InlineData(429, """{"error":{"code":"insufficient_quota","message":"x"}}""", ErrorKind.Hold, "insufficient_quota", false)]
    [InlineData(403, """{"error":{"code":"key_model_not_allowed","message":"x"}}""", ErrorKind.Stop, "key_model_not_allowed", true)]
    [InlineData(500, """{"error":{"code":"content_policy_violation","message":"x"}}""", ErrorKind.Refused, "content_policy_violation", false)]
    [InlineData(503, """{"error":{"code":"invalid_token","message":"x"}}""", ErrorKind.Stop, "invalid_token", false)]
    [InlineData(400, """{"error":{"code":400,"message":"API key not valid","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}""", ErrorKind.Stop, "INVALID_ARGUMENT", false)]
    [InlineData(429, """{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"RequestsPerDayPerProject"}]}]}}""", ErrorKind.Hold, "RESOURCE_EXHAUSTED", false)]
    [InlineData(429, """{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"RequestsPerMinute"}]}]}}""", ErrorKind.Retry, "RESOURCE_EXHAUSTED", false)]
    [InlineData(402, "{}", ErrorKind.Hold, "http_402", false)]
    [InlineData(301, "", ErrorKind.Stop, "http_301", false)]
    [InlineData(422, """{"error":{"message":"x"}}""", ErrorKind.Fix, "http_422", false)]
    public void Envelope_BecomesOneTaxonomy(int status, string body, ErrorKind kind, string code, bool concernsModel)
    {
        var error = ErrorReader.Read(Encoding.UTF8.GetBytes(body), new ErrorContext(status));

        Assert.Equal((kind, code, concernsModel), (error.Kind, error.Code, error.ConcernsModel));
        Assert.NotEmpty(error.Message);
        Assert.Equal(status == 200 ? error.HttpStatus : status, error.HttpStatus);
        Assert.True(error.HttpStatus is < 200 or >= 300);
    }

    [Theory]
    [InlineData("""{"error":{"message":"one","msg":"two"},"message":"three"}""", "one")]
    [InlineData("""{"error":"one","message":"three"}""", "one")]
    [InlineData("""{"msg":"two","message":"three"}""", "two")]
    [InlineData("""{"error":{},"message":"three"}""", "three")]
    [InlineData("""{"error_description":"four"}""", "four")]
    public void Message_IsTheFirstOfTheKnownPlaces(string body, string message) =>
        Assert.Equal(message, ErrorReader.Read(Encoding.UTF8.GetBytes(body), new ErrorContext(500)).Message);

    [Theory]
    [InlineData("34s", 34.0)]
    [InlineData("1.5s", 1.5)]
    [InlineData("9000s", 300.0)]
    [InlineData("-3s", null)]
    [InlineData("soon", null)]
    public void RetryInfo_IsReadAndBounded(string delay, double? seconds)
    {
        var body = $$$"""{"error":{"code":429,"message":"x","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{{{delay}}}"}]}}""";
        var error = ErrorReader.Read(Encoding.UTF8.GetBytes(body), new ErrorContext(429));

        Assert.Equal(seconds, error.RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData("7", 7.0)]
    [InlineData("2.5", 2.5)]
    [InlineData("Mon, 23 Nov 2026 12:00:30 GMT", 30.0)]
    [InlineData("whenever", null)]
    public void RetryAfterHeader_IsReadInEveryForm(string value, double? seconds)
    {
        using var response = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
        response.Headers.TryAddWithoutValidation("Retry-After", value);

        Assert.Equal(seconds, ErrorReader.RetryAfter(response.Headers, new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero))?.TotalSeconds);
    }

    [Theory]
    [InlineData("Incorrect key sk-proj-Abc_123-xyz given")]
    [InlineData("header was 'Bearer abc.def-ghi'")]
    [InlineData("GET /x?key=topsecretvalue&x=1")]
    [InlineData("the odd-opaque-key-77 is expired")]
    [InlineData("AIzaSyA-1234567890abcdef")]
    public void KeysInMessages_AreMasked(string message)
    {
        var error = ErrorReader.Read(JsonSerializer.SerializeToUtf8Bytes(new { error = new { message, code = message } }), new ErrorContext(401, Secret: "odd-opaque-key-77"));

        Assert.Contains("***", error.Message, StringComparison.Ordinal);
        foreach (var secret in (string[])["Abc_123", "abc.def", "topsecretvalue", "odd-opaque", "1234567890"])
        {
            Assert.DoesNotContain(secret, error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void LongBody_IsCutTo500Characters() =>
        Assert.Equal(500, ErrorReader.Read(Encoding.UTF8.GetBytes(new string('x', 5_000)), new ErrorContext(500)).Message.Length);

    [Fact]
    public void AnyJson_NeverThrows()
    {
        var pieces = Pick.From("{", "}", "[", "]", "\"error\":", "\"code\":", "\"message\":", "\"details\":", "\"retryDelay\":", "1", "\"x\"", "null", "true", ",", "[{", "}]", "{\"error\":{", "1e999");
        pieces.Array[0, 12].Sample(
            text => ErrorReader.Read(Encoding.UTF8.GetBytes(string.Concat(text)), new ErrorContext(500)).Message.Length is > 0 and <= 500,
            iter: 5_000);
    }
}
