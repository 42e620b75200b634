using FlashDrop.Testing;

namespace FlashDrop.Benchmarks;

/// <summary>How often tasks of mixed durations are looked at, and how late they are found finished. On a virtual clock.</summary>
internal static class PollMix
{
    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("| mix | tasks | looks p50 | looks mean | lag p50 | lag p90 | longest lag |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var mix in PollSimulation.Mixes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var outcome = await PollSimulation.RunAsync([mix], tasks: 2_000, seed: 1);
            Write(mix.Profile, outcome);
        }

        Write("all of them", await PollSimulation.RunAsync(PollSimulation.Mixes, tasks: 4_000, seed: 1));
    }

    private static void Write(string name, PollOutcome outcome) => Console.WriteLine(
        $"| {name} | {outcome.Tasks} | {outcome.Looks(0.5)} | {outcome.MeanLooks:0.00} | {outcome.Lag(0.5):0%} | {outcome.Lag(0.9):0%} | {outcome.LongestLag.TotalSeconds:0.0} s |");
}
