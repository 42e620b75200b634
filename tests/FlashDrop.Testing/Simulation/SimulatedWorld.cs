using System.Diagnostics;
using System.Globalization;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Testing.Simulation;

/// <summary>
/// A whole deployment under faults: several instances of the pipeline over one storage account and one upstream, with the Functions
/// host, Event Grid, users and callers around them. One scheduler, one virtual clock, one seed: a seed always does the same.
/// </summary>
/// <remarks>
/// Every effect on storage or the upstream is two scheduling points, one before it and one after. At each of them the simulation
/// decides when, if ever, the work goes on: other work can come in between, the effect can fail, its answer can get lost, and the
/// instance can die, in which case nothing of it runs again and its memory is gone.
/// </remarks>
public sealed class SimulatedWorld : IFaultPlan
{
    /// <summary>The fault that puts a message into its queue twice.</summary>
    internal const string DoubledMessage = "duplicate message";

    private const string CrashFault = "crash";
    private const string StopFault = "stop";
    private const string StallFault = "stall";

    /// <summary>What must not be found anywhere but where it belongs.</summary>
    public const string UpstreamKey = "sk-simulated-7f3a";

    /// <summary>Part of every signed URL the in-memory storage hands out.</summary>
    internal const string UrlSignature = "sig=in-memory";

    /// <summary>Part of every idempotency key callers send: stored as a hash, so it is found nowhere.</summary>
    internal const string CallerKey = "caller-key-91c2";

    /// <summary>Part of every file, prompt and answer: belongs into blobs, never into rows, messages or logs.</summary>
    internal const string Content = "Confidential-4d2e";

    /// <summary>From here on nothing new goes wrong, and what was wrong is repaired.</summary>
    internal static readonly TimeSpan FaultTime = TimeSpan.FromMinutes(60);

    private static readonly DateTimeOffset Start = new(2026, 11, 3, 9, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RestTime = TimeSpan.FromHours(10);

    /// <summary>Shorter than the defaults, so that everything that can time out does.</summary>
    private static readonly IReadOnlyDictionary<string, string?> Settings = new Dictionary<string, string?>(StringComparer.Ordinal)
    {
        ["FlashDrop:Pipeline:Deadline"] = "03:00:00",
        ["FlashDrop:Pipeline:TaskTimeout"] = "00:15:00",
        ["FlashDrop:Pipeline:AbandonedTaskWindow"] = "00:45:00",
        ["FlashDrop:Pipeline:AbandonedPollDelay"] = "00:05:00",
        ["FlashDrop:Pipeline:SweepLookback"] = "1.00:00:00",
    };

    private readonly int _seed;
    private readonly SimulationOptions _options;
    private readonly SimulatedScheduler _scheduler = new();
    private readonly SimulatedClock _clock;
    private readonly PriorityQueue<Action, (long Ticks, long Order)> _events = new();
    private readonly List<SimulatedInstance> _instances = [];
    private readonly SortedDictionary<string, int> _faults = new(StringComparer.Ordinal);
    private readonly Random _random;
    private readonly Trace _trace;
    private readonly SimulatedHost _host;
    private readonly SimulatedBudgets? _budgets;
    private long _order;
    private long _operations;
    private long _steps;
    private bool _crashing = true;

    private SimulatedWorld(int seed, SimulationOptions options)
    {
        _seed = seed;
        _options = options;
        _clock = new SimulatedClock(Start, At);
        _trace = new Trace(options.Trace);
        _random = new Random(seed);
        Plan = SimulationPlan.Of(seed, _random);
        Storage = new InMemoryStorage(_clock) { Faults = this };
        Storage.Queue.Disorder = new Random(_random.Next());
        Upstream = new SimulatedUpstream(this, new Random(_random.Next()));
        Invariants = new Invariants(this);
        _host = new SimulatedHost(this, new Random(_random.Next()));
        Users = new SimulatedUsers(this, _host.Publish, new Random(_random.Next()));
        _budgets = Plan.BudgetUsd is { } usd ? new SimulatedBudgets(this, usd) : null;
    }

    internal SimulationPlan Plan { get; }

    internal InMemoryStorage Storage { get; }

    internal SimulatedUpstream Upstream { get; }

    internal SimulatedUsers Users { get; }

    internal Invariants Invariants { get; }

    internal DateTimeOffset Now => _clock.GetUtcNow();

    internal TimeSpan Elapsed => Now - Start;

    /// <summary>Whether new faults may strike.</summary>
    internal bool Faulty => _crashing;

    internal bool Holding => Faulty && Plan.Hold is { } hold && Elapsed >= hold.From && Elapsed < hold.To;

    /// <summary>Whether an instance died, or was so slow that others may have taken it for dead.</summary>
    internal bool LostMemory => _faults.ContainsKey(CrashFault) || _faults.ContainsKey(StopFault) || _faults.ContainsKey(StallFault);

    /// <summary>Operations that have not ended.</summary>
    internal int Running => _instances.Sum(i => i.Running.Count);

    internal bool HasInstance => _instances.Exists(i => i.Alive);

    /// <summary>Runs a seed to its end.</summary>
    /// <exception cref="SimulationFailedException">A promise was broken.</exception>
    public static SimulationReport Run(int seed, SimulationOptions? options = null)
    {
        var activity = Activity.Current;
        Activity.Current = null;
        try
        {
            return new SimulatedWorld(seed, options ?? new SimulationOptions()).Run();
        }
        finally
        {
            Activity.Current = activity;
        }
    }

    /// <summary>A world in which nothing goes wrong by itself and nothing happens, for tests of its parts.</summary>
    internal static SimulatedWorld Calm(int seed) => new(seed, new SimulationOptions()) { _crashing = false };

    /// <summary>Lets time pass in a calm world.</summary>
    internal void Pass(TimeSpan time) => _clock.MoveTo(Now + time);

    /// <summary>Plans an event.</summary>
    internal void At(TimeSpan delay, Action action)
    {
        var at = Now + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero);
        _events.Enqueue(action, (at.UtcTicks, _order++));
    }

