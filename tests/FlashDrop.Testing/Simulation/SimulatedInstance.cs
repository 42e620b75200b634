using FlashDrop.Core.Budgets;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Testing.Simulation;

/// <summary>One function instance: its own container, so its own memory, which a crash takes away.</summary>
internal sealed class SimulatedInstance(int number)
{
    public int Number { get; } = number;

    /// <summary>How often it was started.</summary>
    public int Life { get; private set; }

    public bool Alive { get; private set; }

    public List<Operation> Running { get; } = [];

    public CancellationTokenSource Stopping { get; private set; } = new();

    public IPipeline Pipeline { get; private set; } = null!;

    public IJobService Jobs { get; private set; } = null!;

    public IBudgetBook Budgets { get; private set; } = null!;

    public void Start(ServiceProvider services)
    {
        Life++;
        Alive = true;
        Stopping = new CancellationTokenSource();
        Pipeline = services.GetRequiredService<IPipeline>();
        Jobs = services.GetRequiredService<IJobService>();
        Budgets = services.GetRequiredService<IBudgetBook>();
    }

    /// <summary>Takes no new work.</summary>
    public void Close() => Alive = false;

    public override string ToString() => $"i{Number}.{Life}";
}

/// <summary>One invocation on an instance: a delivery, a timer, a request.</summary>
internal sealed class Operation(long number, string kind, SimulatedInstance instance)
{
    private static readonly AsyncLocal<Operation?> Ambient = new();

    /// <summary>The operation whose code is running; null for users and the simulation itself.</summary>
    public static Operation? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    public SimulatedInstance Instance { get; } = instance;

    public CancellationTokenSource Cancellation { get; } = CancellationTokenSource.CreateLinkedTokenSource(instance.Stopping.Token);

    /// <summary>Its instance died: nothing of it ever runs again.</summary>
    public bool Dead { get; set; }

    /// <summary>Whether it has ended, well or not.</summary>
    public bool Ended { get; set; }

    /// <summary>Jobs it has touched.</summary>
    public HashSet<JobId> Jobs { get; } = [];

    /// <summary>The first fault that struck it.</summary>
    public string? Trouble { get; set; }

    /// <summary>Called once: with null when it went well, with the exception when not, with a <see cref="CrashedException"/> when its instance died.</summary>
    public Action<Exception?> Done { get; set; } = _ => { };

    public override string ToString() => $"{Instance} {kind}#{number}";
}

/// <summary>What the far end of a connection sees when an instance dies.</summary>
internal sealed class CrashedException() : Exception("The instance died.");
