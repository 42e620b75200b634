namespace FlashDrop.Testing.Simulation;

/// <summary>How rough a seed's world is. Probabilities are per point where the fault can strike.</summary>
internal sealed record SimulationPlan
{
    /// <summary>Function instances.</summary>
    public required int Instances { get; init; }

    /// <summary>Drops, requests and what users do to them.</summary>
    public required int UserActions { get; init; }

    /// <summary>An instance dies before or after an effect.</summary>
    public required double Crash { get; init; }

    /// <summary>An instance is asked to stop and gets its cancellation token cancelled.</summary>
    public required double Stop { get; init; }

    /// <summary>Storage refuses, or its answer is lost.</summary>
    public required double Unavailable { get; init; }

    /// <summary>An effect takes minutes.</summary>
    public required double Stall { get; init; }

    /// <summary>A host stops renewing a message's lease although it works on it.</summary>
    public required double LeaseLoss { get; init; }

    /// <summary>A sent message is in the queue twice.</summary>
    public required double DuplicateMessage { get; init; }

    /// <summary>An Event Grid event never comes.</summary>
    public required double EventLost { get; init; }

    /// <summary>An Event Grid event comes again.</summary>
    public required double EventTwice { get; init; }

    /// <summary>Two timers of a kind run at once.</summary>
    public required double DoubleTimer { get; init; }

    /// <summary>The upstream account is empty from here to there, after the start.</summary>
    public required (TimeSpan From, TimeSpan To)? Hold { get; init; }

    /// <summary>USD a day of every caller and of every profile's drops while faults strike; null for no budgets. Requests to a ledger are not refused: what happens then has tests of its own.</summary>
    public decimal? BudgetUsd { get; init; }

    /// <summary>Users begin within this long of the start.</summary>
    public TimeSpan UsersComeWithin { get; init; } = TimeSpan.FromMinutes(25);

    /// <summary>
    /// Derives a plan: a quarter of the seeds has no infrastructure faults at all, so that nothing hides behind them, and a third has tight budgets.
    /// </summary>
    public static SimulationPlan Of(int seed, Random random)
    {
        var level = seed & 3;
        var hold = random.Next(4) == 0 ? TimeSpan.FromMinutes(random.Next(1, 20)) : (TimeSpan?)null;
        var plan = new SimulationPlan
        {
            Instances = random.Next(1, 4),
            UserActions = random.Next(4, 11),
            Crash = Pick(level, 0, 0.001, 0.003, 0.008),
            Stop = Pick(level, 0, 0.0005, 0.001, 0.002),
            Unavailable = Pick(level, 0, 0.004, 0.015, 0.04),
            Stall = Pick(level, 0, 0.001, 0.003, 0.006),
            LeaseLoss = Pick(level, 0, 0.02, 0.1, 0.2),
            DuplicateMessage = Pick(level, 0, 0.01, 0.03, 0.08),
            EventLost = Pick(level, 0.05, 0.1, 0.2, 0.3),
            EventTwice = Pick(level, 0.2, 0.2, 0.3, 0.4),
            DoubleTimer = Pick(level, 0.05, 0.1, 0.2, 0.3),
            Hold = hold is { } from ? (from, from + TimeSpan.FromMinutes(random.Next(2, 25))) : null,
        };
        return seed % 3 == 0 ? WithBudgets(plan, random) : plan;
    }

    /// <summary>Room for one or two jobs at a time, or for a few; mostly more users than ever come at once.</summary>
    private static SimulationPlan WithBudgets(SimulationPlan plan, Random random)
    {
        var tight = plan with { BudgetUsd = random.Next(3) switch { 0 => 0.04m, 1 => 0.025m, _ => 0.0175m } };
        return random.Next(4) == 0
            ? tight
            : tight with { UsersComeWithin = TimeSpan.FromSeconds(10), UserActions = plan.UserActions + random.Next(6, 12) };
    }

    private static double Pick(int level, params ReadOnlySpan<double> values) => values[level];
}

/// <summary>What a test changes about a simulation.</summary>
public sealed record SimulationOptions
{
    /// <summary>Changes an instance's services before it starts: how a bug is planted.</summary>
    public Action<Microsoft.Extensions.DependencyInjection.IServiceCollection, Storage.InMemoryStorage>? Plant { get; init; }

    /// <summary>Receives every line of the trace; null keeps the tail only.</summary>
    public Action<string>? Trace { get; init; }
}

/// <summary>What a seed did, when it held.</summary>
public sealed record SimulationReport
{
    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Hash of the whole trace: two runs of a seed have the same.</summary>
    public required string TraceHash { get; init; }

    /// <summary>Scheduling points passed.</summary>
    public required long Steps { get; init; }

    /// <summary>Jobs accepted.</summary>
    public required int Jobs { get; init; }

    /// <summary>Upstream submissions.</summary>
    public required int Submissions { get; init; }

    /// <summary>Submissions no attempt stands for, each explained.</summary>
    public required int Orphans { get; init; }

    /// <summary>Faults that struck, by kind.</summary>
    public required IReadOnlyDictionary<string, int> Faults { get; init; }

    /// <summary>Virtual time passed.</summary>
    public required TimeSpan VirtualTime { get; init; }
}

/// <summary>A promise was broken. The message has the seed, the promise, the tail of the trace and how to replay.</summary>
public sealed class SimulationFailedException(int seed, string promise, string detail, string message) : Exception(message)
{
    /// <summary>The seed.</summary>
    public int Seed { get; } = seed;

    /// <summary>Name of the promise that was broken.</summary>
    public string Promise { get; } = promise;

    /// <summary>How it was broken.</summary>
    public string Detail { get; } = detail;
}
