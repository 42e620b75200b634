using System.Diagnostics;

namespace FlashDrop.Benchmarks.Gateway;

/// <summary>Memory of the gateway under a steady mix of calls, streams, large requests and callers who leave. Takes five minutes unless told otherwise.</summary>
internal static class Soak
{
    private const double Megabyte = 1_000_000;
    private const int Samples = 10;
    private const int Lanes = 8;

    public static async Task RunAsync(double? minutes, CancellationToken cancellationToken)
    {
        var duration = TimeSpan.FromMinutes(minutes ?? 5);
        await using var upstream = await Role.StartAsync("upstream", null, cancellationToken);
        await using var gateway = await Role.StartAsync("gateway", upstream.Address, cancellationToken);
        using var client = new Client();
        var (start, calls) = (Stopwatch.GetTimestamp(), 0L);
        var load = Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(
            async () =>
            {
                for (var i = lane; Stopwatch.GetElapsedTime(start) < duration; i++)
                {
                    await ((i % 10) switch
                    {
                        0 => client.LeaveAsync(gateway.Address, cancellationToken),
                        1 => client.ExchangeAsync(gateway.Address, Client.Call, isLarge: true, buffer: 16 * 1024, cancellationToken),
                        < 6 => client.ExchangeAsync(gateway.Address, Client.Stream, isLarge: false, buffer: 16 * 1024, cancellationToken),
                        _ => client.ExchangeAsync(gateway.Address, Client.Call, isLarge: false, buffer: 16 * 1024, cancellationToken),
                    });
                    Interlocked.Increment(ref calls);
                }
            },
            cancellationToken)));

        Console.WriteLine("| time | calls | working set | managed heap |");
        Console.WriteLine("| ---: | ---: | ---: | ---: |");
        List<double> seen = [];
        for (var sample = 1; sample <= Samples; sample++)
        {
            var due = duration * sample / Samples - Stopwatch.GetElapsedTime(start);
            await Task.Delay(due > TimeSpan.Zero ? due : TimeSpan.Zero, TimeProvider.System, cancellationToken);
            var heap = await client.ReadAsync(gateway.Address, "heap", cancellationToken);
            seen.Add(gateway.WorkingSet / Megabyte);
            Console.WriteLine($"| {Stopwatch.GetElapsedTime(start):m\\:ss} | {Interlocked.Read(ref calls):N0} | {seen[^1]:0} MB | {heap / Megabyte:0} MB |");
        }

        await load;
        Console.WriteLine();
        Console.WriteLine($"working set, last third against second third: {seen[^3..].Average() / seen[3..6].Average():0.00} (flat: at most 1.10)");
    }
}
