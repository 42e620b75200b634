using FlashDrop.Core.Ports;
using FlashDrop.Testing;
using FlashDrop.Testing.Compliance;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Azure.Tests.Compliance;

public sealed class InMemoryJobStoreTests : JobStoreCompliance
{
    protected override Task<IJobStore> CreateAsync() => Task.FromResult<IJobStore>(new InMemoryStorage(new FakeTimeProvider(TestJobs.Noon)).Jobs);
}

public sealed class InMemoryContentStoreTests : ContentStoreCompliance
{
    protected override Task<IContentStore> CreateAsync() =>
        Task.FromResult<IContentStore>(new InMemoryStorage(new FakeTimeProvider(TestJobs.Noon.AddTicks(1234))).Content);
}

public sealed class InMemoryWorkQueueTests : WorkQueueCompliance
{
    private readonly FakeTimeProvider _time = new(TestJobs.Noon);
    private InMemoryStorage? _storage;

    protected override Task<IWorkQueue> CreateAsync()
    {
        _storage = new InMemoryStorage(_time);
        return Task.FromResult<IWorkQueue>(_storage.Queue);
    }

    protected override Task PassAsync(TimeSpan time)
    {
        _time.Advance(time);
        return Task.CompletedTask;
    }

    protected override Task SendRawAsync(string queue, string text)
    {
        _storage!.Queue.Send(queue, text);
        return Task.CompletedTask;
    }

    protected override Task<IReadOnlyList<string>> PeekRawAsync(string queue) => Task.FromResult(_storage!.Queue.Peek(queue));
}

public sealed class InMemoryCheckpointStoreTests : CheckpointStoreCompliance
{
    protected override Task<ICheckpointStore> CreateAsync() =>
        Task.FromResult<ICheckpointStore>(new InMemoryStorage(new FakeTimeProvider(TestJobs.Noon)).Checkpoints);
}

public sealed class InMemoryIdempotencyStoreTests : IdempotencyStoreCompliance
{
    protected override Task<IIdempotencyStore> CreateAsync() =>
        Task.FromResult<IIdempotencyStore>(new InMemoryStorage(new FakeTimeProvider(TestJobs.Noon)).Idempotency);
}

public sealed class InMemoryCallerStoreTests : CallerStoreCompliance
{
    protected override Task<ICallerStore> CreateAsync() =>
        Task.FromResult<ICallerStore>(new InMemoryStorage(new FakeTimeProvider(TestJobs.Noon)).Callers);
}

public sealed class InMemoryBudgetStoreTests : BudgetStoreCompliance
{
    protected override Task<IBudgetStore> CreateAsync() =>
        Task.FromResult<IBudgetStore>(new InMemoryStorage(new FakeTimeProvider(TestJobs.Noon)).Budgets);
}
