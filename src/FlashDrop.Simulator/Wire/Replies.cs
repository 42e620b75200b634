using System.Globalization;
using System.Text.Json.Nodes;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;

namespace FlashDrop.Simulator.Wire;

/// <summary>Sends plain answers and errors, and plays the faults that happen before or during them.</summary>
internal sealed class Replies(TimeProvider time)
{
    /// <summary>Plays what a fault does in place of an answer: wait, fall silent, reset, refuse. True when nothing is left to answer.</summary>
    public async Task<bool> PlayAsync(Exchange exchange)
    {
        if (exchange.Fault is not { } fault)
        {
            return false;
        }

        await PauseAsync(fault.DelayMs, exchange);
        if (fault.Silence)
        {
            await WaitForeverAsync(exchange);
        }

        if (fault.Reset)
        {
            exchange.Abort();
            return true;
        }

        // With an error due in mid-stream the status is that error's.
        if (fault.Status is null || fault.ErrorAfterChunks is not null)
        {
            return false;
        }

        await RefuseAsync(exchange, Error(fault));
        return true;
    }

    /// <summary>The error a fault scripts, with the usual values where it is silent.</summary>
    public static ApiError Error(FaultAction fault)
    {
        var status = fault.Status ?? 500;
        return new ApiError(status, fault.Message ?? ErrorBodies.UsualMessage(status))
        {
            Form = fault.Body,
            Code = fault.Code,
            Type = fault.Type,
            Param = fault.Param,
            RetryInfo = fault.RetryInfo,
            QuotaId = fault.QuotaId,
        };
    }

    public async Task RefuseAsync(Exchange exchange, ApiError error)
    {
        var (status, contentType, body) = ErrorBodies.Write(error);
        if (exchange.Fault?.RetryAfter is { } seconds)
        {
            exchange.Response.Headers.RetryAfter = exchange.Fault.RetryAfterAsDate
                ? time.GetUtcNow().AddSeconds(seconds).ToString("R", CultureInfo.InvariantCulture)
                : seconds.ToString(CultureInfo.InvariantCulture);
        }

        exchange.Note(r => r with { Outcome = "refused" });
        await SendAsync(exchange, status, contentType, body);
    }

    public async Task SendJsonAsync(Exchange exchange, JsonObject body, string outcome)
    {
        exchange.Note(r => r with { Outcome = outcome });
        await SendAsync(exchange, StatusCodes.Status200OK, "application/json", Bytes(exchange, body));
    }

    public async Task SendTextAsync(Exchange exchange, string text)
    {
        exchange.Note(r => r with { Outcome = "answered" });
        await SendAsync(exchange, StatusCodes.Status200OK, "text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(text));
    }

    public static byte[] Bytes(Exchange exchange, JsonNode body) =>
        JsonBytes.Of(exchange.Fault?.IntsAsStrings == true ? JsonBytes.WithIntsAsStrings(body)! : body);

    public Task PauseAsync(int milliseconds, Exchange exchange) =>
        milliseconds > 0 ? Task.Delay(TimeSpan.FromMilliseconds(milliseconds), time, exchange.CancellationToken) : Task.CompletedTask;

    /// <summary>Ends only by cancellation.</summary>
    public Task WaitForeverAsync(Exchange exchange) => Task.Delay(Timeout.InfiniteTimeSpan, time, exchange.CancellationToken);

    private async Task SendAsync(Exchange exchange, int status, string contentType, byte[] body)
    {
        var response = exchange.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        exchange.Note(r => r with { Status = status });
        var broken = exchange.Fault is { Status: null } fault && (fault.CutAfterChunks ?? fault.StallAfterChunks) is not null;
        if (!broken)
        {
            response.ContentLength = body.Length;
            await response.Body.WriteAsync(body, exchange.CancellationToken);
            return;
        }

        await response.Body.WriteAsync(body.AsMemory(0, body.Length / 2), exchange.CancellationToken);
        await response.Body.FlushAsync(exchange.CancellationToken);
        exchange.Note(r => r with { Outcome = "broken" });
        if (exchange.Fault!.CutAfterChunks is null)
        {
            await WaitForeverAsync(exchange);
        }
        else if (exchange.Fault.Cut == CutKind.Abort)
        {
            exchange.Abort();
        }
    }
}
