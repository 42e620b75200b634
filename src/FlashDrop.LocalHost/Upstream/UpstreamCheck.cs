using System.Net;
using System.Net.Http.Headers;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using Microsoft.Extensions.Options;

namespace FlashDrop.LocalHost.Upstream;

/// <summary>Asks the upstream at start whether it knows the key, by a request that costs nothing.</summary>
/// <param name="keys">The key in force.</param>
/// <param name="options">Where the upstream is.</param>
/// <param name="handler">Sends the request.</param>
internal sealed class UpstreamCheck(IKeyRing keys, IOptions<UpstreamOptions> options, HttpMessageHandler handler)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Checks the key.</summary>
    /// <returns>A warning when the upstream cannot be asked now; jobs wait for it. Null when all is well.</returns>
    /// <exception cref="LocalHostException">There is no key, or the upstream refuses it.</exception>
    public async Task<string?> RunAsync(CancellationToken cancellationToken)
    {
        var url = new Uri(options.Value.TasksBaseUrl, "/v1/credits");
        try
        {
            var key = await keys.GetAsync(cancellationToken);
            using var http = new HttpClient(handler, disposeHandler: false) { Timeout = Patience };
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key.Secret);
            request.Headers.TryAddWithoutValidation("User-Agent", options.Value.UserAgent);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden
                ? throw new LocalHostException(
                    $"{url.Host} refuses the upstream key ({(int)response.StatusCode}).",
                    $"Set {ConfigurationKeyRing.ConfigurationKey} to a valid key, or remove it to use the simulator.")
                : null;
        }
        catch (KeyUnavailableException exception)
        {
            throw new LocalHostException(
                exception.Message, $"Set {ConfigurationKeyRing.ConfigurationKey}, or remove the key settings to use the simulator.", exception);
        }
        catch (Exception exception) when (
            exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return $"{url.Host} cannot be reached now ({exception.Message}); jobs wait until it can.";
        }
    }
}
