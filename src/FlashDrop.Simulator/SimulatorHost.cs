using System.Net;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace FlashDrop.Simulator;

/// <summary>
/// A running simulator on 127.0.0.1. Everything the control endpoints offer is here, too, for tests in the same process.
/// Safe for concurrent use.
/// </summary>
public sealed class SimulatorHost : IAsyncDisposable
{
    /// <summary>Largest request body taken, in bytes; 50 MB of video is 67 MB of base64, and a request may hold several media.</summary>
    internal const int MaxBodyBytes = 256 * 1024 * 1024;

    private readonly WebApplication _app;
    private readonly Simulation _simulation;

    private SimulatorHost(WebApplication app, Simulation simulation, Uri baseUrl)
    {
        _app = app;
        _simulation = simulation;
        BaseUrl = baseUrl;
    }

    /// <summary>Where it listens, such as <c>http://127.0.0.1:40001/</c>; serves as every host of the upstream.</summary>
    public Uri BaseUrl { get; }

    /// <summary>The last 20,000 requests in order of arrival, unfinished ones included.</summary>
    public IReadOnlyList<RequestRecord> Requests => _simulation.Log.Snapshot();

    /// <summary>What has been charged so far.</summary>
    public UsageReport Usage => _simulation.Ledger.Report();

    /// <summary>Starts a simulator; it serves when the task is done.</summary>
    /// <exception cref="IOException">The port is taken.</exception>
    /// <exception cref="ArgumentException">A fault rule makes no sense; the message names it.</exception>
    public static async Task<SimulatorHost> StartAsync(SimulatorOptions options, CancellationToken cancellationToken = default)
    {
        var simulation = new Simulation(options);
        var app = Build(options.Port);
        try
        {
            simulation.Map(app);
            await app.StartAsync(cancellationToken);
            var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            return new SimulatorHost(app, simulation, new Uri(address));
        }
        catch
        {
            await app.DisposeAsync();
            simulation.Dispose();
            throw;
        }
    }

    /// <summary>Replaces the fault rules; their counters start anew.</summary>
    /// <exception cref="ArgumentException">A rule makes no sense; the message names it.</exception>
    public void SetFaults(params IReadOnlyList<FaultRule> rules) => _simulation.Faults.Replace(rules);

    /// <summary>Replaces the keys that are let in; none lets in every key that starts with <c>sk-</c>.</summary>
    public void SetKeys(params IReadOnlyList<string> keys) => _simulation.Keys.Replace(keys);

    /// <summary>Back to the state at the start: faults and keys of the options, no tasks, no log, no charges, an empty cache.</summary>
    public void Reset() => _simulation.Reset();

    /// <summary>Stops serving; requests that wait for a scripted silence are cut.</summary>
    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _simulation.Dispose();
    }

    private static WebApplication Build(int port)
    {
        // The empty builder reads no environment, settings or arguments: a simulator inside another process is not configured by accident.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddRouting();
        builder.Services.AddSingleton<IHostLifetime, HostedLifetime>();
        return builder.Build();
    }

    /// <summary>Leaves Ctrl+C and the console to whoever hosts the simulator.</summary>
    private sealed class HostedLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
