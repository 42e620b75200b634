using System.Diagnostics;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Callers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.Http;

/// <summary>
/// What every endpoint shares: the caller's key, security headers, and a problem for every failure. Safe for concurrent use.
/// </summary>
internal sealed class RequestPipeline(CallerAuthenticator authenticator, ILogger<RequestPipeline> logger)
{
    /// <summary>Handles a request that needs a caller.</summary>
    public Task<IResult> RunAsync(HttpRequest request, Func<Caller, CancellationToken, Task<IResult>> handle) =>
        RunAnonymousAsync(request, async cancellationToken =>
        {
            var (caller, offered) = await authenticator.AuthenticateAsync(request, cancellationToken);
            if (caller is null)
            {
                Log.Unauthenticated(logger, TraceIds.Of(request.HttpContext));
                return Problem.Unauthenticated(offered).ToResult();
            }

            return await handle(caller, cancellationToken);
        });

    /// <summary>Handles a request that needs none.</summary>
    public async Task<IResult> RunAnonymousAsync(HttpRequest request, Func<CancellationToken, Task<IResult>> handle)
    {
        var context = request.HttpContext;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        try
        {
            return await handle(context.RequestAborted);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
            return Results.Empty;
        }
        catch (BadHttpRequestException)
        {
            return Problem.InterruptedBody().ToResult();
        }
        catch (StorageUnavailableException exception)
        {
            Log.StorageUnavailable(logger, exception, TraceIds.Of(context));
            return Problem.StorageUnavailable().ToResult();
        }
        catch (Exception exception)
        {
            Log.UnexpectedFailure(logger, exception, TraceIds.Of(context), context.Request.Method);
            return Problem.Unexpected().ToResult();
        }
    }

    /// <summary>The W3C trace context to carry on: the current activity's, else the header's when it is one.</summary>
    public static string? TraceParentOf(HttpRequest request)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id })
        {
            return id;
        }

        var header = request.Headers.TraceParent.ToString();
        return ActivityContext.TryParse(header, traceState: null, out _) ? header : null;
    }
}