    internal void Log(string line) => _trace.Add(string.Create(CultureInfo.InvariantCulture, $"{Elapsed:hh\\:mm\\:ss\\.fff} {line}"));

    internal void CountFault(string kind) => _faults[kind] = _faults.GetValueOrDefault(kind) + 1;

    /// <summary>A running instance by chance, or null when all are down.</summary>
    internal SimulatedInstance? AnyInstance()
    {
        var alive = _instances.FindAll(i => i.Alive);
        return alive.Count == 0 ? null : alive[_random.Next(alive.Count)];
    }

    /// <summary>Starts an invocation on an instance.</summary>
    internal Operation Begin(string kind, SimulatedInstance instance, Func<Operation, Task> work, Action<Exception?> done)
    {
        var operation = new Operation(++_operations, kind, instance) { Done = done };
        instance.Running.Add(operation);
        Log($"{operation} begins");
        Operation.Current = operation;
        try
        {
            // Not awaited: it tells its end by itself, or never ends because its instance died.
            _ = Task.Factory.StartNew(() => ObserveAsync(operation, work), CancellationToken.None, TaskCreationOptions.None, _scheduler);
        }
        finally
        {
            Operation.Current = null;
        }

        return operation;
    }

    /// <summary>Lets the current operation wait at a scheduling point: it goes on later, with an exception, or never.</summary>
    internal Task PassAsync(string effect, bool after)
    {
        if (Operation.Current is not { } operation)
        {
            return Task.CompletedTask;
        }

        var gate = new TaskCompletionSource();
        At(Latency(operation, effect, after), () => Release(operation, gate, effect, after));
        return gate.Task;
    }

    /// <summary>Notes that the work on a job was disturbed, which explains what it shows later.</summary>
    internal void Trouble(Operation operation, string what)
    {
        operation.Trouble ??= what;
        foreach (var job in operation.Jobs)
        {
            Invariants.Disturb(job, what);
        }
    }

    internal Exception Fail(string promise, string detail) => new SimulationFailedException(
        _seed,
        promise,
        detail,
        $"""
        Seed {_seed} breaks a promise: {promise}.
        {detail}

        The end of the trace (virtual time, instance.life, operation, what):
        {_trace.Tail()}

        Replay: eng/simulate.sh 1 {_seed}
        """);

    ValueTask IFaultPlan.BeforeAsync(StorageCall effect, CancellationToken cancellationToken)
    {
        if (Operation.Current is { } operation && effect.Operation.StartsWith("job.", StringComparison.Ordinal) && JobId.TryParse(effect.Target, out var job))
        {
            operation.Jobs.Add(job);
            if (operation.Trouble is { } trouble)
            {
                Invariants.Disturb(job, trouble);
            }
        }

        return Unstoppable(effect) ? ValueTask.CompletedTask : new ValueTask(PassAsync(effect.Operation, after: false));
    }

    ValueTask IFaultPlan.AfterAsync(StorageCall effect, CancellationToken cancellationToken)
    {
        var operation = Operation.Current;
        if (operation is not null && effect.Operation != StorageOperations.JobScan)
        {
            Log($"{operation} {effect.Operation} {effect.Target}");
        }

        if (operation is not null && effect.Operation == StorageOperations.QueueSend && Faulty && Chance(Plan.DuplicateMessage))
        {
            CountFault(DoubledMessage);
            Log($"{effect.Target} message doubled");
            if (Storage.Queue.Duplicate(effect.Target) is { } text && PortJson.TryReadSubmit(text, out var submit))
            {
                Invariants.Disturb(submit.JobId, DoubledMessage);
            }
        }

        Invariants.AfterEffect(effect);
        _budgets?.AfterEffect(effect);
        return Unstoppable(effect) ? ValueTask.CompletedTask : new ValueTask(PassAsync(effect.Operation, after: true));
    }

