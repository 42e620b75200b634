using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace FlashDrop.Testing;

/// <summary>
/// Azurite as a child process on free loopback ports, in memory: an <c>azurite</c> on the path, else <c>npx</c> with a pinned version.
/// It has many accounts, so that each test can have one of its own. Ended with everything it started.
/// </summary>
public sealed class AzuriteProcess : IAsyncDisposable
{
    private const string Package = "azurite@3.37.0";
    private const int StartAttempts = 3;
    private const int OutputKept = 4_000;

    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ReadyInterval = TimeSpan.FromMilliseconds(100);
    private static readonly string AccountKey = Convert.ToBase64String(SHA256.HashData("azurite test accounts"u8));

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly int[] _ports;
    private readonly int _accounts;

    private AzuriteProcess(Process process, int[] ports, int accounts)
    {
        _process = process;
        _ports = ports;
        _accounts = accounts;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>Starts Azurite and waits until its three services answer.</summary>
    /// <param name="accounts">Number of accounts it has.</param>
    /// <param name="timeProvider">Clock of the waiting.</param>
    /// <param name="cancellationToken">Ends the waiting and the process.</param>
    /// <exception cref="InvalidOperationException">It cannot be started; the message says what to install.</exception>
    public static async Task<AzuriteProcess> StartAsync(int accounts, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            // Between finding a free port and binding it somebody else may take it; then other ports are tried.
            var azurite = Launch(accounts);
            try
            {
                await azurite.WaitUntilReadyAsync(timeProvider, cancellationToken);
                return azurite;
            }
            catch (InvalidOperationException) when (attempt < StartAttempts && azurite._process.HasExited)
            {
                await azurite.DisposeAsync();
            }
            catch
            {
                await azurite.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>The connection string of an account.</summary>
    /// <param name="account">Its number, from 0.</param>
    public string ConnectionString(int account)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(account, _accounts);
        var name = AccountName(account);
        return $"DefaultEndpointsProtocol=http;AccountName={name};AccountKey={AccountKey};"
            + $"BlobEndpoint=http://127.0.0.1:{_ports[0]}/{name};"
            + $"QueueEndpoint=http://127.0.0.1:{_ports[1]}/{name};"
            + $"TableEndpoint=http://127.0.0.1:{_ports[2]}/{name};";
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
        Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static AzuriteProcess Launch(int accounts)
    {
        var ports = FreePorts(3);
        var (file, arguments) = Command();
        var start = new ProcessStartInfo(file)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = Path.GetTempPath(),
        };
        string[] options =
        [
            "--silent", "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence",
            "--blobHost", "127.0.0.1", "--blobPort", ports[0].ToString(CultureInfo.InvariantCulture),
            "--queueHost", "127.0.0.1", "--queuePort", ports[1].ToString(CultureInfo.InvariantCulture),
            "--tableHost", "127.0.0.1", "--tablePort", ports[2].ToString(CultureInfo.InvariantCulture),
        ];
        foreach (var argument in arguments.Concat(options))
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["AZURITE_ACCOUNTS"] = string.Join(';', Enumerable.Range(0, accounts).Select(account => $"{AccountName(account)}:{AccountKey}"));
        var azurite = new AzuriteProcess(new Process { StartInfo = start }, ports, accounts);
        azurite._process.Start();
        azurite._process.BeginOutputReadLine();
        azurite._process.BeginErrorReadLine();
        return azurite;
    }

    private static (string File, string[] Arguments) Command()
    {
        var extension = OperatingSystem.IsWindows() ? ".cmd" : "";
        if (OnPath($"azurite{extension}") is { } azurite)
        {
            return (azurite, []);
        }

        return OnPath($"npx{extension}") is { } npx
            ? (npx, ["--yes", Package])
            : throw new InvalidOperationException("Neither azurite nor npx is on the path. Install Node.js, or Azurite.");
    }

    private static string? OnPath(string file) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(directory => Path.Combine(directory, file))
            .FirstOrDefault(File.Exists);

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        try
        {
            listeners.ForEach(listener => listener.Start());
            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            listeners.ForEach(listener => listener.Dispose());
        }
    }

    private static string AccountName(int account) => $"flashdrop{account:d4}";

    private async Task WaitUntilReadyAsync(TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var deadline = timeProvider.GetUtcNow() + ReadyTimeout;
        foreach (var port in _ports)
        {
            while (!await AnswersAsync(client, port, cancellationToken))
            {
                if (_process.HasExited || timeProvider.GetUtcNow() >= deadline)
                {
                    throw new InvalidOperationException(
                        $"Azurite {(_process.HasExited ? "ended" : "did not get ready")}: {Output()}");
                }

                await Task.Delay(ReadyInterval, timeProvider, cancellationToken);
            }
        }
    }

    private static async Task<bool> AnswersAsync(HttpClient client, int port, CancellationToken cancellationToken)
    {
        try
        {
            // Any answer will do: an anonymous request is refused.
            using var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/"), cancellationToken);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            if (_output.Length < OutputKept)
            {
                _output.AppendLine(line.Data);
            }
        }
    }

    private string Output()
    {
        lock (_output)
        {
            return _output.ToString();
        }
    }

    private void OnExit(object? sender, EventArgs arguments) => Kill();

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself, or was never started.
        }
    }
}
