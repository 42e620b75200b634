using System.Collections.Concurrent;
using System.Globalization;
using FlashDrop.Testing.Simulation;

namespace FlashDrop.Core.Tests.Simulation;

public sealed class SimulationTests
{
    private const int DefaultSeeds = 300;

    /// <summary>Every kind of fault must strike somewhere in a default run, or it is not tested.</summary>
    private static readonly string[] FaultKinds =
        ["answer lost", "caller hung up", "crash", "duplicate message", "event lost", "lease not renewed", "message poisoned", "stall", "stop", "storage refuses"];

    /// <summary><c>eng/simulate.sh</c> runs this test with as many seeds as asked for.</summary>
    [Fact]
    public void Seeds_KeepEveryPromise()
    {
        var first = Setting("FLASHDROP_FIRST_SEED", 1);
        var count = Setting("FLASHDROP_SEEDS", DefaultSeeds);
        using var trace = Environment.GetEnvironmentVariable("FLASHDROP_TRACE") is { Length: > 0 } path && count == 1 ? File.CreateText(path) : null;
        var options = new SimulationOptions { Trace = trace is null ? null : trace.WriteLine };
        var reports = new ConcurrentBag<SimulationReport>();
        var failures = new ConcurrentBag<SimulationFailedException>();

        Parallel.For(first, first + count, seed =>
        {
            try
            {
                reports.Add(SimulatedWorld.Run(seed, options));
            }
            catch (SimulationFailedException e)
            {
                failures.Add(e);
            }
        });

        var faults = FaultKinds.ToDictionary(kind => kind, kind => reports.Sum(r => r.Faults.GetValueOrDefault(kind)));
        TestContext.Current.SendDiagnosticMessage(
            "{0} seeds from {1}: {2} jobs, {3} submissions, {4} orphans, {5} steps, {6:0} h of virtual time, trace {7}; {8}",
            count, first, reports.Sum(r => r.Jobs), reports.Sum(r => r.Submissions), reports.Sum(r => r.Orphans), reports.Sum(r => r.Steps),
            reports.Sum(r => r.VirtualTime.TotalHours), count == 1 ? string.Concat(reports.Select(r => r.TraceHash)) : "hash with one seed only",
            string.Join(", ", faults.Select(f => $"{f.Key} {f.Value}")));
        Assert.True(failures.IsEmpty, Describe(failures, count));
        Assert.True(count < DefaultSeeds || reports.Sum(r => r.Submissions) >= reports.Sum(r => r.Jobs), "Too few jobs get as far as the upstream to test what follows.");
        Assert.True(count < DefaultSeeds || faults.Values.All(struck => struck > 0), $"A fault never struck: {string.Join(", ", faults)}");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(12)]
    public void Seed_DoesTheSame_EveryTime(int seed)
    {
        List<string> first = [], second = [];

        var one = SimulatedWorld.Run(seed, new SimulationOptions { Trace = first.Add });
        var two = SimulatedWorld.Run(seed, new SimulationOptions { Trace = second.Add });

        Assert.Equal(first, second);
        Assert.Equal(one.TraceHash, two.TraceHash);
        Assert.NotEqual(one.TraceHash, SimulatedWorld.Run(seed + 4).TraceHash);
    }

    private static string Describe(ConcurrentBag<SimulationFailedException> failures, int count)
    {
        if (failures.IsEmpty)
        {
            return "";
        }

        var ordered = failures.OrderBy(f => f.Seed).ToList();
        var kinds = ordered.GroupBy(f => f.Promise).Select(g => $"  {g.Count()}x {g.Key}: seeds {string.Join(" ", g.Take(10).Select(f => f.Seed))}");
        return $"{failures.Count} of {count} seeds broke a promise:\n{string.Join('\n', kinds)}\n\n{ordered[0].Message}";
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
