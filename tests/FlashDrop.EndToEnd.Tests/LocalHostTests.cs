using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace FlashDrop.EndToEnd.Tests;

/// <summary>What a newcomer does, from the outside.</summary>
public sealed class LocalHostTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Once_AnswersEverySampleWithTokensAndCost()
    {
        await using var host = LocalHostProcess.Start(_folder.Path, "--once", LocalHostProcess.Samples);
        var code = await host.WaitForEndAsync(TimeSpan.FromMinutes(5));

        Assert.True(code == 0, $"{host.Output}\n{host.Errors}");
        var samples = Directory.GetDirectories(LocalHostProcess.Samples).SelectMany(Directory.GetFiles).ToList();
        Assert.Contains($"{samples.Count} of {samples.Count}", host.Output, StringComparison.Ordinal);
        var envelopes = Directory.GetFiles(_folder["results"], "*.result.json", SearchOption.AllDirectories);
        Assert.Equal(samples.Count, envelopes.Length);
        foreach (var envelope in envelopes)
        {
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(envelope));
            Assert.NotEqual(string.Empty, json.RootElement.GetProperty("answer").GetProperty("text").GetString());
            Assert.True(json.RootElement.GetProperty("usage").GetProperty("promptTokens").GetInt64() > 0);
            Assert.True(json.RootElement.GetProperty("cost").GetProperty("usd").GetDecimal() > 0);
        }
    }

    [Fact]
    public async Task Once_WithAFileNobodyCanRead_NamesItAndEndsWithOne()
    {
        Directory.CreateDirectory(_folder["mine/default"]);
        await File.WriteAllTextAsync(_folder["mine/default/good.txt"], "What is the capital of Norway?");
        await File.WriteAllBytesAsync(_folder["mine/default/empty.jpg"], []);
        await using var host = LocalHostProcess.Start(_folder.Path, "--once", _folder["mine"]);

        var code = await host.WaitForEndAsync(TimeSpan.FromMinutes(5));
        Assert.True(code == 1, $"It ended with {code}: {host.Output}\n{host.Errors}");
        Assert.Equal("Without an answer: default/empty.jpg.", host.Errors.Trim());
        Assert.Contains("1 of 2", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunningHost_AnswersDropsAndRequests_AndGoesOnAfterARestart()
    {
        string key;
        await using (var host = await LocalHostProcess.StartAndWaitAsync(_folder.Path))
        {
            _folder.Drop("default/notes/first.txt", "What is the capital of Norway?"u8);
            await _folder.WaitForAsync("results/default/notes/first.txt.result.json", host);

            using var http = host.CreateClient();
            await AskAsync(http);
            await RefuseAsync(host.Url);
            key = host.Key;
            Assert.Equal(0, await host.StopAsync());
        }

        var first = File.GetLastWriteTimeUtc(_folder["results/default/notes/first.txt.result.json"]);
        await using var again = await LocalHostProcess.StartAndWaitAsync(_folder.Path);
        _folder.Drop("default/second.txt", "And of Denmark?"u8);
        await _folder.WaitForAsync("results/default/second.txt.result.json", again);

        Assert.Equal(key, again.Key);
        Assert.Equal(first, File.GetLastWriteTimeUtc(_folder["results/default/notes/first.txt.result.json"]));
        Assert.DoesNotContain("first.txt", again.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task KilledHost_LeavesAnAzuriteTheNextOneReusesAndEnds()
    {
        await using (var host = await LocalHostProcess.StartAndWaitAsync(_folder.Path))
        {
            await host.KillAsync();
        }

        var azurite = AzuriteProcessId();
        await using var next = await LocalHostProcess.StartAndWaitAsync(_folder.Path);
        Assert.Contains("Reusing the Azurite an earlier run left behind.", next.Output, StringComparison.Ordinal);
        Assert.Equal(azurite, AzuriteProcessId());

        Assert.Equal(0, await next.StopAsync());
        Assert.Throws<ArgumentException>(() => System.Diagnostics.Process.GetProcessById(azurite));
    }

    [Fact]
    public async Task PortInUse_IsOneLineWithTheRemedy()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        Assert.Equal(
            $"Port {port} is in use by another program. Choose another one with --port, or --port 0 for any free one.",
            await FailAsync("--port", $"{port}"));
    }

    [Fact]
    public async Task StorageOutOfReach_IsOneLineWithTheRemedy()
    {
        const string Nowhere =
            "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a;QueueEndpoint=http://127.0.0.1:9/a;TableEndpoint=http://127.0.0.1:9/a;";
        var error = await FailAsync("--port", "0", "--set", $"AzureWebJobsStorage={Nowhere}", "--set", "FlashDrop:Storage:MaxRetries=0");

        Assert.StartsWith("The storage at http://127.0.0.1:9 cannot be used:", error, StringComparison.Ordinal);
        Assert.EndsWith("or remove that setting to use a local Azurite.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WrongSetting_IsOneLineThatQuotesIt() => Assert.Contains(
        "FlashDrop:Gateway:MaxRequestBytes is 1:", await FailAsync("--port", "0", "--set", "FlashDrop:Gateway:MaxRequestBytes=1"), StringComparison.Ordinal);

    [Fact]
    public async Task WrongSchedule_IsOneLineWithTheRemedy()
    {
        var error = await FailAsync("--port", "0", "--set", "PollTasksSchedule=often");
        Assert.StartsWith("'often' is not a schedule.", error, StringComparison.Ordinal);
    }

    private static async Task AskAsync(HttpClient http)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/jobs") { Content = JsonContent.Create(new { prompt = "Say hello." }) };
        request.Headers.Add("Prefer", "wait=30");
        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();

        Assert.True(response.StatusCode == HttpStatusCode.OK, body);
        using var job = JsonDocument.Parse(body);
        Assert.Equal("Succeeded", job.RootElement.GetProperty("state").GetString());
        using var answer = await http.GetAsync($"api/jobs/{job.RootElement.GetProperty("id").GetString()}/result?format=text");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.NotEqual(string.Empty, await answer.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("health/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("openapi.json")).StatusCode);
    }

    private static async Task RefuseAsync(Uri url)
    {
        using var stranger = new HttpClient { BaseAddress = url };
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("api/jobs")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await stranger.GetAsync("health/live")).StatusCode);
    }

    private int AzuriteProcessId()
    {
        using var state = JsonDocument.Parse(File.ReadAllText(_folder[".local/azurite.json"]));
        return state.RootElement.GetProperty("ProcessId").GetInt32();
    }

    private async Task<string> FailAsync(params string[] arguments)
    {
        await using var host = LocalHostProcess.Start(_folder.Path, arguments);
        Assert.Equal(2, await host.WaitForEndAsync(TimeSpan.FromMinutes(4)));
        return host.Errors.Trim();
    }
}
