using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Requests;
using FlashDrop.EvoLink.Resilience;
using FlashDrop.EvoLink.Responses;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink;

/// <summary>What to send; a message is built from it for every try.</summary>
/// <param name="Url">Where to.</param>
/// <param name="Body">The body to post; null for a GET.</param>
internal sealed record Outgoing(Uri Url, RequestBody? Body)
{
    public string? IdempotencyKey { get; init; }

    public bool AsyncMode { get; init; }

    public override string ToString() => Url.AbsolutePath;
}

/// <summary>Takes over a 2xx response: reads it, and disposes it unless the value keeps it.</summary>
internal delegate Task<Call<T>> ResponseHandler<T>(HttpResponseMessage response, ErrorContext context, CancellationToken cancellationToken)
    where T : class;

/// <summary>Sends one request with the key in force, and once more with another key when the first is refused; sorts what goes wrong.</summary>
internal sealed class Transport(
    IHttpClientFactory clients, IKeyRing keys, IOptions<UpstreamOptions> options, TimeProvider time, ILogger<EvoLinkClient> logger)
{
    /// <summary>Name of the HTTP client for the upstream.</summary>
    public const string ClientName = "FlashDrop.EvoLink";

    // Error bodies are short; of a proxy's page the beginning is enough.
    private const int MaxErrorBytes = 64 * 1024;

    private readonly UpstreamOptions _options = options.Value;

    public async Task<Call<T>> SendAsync<T>(Outgoing outgoing, ResponseHandler<T> read, CancellationToken caller, CancellationToken attempt)
        where T : class
    {
        ApiKey key;
        try
        {
            key = await keys.GetAsync(attempt);
        }
        catch (KeyUnavailableException exception)
        {
            return Call<T>.Failure(KeyUnavailable(exception), Fate.Incomplete);
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            return Call<T>.Failure(Pipelines.Timeout("The upstream key could not be read in time."), Fate.Incomplete);
        }

        var call = await SendAsync(outgoing, key, read, caller, attempt);
        if (call.Error is not { } error || !ErrorCodes.IsKeyRefusal(error))
        {
            return call;
        }

        var replacement = await ReplaceAsync(key, caller, attempt);
        if (replacement is null)
        {
            Log.KeyRefused(logger, key.Version, error.Code);
            return call;
        }

        Log.KeyReplaced(logger, key.Version, error.Code, replacement.Version);
        return await SendAsync(outgoing, replacement, read, caller, attempt);
    }

    private async Task<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken caller, CancellationToken attempt)
    {
        try
        {
            return await keys.ReplaceAsync(rejected, attempt);
        }
        catch (KeyUnavailableException)
        {
            // The refusal itself is the better news; it is returned.
            return null;
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            // Out of time: same.
            return null;
        }
    }

    private async Task<Call<T>> SendAsync<T>(Outgoing outgoing, ApiKey key, ResponseHandler<T> read, CancellationToken caller, CancellationToken attempt)
        where T : class
    {
        var client = clients.CreateClient(ClientName);
        using var request = new HttpRequestMessage(outgoing.Body is null ? HttpMethod.Get : HttpMethod.Post, outgoing.Url);
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key.Secret}");
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        if (outgoing.IdempotencyKey is { } idempotencyKey)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        if (outgoing.AsyncMode)
        {
            request.Headers.TryAddWithoutValidation("X-Async-Mode", "true");
        }

        var content = outgoing.Body is null ? null : new RequestContent(outgoing.Body);
        request.Content = content;
        var answering = false;
        try
        {
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, attempt);
            answering = true;
            var context = new ErrorContext((int)response.StatusCode, RequestId(response), ErrorReader.RetryAfter(response.Headers, time.GetUtcNow()), key.Secret)
            {
                MaxRetryAfter = _options.MaxRetryAfter,
            };
            if (response.IsSuccessStatusCode)
            {
                return await read(response, context, attempt);
            }

            using (response)
            {
                return Call<T>.Failure(await ReadErrorAsync(response, context, attempt), Fate.Refused);
            }
        }
        catch (OperationCanceledException) when (!caller.IsCancellationRequested)
        {
            var fate = FateOf(content, answering, silent: true);
            return Call<T>.Failure(
                Pipelines.Timeout(fate == Fate.Silent ? "The upstream did not answer in time." : "The request could not be sent in time."),
                fate);
        }
        catch (Exception exception) when (MediaException.Find(exception) is not null)
        {
            var media = MediaException.Find(exception)!;
            return Call<T>.Failure(
                new UpstreamError
                {
                    Kind = media.IsPermanent ? ErrorKind.Fix : ErrorKind.Retry,
                    Code = media.Code,
                    Message = Json.SecretMask.Clean(media.Message, key.Secret),
                },
                Fate.Incomplete);
        }
        catch (Exception exception) when (BrokenConnection.Is(exception))
        {
            return Call<T>.Failure(
                new UpstreamError
                {
                    Kind = ErrorKind.Retry,
                    Code = "connection_failed",
                    Message = Json.SecretMask.Clean($"The connection to {outgoing.Url.Host} failed: {exception.Message}", key.Secret),
                },
                FateOf(content, answering, silent: false));
        }
    }

    private static UpstreamError KeyUnavailable(KeyUnavailableException exception) =>
        new() { Kind = ErrorKind.Stop, Code = "key_unavailable", Message = Json.SecretMask.Clean(exception.Message, null) };

    private static string? RequestId(HttpResponseMessage response) =>
        response.Headers.TryGetValues("x-request-id", out var values) || response.Headers.TryGetValues("x-oneapi-request-id", out values)
            ? values.FirstOrDefault()
            : null;

    // Before the body was touched nothing was sent; before it was whole nothing can have been worked on.
    private static Fate FateOf(RequestContent? content, bool answering, bool silent) => content switch
    {
        _ when answering => silent ? Fate.Silent : Fate.Lost,
        { Started: false } => Fate.Unreached,
        { Completed: false } => Fate.Incomplete,
        _ => silent ? Fate.Silent : Fate.Lost,
    };

    private static async Task<UpstreamError> ReadErrorAsync(HttpResponseMessage response, ErrorContext context, CancellationToken cancellationToken)
    {
        try
        {
            using var body = await ResponseBody.ReadAsync(response.Content, MaxErrorBytes, cancellationToken);
            return ErrorReader.Read(body.Bytes, context);
        }
        catch (Exception exception) when (BrokenConnection.Is(exception))
        {
            // The status is known, and it is what matters.
            return ErrorReader.Read([], context);
        }
    }
}
