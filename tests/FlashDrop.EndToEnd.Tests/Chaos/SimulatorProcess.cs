using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using FlashDrop.Simulator.Recording;

namespace FlashDrop.EndToEnd.Tests.Chaos;

/// <summary>The simulator as a process of its own, which outlives the hosts that are killed. Disposing ends it.</summary>
internal sealed partial class SimulatorProcess : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly Process _process;
    private readonly HttpClient _http;

    private SimulatorProcess(Process process, Uri url)
    {
        _process = process;
        Url = url;
        _http = new HttpClient { BaseAddress = url };
    }

    /// <summary>Where it serves.</summary>
    public Uri Url { get; }

    /// <summary>Starts it on a free port.</summary>
    /// <param name="faults">Its rules, a JSON array.</param>
    /// <param name="folder">Where the rules are kept.</param>
    /// <param name="seed">Its seed.</param>
    public static async Task<SimulatorProcess> StartAsync(string faults, string folder, int seed)
    {
        var rules = Path.Combine(folder, "faults.json");
        await File.WriteAllTextAsync(rules, faults);
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "dotnet", [LocalHostProcess.PathOf("Simulator"), "--port", "0", "--seed", $"{seed}", "--faults", rules])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            },
        };
        process.Start();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1), TimeProvider.System);
        var line = await process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("The simulator did not start.");
        return new SimulatorProcess(process, new Uri(UrlInLine().Match(line).Value));
    }

    /// <summary>What it saw.</summary>
    public async Task<IReadOnlyList<RequestRecord>> RequestsAsync() => (await _http.GetFromJsonAsync<List<RequestRecord>>("control/log", Json))!;

    /// <summary>What it charged.</summary>
    public async Task<UsageReport> UsageAsync() => (await _http.GetFromJsonAsync<UsageReport>("control/usage", Json))!;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+", RegexOptions.CultureInvariant)]
    private static partial Regex UrlInLine();
}
