using System.Security.Cryptography;
using System.Text.Json;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.DropIn;

/// <summary>One request to a drop-in endpoint.</summary>
/// <param name="Context">The request and its response.</param>
/// <param name="Format">The format of answers and errors.</param>
/// <param name="Caller">Who is billed.</param>
/// <param name="Id">Its own id; its text is the <c>x-request-id</c>.</param>
internal sealed record DropInCall(HttpContext Context, WireFormat Format, Caller Caller, JobId Id)
{
    public HttpRequest Request => Context.Request;

    public HttpResponse Response => Context.Response;

    public CancellationToken Left => Context.RequestAborted;

    public Task RefuseAsync(DropInError error) => error.WriteAsync(Context, Format);
}

/// <summary>What every drop-in endpoint shares: the caller's key, headers, and an error in the format's shape for every failure.</summary>
internal sealed class DropInPipeline(CallerAuthenticator authenticator, RandomNumberGenerator random, TimeProvider time, ILogger<DropInPipeline> logger)
{
    /// <summary>Handles a request; the handler writes the answer.</summary>
    public async Task<IResult> RunAsync(HttpRequest request, WireFormat format, Func<DropInCall, Task> handle)
    {
        var context = request.HttpContext;
        var id = NewId();
        var headers = context.Response.Headers;
        headers["x-request-id"] = id.ToString();
        headers.XContentTypeOptions = "nosniff";
        headers.CacheControl = "no-store";
        try
        {
            var (caller, offered) = await authenticator.AuthenticateAsync(request, context.RequestAborted);
            if (caller is null)
            {
                Log.Unauthenticated(logger, id.ToString());
                await DropInError.Of(Problem.Unauthenticated(offered)).WriteAsync(context, format);
            }
            else
            {
                await handle(new DropInCall(context, format, caller, id));
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            await Refusal(exception, id).WriteAsync(context, format);
        }
        catch (Exception exception)
        {
            // The answer is half sent: a broken connection is the only honest ending.
            DropInLog.Unexpected(logger, exception, id.ToString());
            context.Abort();
        }

        return Results.Empty;
    }

    private DropInError Refusal(Exception exception, JobId id)
    {
        switch (exception)
        {
            case BadHttpRequestException:
                return DropInError.Of(Problem.InterruptedBody());
            case JsonException:
            case InvalidOperationException { Source: { } source } when source.StartsWith("System.Text.Json", StringComparison.Ordinal):
                // A reader finds what is no text (half a surrogate pair, stray bytes) only when it is asked for it.
                return DropInError.Invalid("The body is not usable JSON in UTF-8, or is nested too deeply.", code: "invalid_json");
            case StorageUnavailableException:
                Log.StorageUnavailable(logger, exception, id.ToString());
                return DropInError.Of(Problem.StorageUnavailable());
            default:
                DropInLog.Unexpected(logger, exception, id.ToString());
                return DropInError.Unexpected();
        }
    }

    private JobId NewId()
    {
        Span<byte> bytes = stackalloc byte[10];
        random.GetBytes(bytes);
        return JobId.Create(time.GetUtcNow(), bytes);
    }
}
