using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>Around every request of the upstream's surface: the record, the request id, the key, and what happens when it is refused or left.</summary>
internal sealed class RequestGuard(RequestLog log, ApiKeys keys, Replies replies, TimeProvider time, Dice dice, IHostApplicationLifetime lifetime)
{
    public async Task ServeAsync(HttpContext context, RequestKind kind, bool needsKey, Func<Exchange, Task> serve)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var exchange = log.Open(sequence => new Exchange(context, Describe(context.Request, kind, time.GetUtcNow(), sequence), gone.Token));
        context.Response.Headers["x-request-id"] = exchange.Record.RequestId;
        try
        {
            if (needsKey && !keys.Admits(context.Request))
            {
                throw RefusedException.EvoLink(401, ErrorBodies.UsualMessage(401));
            }

            await serve(exchange);
        }
        catch (RefusedException e)
        {
            await replies.RefuseAsync(exchange, e.Error);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            // The client left, or the simulator stops: nobody is there to be answered.
            exchange.Note(r => r with { Outcome = "broken" });
            context.Abort();
        }
        finally
        {
            exchange.Close(time.GetUtcNow());
        }
    }

    private RequestRecord Describe(HttpRequest request, RequestKind kind, DateTimeOffset now, long sequence) => new()
    {
        Sequence = sequence,
        At = now,
        RequestId = $"req-{dice.Word(16, $"request {sequence} {now.UtcTicks}")}",
        Method = request.Method,
        Path = request.Path.Value ?? "",
        Kind = kind,
        IdempotencyKey = request.Headers.TryGetValue("Idempotency-Key", out var key) ? key.ToString() : null,
        Async = string.Equals(request.Headers["X-Async-Mode"], "true", StringComparison.OrdinalIgnoreCase),
    };
}
