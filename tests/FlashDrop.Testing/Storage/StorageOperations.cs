using System.Collections.Concurrent;
using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>Names of the effects the in-memory ports have; each stands for one request to a storage account.</summary>
public static class StorageOperations
{
    public const string JobAdd = "job.add";
    public const string JobFind = "job.find";
    public const string JobUpdate = "job.update";
    public const string JobDelete = "job.delete";
    public const string JobScan = "job.scan";
    public const string JobPurge = "job.purge";
    public const string UsageAdd = "usage.add";
    public const string BlobOpen = "blob.open";
    public const string BlobReadRange = "blob.read-range";
    public const string BlobInfo = "blob.info";
    public const string BlobWrite = "blob.write";
    public const string BlobCopy = "blob.copy";
    public const string BlobDelete = "blob.delete";
    public const string BlobList = "blob.list";
    public const string QueueSend = "queue.send";
    public const string QueueReceive = "queue.receive";
    public const string QueueUpdate = "queue.update";
    public const string QueueDelete = "queue.delete";
    public const string QueueCount = "queue.count";
    public const string CheckpointRead = "checkpoint.read";
    public const string CheckpointWrite = "checkpoint.write";
    public const string IdempotencyClaim = "idempotency.claim";
    public const string CallerAdd = "caller.add";
    public const string CallerFind = "caller.find";
    public const string CallerUpdate = "caller.update";
    public const string CallerDelete = "caller.delete";
    public const string CallerList = "caller.list";
    public const string BudgetFind = "budget.find";
    public const string BudgetWrite = "budget.write";
}

/// <summary>One effect on storage.</summary>
/// <param name="Operation">One of <see cref="StorageOperations"/>.</param>
/// <param name="Target">What it touches: a job id, a partition, <c>container/name</c>, a queue, a checkpoint.</param>
public readonly record struct StorageCall(string Operation, string Target);

/// <summary>
/// Decides what goes wrong. An exception from <see cref="BeforeAsync"/> means the effect did not happen, one from
/// <see cref="AfterAsync"/> that it did and the answer was lost.
/// </summary>
public interface IFaultPlan
{
    ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken);

    ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken);
}

/// <summary>Faults scripted one by one: the next calls that match fail, later ones do not. Safe for concurrent use.</summary>
public sealed class ScriptedFaults : IFaultPlan
{
    private readonly Lock _lock = new();
    private readonly List<Fault> _faults = [];

    /// <summary>Lets the next calls fail without effect.</summary>
    public ScriptedFaults FailBefore(string operation, int times = 1, string? target = null, int skip = 0) =>
        Add(operation, target, after: false, times, skip);

    /// <summary>Lets the next calls take effect and their answers get lost.</summary>
    public ScriptedFaults LoseAnswer(string operation, int times = 1, string? target = null, int skip = 0) =>
        Add(operation, target, after: true, times, skip);

    /// <summary>Forgets what is scripted.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _faults.Clear();
        }
    }

    public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken) => Meet(effect, after: false);

    public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => Meet(effect, after: true);

    private ScriptedFaults Add(string operation, string? target, bool after, int times, int skip)
    {
        lock (_lock)
        {
            _faults.Add(new Fault(operation, target, after) { Remaining = times, Skip = skip });
        }

        return this;
    }

    private ValueTask Meet(StorageCall effect, bool after)
    {
        lock (_lock)
        {
            foreach (var fault in _faults)
            {
                if (fault.After != after || fault.Remaining == 0 || fault.Operation != effect.Operation
                    || (fault.Target is not null && fault.Target != effect.Target))
                {
                    continue;
                }

                if (fault.Skip > 0)
                {
                    fault.Skip--;
                    continue;
                }

                fault.Remaining--;
                throw new StorageUnavailableException(
                    $"Scripted: {effect.Operation} on {effect.Target} {(after ? "lost its answer" : "did not happen")}.");
            }
        }

        return ValueTask.CompletedTask;
    }

    private sealed class Fault(string operation, string? target, bool after)
    {
        public string Operation { get; } = operation;

        public string? Target { get; } = target;

        public bool After { get; } = after;

        public int Remaining { get; set; }

        public int Skip { get; set; }
    }
}

/// <summary>Counts effects by operation. Safe for concurrent use.</summary>
public sealed class OperationCounter
{
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>All of them.</summary>
    public long Total => _counts.Values.Sum();

    /// <summary>Those of one operation.</summary>
    public long Of(string operation) => _counts.GetValueOrDefault(operation);

    /// <summary>The counts as they stand.</summary>
    public IReadOnlyDictionary<string, long> Snapshot() => new SortedDictionary<string, long>(_counts, StringComparer.Ordinal);

    /// <summary>Starts one operation again at zero.</summary>
    public void Forget(string operation) => _counts.TryRemove(operation, out _);

    /// <summary>Starts again at zero.</summary>
    public void Reset() => _counts.Clear();

    internal void Add(string operation) => _counts.AddOrUpdate(operation, 1, static (_, count) => count + 1);
}
