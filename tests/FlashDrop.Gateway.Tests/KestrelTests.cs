using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Hosting;

namespace FlashDrop.Gateway.Tests;

/// <summary>What only a real server shows, over loopback.</summary>
public sealed class KestrelTests
{
    private static readonly string Head =
        $"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nx-api-key: {GatewayHost.AliceKey}\r\n";

    [Fact]
    public async Task StatedLengthBeyondTheLimit_IsAnsweredWithoutTheBody()
    {
        await using var host = await StartAsync();

        var answer = await ExchangeAsync(host, $"{Head}Content-Length: 999999999\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"payload_too_large\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ChunkedBodyBeyondTheServersOwnLimit_IsTakenUpToOurs()
    {
        // The server's limit is 100 bytes, ours 25 MiB.
        await using var host = await StartAsync();
        var body = $$"""{"prompt":"{{new string('x', 5000)}}"}""";

        var answer = await ExchangeAsync(host, $"{Head}Transfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 202 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task BrokenChunk_Is400()
    {
        await using var host = await StartAsync();

        var answer = await ExchangeAsync(host, $"{Head}Transfer-Encoding: chunked\r\n\r\nzz\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"invalid_body\"", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/jobs/%00", 400)]
    [InlineData("/api/jobs/../../etc/passwd", 404)]
    [InlineData("/api/jobs/%2e%2e/%2e%2e/etc", 404)]
    [InlineData("//api/jobs", 404)]
    [InlineData("http://169.254.169.254/latest/meta-data", 400)]
    public async Task PathThatLeavesTheApi_FindsNothing(string path, int status)
    {
        await using var host = await StartAsync();

        var answer = await ExchangeAsync(host, $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nx-api-key: {GatewayHost.AliceKey}\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 2\r\nContent-Length: 3")]
    [InlineData("Content-Length: -1")]
    [InlineData("Content-Length: 2\r\nTransfer-Encoding: chunked, identity")]
    [InlineData("X-Long: LONG")]
    [InlineData("Bad Header: x\r\nContent-Length: 2")]
    public async Task HeadersThatContradictOrOverflow_AreRefused_AndNothingIsAccepted(string headers)
    {
        await using var host = await StartAsync();

        var answer = await ExchangeAsync(host, $"{Head}{headers.Replace("LONG", new string('x', 100_000), StringComparison.Ordinal)}\r\n\r\n{{}}");

        Assert.Matches("^HTTP/1.1 4(00|31) ", answer);
        Assert.Empty(host.Jobs.Accepted);
    }

    [Fact]
    public async Task EmptyIdempotencyKey_Is400()
    {
        await using var host = await StartAsync();

        var answer = await ExchangeAsync(host, $"{Head}Idempotency-Key:\r\nContent-Length: 2\r\n\r\n{{}}");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("\"field\":\"header.Idempotency-Key\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientThatLeavesWhileItWaits_IsNoFailure()
    {
        await using var host = await StartAsync();
        const string body = """{"prompt":"x"}""";
        using (var client = await ConnectAsync(host))
        {
            await SendAsync(client, $"{Head}Prefer: wait=30\r\nContent-Length: {body.Length}\r\n\r\n{body}");
            while (host.Jobs.Finds == 0)
            {
                await GatewayHost.Settle();
            }
        }

        // The server notices the closed connection by itself; then the wait is over and nothing was logged as an error.
        for (var i = 0; i < 4000 && !host.Logs.Lines.Any(Finished); i++)
        {
            await GatewayHost.Settle();
        }

        Assert.Contains(host.Logs.Lines, Finished);
        Assert.DoesNotContain(host.Logs.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));

        static bool Finished(string line) => line.Contains("Request finished", StringComparison.Ordinal);
    }

    private static Task<GatewayHost> StartAsync() => GatewayHost.StartAsync(server: web => web
        .UseKestrelCore()
        .ConfigureKestrel(options => options.Limits.MaxRequestBodySize = 100)
        .UseUrls("http://127.0.0.1:0"));

    private static async Task<TcpClient> ConnectAsync(GatewayHost host)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", host.Address.Port, TestContext.Current.CancellationToken);
        return client;
    }

    private static ValueTask SendAsync(TcpClient client, string text) =>
        client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);

    private static async Task<string> ExchangeAsync(GatewayHost host, string request)
    {
        using var client = await ConnectAsync(host);
        await SendAsync(client, request);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        return await reader.ReadToEndAsync(limit.Token);
    }
}
