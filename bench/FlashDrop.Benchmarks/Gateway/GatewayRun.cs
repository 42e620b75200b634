using System.Diagnostics;

namespace FlashDrop.Benchmarks.Gateway;

/// <summary>
/// What the gateway adds to a call: against the upstream stand-in itself and against a bare YARP forwarder, each a process of its own, in
/// short turns one after another so that whatever else the machine does meets all of them. Takes about five minutes: the servers are driven until their code is compiled for good before anything counts.
/// </summary>
internal static class GatewayRun
{
    private const int Rounds = 12;
    private const int AtOnce = 16;
    private const int PacedAtOnce = 4;

    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15);

    public static async Task RunAsync(double? minutes, CancellationToken cancellationToken)
    {
        var rounds = minutes is { } limit ? Math.Max(1, (int)(limit * 60 / 15)) : Rounds;
        await using var upstream = await Role.StartAsync("upstream", null, cancellationToken);
        await using var yarp = await Role.StartAsync("yarp", upstream.Address, cancellationToken);
        await using var gateway = await Role.StartAsync("gateway", upstream.Address, cancellationToken);
        using var client = new Client();
        Target[] targets = [new("direct", upstream), new("YARP", yarp), new("gateway", gateway)];
        await MeasureAsync(client, targets, Client.Call, "small JSON call", rounds, cancellationToken);
        await MeasureAsync(client, targets, Client.Stream, $"stream of {StandIn.Events} events", rounds, cancellationToken);
        await PaceAsync(client, targets, Math.Max(1, rounds / 3), cancellationToken);
    }

    private static async Task MeasureAsync(Client client, Target[] targets, string path, string name, int rounds, CancellationToken cancellationToken)
    {
        foreach (var target in targets)
        {
            target.Begin();
            await LoadAsync(client, target.Role.Address, path, AtOnce, WarmUp, cancellationToken);
            await LoadAsync(client, target.Role.Address, path, 1, Turn, cancellationToken);
        }

        for (var round = 0; round < rounds; round++)
        {
            foreach (var target in targets)
            {
                target.Latencies.Add(Ordered(await LoadAsync(client, target.Role.Address, path, 1, Turn, cancellationToken)));
                var allocated = await client.ReadAsync(target.Role.Address, "allocated", cancellationToken);
                var before = target.Role.ProcessorTime;
                var load = await LoadAsync(client, target.Role.Address, path, AtOnce, Turn, cancellationToken);
                target.Rates.Add(load.Count / Turn.TotalSeconds);
                target.Work.Add((target.Role.ProcessorTime - before).TotalMilliseconds / load.Count * 1000);
                target.Allocated.Add((await client.ReadAsync(target.Role.Address, "allocated", cancellationToken) - allocated) / load.Count / 1024);
            }
        }

        var (direct, yarp, gateway) = (targets[0], targets[1], targets[2]);
        Console.WriteLine($"| {name} | p50 | p99 | added p50 | added p99 | calls/s | processor time a call | allocated a call |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var target in targets)
        {
            Console.WriteLine(
                $"| {target.Name} | {target.At(0.5):0.000} ms | {target.At(0.99):0.000} ms | {target.Added(direct, 0.5):0.000} ms | {target.Added(direct, 0.99):0.000} ms | {Median(target.Rates):0} | {Median(target.Work):0} µs | {Median(target.Allocated):0.0} KiB |");
        }

        Console.WriteLine();
        Console.WriteLine(
            $"gateway/YARP, median of {rounds} rounds: throughput {Median(Ratios(gateway.Rates, yarp.Rates)):0.00} (to reach: 0.70), added p50 {gateway.Added(direct, 0.5) / yarp.Added(direct, 0.5):0.00} (at most 1.50), processor time {Median(gateway.Work) / Median(yarp.Work):0.00}");
        Console.WriteLine();
    }

    private static async Task PaceAsync(Client client, Target[] targets, int rounds, CancellationToken cancellationToken)
    {
        List<double>[] stretches = [[], [], []];
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < targets.Length; i++)
            {
                var address = targets[i].Role.Address;
                foreach (var stream in await Task.WhenAll(Enumerable.Range(0, PacedAtOnce).Select(_ => client.StretchesAsync(address, cancellationToken))))
                {
                    stretches[i].AddRange(stream);
                }
            }
        }

        Console.WriteLine("| time between events grows by | p50 | p99 | added p99 (under 1 ms) |");
        Console.WriteLine("| --- | ---: | ---: | ---: |");
        var direct = At([.. stretches[0].Order()], 0.99);
        for (var i = 0; i < targets.Length; i++)
        {
            double[] sorted = [.. stretches[i].Order()];
            Console.WriteLine($"| {targets[i].Name} | {At(sorted, 0.5):0.000} ms | {At(sorted, 0.99):0.000} ms | {At(sorted, 0.99) - direct:0.000} ms |");
        }

        Console.WriteLine();
    }

    /// <summary>Runs exchanges for a while; the milliseconds each took.</summary>
    private static async Task<List<double>> LoadAsync(Client client, Uri server, string path, int atOnce, TimeSpan duration, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var lanes = await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => Task.Run(
            async () =>
            {
                List<double> times = [];
                while (Stopwatch.GetElapsedTime(start) < duration)
                {
                    var begin = Stopwatch.GetTimestamp();
                    await client.ExchangeAsync(server, path, isLarge: false, buffer: 16 * 1024, cancellationToken);
                    times.Add(Stopwatch.GetElapsedTime(begin).TotalMilliseconds);
                }

                return times;
            },
            cancellationToken)));
        return [.. lanes.SelectMany(lane => lane)];
    }

    private static double[] Ordered(IEnumerable<double> values) => [.. values.Order()];

    private static double At(double[] ordered, double share) => ordered.Length == 0 ? double.NaN : ordered[(int)Math.Min(ordered.Length - 1, ordered.Length * share)];

    private static double Median(IEnumerable<double> values) => At(Ordered(values), 0.5);

    private static IEnumerable<double> Ratios(List<double> ones, List<double> others) => ones.Zip(others, (one, other) => one / other);

    private sealed record Target(string Name, Role Role)
    {
        /// <summary>By round.</summary>
        public List<double[]> Latencies { get; } = [];

        public List<double> Rates { get; } = [];

        /// <summary>Processor time of the server, microseconds a call.</summary>
        public List<double> Work { get; } = [];

        /// <summary>Allocated by the server, KiB a call.</summary>
        public List<double> Allocated { get; } = [];

        public void Begin()
        {
            Latencies.Clear();
            Rates.Clear();
            Work.Clear();
            Allocated.Clear();
        }

        /// <summary>Median over the rounds of a percentile.</summary>
        public double At(double share) => Median(Latencies.Select(round => GatewayRun.At(round, share)));

        /// <summary>Median over the rounds of what a percentile has beyond the other's in the same round.</summary>
        public double Added(Target direct, double share) =>
            Median(Latencies.Zip(direct.Latencies, (mine, other) => GatewayRun.At(mine, share) - GatewayRun.At(other, share)));
    }
}
