namespace FlashDrop.Testing.Storage;

/// <summary>
/// The storage account in memory: every port with the semantics of the real one, on one clock, with one place to count effects and
/// to make them fail. Without a fault plan every call completes synchronously. Safe for concurrent use.
/// </summary>
public sealed class InMemoryStorage
{
    public InMemoryStorage(TimeProvider timeProvider)
    {
        TimeProvider = timeProvider;
        Jobs = new InMemoryJobStore(this);
        Content = new InMemoryContentStore(this);
        Queue = new InMemoryWorkQueue(this);
        Checkpoints = new InMemoryCheckpointStore(this);
        Idempotency = new InMemoryIdempotencyStore(this);
        Callers = new InMemoryCallerStore(this);
        Budgets = new InMemoryBudgetStore(this);
    }

    public TimeProvider TimeProvider { get; }

    public InMemoryJobStore Jobs { get; }

    public InMemoryContentStore Content { get; }

    public InMemoryWorkQueue Queue { get; }

    public InMemoryCheckpointStore Checkpoints { get; }

    public InMemoryIdempotencyStore Idempotency { get; }

    public InMemoryCallerStore Callers { get; }

    public InMemoryBudgetStore Budgets { get; }

    /// <summary>Counts every effect, failed ones included.</summary>
    public OperationCounter Operations { get; } = new();

    /// <summary>What goes wrong; null for nothing. May be switched at any time.</summary>
    public IFaultPlan? Faults { get; set; }

    internal async Task<T> RunAsync<T>(string operation, string target, Func<T> effect, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Operations.Add(operation);
        var call = new StorageCall(operation, target);
        var faults = Faults;
        if (faults is not null)
        {
            await faults.BeforeAsync(call, cancellationToken);
        }

        var result = effect();
        if (faults is not null)
        {
            await faults.AfterAsync(call, cancellationToken);
        }

        return result;
    }
}
