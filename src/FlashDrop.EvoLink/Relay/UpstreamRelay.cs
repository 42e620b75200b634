using System.Diagnostics;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Responses;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink.Relay;

/// <summary>The relay over its own connections: no handlers in between, nothing of the caller's request but the body.</summary>
internal sealed class UpstreamRelay : IUpstreamRelay, IDisposable
{
    private const int MaxErrorBytes = 64 * 1024;

    private readonly IKeyRing _keys;
    private readonly UpstreamOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<UpstreamRelay> _logger;
    private readonly string _baseUrl;
    private readonly HttpMessageInvoker _http;

    public UpstreamRelay(IKeyRing keys, IOptions<UpstreamOptions> options, TimeProvider time, ILogger<UpstreamRelay> logger)
    {
        (_keys, _options, _time, _logger) = (keys, options.Value, time, logger);
        _baseUrl = _options.GenerateBaseUrl.GetLeftPart(UriPartial.Path).TrimEnd('/');

        // Identity encoding only: a compressed stream would have to be opened to be followed, event by event.
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        });
    }

    public async Task<RelayAttempt> SendAsync(RelayRequest request, CancellationToken cancellationToken)
    {
        ApiKey key;
        try
        {
            key = await _keys.GetAsync(cancellationToken);
        }
        catch (KeyUnavailableException exception)
        {
            return new RelayAttempt
            {
                Error = new UpstreamError { Kind = ErrorKind.Stop, Code = "key_unavailable", Message = SecretMask.Clean(exception.Message, null), Sent = false },
            };
        }

        var attempt = await SendAsync(request, key, cancellationToken);
        if (attempt.Error is not { } error || !ErrorCodes.IsKeyRefusal(error))
        {
            return attempt;
        }

        if (await ReplaceAsync(key, cancellationToken) is not { } replacement)
        {
            Log.KeyRefused(_logger, key.Version, error.Code);
            return attempt;
        }

        Log.KeyReplaced(_logger, key.Version, error.Code, replacement.Version);
        return await SendAsync(request, replacement, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken cancellationToken)
    {
        try
        {
            return await _keys.ReplaceAsync(rejected, cancellationToken);
        }
        catch (KeyUnavailableException)
        {
            // The refusal itself is the better news; it is returned.
            return null;
        }
    }

    private async Task<RelayAttempt> SendAsync(RelayRequest request, ApiKey key, CancellationToken cancellationToken)
    {
        using var message = new HttpRequestMessage(
            request.CreateContent is null ? HttpMethod.Get : HttpMethod.Post, new Uri($"{_baseUrl}/{request.Path}"));
        message.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key.Secret}");
        message.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        message.Content = request.CreateContent?.Invoke();
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(message, cancellationToken);
            var context = new ErrorContext((int)response.StatusCode, RequestId(response), ErrorReader.RetryAfter(response.Headers, _time.GetUtcNow()), key.Secret)
            {
                MaxRetryAfter = _options.MaxRetryAfter,
            };
            if (response.IsSuccessStatusCode)
            {
                var answer = new RelayResponse(response, context);
                response = null;
                return new RelayAttempt { Response = answer };
            }

            var error = await ReadErrorAsync(response, context, cancellationToken);
            return new RelayAttempt { Error = error, RouteFailed = error is { Kind: ErrorKind.Retry, HttpStatus: >= 500 } };
        }
        catch (Exception exception) when (BrokenConnection.Is(exception))
        {
            return new RelayAttempt
            {
                Error = new UpstreamError
                {
                    Kind = ErrorKind.Retry,
                    Code = "connection_failed",
                    Message = SecretMask.Clean($"The connection to {_options.GenerateBaseUrl.Host} failed: {exception.Message}", key.Secret),
                },
                RouteFailed = true,
            };
        }
        finally
        {
            response?.Dispose();
        }
    }

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

    private static string? RequestId(HttpResponseMessage response) =>
        response.Headers.TryGetValues("x-request-id", out var values) || response.Headers.TryGetValues("x-oneapi-request-id", out values)
            ? values.FirstOrDefault()
            : null;
}
