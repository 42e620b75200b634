using System.Net;
using System.Net.Sockets;
using System.Text;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Keys;
using FlashDrop.Testing.Upstream;
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

    /// <summary>The system's own resolver.</summary>
    [Fact]
    public async Task LinkToANameWithoutPublicAddress_IsRefusedWhenConnecting()
    {
        using var upstream = new Listener();
        await using var services = Services(upstream.Port);
        var serving = upstream.ServeAsync(TaskWith("https://localhost:1/result.json"));

        var reading = await ReadAsync(services);

        await serving;
        AssertRefused(reading, "points into a private network", "https://localhost:1/result.json");
    }

    [Theory]
    [InlineData("10.0.0.8")]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("168.63.129.16")]
    [InlineData("::1")]
    [InlineData("fd00::1")]
    [InlineData("::ffff:10.0.0.8")]
    [InlineData("93.184.215.14", "10.0.0.8")]
    [InlineData("fe80::1", "93.184.215.14")]
    public async Task LinkToANameThatPointsInward_IsRefused_WhateverElseItHas(params string[] addresses)
    {
        var names = new FakeHostNames().Has("files.example.com", addresses);
        using var upstream = new Listener();

        // Where loopback is allowed, it is allowed by its own names only.
        await using var services = Services(upstream.Port, names, allowLoopback: true);
        var serving = upstream.ServeAsync(TaskWith($"https://files.example.com:{upstream.Port}/result.json"));

        var reading = await ReadAsync(services);

        await serving;
        AssertRefused(reading, "points into a private network", $"https://files.example.com:{upstream.Port}/result.json");
        Assert.False(upstream.HasMore);
    }

    [Fact]
    public async Task LinkToAnUnknownName_IsFetchedLater()
    {
        var names = new FakeHostNames().Misses("files.example.com");
        using var upstream = new Listener();
        await using var services = Services(upstream.Port, names);
        var serving = upstream.ServeAsync(TaskWith("https://files.example.com/result.json?sig=abc"));

        var reading = await ReadAsync(services);

        await serving;
        var error = Assert.IsType<TaskReading.Unknown>(reading).Error;
        Assert.Equal(
            ("result_link_unavailable", ErrorKind.Retry, "The link to the task's result could not be fetched: https://files.example.com/result.json"),
            (error.Code, error.Kind, error.Message));
    }

    [Fact]
    public async Task LinkNobodyAnswersAt_IsFetchedLater()
    {
        int port;
        using (var gone = new Listener())
        {
            port = gone.Port;
        }

        await using var services = Services(port, allowLoopback: true);

        var (text, error) = await services.GetRequiredService<LinkedResults>().FetchAsync(new Uri($"http://127.0.0.1:{port}/result.json"), TestContext.Current.CancellationToken);

        Assert.Null(text);
        Assert.Equal(
            new UpstreamError { Kind = ErrorKind.Retry, Code = "result_link_unavailable", Message = $"The link to the task's result could not be fetched: http://127.0.0.1:{port}/result.json" },
            error);
    }

    /// <summary>The system knows the name under another address: only what was looked up, checked and kept finds the listener.</summary>
    [Fact]
    public async Task NameThatChangesItsMind_IsConnectedToAtTheAddressThatWasChecked_AndCheckedAgainNextTime()
    {
        // macOS has one loopback address only.
        var address = OperatingSystem.IsMacOS() ? "127.0.0.1" : "127.0.0.2";
        var names = new FakeHostNames().Has("localhost", changing: true, address, "10.0.0.8");
        using var upstream = new Listener();
        using var files = new Listener(address);
        await using var services = Services(upstream.Port, names, allowLoopback: true);
        var link = $"http://localhost:{files.Port}/result.json";
        var serving = Task.WhenAll(upstream.ServeAsync(TaskWith(link), TaskWith(link)), files.ServeAsync(Ok(Fixtures.Native)));

        var first = await ReadAsync(services);
        Assert.Equal(["localhost"], names.Asked);
        var second = await ReadAsync(services);

        await serving;
        Assert.IsType<TaskReading.Completed>(first);
        AssertRefused(second, "points into a private network", link);
        Assert.Equal(["localhost", "localhost"], names.Asked);
        Assert.False(files.HasMore);
    }

    [Theory]
    [InlineData(301, "http://127.0.0.1:{0}/second.json")]
    [InlineData(302, "http://127.0.0.1:{0}/second.json")]
    [InlineData(303, "/second.json")]
    [InlineData(307, "http://169.254.169.254/latest/meta-data")]
    [InlineData(308, "https://files.evolink.ai/second.json")]
    [InlineData(300, "http://127.0.0.1:{0}/result.json")]
    [InlineData(304, "http://10.0.0.8/")]
    public async Task LinkThatRedirects_IsRefusedAndNotFollowed(int status, string location)
    {
        using var upstream = new Listener();
        await using var services = Services(upstream.Port, allowLoopback: true);
        var link = $"http://127.0.0.1:{upstream.Port}/result.json";
        var serving = upstream.ServeAsync(
            TaskWith($"{link}?sig=abc"), $"HTTP/1.1 {status} Elsewhere\r\nLocation: {location.Replace("{0}", $"{upstream.Port}", StringComparison.Ordinal)}\r\nContent-Length: 0\r\n\r\n");

        var reading = await ReadAsync(services);

        await serving;
        AssertRefused(reading, "redirects", link);
        Assert.False(upstream.HasMore);
    }

    private static Task<TaskReading> ReadAsync(ServiceProvider services) =>
        services.GetRequiredService<IEvoLinkClient>().ReadJsonTaskAsync("t1", TestContext.Current.CancellationToken);

    private static void AssertRefused(TaskReading reading, string why, string link)
    {
        var error = Assert.IsType<TaskReading.Failed>(reading).Error;
        Assert.Equal(
            ("unreadable_result", ErrorKind.Fix, $"The task's result is a link that {why}: {link}"), (error.Code, error.Kind, error.Message));
    }

    private static string TaskWith(string link) => Ok($$"""{"id":"t1","status":"completed","results":["{{link}}"]}""");

    private static string Ok(string body) => $"HTTP/1.1 200 OK\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}";

    private static async Task<(SubmitOutcome Outcome, string Received)> Submit(UpstreamRequest request, string? answer)
    {
        using var upstream = new Listener();
        await using var services = Services(upstream.Port);
        var serving = upstream.ServeAsync(answer);
        var outcome = await services.GetRequiredService<IEvoLinkClient>().SubmitAsync(request, TestContext.Current.CancellationToken);
        return (outcome, Assert.Single(await serving));
    }

    private static UpstreamRequest WithMedia(byte[] bytes, long announced) => new()
    {
        Tier = Tier.Standard,
        Body = new GenerateContentRequest
        {
            Contents = [Content.User(new Part { Media = new MediaSource("image/png", announced, _ => Task.FromResult<Stream>(new MemoryStream(bytes))) })],
        },
    };

    private static ServiceProvider Services(int port, FakeHostNames? names = null, bool allowLoopback = false)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IKeyRing>(new FakeKeyRing(Upstream.Secret));
        if (names is not null)
        {
            services.AddSingleton<IHostNames>(names);
        }

        services.AddEvoLink(new ConfigurationBuilder().AddInMemoryCollection(
        [
            KeyValuePair.Create("FlashDrop:Upstream:GenerateBaseUrl", (string?)$"http://127.0.0.1:{port}"),
            KeyValuePair.Create("FlashDrop:Upstream:TasksBaseUrl", (string?)$"http://127.0.0.1:{port}"),
            KeyValuePair.Create("FlashDrop:Upstream:AllowLoopbackLinks", (string?)$"{allowLoopback}"),
            KeyValuePair.Create("FlashDrop:Upstream:Resilience:Submit:BaseDelay", (string?)"00:00:00.001"),
            KeyValuePair.Create("FlashDrop:Upstream:Resilience:Submit:AttemptTimeout", (string?)"00:00:10"),
        ]).Build());
        return services.BuildServiceProvider();
    }
}
