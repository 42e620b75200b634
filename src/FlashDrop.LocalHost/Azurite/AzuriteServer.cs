using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace FlashDrop.LocalHost.Azurite;

/// <summary>
/// A running Azurite: an <c>azurite</c> on the path, else the pinned version by <c>npx</c>. Disposing ends it, by its own process id.
/// One that outlived a killed host is found again by its state file, and reused.
/// </summary>
internal sealed class AzuriteServer : IAsyncDisposable
{
    private const int Interrupt = 2;
    private const int MostLaunches = 3;
    private const int Services = 3;

    /// <summary>What Azurite writes once for each service.</summary>
    private const string ListeningMark = "successfully listening";

    /// <summary>Node's code for a port somebody listens on.</summary>
    private const string PortTakenMark = "EADDRINUSE";

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
    /// <summary>Start times are computed from the time since boot and differ a little from reader to reader.</summary>
    private static readonly TimeSpan StartTolerance = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200);

    private readonly Process _process;
    private readonly AzuriteOptions _options;
    private readonly TimeProvider _time;

    private AzuriteServer(Process process, AzuritePorts ports, AzuriteOptions options, TimeProvider time)
    {
        _process = process;
        _options = options;
        _time = time;
        Ports = ports;
    }

    /// <summary>Where it listens.</summary>
    public AzuritePorts Ports { get; }

    /// <summary>Its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Starts Azurite, or finds the one an earlier host left behind, and waits until it answers.</summary>
    /// <exception cref="LocalHostException">It cannot be started; the message names the remedy.</exception>
    public static async Task<AzuriteServer> StartAsync(AzuriteOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await FindLeftOverAsync(options, time, cancellationToken) is { } leftOver)
        {
            options.Say("Reusing the Azurite an earlier run left behind.");
            return leftOver;
        }

        var command = await LocateAsync(options, time, cancellationToken);
        var server = await LaunchOnFreePortsAsync(command, options, time, cancellationToken);
        if (options.StatePath is not null)
        {
            StateFile.Write(options.StatePath, new AzuriteState(server.ProcessId, StartOf(server._process), server.Ports), AzuriteJson.Default.AzuriteState);
        }

        return server;
    }

    /// <summary>Waits until it ends by itself.</summary>
    public async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);

        // Ctrl+C on a terminal reaches it at the same moment as this host: that is no end by itself.
        await Task.Delay(TimeSpan.FromSeconds(1), _time, cancellationToken);
    }

    /// <summary>Ends it: politely, so that it writes its data, then by force.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            if (OperatingSystem.IsWindows() || Signal(_process.Id, Interrupt) != 0)
            {
                _process.Kill(entireProcessTree: true);
            }

            using var timeout = new CancellationTokenSource(StopTimeout, _time);
            try
            {
                await _process.WaitForExitAsync(timeout.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
        if (_options.StatePath is not null)
        {
            File.Delete(_options.StatePath);
        }
    }

    private static async Task<AzuriteServer?> FindLeftOverAsync(AzuriteOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.StatePath is null || StateFile.Read(options.StatePath, AzuriteJson.Default.AzuriteState) is not { } state)
        {
            return null;
        }

        Process process;
        try
        {
            process = Process.GetProcessById(state.ProcessId);
        }
        catch (ArgumentException)
        {
            return null;
        }

        // Ids are used again: the start time tells whether it is the same process.
        if ((StartOf(process) - state.StartedAt).Duration() < StartTolerance && await AnswersAsync(state.Ports, cancellationToken))
        {
            return new AzuriteServer(process, state.Ports, options, time);
        }

        process.Dispose();
        return null;
    }

    /// <summary>The command that runs Azurite as one process, without a wrapper that would swallow signals.</summary>
    private static async Task<IReadOnlyList<string>> LocateAsync(AzuriteOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        const string Remedy = "Install Node.js 20 or later, or set AzureWebJobsStorage to a storage account.";
        if (Executables.Find("node", options.SearchPath) is not { } node)
        {
            throw new LocalHostException("Local storage (Azurite) needs Node.js, and no 'node' is on the PATH.", Remedy);
        }

        if (Executables.Find("azurite", options.SearchPath) is { } installed)
        {
            return [installed];
        }

        if (Executables.Find("npx", options.SearchPath) is not { } npx)
        {
            throw new LocalHostException("Local storage (Azurite) needs 'azurite' or 'npx', and neither is on the PATH.", Remedy);
        }

        options.Say($"Fetching Azurite {AzuriteOptions.PinnedVersion} with npx unless it is cached; the first time takes a minute.");
        var script = Path.Combine(options.ToolFolder, "find-azurite.cjs");
        Directory.CreateDirectory(options.ToolFolder);
        await File.WriteAllTextAsync(script, FindScript, cancellationToken);
        var output = new LastLines();
        using var process = Launch(npx, ["--yes", "--package", $"azurite@{AzuriteOptions.PinnedVersion}", "--", "node", script], output);
        using var timeout = new CancellationTokenSource(options.FetchTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new LocalHostException($"npx did not fetch Azurite within {options.FetchTimeout:c}.", "Try again, or 'npm install -g azurite'.");
        }

        return process.ExitCode == 0 && output.Find(FoundMark) is { } found
            ? [node, found]
            : throw new LocalHostException(
                $"npx could not fetch Azurite: {output}", "Check the network, or 'npm install -g azurite', or set AzureWebJobsStorage.");
    }

    /// <summary>A port that was free a moment ago may be somebody else's by the time Azurite listens; it chooses again then.</summary>
    private static async Task<AzuriteServer> LaunchOnFreePortsAsync(
        IReadOnlyList<string> command, AzuriteOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        for (var launches = 1; ; launches++)
        {
            var ports = ChoosePorts(options);
            var output = new LastLines();
            var server = new AzuriteServer(Launch(command[0], command.Skip(1).Concat(Arguments(options, ports)), output), ports, options, time);
            try
            {
                await server.WaitUntilReadyAsync(output, cancellationToken);
                return server;
            }
            catch (LocalHostException) when (launches < MostLaunches && output.Count(PortTakenMark) > 0)
            {
                await server.DisposeAsync();
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    private static AzuritePorts ChoosePorts(AzuriteOptions options)
    {
        if (options.Ports is { } wanted)
        {
            var taken = ((int[])[wanted.Blob, wanted.Queue, wanted.Table]).Where(port => !LoopbackPorts.IsFree(port)).ToList();
            if (taken.Count == 0)
            {
                return wanted;
            }

            options.Say($"Port {string.Join(", ", taken)} is in use by another program; Azurite uses free ports.");
        }

        var free = LoopbackPorts.FindFree(3);
        return new AzuritePorts(free[0], free[1], free[2]);
    }

    private static IEnumerable<string> Arguments(AzuriteOptions options, AzuritePorts ports)
    {
        string[] data = options.DataFolder is { } folder ? ["--location", folder] : ["--inMemoryPersistence"];
        return
        [
            "--silent", "--skipApiVersionCheck", "--disableTelemetry", .. data,
            "--blobHost", "127.0.0.1", "--blobPort", $"{ports.Blob}",
            "--queueHost", "127.0.0.1", "--queuePort", $"{ports.Queue}",
            "--tableHost", "127.0.0.1", "--tablePort", $"{ports.Table}",
        ];
    }

    private static Process Launch(string program, IEnumerable<string> arguments, LastLines output)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => output.Add(line.Data);
        process.ErrorDataReceived += (_, line) => output.Add(line.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception exception)
        {
            process.Dispose();
            throw new LocalHostException($"{program} does not start: {exception.Message}.", "Install Node.js 20 or later again.", exception);
        }

        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        return process;
    }

    private async Task WaitUntilReadyAsync(LastLines output, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();

        // An answer alone may be another Azurite's that was faster: this one has to say that it listens, too.
        while (output.Count(ListeningMark) < Services || !await AnswersAsync(Ports, cancellationToken))
        {
            if (_process.HasExited)
            {
                // Until its last words are read.
                await _process.WaitForExitAsync(cancellationToken);
                throw new LocalHostException(
                    $"Azurite ended at once with code {_process.ExitCode}: {output}",
                    "Check that Node.js is version 20 or later, or set AzureWebJobsStorage to a storage account.");
            }

            if (_time.GetElapsedTime(started) > _options.StartTimeout)
            {
                throw new LocalHostException(
                    $"Azurite did not answer within {_options.StartTimeout.TotalSeconds:0} s: {output}", "Try again, or run 'azurite' by hand to see why.");
            }

            await Task.Delay(LookInterval, _time, cancellationToken);
        }
    }

    /// <summary>Whether all three services answer, and are Azurite's.</summary>
    private static async Task<bool> AnswersAsync(AzuritePorts ports, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        foreach (var port in (int[])[ports.Blob, ports.Queue, ports.Table])
        {
            try
            {
                using var response = await http.GetAsync($"{AzuritePorts.Endpoint(port)}?comp=list", cancellationToken);
                if (!response.Headers.Server.ToString().StartsWith("Azurite-", StringComparison.Ordinal))
                {
                    return false;
                }
            }
            catch (Exception exception) when (
                exception is HttpRequestException || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>When a process started; the default when it is gone or not ours to look at.</summary>
    private static DateTimeOffset StartOf(Process process)
    {
        try
        {
            return new DateTimeOffset(process.StartTime).ToUniversalTime();
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            return default;
        }
    }

    private const string FoundMark = "azurite-entry-point:";

    /// <summary>Inside npx the package's <c>.bin</c> folder is on the path; its entry point is beside it.</summary>
    private const string FindScript = $$"""
        const fs = require('fs');
        const path = require('path');
        for (const folder of process.env.PATH.split(path.delimiter)) {
          const entry = path.join(folder, '..', 'azurite', 'dist', 'src', 'azurite.js');
          if (fs.existsSync(entry)) {
            console.log('{{FoundMark}}' + entry);
            process.exit(0);
          }
        }
        process.exit(1);
        """;

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int processId, int signal);

    /// <summary>The last lines a process wrote, for messages.</summary>
    private sealed class LastLines
    {
        private const int Kept = 20;

        private readonly ConcurrentQueue<string> _lines = new();

        public void Add(string? line)
        {
            if (string.IsNullOrWhiteSpace(line))
            {
                return;
            }

            _lines.Enqueue(line.Trim());
            while (_lines.Count > Kept && _lines.TryDequeue(out _))
            {
                // Drops the oldest.
            }
        }

        public string? Find(string mark) =>
            _lines.FirstOrDefault(line => line.StartsWith(mark, StringComparison.Ordinal)) is { } line ? line[mark.Length..] : null;

        public int Count(string part) => _lines.Count(line => line.Contains(part, StringComparison.Ordinal));

        public override string ToString() => _lines.IsEmpty ? "it said nothing." : $"'{string.Join(" / ", _lines.TakeLast(3))}'.";
    }
}

/// <summary>Remembers a running instance.</summary>
internal sealed record AzuriteState(int ProcessId, DateTimeOffset StartedAt, AzuritePorts Ports);

[JsonSerializable(typeof(AzuriteState))]
internal sealed partial class AzuriteJson : JsonSerializerContext;
