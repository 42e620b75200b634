using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.EvoLink.Errors;

/// <summary>What is known about an answer besides its body.</summary>
/// <param name="HttpStatus">Status of the transport.</param>
/// <param name="RequestId">Correlation id from the headers.</param>
/// <param name="RetryAfter">Wait asked for by the headers, unbounded.</param>
/// <param name="Secret">The key in use, to be masked.</param>
internal sealed record ErrorContext(int HttpStatus, string? RequestId = null, TimeSpan? RetryAfter = null, string? Secret = null)
{
    /// <summary>Longest wait believed.</summary>
    public TimeSpan MaxRetryAfter { get; init; } = TimeSpan.FromMinutes(5);

    public override string ToString() => $"HTTP {HttpStatus}, request {RequestId}";
}

/// <summary>Reads an <see cref="UpstreamError"/> out of whichever envelope a failure came in. Codes count before the HTTP status.</summary>
internal static class ErrorReader
{
    /// <summary>Whether a JSON body is an error although nothing else says so: checked after every form of answer.</summary>
    public static bool IsError(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Array)
        {
            return root.GetArrayLength() > 0 && IsError(root[0]);
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            return false;
        }

        if (root.Get("error") is { } error)
        {
            return error.ValueKind is JsonValueKind.Object or JsonValueKind.True || error is { ValueKind: JsonValueKind.String } text && text.GetString() is { Length: > 0 };
        }

        if (root.Get("success") is { ValueKind: JsonValueKind.False })
        {
            return true;
        }

        var hasMessage = root.Has("msg") || root.Has("message") || root.Has("error_description");
        if (root.GetText("code") is { } code)
        {
            return hasMessage && code is not ("0" or "200" or "ok" or "OK" or "success" or "Success");
        }

