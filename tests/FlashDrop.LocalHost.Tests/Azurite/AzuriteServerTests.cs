using System.Net;
using System.Net.Sockets;
using FlashDrop.LocalHost.Azurite;

namespace FlashDrop.LocalHost.Tests.Azurite;

/// <summary>What goes wrong before Azurite runs, told with fake programs on a path of their own.</summary>
public sealed class AzuriteServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flashdrop-").FullName;
    private readonly List<string> _said = [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task NoNode_SaysSoWithTheRemedy()
    {
        var message = await FailAsync();
        Assert.StartsWith("Local storage (Azurite) needs Node.js, and no 'node' is on the PATH.", message, StringComparison.Ordinal);
        Assert.Contains("Install Node.js 20 or later", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NodeWithoutNpx_SaysSoWithTheRemedy()
    {
        Program("node", "exit 0");
        Assert.Contains("needs 'azurite' or 'npx', and neither is on the PATH.", await FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NpxThatFails_IsQuoted()
    {
        Program("node", "exit 0");
        Program("npx", "echo 'npm error code ENOTFOUND' >&2; exit 1");
        var message = await FailAsync();
        Assert.Contains("npx could not fetch Azurite: 'npm error code ENOTFOUND'.", message, StringComparison.Ordinal);
        Assert.Contains("npm install -g azurite", message, StringComparison.Ordinal);
        Assert.Contains(_said, sentence => sentence.Contains(AzuriteOptions.PinnedVersion, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AzuriteThatEndsAtOnce_IsQuoted()
    {
        Program("node", "exit 0");
        Program("azurite", "echo 'Unsupported engine' >&2; exit 7");
        var message = await FailAsync();
        Assert.Contains("Azurite ended at once with code 7", message, StringComparison.Ordinal);
        Assert.Contains("Unsupported engine", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AzuriteThatNeverAnswers_IsGivenUpAndEnded()
    {
        Program("node", "exit 0");
        Program("azurite", $"echo $$ > {Path.Combine(_folder, "pid")}; exec /bin/sleep 60");
        Assert.Contains("did not answer within 1 s", await FailAsync(), StringComparison.Ordinal);

        var pid = int.Parse(await File.ReadAllTextAsync(Path.Combine(_folder, "pid")));
        Assert.Throws<ArgumentException>(() => System.Diagnostics.Process.GetProcessById(pid));
    }

    [Fact]
    public async Task TakenPort_IsNamedAndFreeOnesAreUsed()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Program("node", "exit 0");
        Program("azurite", "echo \"$@\" >&2; exit 7");
        var message = await FailAsync(new AzuritePorts(port, port, port));

        Assert.Contains($"Port {port}, {port}, {port} is in use by another program; Azurite uses free ports.", _said);
        Assert.DoesNotContain($"--blobPort {port} ", message, StringComparison.Ordinal);
        Assert.Contains("--blobPort", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PortTakenMeanwhile_IsTriedAgainWithOthers()
    {
        var taken = Path.Combine(_folder, "taken");
        Program("node", "exit 0");
        Program("azurite", $"[ -e {taken} ] && exit 7; : > {taken}; echo 'listen EADDRINUSE: address already in use' >&2; exit 1");
        Assert.Contains("Azurite ended at once with code 7", await FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PortsTakenAgainAndAgain_AreQuoted()
    {
        var launches = Path.Combine(_folder, "launches");
        Program("node", "exit 0");
        Program("azurite", $"echo once >> {launches}; echo 'listen EADDRINUSE: address already in use' >&2; exit 1");
        Assert.Contains("address already in use", await FailAsync(), StringComparison.Ordinal);
        Assert.Equal(3, (await File.ReadAllLinesAsync(launches)).Length);
    }

    [Fact]
    public void FreePorts_AreFreeAndDifferent()
    {
        var ports = LoopbackPorts.FindFree(5);
        Assert.Distinct(ports);
        Assert.All(ports, port => Assert.True(LoopbackPorts.IsFree(port)));
    }

    private async Task<string> FailAsync(AzuritePorts? ports = null)
    {
        var options = new AzuriteOptions
        {
            DataFolder = Path.Combine(_folder, "data"),
            ToolFolder = _folder,
            SearchPath = _folder,
            Ports = ports,
            StartTimeout = TimeSpan.FromSeconds(1),
            Say = _said.Add,
        };
        return (await Assert.ThrowsAsync<LocalHostException>(() => AzuriteServer.StartAsync(options, TimeProvider.System, CancellationToken.None))).Message;
    }

    private void Program(string name, string script)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        }

        using var writer = new StreamWriter(Path.Combine(_folder, name), options);
        writer.Write($"#!/bin/sh\n{script}\n");
    }
}