    /// <summary>
    /// Scans are many and change nothing. Durations are written in the order of a hash table, which differs between processes.
    /// </summary>
    private static bool Unstoppable(StorageCall effect) =>
        effect.Operation is StorageOperations.JobScan || (effect.Operation is StorageOperations.CheckpointWrite && effect.Target.StartsWith("durations:", StringComparison.Ordinal));

    private bool Chance(double probability) => probability > 0 && _random.NextDouble() < probability;

    private SimulationReport Run()
    {
        for (var number = 1; number <= Plan.Instances; number++)
        {
            var instance = new SimulatedInstance(number);
            _instances.Add(instance);
            StartInstance(instance);
        }

        At(FaultTime, StopFaults);
        Users.Begin();
        _host.Begin();
        RunUntilRest();
        var reported = new List<UsageRecord>();
        _ = ReadReportAsync(reported);
        Invariants.AtRest(reported);
        if (_budgets is not null)
        {
            _instances.FindAll(instance => instance.Alive).ForEach(CloseBudgets);
            RunUntilRest();
            _budgets.AtRest();
        }

        var before = Invariants.Snapshot();
        Invariants.Frozen = true;
        _host.ReplayEverything();
        Log("everything is delivered again");
        RunUntilRest();
        Invariants.AfterReplay(before);

        return new SimulationReport
        {
            Seed = _seed,
            TraceHash = _trace.Hash,
            Steps = _steps,
            Jobs = Storage.Jobs.AllJobs().Count,
            Submissions = Upstream.Submissions.Count,
            Orphans = Invariants.Orphans,
            Faults = new SortedDictionary<string, int>(_faults, StringComparer.Ordinal),
            VirtualTime = Elapsed,
        };
    }

    private void RunUntilRest()
    {
        var limit = Now + RestTime;
        _host.Rested = false;
        while (true)
        {
            _scheduler.RunAll();
            Invariants.ThrowIfBroken();
            _budgets?.ThrowIfBroken();
            if (_scheduler.Escaped)
            {
                throw Fail("the simulation is deterministic", "Work went on outside the simulation's thread; whatever started it ignores TaskScheduler.Current.");
            }

            if (_host.Rested)
            {
                return;
            }

            _host.PlanPumps();
            if (!_events.TryDequeue(out var next, out var when))
            {
                throw Fail("nothing is in limbo", "Nothing is left to happen, yet not everything is done.");
            }

            _clock.MoveTo(new DateTimeOffset(when.Ticks, TimeSpan.Zero));
            if (Now > limit)
            {
                throw Fail("nothing is in limbo", $"Not at rest {RestTime.TotalHours:0} h after the last fault: {_host.WhatIsLeft()}");
            }

            _steps++;
            next();
        }
    }

    /// <summary>Reads the usage of the day as a report does. Nothing holds it up here, so it is done when it returns.</summary>
    private async Task ReadReportAsync(List<UsageRecord> rows)
    {
        await foreach (var row in Storage.Jobs.ListUsageAsync(DateOnly.FromDateTime(Start.UtcDateTime), CancellationToken.None))
        {
            rows.Add(row);
        }
    }

    private void StopFaults()
    {
        Log("faults end");
        _crashing = false;
        _budgets?.Raise();
    }

    private async Task ObserveAsync(Operation operation, Func<Operation, Task> work)
    {
        Exception? failure = null;
        try
        {
            await work(operation);
        }
        catch (Exception e)
        {
            failure = e;
        }

        Log($"{operation} {(failure is null ? "ends" : $"fails: {failure.GetType().Name} {FirstLine(failure)}")}");
        Invariants.CheckFailure(operation, failure);
        operation.Ended = true;
        operation.Instance.Running.Remove(operation);
        Operation.Current = null;
        operation.Done(failure);
    }

    private static string FirstLine(Exception e) => e.Message.Split('\n')[0];

    private TimeSpan Latency(Operation operation, string effect, bool after)
    {
        if (Faulty && Chance(Plan.Stall))
        {
            var stall = TimeSpan.FromSeconds(_random.Next(30, 900));
            CountFault(StallFault);
            Log($"{operation} {effect} stalls {stall.TotalSeconds:0} s {(after ? "after" : "before")}");
            Trouble(operation, StallFault);
            return stall;
        }

        return TimeSpan.FromMilliseconds(_random.Next(40) == 0 ? _random.Next(200, 4_000) : _random.Next(after ? 8 : 40));
    }

