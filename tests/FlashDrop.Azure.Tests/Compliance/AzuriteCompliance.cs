using FlashDrop.Azure.Storage;
using FlashDrop.Core.Ports;
using FlashDrop.Testing.Compliance;

namespace FlashDrop.Azure.Tests.Compliance;

public sealed class TableJobStoreTests(AzuriteFixture azurite) : JobStoreCompliance
{
    protected override async Task<IJobStore> CreateAsync() =>
        new TableJobStore((await azurite.CreateAccountAsync(TestContext.Current.CancellationToken)).Tables);
}

public sealed class BlobContentStoreTests(AzuriteFixture azurite) : ContentStoreCompliance
{
    protected override async Task<IContentStore> CreateAsync() =>
        new BlobContentStore((await azurite.CreateAccountAsync(TestContext.Current.CancellationToken)).Blobs, TimeProvider.System);
}

public sealed class StorageWorkQueueTests(AzuriteFixture azurite) : WorkQueueCompliance
{
    // Azurite keeps its own time: what is due in a second has to be waited for.
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(300);

    private StorageAccount? _account;

    protected override async Task<IWorkQueue> CreateAsync()
    {
        _account = await azurite.CreateAccountAsync(TestContext.Current.CancellationToken);
        return new StorageWorkQueue(_account.Queues);
    }

    protected override Task PassAsync(TimeSpan time) =>
        Task.Delay(time + Slack, TimeProvider.System, TestContext.Current.CancellationToken);

    protected override Task SendRawAsync(string queue, string text) => _account!.Queues.GetQueueClient(queue).SendMessageAsync(text);

    protected override async Task<IReadOnlyList<string>> PeekRawAsync(string queue)
    {
        var messages = await _account!.Queues.GetQueueClient(queue).PeekMessagesAsync(32);
        return [.. messages.Value.Select(message => message.MessageText)];
    }
}

public sealed class TableCheckpointStoreTests(AzuriteFixture azurite) : CheckpointStoreCompliance
{
    protected override async Task<ICheckpointStore> CreateAsync() =>
        new TableCheckpointStore((await azurite.CreateAccountAsync(TestContext.Current.CancellationToken)).Tables);
}

public sealed class TableIdempotencyStoreTests(AzuriteFixture azurite) : IdempotencyStoreCompliance
{
    protected override async Task<IIdempotencyStore> CreateAsync() =>
        new TableIdempotencyStore(
            (await azurite.CreateAccountAsync(TestContext.Current.CancellationToken)).Tables, TimeProvider.System);
}

public sealed class TableCallerStoreTests(AzuriteFixture azurite) : CallerStoreCompliance
{
    protected override async Task<ICallerStore> CreateAsync() =>
        new TableCallerStore((await azurite.CreateAccountAsync(TestContext.Current.CancellationToken)).Tables);
}

public sealed class TableBudgetStoreTests(AzuriteFixture azurite) : BudgetStoreCompliance
{
    protected override async Task<IBudgetStore> CreateAsync() =>
        new TableBudgetStore((await azurite.CreateAccountAsync(TestContext.Current.CancellationToken)).Tables);
}
