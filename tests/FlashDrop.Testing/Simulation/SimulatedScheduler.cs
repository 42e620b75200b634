namespace FlashDrop.Testing.Simulation;

/// <summary>
/// Runs everything a simulation does on the one thread that drives it, in the order it became ready: no thread pool, no timing.
/// </summary>
internal sealed class SimulatedScheduler : TaskScheduler
{
    private readonly Queue<Task> _ready = new();
    private readonly int _thread = Environment.CurrentManagedThreadId;

    /// <summary>Whether work came back on another thread: then a seed would not replay.</summary>
    public bool Escaped { get; private set; }

    /// <summary>Runs what is ready until everything waits for the simulation or is done.</summary>
    public void RunAll()
    {
        // An await prefers a synchronisation context to a scheduler, and a test runner may have one.
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            while (_ready.TryDequeue(out var task))
            {
                TryExecuteTask(task);
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    protected override void QueueTask(Task task)
    {
        Escaped |= Environment.CurrentManagedThreadId != _thread;
        _ready.Enqueue(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _ready;
}

/// <summary>The virtual clock. It has no timers: the core must not need any.</summary>
internal sealed class SimulatedClock(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset _now = start;

    public override DateTimeOffset GetUtcNow() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        throw new InvalidOperationException("The simulation has no timers; work is scheduled through queues and the host's timers.");

    public void MoveTo(DateTimeOffset time) => _now = time > _now ? time : _now;
}