    private void Release(Operation operation, TaskCompletionSource gate, string effect, bool after)
    {
        if (operation.Dead)
        {
            return;
        }

        if (Faulty && Chance(Plan.Crash))
        {
            Log($"{operation} {effect}: {operation.Instance} dies {(after ? "after" : "before")} it");
            Crash(operation.Instance);
        }
        else if (Faulty && Chance(Plan.Stop) && !operation.Instance.Stopping.IsCancellationRequested)
        {
            Stop(operation.Instance);
            gate.SetResult();
        }
        else if (Faulty && !effect.StartsWith("upstream", StringComparison.Ordinal) && !effect.StartsWith("budget", StringComparison.Ordinal) && Chance(Plan.Unavailable))
        {
            CountFault(after ? "answer lost" : "storage refuses");
            Log($"{operation} {effect} {(after ? "loses its answer" : "is refused")}");
            Trouble(operation, after ? "answer lost" : "storage refuses");
            gate.SetException(new StorageUnavailableException($"503 {(after ? "after" : "before")} {effect}"));
        }
        else
        {
            gate.SetResult();
        }
    }

    /// <summary>The process is gone: nothing it was doing goes on, and it comes back empty.</summary>
    private void Crash(SimulatedInstance instance)
    {
        CountFault(CrashFault);
        Kill(instance, CrashFault);
        At(TimeSpan.FromSeconds(_random.Next(1, 180)), () => StartInstance(instance));
    }

    /// <summary>Scaled in: takes no new work, has its token cancelled, and is killed if it does not end in time.</summary>
    private void Stop(SimulatedInstance instance)
    {
        CountFault(StopFault);
        Log($"{instance} is asked to stop");
        instance.Close();
        foreach (var operation in instance.Running)
        {
            Trouble(operation, StopFault);
        }

        instance.Stopping.Cancel();
        CloseBudgets(instance);
        var life = instance.Life;
        At(TimeSpan.FromSeconds(30), () =>
        {
            if (instance.Life == life && !instance.Alive)
            {
                Kill(instance, StopFault);
                StartInstance(instance);
            }
        });
    }

    private void Kill(SimulatedInstance instance, string why)
    {
        instance.Close();
        Operation[] running = [.. instance.Running];
        instance.Running.Clear();
        foreach (var operation in running)
        {
            Trouble(operation, why);
            operation.Dead = true;
            operation.Ended = true;
        }

        foreach (var operation in running)
        {
            operation.Done(new CrashedException());
        }
    }

    private void StartInstance(SimulatedInstance instance)
    {
        if (instance.Alive)
        {
            return;
        }

        var services = new ServiceCollection()
            .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(new SimulatedLog(this)))
            .AddSingleton<TimeProvider>(_clock)
            .AddSingleton(new Random(_random.Next()))
            .AddSingleton<IJobStore>(Storage.Jobs)
            .AddSingleton<IContentStore>(Storage.Content)
            .AddSingleton<IWorkQueue>(Storage.Queue)
            .AddSingleton<ICheckpointStore>(Storage.Checkpoints)
            .AddSingleton<IIdempotencyStore>(Storage.Idempotency)
            .AddSingleton<IBudgetStore>(Storage.Budgets)
            .AddSingleton<IEvoLinkClient>(Upstream)
            .AddSingleton<IPriceBook, FlatPrices>()
            .AddSingleton(Options.Create(new UpstreamOptions { MaxInlineBytes = 1_000 }))
            .AddFlashDropCore(new ConfigurationBuilder().AddInMemoryCollection(Settings).Build());
        if (_budgets is not null)
        {
            services.AddSingleton<ICallerBook>(_budgets).AddSingleton(_budgets.Settings);
        }

        _options.Plant?.Invoke(services, Storage);
        instance.Start(services.BuildServiceProvider());
        Log($"{instance} starts");
        RenewBudgets(instance, instance.Life);
    }

    /// <summary>What every instance does beside its work: tells the ledgers what it spent.</summary>
    private void RenewBudgets(SimulatedInstance instance, int life)
    {
        if (_budgets is null)
        {
            return;
        }

        At(RenewEvery, () =>
        {
            if (instance.Alive && instance.Life == life)
            {
                Begin("RenewBudgets", instance, op => instance.Budgets.RenewAsync(closing: false, op.Cancellation.Token), _ => RenewBudgets(instance, life));
            }
        });
    }

    /// <summary>What every instance does last.</summary>
    private void CloseBudgets(SimulatedInstance instance)
    {
        if (_budgets is not null)
        {
            Begin("CloseBudgets", instance, _ => instance.Budgets.RenewAsync(closing: true, CancellationToken.None), _ => { });
        }
    }
}
