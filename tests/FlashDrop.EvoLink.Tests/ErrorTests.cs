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
    [InlineData(400, """{"error":{"code":"insufficient_quota","status":"UNAVAILABLE","message":"x"}}""", ErrorKind.Hold, "insufficient_quota", false)]
    [InlineData(400, """{"error":{"code":400,"message":"x","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}""", ErrorKind.Stop, "INVALID_ARGUMENT", false)]
    [InlineData(400, """{"error":{"message":"API key not valid. Please pass a valid one.","type":"invalid_request_error"}}""", ErrorKind.Stop, "invalid_request_error", false)]
    [InlineData(400, """{"error":{"message":"API key expired."}}""", ErrorKind.Stop, "http_400", false)]
    [InlineData(400, """{"error":{"message":"reason: API_KEY_INVALID"}}""", ErrorKind.Stop, "http_400", false)]
    [InlineData(503, """{"error":"invalid_token"}""", ErrorKind.Stop, "invalid_token", false)]
    [InlineData(400, """{"error":"invalid_token","code":"rate_limit_error"}""", ErrorKind.Retry, "rate_limit_error", false)]
    // What is missing, and to whom.
    [InlineData(400, """{"error":{"message":"no","status":"PERMISSION_DENIED"}}""", ErrorKind.Stop, "PERMISSION_DENIED", false)]
    [InlineData(400, """{"error":{"message":"no","type":"permission_error"}}""", ErrorKind.Stop, "permission_error", false)]
    [InlineData(403, """{"error":{"message":"not allowed to use this model"}}""", ErrorKind.Stop, "http_403", true)]
    [InlineData(403, """{"error":{"message":"not allowed to use this model from here","param":"ip"}}""", ErrorKind.Stop, "http_403", false)]
    [InlineData(400, """{"error":{"message":"gone","status":"NOT_FOUND"}}""", ErrorKind.Retired, "NOT_FOUND", true)]
    [InlineData(400, """{"error":{"message":"gone","type":"not_found_error"}}""", ErrorKind.Retired, "not_found_error", true)]
    [InlineData(400, """{"error":{"message":"gone","code":"resource_not_found"}}""", ErrorKind.Retired, "resource_not_found", true)]
    [InlineData(404, """{"error":{"message":"gone"}}""", ErrorKind.Retired, "http_404", true)]
    [InlineData(404, """{"error":{"message":"gone","param":"contents"}}""", ErrorKind.Fix, "http_404", false)]
    [InlineData(404, """{"error":{"message":"cachedContents/7 is gone"}}""", ErrorKind.Fix, "http_404", false)]
    [InlineData(404, """{"error":{"message":"the cached content is gone"}}""", ErrorKind.Fix, "http_404", false)]
    // Statuses without more.
    [InlineData(408, "", ErrorKind.Retry, "http_408", false)]
    [InlineData(410, "", ErrorKind.Retired, "http_410", true)]
    [InlineData(425, "", ErrorKind.Retry, "http_425", false)]
    [InlineData(501, "", ErrorKind.Fix, "http_501", false)]
    [InlineData(505, "", ErrorKind.Fix, "http_505", false)]
    [InlineData(300, """{"code":503,"message":"bad"}""", ErrorKind.Stop, "http_300", false)]
    [InlineData(500, "data: {\"error\":{\"message\":\"bad\",\"status\":\"INTERNAL\"}}\n\ndata: {\"error\":{\"message\":\"worse\"}}\n\n", ErrorKind.Retry, "INTERNAL", false)]
    public void Envelope_BecomesOneTaxonomy(int status, string body, ErrorKind kind, string code, bool concernsModel)
    {
        var error = ErrorReader.Read(Encoding.UTF8.GetBytes(body), new ErrorContext(status));

        Assert.Equal((kind, code, concernsModel), (error.Kind, error.Code, error.ConcernsModel));
        Assert.NotEmpty(error.Message);
        Assert.Equal(status == 200 ? error.HttpStatus : status, error.HttpStatus);
        Assert.True(error.HttpStatus is < 200 or >= 300);
    }

    [Theory]
    [InlineData(201, """{"code":503,"message":"bad"}""", 503)]
    [InlineData(200, """{"error":{"message":"bad"},"code":503}""", 503)]
    [InlineData(200, """{"code":200,"message":"bad"}""", 502)]
    [InlineData(404, """{"code":503,"message":"bad"}""", 404)]
    public void Status_IsTheBodysOwnWhereTheTransportSaidAllIsWell(int transport, string body, int status) =>
        Assert.Equal(status, ErrorReader.Read(Encoding.UTF8.GetBytes(body), new ErrorContext(transport)).HttpStatus);

    [Theory]
    [InlineData("""{"error":{"message":"bad"}}""", true)]
    [InlineData("""[{"error":{"message":"bad"}}]""", true)]
    [InlineData("""{"error":true}""", true)]
    [InlineData("""{"error":"bad"}""", true)]
    [InlineData("""{"success":false}""", true)]
    [InlineData("""{"msg":"bad"}""", true)]
    [InlineData("""{"message":"bad"}""", true)]
    [InlineData("""{"error_description":"bad"}""", true)]
    [InlineData("""{"code":503,"message":"bad"}""", true)]
    [InlineData("""{"code":503}""", false)]
    [InlineData("""{"code":"0","message":"fine"}""", false)]
    [InlineData("""{"code":200,"message":"fine"}""", false)]
    [InlineData("""{"code":"ok","message":"fine"}""", false)]
    [InlineData("""{"code":"OK","message":"fine"}""", false)]
    [InlineData("""{"code":"success","message":"fine"}""", false)]
    [InlineData("""{"code":"Success","message":"fine"}""", false)]
    [InlineData("""{"success":true}""", false)]
    [InlineData("""{"error":null}""", false)]
    [InlineData("""{"error":""}""", false)]
    [InlineData("""{"error":false}""", false)]
    [InlineData("""{"candidates":[]}""", false)]
    [InlineData("[]", false)]
    [InlineData("""[{"candidates":[]}]""", false)]
    [InlineData("7", false)]
    public void Body_IsAnErrorOrNot(string body, bool error) => Assert.Equal(error, ErrorReader.IsError(JsonElement.Parse(body)));

    [Theory]
    [InlineData(ErrorKind.Hold, false, "insufficient_quota insufficient_user_quota quota_not_enough account_balance_insufficient insufficient_quota_error insufficient_token_quota key_quota_exhausted token_daily_quota_exceeded key_daily_quota_exhausted")]
    [InlineData(ErrorKind.Stop, false, "invalid_token unauthorized key_disabled key_expired user_disabled ip_restricted authentication_error invalid_api_key API_KEY_INVALID UNAUTHENTICATED")]
    [InlineData(ErrorKind.Stop, true, "key_model_not_allowed model_access_denied")]
    [InlineData(ErrorKind.Retired, true, "model_not_found")]
    [InlineData(ErrorKind.Retry, true, "no_available_channel model_unavailable")]
    [InlineData(ErrorKind.Retry, false, "channel_selection_failed service_unavailable internal_error upstream_error service_error generation_timeout generation_failed_no_content resource_exhausted RESOURCE_EXHAUSTED quota_exceeded unknown_error rate_limit_error rate_limit_exceeded internal_server_error service_unavailable_error INTERNAL UNAVAILABLE DEADLINE_EXCEEDED ABORTED paid_outcome_unknown")]
    [InlineData(ErrorKind.Refused, false, "content_policy_violation content_filter sensitive_content moderation_blocked input_moderation_failed")]
    [InlineData(ErrorKind.Fix, false, "invalid_media_url invalid_parameters idempotency_conflict request_too_large_error context_length_exceeded image_processing_error image_dimension_mismatch invalid_audio request_cancelled INVALID_ARGUMENT FAILED_PRECONDITION OUT_OF_RANGE")]
    public void KnownCode_MeansOneThing_ForACallAndForATask(ErrorKind kind, bool concernsModel, string codes) => Assert.All(codes.Split(' '), code =>
    {
        Assert.True(ErrorCodes.TryGet(code, out var meaning), code);
        Assert.Equal(new CodeMeaning(kind, concernsModel), meaning);
        Assert.Equal(meaning, ErrorCodes.OfTask(code));
    });

    [Theory]
    [InlineData("resource_not_found", ErrorKind.Retry)]
    [InlineData("something_new", ErrorKind.Retry)]
    [InlineData("invalid_something_new", ErrorKind.Fix)]
    [InlineData("IMAGE_something_new", ErrorKind.Fix)]
    public void UnknownCodeOfATask_IsTriedAgainUnlessItsNameTellsMore(string code, ErrorKind kind)
    {
        Assert.False(ErrorCodes.TryGet(code, out _));
        Assert.Equal(new CodeMeaning(kind), ErrorCodes.OfTask(code));
    }

    [Theory]
    [InlineData(ErrorKind.Stop, 403, "invalid_token", true)]
    [InlineData(ErrorKind.Stop, 403, "unauthorized", true)]
    [InlineData(ErrorKind.Stop, 403, "key_disabled", true)]
    [InlineData(ErrorKind.Stop, 403, "key_expired", true)]
    [InlineData(ErrorKind.Stop, 400, "invalid_api_key", true)]
    [InlineData(ErrorKind.Stop, 400, "authentication_error", true)]
    [InlineData(ErrorKind.Stop, 400, "API_KEY_INVALID", true)]
    [InlineData(ErrorKind.Stop, 400, "UNAUTHENTICATED", true)]
    [InlineData(ErrorKind.Stop, 401, "http_401", true)]
    [InlineData(ErrorKind.Stop, 403, "user_disabled", false)]
    [InlineData(ErrorKind.Stop, 403, "http_403", false)]
    [InlineData(ErrorKind.Retry, 401, "http_401", false)]
    [InlineData(ErrorKind.Retry, 503, "invalid_token", false)]
    public void OnlyARefusedKey_IsWorthAnother(ErrorKind kind, int status, string code, bool refused) =>
        Assert.Equal(refused, ErrorCodes.IsKeyRefusal(new UpstreamError { Kind = kind, Code = code, Message = "x", HttpStatus = status }));

    [Theory]
    [InlineData("""{"error":{"code":"x_y","message":"one","msg":"two","param":"p","request_id":"r1"},"request_id":"r2","message":"three"}""", "x_y", "one", "p", "r1")]
    [InlineData("""{"error":{"code":"x_y","type":"t","msg":"two"},"request_id":"r2","message":"three"}""", "x_y", "two", null, "r2")]
    [InlineData("""{"error":{"type":"x_y"},"message":"three","fail_reason":"four"}""", "x_y", "three", null, "r3")]
    [InlineData("""{"error":"words","fail_reason":"four"}""", "fallback", "words", null, "r3")]
    [InlineData("""{"fail_reason":"four"}""", "fallback", "four", null, "r3")]
    [InlineData("{}", "fallback", "The task failed without a message.", null, "r3")]
    public void FailedTask_IsReadFromTheFirstOfTheKnownPlaces(string task, string code, string message, string? param, string requestId) => Assert.Equal(
        new UpstreamError { Kind = ErrorKind.Retry, Code = code, Message = message, Param = param, RequestId = requestId },
        ErrorReader.ReadTask(JsonElement.Parse(task), "fallback", secret: null, "r3"));

    [Fact]
    public void FailedTaskWithANumber_IsReadLikeAnHttpError() => Assert.Equal(
        new UpstreamError { Kind = ErrorKind.Retired, Code = "not_found_error", Message = "m", Param = "model", RequestId = "r3", HttpStatus = 404, ConcernsModel = true },
        ErrorReader.ReadTask(JsonElement.Parse("""{"error":{"code":404,"type":"not_found_error","message":"m","param":"model"}}"""), "fallback", secret: null, "r3"));

    [Theory]
    [InlineData("from-header", "from-header")]
    [InlineData(null, "from-body")]
    public void RequestId_IsTheHeadersBeforeTheBodys(string? header, string expected) => Assert.Equal(
        expected, ErrorReader.Read("""{"error":{"message":"x","request_id":"from-body"}}"""u8, new ErrorContext(500, header)).RequestId);

    [Fact]
    public void Context_IsLoggedWithoutTheKey() => Assert.Equal("HTTP 500, request r1", new ErrorContext(500, "r1", Secret: "sk-secret").ToString());

    [Fact]
    public void ErrorThatSaysNothingElse_HasReachedTheUpstream() => Assert.True(new UpstreamError { Kind = ErrorKind.Retry, Code = "x", Message = "x" }.Sent);

    [Theory]
    [InlineData("""{"error":{"message":"one","msg":"two"},"message":"three"}""", "one")]
    [InlineData("""{"error":{"msg":"two"},"msg":"three"}""", "two")]
    [InlineData("""{"message":"three","error_description":"four"}""", "three")]
    [InlineData("""{"error":"invalid_token","error_description":"four"}""", "four")]
    [InlineData("""{"error":"invalid_token","message":"three"}""", "invalid_token")]
    [InlineData("""{"odd":1}""", """{"odd":1}""")]
    [InlineData("7", "7")]
    [InlineData("[]", "HTTP 500 with an empty list")]
    [InlineData("", "HTTP 500 without a body")]
    [InlineData("<p>two\n  lines</p>", "<p>two lines</p>")]
    [InlineData("""{"error":"one","message":"three"}""", "one")]
    [InlineData("""{"msg":"two","message":"three"}""", "two")]
    [InlineData("""{"error":{},"message":"three"}""", "three")]
    [InlineData("""{"error_description":"four"}""", "four")]
    public void Message_IsTheFirstOfTheKnownPlaces(string body, string message) =>
        Assert.Equal(message, ErrorReader.Read(Encoding.UTF8.GetBytes(body), new ErrorContext(500)).Message);

    [Theory]
    [InlineData("34s", 34.0)]
    [InlineData("1.5s", 1.5)]
    [InlineData("0s", 0.0)]
    [InlineData("9000s", 300.0)]
    [InlineData("999999999s", 300.0)]
    [InlineData("1000000000s", null)]
    [InlineData("-3s", null)]
    [InlineData("soon", null)]
    public void RetryInfo_IsReadAndBounded(string delay, double? seconds)
    {
        var body = $$$"""{"error":{"code":429,"message":"x","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"{{{delay}}}"}]}}""";
        var error = ErrorReader.Read(Encoding.UTF8.GetBytes(body), new ErrorContext(429));

        Assert.Equal(seconds, error.RetryAfter?.TotalSeconds);
    }

    [Fact]
    public void RetryInfoAsAnObject_IsReadToo() => Assert.Equal(
        TimeSpan.FromSeconds(3), ErrorReader.Read("""{"error":{"code":429,"message":"x","details":[{"retryDelay":{"seconds":"3"}}]}}"""u8, new ErrorContext(429)).RetryAfter);

    [Theory]
    [InlineData(-1.0, 0.0)]
    [InlineData(7.0, 7.0)]
    [InlineData(400.0, 300.0)]
    public void WaitOfTheHeader_CountsBeforeTheBodysAndIsBounded(double header, double seconds)
    {
        var context = new ErrorContext(429, RetryAfter: TimeSpan.FromSeconds(header));

        Assert.Equal(seconds, ErrorReader.Read("""{"error":{"code":429,"message":"x","details":[{"retryDelay":"34s"}]}}"""u8, context).RetryAfter?.TotalSeconds);
    }

    [Theory]
    [InlineData("7", 7.0)]
    [InlineData("2.5", 2.5)]
    [InlineData("0.0", 0.0)]
    [InlineData("-1.5", null)]
    [InlineData("1e9", null)]
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
