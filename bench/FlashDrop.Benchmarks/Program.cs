using System.Globalization;
using FlashDrop.Benchmarks;
using FlashDrop.Benchmarks.Gateway;

if (args is ["serve", var role, ..])
{
    return await Servers.RunAsync(role, args is [_, _, var upstream] ? new Uri(upstream) : null);
}

string[] all = ["micro", "aggregation", "usage", "body", "polls", "pending", "pipeline", "memory", "gateway", "soak"];
if (args is [] || args.Any(arg => !all.Contains(arg.Split('=')[0], StringComparer.Ordinal) && arg != "all"))
{
    Console.Error.WriteLine($"Name what to measure: {string.Join(", ", all)}, or all. gateway=1 and soak=1 take about a minute instead of their own time.");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
foreach (var name in args is ["all"] ? all : args)
{
    double? minutes = name.Split('=') is [_, var number] ? double.Parse(number, CultureInfo.InvariantCulture) : null;
    await (name.Split('=')[0] switch
    {
        "micro" => Micro.RunAsync(),
        "aggregation" => UsageAggregationRun.RunAsync(),
        "usage" => UsageOnAzurite.RunAsync(stop.Token),
        "body" => BodyEncoding.RunAsync(stop.Token),
        "polls" => PollMix.RunAsync(stop.Token),
        "pending" => Pending.RunAsync(stop.Token),
        "pipeline" => PipelineRun.RunAsync(stop.Token),
        "memory" => Memory.RunAsync(stop.Token),
        "gateway" => GatewayRun.RunAsync(minutes, stop.Token),
        _ => Soak.RunAsync(minutes, stop.Token),
    });
    Console.WriteLine();
}

return 0;
