using FlashDrop.Benchmarks;

string[] all = ["micro", "aggregation", "usage", "body", "polls", "pending", "pipeline", "memory"];
if (args is [] || args.Any(arg => !all.Contains(arg, StringComparer.Ordinal) && arg != "all"))
{
    Console.Error.WriteLine($"Name what to measure: {string.Join(", ", all)}, or all.");
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
    await (name switch
    {
        "micro" => Micro.RunAsync(),
        "aggregation" => UsageAggregationRun.RunAsync(),
        "usage" => UsageOnAzurite.RunAsync(stop.Token),
        "body" => BodyEncoding.RunAsync(stop.Token),
        "polls" => PollMix.RunAsync(stop.Token),
        "pending" => Pending.RunAsync(stop.Token),
        "pipeline" => PipelineRun.RunAsync(stop.Token),
        _ => Memory.RunAsync(stop.Token),
    });
    Console.WriteLine();
}

return 0;
