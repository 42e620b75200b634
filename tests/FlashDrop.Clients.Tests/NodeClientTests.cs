using System.Diagnostics;
using System.Text.Json;
using FlashDrop.Gateway.Tests.DropIn;
using FlashDrop.Simulator.Faults;

namespace FlashDrop.Clients.Tests;

/// <summary>The official Node clients, unmodified, in a process of their own. Their packages are installed once, from the lock file.</summary>
public sealed class NodeClientTests
{
    private static readonly string Scripts = Path.Combine(AppContext.BaseDirectory, "Scripts");

    [Theory]
    [InlineData("openai.mjs", "APIError")]
    [InlineData("genai.mjs", "ApiError")]
    public async Task Client_WorksByChangingItsBaseUrl(string script, string brokenAs)
    {
        await using var host = await DropInHost.StartAsync(
            DropInHost.Fast(),
            new FaultRule { Match = new FaultMatch { Contains = "BREAK_MIDWAY" }, Action = new FaultAction { CutAfterChunks = 2, Cut = CutKind.Close, ChunkDelayMs = 50 } },
            new FaultRule { Match = new FaultMatch { Contains = "SLOWLY" }, Action = new FaultAction { ChunkDelayMs = 150 } });
        await InstallAsync();

        var seen = JsonDocument.Parse(await RunAsync("node", script, host.Address.ToString(), DropInHost.Key, Path.Combine(AppContext.BaseDirectory, "Media"))).RootElement;

        foreach (var answered in new[] { "text", "image", "audio", "streamed", "large", "largeAudio" })
        {
            Assert.NotEmpty(seen.GetProperty(answered).GetString()!);
        }

        Assert.True(seen.GetProperty("audioTokens").GetInt64() > 0);
        Assert.Equal("find_order", seen.GetProperty("tool").GetString());
        Assert.Equal(JsonValueKind.Number, seen.GetProperty("structured").GetProperty("masts").ValueKind);
        Assert.True(seen.GetProperty("streamUsage").GetInt64() > 0);
        Assert.Equal(404, seen.GetProperty("unknown").GetProperty("status").GetInt32());
        Assert.Equal(401, seen.GetProperty("unauthorized").GetProperty("status").GetInt32());
        Assert.True(seen.GetProperty("brokenChunks").GetInt32() > 0);
        Assert.Equal(brokenAs, seen.GetProperty("broken").GetString());
        Assert.True(seen.GetProperty("aborted").GetBoolean());
        for (var i = 0; i < 500 && !host.Upstream.Requests[^1].ClientDisconnected; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.True(host.Upstream.Requests[^1].ClientDisconnected);
    }

    [Fact]
    public async Task ReadmesExamples_Work()
    {
        await using var host = await DropInHost.StartAsync();
        await InstallAsync();
        var readme = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "README.md"), TestContext.Current.CancellationToken);
        string[] examples = [.. readme.Split("```js\n").Skip(1).Select(rest => rest.Split("```")[0])];

        Assert.Equal(2, examples.Length);
        foreach (var example in examples)
        {
            // In three lines each, as promised.
            Assert.Equal(3, example.Trim().Split('\n').Length);
            var script = Path.Combine(Scripts, $"readme-{Guid.NewGuid():N}.mjs");
            await File.WriteAllTextAsync(
                script,
                example.Replace("http://localhost:7071", host.Address.ToString().TrimEnd('/'), StringComparison.Ordinal).Replace("process.env.FLASHDROP_KEY", $"'{DropInHost.Key}'", StringComparison.Ordinal),
                TestContext.Current.CancellationToken);
            Assert.NotEmpty((await RunAsync("node", script)).Trim());
        }

        Assert.Equal(2, host.Asked.Count);
    }

    private static async Task InstallAsync()
    {
        if (!Directory.Exists(Path.Combine(Scripts, "node_modules", "openai")))
        {
            await RunAsync("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        }
    }

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Scripts, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(4));
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
            await process.WaitForExitAsync(patience.Token);
            Assert.True(process.ExitCode == 0, await errors);
            return await output;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}