        return hasMessage;
    }

    public static UpstreamError Read(ReadOnlySpan<byte> body, ErrorContext context)
    {
        if (JsonRead.TryParse(SkipEventStreamFraming(body), out var root))
        {
            return Read(root, context);
        }

        var text = CollapseSpace(Encoding.UTF8.GetString(body[..Math.Min(body.Length, 4 * SecretMask.MaxMessage)]));
        var status = EffectiveStatus(context.HttpStatus, null);
        return Build(status, code: null, type: null, reason: null, text.Length > 0 ? text : $"HTTP {status} without a body", param: null, root: null, context);
    }

    public static UpstreamError Read(JsonElement root, ErrorContext context)
    {
        if (root.ValueKind == JsonValueKind.Array)
        {
            root = root.GetArrayLength() > 0 ? root[0] : default;
        }

        var error = root.Get("error") is { ValueKind: JsonValueKind.Object } inner ? inner : root;
        var (textCode, number) = ReadCode(error);
        if (number is null && textCode is null)
        {
            (textCode, number) = ReadCode(root);
        }

        // A transport that said 200 tells nothing; the body's own number does.
        var status = EffectiveStatus(context.HttpStatus, number);
        var message = root.Get("error")?.GetString("message")
            ?? root.GetString("error")
            ?? root.Get("error")?.GetString("msg")
            ?? root.GetString("msg")
            ?? root.GetString("message")
            ?? root.GetString("error_description");
        message ??= root.ValueKind == JsonValueKind.Undefined ? $"HTTP {status} with an empty list" : root.GetRawText();

        // {"error":"invalid_token","error_description":"…"}: the first is a code, the second the text.
        if (textCode is null && root.GetString("error") is { } oauthCode && ErrorCodes.TryGet(oauthCode, out _))
        {
            textCode = oauthCode;
            message = root.GetString("error_description") ?? message;
        }

        return Build(status, textCode ?? error.GetString("status"), error.GetString("type"), Reason(error), message, error.GetText("param"), error, context);
    }

    /// <summary>Reads the error of a failed task.</summary>
    public static UpstreamError ReadTask(JsonElement task, string fallbackCode, string? secret, string? requestId)
    {
        var error = task.Get("error") ?? default;
        string? code;
        string? message;
        int? number = null;
        if (error.ValueKind == JsonValueKind.String)
        {
            code = null;
            message = error.GetString();
        }
        else
        {
            (code, number) = ReadCode(error);
            message = error.GetString("message") ?? error.GetString("msg");
        }

        message ??= task.GetString("message") ?? task.GetString("fail_reason") ?? "The task failed without a message.";
        if (code is null && number is { } status)
        {
            return Build(status, null, error.GetString("type"), null, message, error.GetText("param"), error, new ErrorContext(status, requestId, Secret: secret));
        }

        code ??= error.GetString("type") ?? fallbackCode;
        var meaning = ErrorCodes.OfTask(code);
        return new UpstreamError
        {
            Kind = meaning.Kind,
            ConcernsModel = meaning.ConcernsModel,
            Code = SecretMask.Clean(code, secret),
            Message = SecretMask.Clean(message, secret),
            Param = SecretMask.CleanIfAny(error.GetText("param"), secret),
            RequestId = SecretMask.CleanIfAny(error.GetString("request_id") ?? task.GetString("request_id") ?? requestId, secret),
        };
    }

    /// <summary>Reads <c>Retry-After</c> in either form; null when absent or unreadable.</summary>
    public static TimeSpan? RetryAfter(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (headers.RetryAfter is { } parsed)
        {
            return parsed.Delta ?? (parsed.Date is { } date ? date - now : null);
        }

        // Fractions of a second are no valid header, but they are sent.
        return headers.TryGetValues("Retry-After", out var values)
            && double.TryParse(values.FirstOrDefault(), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 0 and < 1e9
                ? TimeSpan.FromSeconds(seconds)
                : null;
    }

    private static UpstreamError Build(
        int status, string? code, string? type, string? reason, string message, string? param, JsonElement? root, ErrorContext context)
    {
        var aboutModel = IsAboutModel(param, message);
        var meaning = Judge(status, code, type, reason, param, message, aboutModel);
        var retryAfter = context.RetryAfter ?? (root is { } error ? RetryDelay(error) : null);
        if (meaning.Kind == ErrorKind.Retry && root is { } limited && IsDailyQuota(limited))
        {
            meaning = new CodeMeaning(ErrorKind.Hold);
        }

        return new UpstreamError
        {
            Kind = meaning.Kind,
            ConcernsModel = meaning.ConcernsModel,
            Code = SecretMask.Clean(code ?? type ?? $"http_{status}", context.Secret),
            Message = SecretMask.Clean(message, context.Secret),
            HttpStatus = status,
            RetryAfter = Bound(retryAfter, context.MaxRetryAfter),
            Param = SecretMask.CleanIfAny(param, context.Secret),
            RequestId = SecretMask.CleanIfAny(context.RequestId ?? root?.GetString("request_id"), context.Secret),
        };
    }

    private static CodeMeaning Judge(int status, string? code, string? type, string? reason, string? param, string message, bool aboutModel)
    {
        var noChannel = message.Contains("no available channel", StringComparison.OrdinalIgnoreCase);
        foreach (var candidate in (ReadOnlySpan<string?>)[reason, code, type])
        {
            if (Special(candidate, param, message, aboutModel) is { } special)
            {
                return special;
            }

            if (ErrorCodes.TryGet(candidate, out var known))
            {
                return known.Kind switch
                {
                    ErrorKind.Retry when noChannel => known with { ConcernsModel = true },
                    ErrorKind.Fix when IsBadKey(message) => new CodeMeaning(ErrorKind.Stop),
                    _ => known,
                };
            }
        }

        // Only believed where the status itself is our guess or agrees: some send it with a 401.
        if (string.Equals(type, "invalid_request_error", StringComparison.OrdinalIgnoreCase) && status is 502 or 400 or 422)
        {
            return IsBadKey(message) ? new CodeMeaning(ErrorKind.Stop) : new CodeMeaning(ErrorKind.Fix);
        }

        return status switch
        {
            401 => new CodeMeaning(ErrorKind.Stop),
            402 => new CodeMeaning(ErrorKind.Hold),
            403 => new CodeMeaning(ErrorKind.Stop, aboutModel),
            404 => NotFound(param, message, aboutModel),
            410 => new CodeMeaning(ErrorKind.Retired, ConcernsModel: true),
            408 or 425 or 429 => new CodeMeaning(ErrorKind.Retry),
            400 when IsBadKey(message) => new CodeMeaning(ErrorKind.Stop),
            501 or 505 => new CodeMeaning(ErrorKind.Fix),
            >= 500 => new CodeMeaning(ErrorKind.Retry, noChannel),
            >= 400 => new CodeMeaning(ErrorKind.Fix),
            // A redirect or an odd 2xx: the base URL in settings points at something else.
            _ => new CodeMeaning(ErrorKind.Stop),
        };
    }

    private static CodeMeaning? Special(string? code, string? param, string message, bool aboutModel) => code?.ToUpperInvariant() switch
    {
        "PERMISSION_DENIED" or "PERMISSION_ERROR" => new CodeMeaning(ErrorKind.Stop, aboutModel),
        "NOT_FOUND" or "NOT_FOUND_ERROR" or "RESOURCE_NOT_FOUND" => NotFound(param, message, aboutModel),
        _ => null,
    };

    // The path names nothing but the model, so a 404 is about it unless it says that a file or a cache is missing.
    private static CodeMeaning NotFound(string? param, string message, bool aboutModel)
    {
        var aboutInput = !aboutModel
            && (param is not null
                || message.Contains("file", StringComparison.OrdinalIgnoreCase)
                || message.Contains("cachedContent", StringComparison.OrdinalIgnoreCase)
                || message.Contains("cached content", StringComparison.OrdinalIgnoreCase));
        return aboutInput ? new CodeMeaning(ErrorKind.Fix) : new CodeMeaning(ErrorKind.Retired, ConcernsModel: true);
    }

    private static bool IsAboutModel(string? param, string message) =>
        param is not null
            ? string.Equals(param, "model", StringComparison.OrdinalIgnoreCase)
            : message.Contains("model", StringComparison.OrdinalIgnoreCase);

    private static bool IsBadKey(string message) =>
        message.Contains("API key not valid", StringComparison.OrdinalIgnoreCase)
        || message.Contains("API key expired", StringComparison.OrdinalIgnoreCase)
        || message.Contains("API_KEY_INVALID", StringComparison.Ordinal);

    private static int EffectiveStatus(int transport, int? inBody) =>
        transport is < 200 or >= 300 ? transport : inBody is >= 400 and <= 599 and { } number ? number : 502;

    /// <summary>A string code, or an integer that may be written as a string.</summary>
    private static (string? Text, int? Number) ReadCode(JsonElement element)
    {
        if (element.GetText("code") is not { } code)
        {
            return (null, null);
        }

        return int.TryParse(code, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) ? (null, number) : (code, null);
    }

    private static string? Reason(JsonElement error)
    {
        foreach (var detail in Details(error))
        {
            if (detail.GetString("reason") is { } reason && ErrorCodes.TryGet(reason, out _))
            {
                return reason;
            }
        }

        return null;
    }

    private static bool IsDailyQuota(JsonElement error)
    {
        foreach (var detail in Details(error))
        {
            if (!detail.TryGetArray("violations", out var violations))
            {
                continue;
            }

            foreach (var violation in violations.Value.EnumerateArray())
            {
                if (violation.GetString("quotaId")?.Contains("PerDay", StringComparison.OrdinalIgnoreCase) == true)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static TimeSpan? RetryDelay(JsonElement error)
    {
        foreach (var detail in Details(error))
        {
            var text = detail.GetText("retryDelay") ?? detail.Get("retryDelay")?.GetText("seconds");
            if (text is not null
                && double.TryParse(text.TrimEnd('s'), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
                && seconds is >= 0 and < 1e9)
            {
                return TimeSpan.FromSeconds(seconds);
            }
        }

        return null;
    }

    private static IEnumerable<JsonElement> Details(JsonElement error) =>
        error.TryGetArray("details", out var details) ? details.Value.EnumerateArray().Where(detail => detail.ValueKind == JsonValueKind.Object) : [];

    private static TimeSpan? Bound(TimeSpan? wait, TimeSpan max) => wait switch
    {
        null => null,
        { } value when value < TimeSpan.Zero => TimeSpan.Zero,
        { } value when value > max => max,
        { } value => value,
    };

    // An error of a streaming route may come framed as its only event.
    private static ReadOnlySpan<byte> SkipEventStreamFraming(ReadOnlySpan<byte> body)
    {
        var trimmed = body.TrimStart((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF, (byte)' ', (byte)'\r', (byte)'\n', (byte)'\t']);
        while (trimmed.StartsWith("event:"u8) || trimmed.StartsWith(":"u8))
        {
            var lineEnd = trimmed.IndexOfAny((byte)'\n', (byte)'\r');
            trimmed = lineEnd < 0 ? [] : trimmed[lineEnd..].TrimStart("\r\n"u8);
        }

        if (!trimmed.StartsWith("data:"u8))
        {
            return trimmed;
        }

        trimmed = trimmed["data:"u8.Length..];
        var end = trimmed.IndexOfAny((byte)'\n', (byte)'\r');
        return end < 0 ? trimmed : trimmed[..end];
    }

    private static string CollapseSpace(string text) =>
        string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
