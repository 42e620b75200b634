using System.Net;
using System.Net.Sockets;
using System.Text;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Keys;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.EvoLink.Tests;

/// <summary>What only real sockets show: how the HTTP stack reports its failures.</summary>
public sealed class SocketTests
{
    [Fact]
    public async Task RefusedConnection_IsToldFromALostAnswer()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        await using var services = Services(port);

        var outcome = await services.GetRequiredService<IEvoLinkClient>().SubmitAsync(Upstream.Ask(), TestContext.Current.CancellationToken);

        Assert.Equal("connection_failed", Assert.IsType<SubmitOutcome.Failed>(outcome).Error.Code);
    }

    [Fact]
    public async Task ConnectionClosedAfterTheRequest_IsALostAnswer()
    {
        var (outcome, received) = await Submit(Upstream.Ask(), answer: null);

        Assert.Equal("connection_failed", Assert.IsType<SubmitOutcome.Unanswered>(outcome).Error.Code);
        Assert.Contains("Hello", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Media_ArrivesWithItsContentLength()
    {
        var bytes = Enumerable.Range(0, 5_000).Select(number => (byte)number).ToArray();
        var (outcome, received) = await Submit(WithMedia(bytes, bytes.Length), $"HTTP/1.1 200 OK\r\nContent-Length: {Fixtures.Native.Length}\r\n\r\n{Fixtures.Native}");

        Assert.IsType<SubmitOutcome.Answered>(outcome);
        var body = received[(received.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
        Assert.Contains(Convert.ToBase64String(bytes), body, StringComparison.Ordinal);
        Assert.Contains($"Content-Length: {body.Length}\r\n", received, StringComparison.Ordinal);
        Assert.DoesNotContain("Transfer-Encoding", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MediaShorterThanAnnounced_IsNamedAndNotCalledALostAnswer()
    {
        var (outcome, _) = await Submit(WithMedia(new byte[10], 100_000), answer: null);

        Assert.Equal("media_length_mismatch", Assert.IsType<SubmitOutcome.Failed>(outcome).Error.Code);
    }

    [Fact]
    public async Task LinkToANameWithoutPublicAddress_IsRefusedWhenConnecting()
    {
        const string Task = """{"id":"t1","status":"completed","results":["https://localhost:1/result.json"]}""";
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var services = Services(((IPEndPoint)listener.LocalEndpoint).Port);
        var serving = Serve(listener, $"HTTP/1.1 200 OK\r\nContent-Length: {Task.Length}\r\n\r\n{Task}");

        var reading = await services.GetRequiredService<IEvoLinkClient>().ReadJsonTaskAsync("t1", TestContext.Current.CancellationToken);

        await serving;
        var error = Assert.IsType<TaskReading.Failed>(reading).Error;
        Assert.Equal(("unreadable_result", ErrorKind.Fix), (error.Code, error.Kind));
        Assert.Contains("private network", error.Message, StringComparison.Ordinal);
    }

    private static async Task<(SubmitOutcome Outcome, string Received)> Submit(UpstreamRequest request, string? answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var services = Services(((IPEndPoint)listener.LocalEndpoint).Port);
        var serving = Serve(listener, answer);
        var outcome = await services.GetRequiredService<IEvoLinkClient>().SubmitAsync(request, TestContext.Current.CancellationToken);
        return (outcome, await serving);
    }

    /// <summary>Takes one connection, reads one request, gives the answer if there is one, and closes.</summary>
    private static async Task<string> Serve(TcpListener listener, string? answer)
    {
        var token = TestContext.Current.CancellationToken;
        using var client = await listener.AcceptTcpClientAsync(token);
        await using var stream = client.GetStream();
        var received = new StringBuilder();
        var buffer = new byte[64 * 1024];
        while (!IsWhole(received.ToString()))
        {
            var read = await stream.ReadAsync(buffer, token);
            if (read == 0)
            {
                break;
            }

            received.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        if (answer is not null)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), token);
        }

        return received.ToString();
    }

    private static bool IsWhole(string received)
    {
        var head = received.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0)
        {
            return false;
        }

        const string Header = "Content-Length: ";
        var start = received.IndexOf(Header, StringComparison.Ordinal);
        return start < 0 || start > head
            || received.Length - head - 4 >= int.Parse(received.AsSpan(start + Header.Length, received.IndexOf('\r', start) - start - Header.Length));
    }

    private static UpstreamRequest WithMedia(byte[] bytes, long announced) => new()
    {
        Tier = Tier.Standard,
        Body = new GenerateContentRequest
        {
            Contents = [Content.User(new Part { Media = new MediaSource("image/png", announced, _ => Task.FromResult<Stream>(new MemoryStream(bytes))) })],
        },
    };

    private static ServiceProvider Services(int port)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IKeyRing>(new FakeKeyRing(Upstream.Secret));
        services.AddEvoLink(new ConfigurationBuilder().AddInMemoryCollection(
        [
            KeyValuePair.Create("FlashDrop:Upstream:GenerateBaseUrl", (string?)$"http://127.0.0.1:{port}"),
            KeyValuePair.Create("FlashDrop:Upstream:TasksBaseUrl", (string?)$"http://127.0.0.1:{port}"),
            KeyValuePair.Create("FlashDrop:Upstream:Resilience:Submit:BaseDelay", (string?)"00:00:00.001"),
            KeyValuePair.Create("FlashDrop:Upstream:Resilience:Submit:AttemptTimeout", (string?)"00:00:10"),
        ]).Build());
        return services.BuildServiceProvider();
    }
}
