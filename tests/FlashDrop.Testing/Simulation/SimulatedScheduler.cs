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

/// <summary>The virtual clock. Its timers are events of the simulation, and one that an instance waits for dies with it.</summary>
/// <param name="start">When it begins.</param>
/// <param name="plan">Plans an event.</param>
internal sealed class SimulatedClock(DateTimeOffset start, Action<TimeSpan, Action> plan) : TimeProvider
{
    private DateTimeOffset _now = start;

    public override DateTimeOffset GetUtcNow() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var operation = Operation.Current;
        var timer = new Timer();
        plan(dueTime, () =>
        {
            if (!timer.Disposed && operation is not { Dead: true })
            {
                callback(state);
            }
        });
        return timer;
    }

    public void MoveTo(DateTimeOffset time) => _now = time > _now ? time : _now;

    /// <summary>Rings once, as waiting needs it.</summary>
    private sealed class Timer : ITimer
    {
        public bool Disposed { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period) => throw new NotSupportedException("A simulated timer rings once.");

        public void Dispose() => Disposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
