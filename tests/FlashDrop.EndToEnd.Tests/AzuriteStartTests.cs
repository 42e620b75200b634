using FlashDrop.LocalHost.Azurite;

namespace FlashDrop.EndToEnd.Tests;

/// <summary>The real Azurite, started by more than one host.</summary>
public sealed class AzuriteStartTests : IDisposable
{
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task StartedTwiceAtOnceOnTheSamePorts_EachHasItsOwn()
    {
        var free = LoopbackPorts.FindFree(3);
        var wanted = new AzuritePorts(free[0], free[1], free[2]);

        var both = await Task.WhenAll(StartAsync(wanted), StartAsync(wanted));
        await using var first = both[0];
        await using var second = both[1];

        Assert.NotEqual(first.ProcessId, second.ProcessId);
        Assert.Empty(PortsOf(first).Intersect(PortsOf(second)));
        Assert.Contains(wanted, both.Select(server => server.Ports));
        Assert.All(both, server => Assert.False(System.Diagnostics.Process.GetProcessById(server.ProcessId).HasExited));
    }

    private Task<AzuriteServer> StartAsync(AzuritePorts ports) => AzuriteServer.StartAsync(
        new AzuriteOptions { ToolFolder = _folder.Path, Ports = ports }, TimeProvider.System, TestContext.Current.CancellationToken);

    private static int[] PortsOf(AzuriteServer server) => [server.Ports.Blob, server.Ports.Queue, server.Ports.Table];
}
