using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace FlashDrop.EndToEnd.Tests;

/// <summary>LocalHost as a process of its own, in a work folder of its own, on free ports. Disposing ends it and what it started.</summary>
internal sealed partial class LocalHostProcess : IAsyncDisposable
{
    private const int Terminate = 15;

    /// <summary>Fetching Azurite the first time takes a while.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _errors = new();

    private LocalHostProcess(Process process) => _process = process;

    /// <summary>The folder with one sub-folder of sample files per profile.</summary>
    public static string Samples => PathOf("Samples");

    public string Output => string.Join('\n', _output);

    public string Errors => string.Join('\n', _errors);

    /// <summary>Base URL of the HTTP API, as the host printed it.</summary>
    public Uri Url => new(UrlLine().Match(Output).Groups["url"].Value);

    /// <summary>The development key, as the host printed it.</summary>
    public string Key => KeyLine().Match(Output).Groups["key"].Value;

    /// <summary>Starts the host without waiting.</summary>
    public static LocalHostProcess Start(string workFolder, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("dotnet", [PathOf("LocalHost"), "--work-folder", workFolder, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workFolder,
        };

        // The tests' own surroundings must not configure the host.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("FlashDrop", StringComparison.OrdinalIgnoreCase) || name == "AzureWebJobsStorage").ToList())
        {
            start.Environment.Remove(name);
        }

        var process = new Process { StartInfo = start };
        var host = new LocalHostProcess(process);
        process.OutputDataReceived += (_, line) => Add(host._output, line.Data);
        process.ErrorDataReceived += (_, line) => Add(host._errors, line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Starts the host on a free port and waits until it serves.</summary>
    public static async Task<LocalHostProcess> StartAndWaitAsync(string workFolder, params IEnumerable<string> arguments)
    {
        var host = Start(workFolder, ["--port", "0", .. arguments]);
        try
        {
            await host.WaitForAsync("prefer: wait=30", StartTimeout);
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client of the HTTP API that sends the development key.</summary>
    public HttpClient CreateClient()
    {
        var http = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromSeconds(90) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        return http;
    }

    /// <summary>Waits until the host has printed a text.</summary>
    public Task WaitForAsync(string text, TimeSpan timeout) => Eventually.TrueAsync(
        () => Output.Contains(text, StringComparison.Ordinal) || (_process.HasExited ? throw new InvalidOperationException($"It ended.\n{Errors}") : false),
        timeout,
        () => $"LocalHost did not print '{text}'.\n{Output}\n{Errors}");

    /// <summary>Waits until the host ends by itself.</summary>
    public async Task<int> WaitForEndAsync(TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout, TimeProvider.System);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    /// <summary>Asks the host to end, as a service manager does.</summary>
    public async Task<int> StopAsync()
    {
        _ = Signal(_process.Id, Terminate);
        return await WaitForEndAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>Ends the host at once (SIGKILL), without what it started: a crash.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: false);
        await WaitForEndAsync(TimeSpan.FromSeconds(30));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Signal(_process.Id, Terminate);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private static void Add(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }

    /// <summary>A path the build left in the assembly.</summary>
    public static string PathOf(string key) => Path.GetFullPath(
        typeof(LocalHostProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == key).Value!);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int processId, int signal);

    [GeneratedRegex(@"HTTP API\s+(?<url>http://127\.0\.0\.1:\d+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex UrlLine();

    [GeneratedRegex(@"API key\s+(?<key>fd_\S+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex KeyLine();
}
