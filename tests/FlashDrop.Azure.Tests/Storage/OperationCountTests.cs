using FlashDrop.Azure.Storage;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Testing;

namespace FlashDrop.Azure.Tests.Storage;

/// <summary>What each call costs in requests, by the counter the product offers.</summary>
public sealed class OperationCountTests(AzuriteFixture azurite)
{
    private static readonly BlobAddress Address = new(Containers.Inbox, "p/a.txt");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Job_writes_and_reads_cost_one_request_each()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var store = new TableJobStore(account.Tables);
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var usage = TestJobs.Usage(job.Id, "task-1");

        var version = await CountedAsync(account, 1, () => store.AddAsync(job, Stop));
        await CountedAsync(account, 1, () => store.FindAsync(job.Id, Stop));
        await CountedAsync(account, 1, () => store.FindAsync(TestJobs.Id(TestJobs.Noon, 2), Stop));
        version = await CountedAsync(account, 1, () => store.UpdateAsync(job with { State = JobState.Submitted }, version!, [], Stop));
        await CountedAsync(account, 1, () => store.UpdateAsync(TestJobs.Succeeded(job, usage), version!, [usage], Stop));
        await CountedAsync(account, 1, () => store.AddUsageAsync(TestJobs.Usage(job.Id, "task-2"), Stop));
    }

    [Fact]
    public async Task Completion_costs_one_more_request_for_each_usage_row_that_is_there()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var store = new TableJobStore(account.Tables);
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var usage = TestJobs.Usage(job.Id, "task-1");
        var version = await store.AddAsync(job, Stop);
        await store.AddUsageAsync(usage, Stop);

        await CountedAsync(account, 2, () => store.UpdateAsync(TestJobs.Succeeded(job, usage), version!, [usage], Stop));
    }

    [Fact]
    public async Task Finding_missing_jobs_costs_one_request_per_partition()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var store = new TableJobStore(account.Tables);
        var ids = Enumerable.Range(0, 90).Select(number => TestJobs.Id(TestJobs.Noon, number, shard: number % 3)).ToList();

        await CountedAsync(account, 3, () => store.FindMissingAsync(ids, Stop));
    }

    [Fact]
    public async Task Listings_cost_one_request_per_partition()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var store = new TableJobStore(account.Tables);
        var day = DateOnly.FromDateTime(TestJobs.Noon.UtcDateTime);
        await store.AddAsync(TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1)), Stop);

        await CountedAsync(account, JobId.ShardsPerDay, async () => await store.ListJobsAsync(day, Stop).CountAsync(Stop));
        await CountedAsync(account, JobId.ShardsPerDay, async () => await store.ListActiveAsync(day, day, TestJobs.Noon, Stop).CountAsync(Stop));
        await CountedAsync(account, JobId.ShardsPerDay, () => store.ListAsync(new JobQuery { From = day, To = day }, Stop));
    }

    [Fact]
    public async Task Page_of_a_long_empty_range_ends_with_a_cursor()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var store = new TableJobStore(account.Tables);
        var day = DateOnly.FromDateTime(TestJobs.Noon.UtcDateTime);
        var query = new JobQuery { From = day.AddDays(-365), To = day };

        var page = await CountedAsync(account, 4 * JobId.ShardsPerDay, () => store.ListAsync(query, Stop));

        Assert.Empty(page.Jobs);
        Assert.NotNull(page.Cursor);
    }

    [Fact]
    public async Task Blob_calls_cost_one_request_each()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        using var store = new BlobContentStore(account.Blobs, TimeProvider.System);
        var large = new byte[6 * 1024 * 1024];

        var etag = await CountedAsync(account, 1, () => store.WriteAsync(Address, large, "text/plain", WriteCondition.New, null, Stop));
        await CountedAsync(account, 1, () => store.WriteAsync(Address, large, "text/plain", WriteCondition.Over(etag!), null, Stop));
        await CountedAsync(account, 1, () => store.GetInfoAsync(Address, Stop));
        await CountedAsync(account, 1, () => store.ReadRangeAsync(Address, 0, 64 * 1024, Stop));
        var read = await CountedAsync(account, 1, async () =>
        {
            await using var opened = await store.OpenAsync(Address, ifMatch: null, Stop);
            var copy = new MemoryStream();
            await opened!.Stream.CopyToAsync(copy, Stop);
            return copy.Length;
        });
        Assert.Equal(large.Length, read);
        await CountedAsync(account, 1, async () =>
        {
            await store.CopyAsync(Address, Address with { Name = "copy" }, Stop);
            return true;
        });
        await CountedAsync(account, 0, () => store.GetReadUrlAsync(Address, TimeSpan.FromHours(1), Stop));
        await CountedAsync(account, 1, async () => await store.ListAsync(Containers.Inbox, null, Stop).CountAsync(Stop));
        await CountedAsync(account, 1, () => store.DeleteAsync(Address, ifMatch: null, Stop));
        Assert.Equal(account.Counts.Total, account.Counts.Of("blob"));
    }

    [Fact]
    public async Task Queue_calls_cost_one_request_each_and_a_poison_move_two()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var queue = new StorageWorkQueue(account.Queues);
        var message = new PollMessage(TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1)), "1", 0, TraceParent: null);

        await CountedAsync(account, 1, () => Done(queue.SendPollAsync(message, TimeSpan.Zero, Stop)));
        await CountedAsync(account, 1, () => Done(queue.SendSubmitAsync(new SubmitMessage(message.Job.Id, 1, null), TimeSpan.Zero, Stop)));
        var delivery = Assert.Single(await CountedAsync(account, 1, () => queue.ReceivePollsAsync(32, TimeSpan.FromMinutes(1), Stop)));
        await CountedAsync(account, 1, () => queue.RescheduleAsync(delivery, message, TimeSpan.Zero, Stop));
        delivery = Assert.Single(await queue.ReceivePollsAsync(32, TimeSpan.FromMinutes(1), Stop));
        await CountedAsync(account, 2, () => Done(queue.PoisonAsync(delivery, Stop)));
        await CountedAsync(account, 1, () => queue.CountAsync(Queues.Poll, Stop));
        await CountedAsync(account, 1, () => Done(queue.DeleteAsync(delivery, Stop)));
        Assert.Equal(1, account.Counts.Of("queue", "PUT"));
        Assert.Equal(account.Counts.Total, account.Counts.Snapshot().Values.Sum());
    }

    [Fact]
    public async Task Checkpoints_and_claims_cost_one_request_and_a_repeated_claim_two()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var checkpoints = new TableCheckpointStore(account.Tables);
        var idempotency = new TableIdempotencyStore(account.Tables, TimeProvider.System);
        var claim = new IdempotencyClaim(TestJobs.Id(TestJobs.Noon, 1), "f");

        await CountedAsync(account, 1, () => Done(checkpoints.WriteAsync("a", "b", Stop)));
        await CountedAsync(account, 1, () => checkpoints.ReadAsync("a", Stop));
        await CountedAsync(account, 1, () => idempotency.ClaimAsync("acme", "key", claim, Stop));
        await CountedAsync(account, 2, () => idempotency.ClaimAsync("acme", "key", claim, Stop));
    }

    private static async Task<T> CountedAsync<T>(StorageAccount account, long expected, Func<Task<T>> call)
    {
        var before = account.Counts.Total;
        var result = await call();
        Assert.Equal(expected, account.Counts.Total - before);
        return result;
    }

    private static async Task<bool> Done(Task task)
    {
        await task;
        return true;
    }
}
