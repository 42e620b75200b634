using System.Net;
using System.Net.Sockets;
using System.Text;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Responses;
using Microsoft.Extensions.Options;

namespace FlashDrop.EvoLink.Tasks;

/// <summary>
/// Fetches a result that is only linked: without the key, over https, from public addresses, without redirects, up to a size.
/// The link is the upstream's word, which is data.
/// </summary>
internal sealed class LinkedResults(IHttpClientFactory clients, IHostNames names, IOptions<UpstreamOptions> options)
{
    /// <summary>Name of the HTTP client for links.</summary>
    public const string ClientName = "FlashDrop.EvoLink.Results";

    private const string OwnDomain = "evolink.ai";

    private readonly UpstreamOptions _options = options.Value;

    /// <summary>Whether a result that is a URL as a whole is a link rather than the answer.</summary>
    public bool IsLink(Uri uri, bool answerIsJson) => answerIsJson || IsOwnHost(uri) || IsAllowedLoopback(uri);

    /// <summary>The document's text, or why it cannot be had.</summary>
    public async Task<(string? Text, UpstreamError? Error)> FetchAsync(Uri link, CancellationToken cancellationToken)
    {
        var loopback = IsAllowedLoopback(link);
        if (!loopback && !string.Equals(link.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal))
        {
            return (null, Refused(link, "is not https"));
        }

        if (!loopback && IPAddress.TryParse(link.DnsSafeHost, out var literal) && !PublicAddress.IsPublic(literal))
        {
            return (null, Refused(link, "points into a private network"));
        }

        using var client = clients.CreateClient(ClientName);
        using var request = new HttpRequestMessage(HttpMethod.Get, link);
        request.Headers.TryAddWithoutValidation("User-Agent", _options.UserAgent);
        try
        {
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var status = (int)response.StatusCode;
            if (status is >= 300 and < 400)
            {
                return (null, Refused(link, "redirects"));
            }

            if (status >= 400)
            {
                return status is 408 or 429 or >= 500
                    ? (null, Transient(link, $"answered HTTP {status}"))
                    : (null, Refused(link, $"answered HTTP {status}"));
            }

            using var body = await ResponseBody.ReadAsync(response.Content, _options.MaxLinkedResultBytes, cancellationToken);
            if (body.TooLarge)
            {
                return (null, Refused(link, $"exceeds the limit of {_options.MaxLinkedResultBytes} bytes"));
            }

            var bytes = body.Bytes;
            return (Encoding.UTF8.GetString(bytes.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? bytes[3..] : bytes), null);
        }
        catch (Exception exception) when (BrokenConnection.Is(exception))
        {
            return exception.GetBaseException() is PrivateAddressException
                ? (null, Refused(link, "points into a private network"))
                : (null, Transient(link, "could not be fetched"));
        }
    }

    /// <summary>Connects to public hosts only; looked up once, so that a name cannot change its mind between check and use.</summary>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var endPoint = context.DnsEndPoint;
        var addresses = await names.ResolveAsync(endPoint.Host, cancellationToken);
        var loopback = context.InitialRequestMessage.RequestUri is { } uri && IsAllowedLoopback(uri);
        if (!Array.TrueForAll(addresses, address => PublicAddress.IsPublic(address) || (loopback && IPAddress.IsLoopback(address))))
        {
            throw new PrivateAddressException(endPoint.Host);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, endPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsOwnHost(Uri uri) =>
        uri.Host.Equals(OwnDomain, StringComparison.OrdinalIgnoreCase)
        || uri.Host.EndsWith($".{OwnDomain}", StringComparison.OrdinalIgnoreCase);

    // Without the query: result links are signed.
    private static string Name(Uri link) => link.GetLeftPart(UriPartial.Path);

    private static UpstreamError Refused(Uri link, string why) => new()
    {
        Kind = ErrorKind.Fix,
        Code = "unreadable_result",
        Message = $"The task's result is a link that {why}: {Name(link)}",
    };

    private static UpstreamError Transient(Uri link, string why) => new()
    {
        Kind = ErrorKind.Retry,
        Code = "result_link_unavailable",
        Message = $"The link to the task's result {why}: {Name(link)}",
    };

    private bool IsAllowedLoopback(Uri uri) => _options.AllowLoopbackLinks && uri.IsLoopback;
}

/// <summary>A host has an address that is not public.</summary>
internal sealed class PrivateAddressException(string host) : IOException($"{host} has an address that is not public.");
