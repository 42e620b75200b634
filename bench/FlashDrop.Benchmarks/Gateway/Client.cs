using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;

namespace FlashDrop.Benchmarks.Gateway;

/// <summary>The one client all servers are measured with.</summary>
internal sealed class Client : IDisposable
{
    public const string Call = "v1beta/models/gemini-2.5-flash:generateContent";
    public const string Stream = "v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";

    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None });
    private readonly byte[] _ask = Ask("When does the ferry leave the harbour?");
    private readonly byte[] _askPaced = Ask(StandIn.Paced);
    private readonly byte[] _askLarge = Ask(new string('q', 2_000_000));

    /// <summary>One whole exchange; the bytes of the answer.</summary>
    public async Task<long> ExchangeAsync(Uri server, string path, bool isLarge, int buffer, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(server, path, isLarge ? _askLarge : _ask, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[buffer];
        var (total, read) = (0L, 0);
        while ((read = await body.ReadAsync(bytes, cancellationToken)) > 0)
        {
            total += read;
        }

        return total;
    }

    /// <summary>Begins a stream and leaves after the first bytes.</summary>
    public async Task LeaveAsync(Uri server, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(server, Stream, _askPaced, cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        _ = await body.ReadAsync(new byte[64], cancellationToken);
    }

    /// <summary>By how much the time between two events grew on their way, for each pair of one paced stream, in milliseconds.</summary>
    public async Task<IReadOnlyList<double>> StretchesAsync(Uri server, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(server, Stream, _askPaced, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        List<double> stretches = [];
        var (lastSent, lastSeen) = (0L, 0L);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            var seen = Stopwatch.GetTimestamp();
            var from = line.IndexOf("t=", StringComparison.Ordinal);
            if (from < 0)
            {
                continue;
            }

            var sent = long.Parse(line.AsSpan(from + 2, line.IndexOf(';', from) - from - 2), CultureInfo.InvariantCulture);
            if (lastSent > 0)
            {
                stretches.Add(Math.Max(0, Stopwatch.GetElapsedTime(sent - lastSent, seen - lastSeen).TotalMilliseconds));
            }

            (lastSent, lastSeen) = (sent, seen);
        }

        return stretches;
    }

    /// <summary>What a server says of itself: <c>heap</c> or <c>allocated</c>, in bytes.</summary>
    public async Task<double> ReadAsync(Uri server, string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, path));
        using var response = await _http.SendAsync(request, cancellationToken);
        return double.Parse(await response.Content.ReadAsStringAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    public void Dispose() => _http.Dispose();

    private static byte[] Ask(string text) => Encoding.UTF8.GetBytes(
        $$$"""{"contents":[{"role":"user","parts":[{"text":"{{{text}}}"}]}],"generationConfig":{"temperature":0.2,"maxOutputTokens":1024}}""");

    private async Task<HttpResponseMessage> SendAsync(Uri server, string path, byte[] ask, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, path)) { Content = new ByteArrayContent(ask) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TryAddWithoutValidation("x-goog-api-key", Servers.CallerKey);
        var response = await _http.SendAsync(request, cancellationToken);
        return response.EnsureSuccessStatusCode();
    }
}
