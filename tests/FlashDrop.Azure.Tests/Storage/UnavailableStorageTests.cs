using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Azure.Storage;
using FlashDrop.Azure.Tests.Fakes;
using FlashDrop.Core.Ports;
using FlashDrop.Testing;

namespace FlashDrop.Azure.Tests.Storage;

public sealed class UnavailableStorageTests(AzuriteFixture azurite)
{
    private static readonly BlobAddress Address = new(Containers.Inbox, "a");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(500, "tried again")]
    [InlineData(503, "tried again")]
    [InlineData(429, "tried again")]
    [InlineData(403, "roles")]
    [InlineData(0, "reachable")]
    public async Task What_storage_refuses_for_now_says_what_to_do(int status, string remedy)
    {
        foreach (var call in Calls(Transport(status)))
        {
            var unavailable = await Assert.ThrowsAsync<StorageUnavailableException>(call);
            Assert.Contains(remedy, unavailable.Message, StringComparison.Ordinal);
            Assert.NotNull(unavailable.InnerException);
        }
    }

    [Fact]
    public async Task Account_without_containers_queues_and_table_says_what_to_do()
    {
        var account = new StorageAccount(azurite.NewConnectionString());
        using var content = new BlobContentStore(account.Blobs, TimeProvider.System);

        foreach (var call in Calls(new TableJobStore(account.Tables), content, new StorageWorkQueue(account.Queues)))
        {
            var unavailable = await Assert.ThrowsAsync<StorageUnavailableException>(call);
            Assert.Contains("does not exist", unavailable.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Initializing_twice_is_no_error()
    {
        var account = await azurite.CreateAccountAsync(Stop);

        await new StorageInitializer(account.Blobs, account.Queues, account.Tables).EnsureAsync(Stop);

        var containers = await account.Blobs.GetBlobContainersAsync(cancellationToken: Stop).Select(container => container.Name).ToListAsync(Stop);
        var queues = await account.Queues.GetQueuesAsync(cancellationToken: Stop).Select(queue => queue.Name).ToListAsync(Stop);
        Assert.Equal(Containers.All.Order(StringComparer.Ordinal), containers, StringComparer.Ordinal);
        Assert.Equal(Queues.All.Order(StringComparer.Ordinal), queues.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    [Fact]
    public async Task Cancellation_by_the_caller_is_not_taken_for_an_outage()
    {
        using var cancelled = new CancellationTokenSource();
        var transport = new FakeTransport(async (_, token) =>
        {
            await cancelled.CancelAsync();
            token.ThrowIfCancellationRequested();
            return new FakeResponse(500);
        });
        var (jobs, _, _) = Stores(transport);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => jobs.FindAsync(TestJobs.Id(TestJobs.Noon, 1), cancelled.Token));
    }

    [Fact]
    public async Task Download_that_breaks_off_for_good_is_an_outage_for_its_reader()
    {
        var requests = 0;
        var transport = new FakeTransport((_, _) =>
        {
            if (++requests > 1)
            {
                throw new HttpRequestException("refused");
            }

            return ValueTask.FromResult(new FakeResponse(
                200, "half",
                ("Content-Length", "8"), ("ETag", "\"0x1\""), ("Last-Modified", "Sat, 14 Mar 2026 12:00:00 GMT"))
            {
                ContentStream = new BrokenStream(),
            });
        });
        var (_, content, _) = Stores(transport);
        await using var opened = await content.OpenAsync(Address, ifMatch: null, Stop);

        await Assert.ThrowsAsync<StorageUnavailableException>(() => opened!.Stream.CopyToAsync(Stream.Null, Stop));
    }

    private static FakeTransport Transport(int status) => new((_, _) => status == 0
        ? throw new HttpRequestException("connection refused")
        : ValueTask.FromResult(new FakeResponse(status)));

    private static IEnumerable<Func<Task>> Calls(FakeTransport transport)
    {
        var (jobs, content, queue) = Stores(transport);

        // A point read of a table that does not exist finds nothing, so it is not among the calls below.
        return Calls(jobs, content, queue).Append(() => jobs.FindAsync(TestJobs.Id(TestJobs.Noon, 1), Stop));
    }

    private static (TableJobStore Jobs, BlobContentStore Content, StorageWorkQueue Queue) Stores(FakeTransport transport)
    {
        var blobs = Quick(new BlobClientOptions(), transport);
        var queues = Quick(new QueueClientOptions(), transport);
        var tables = Quick(new TableClientOptions(), transport);
        return (
            new TableJobStore(new TableServiceClient(new Uri("https://account.table.core.windows.net"), new FakeCredential(), tables)),
            new BlobContentStore(new BlobServiceClient(new Uri("https://account.blob.core.windows.net"), new FakeCredential(), blobs), TimeProvider.System),
            new StorageWorkQueue(new QueueServiceClient(new Uri("https://account.queue.core.windows.net"), new FakeCredential(), queues)));
    }

    private static T Quick<T>(T options, FakeTransport transport)
        where T : ClientOptions
    {
        options.Transport = transport;
        options.Retry.MaxRetries = 1;
        options.Retry.Delay = TimeSpan.Zero;
        options.Retry.MaxDelay = TimeSpan.Zero;
        return options;
    }

    private static IEnumerable<Func<Task>> Calls(TableJobStore jobs, BlobContentStore content, StorageWorkQueue queue)
    {
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var day = DateOnly.FromDateTime(TestJobs.Noon.UtcDateTime);
        var usage = TestJobs.Usage(job.Id, "t");
        yield return () => jobs.AddAsync(job, Stop);
        yield return () => jobs.UpdateAsync(job, "W/\"1\"", [usage], Stop);
        yield return () => jobs.AddUsageAsync(usage, Stop);
        yield return () => jobs.ListAsync(new JobQuery { From = day, To = day }, Stop);
        yield return () => jobs.FindMissingAsync([job.Id], Stop);
        yield return () => jobs.DeleteAsync(job.Id, Stop);
        yield return async () => await jobs.ListJobsAsync(day, Stop).CountAsync(Stop);
        yield return async () => await jobs.ListActiveAsync(day, day, TestJobs.Noon, Stop).CountAsync(Stop);
        yield return () => content.OpenAsync(Address, ifMatch: null, Stop);
        yield return () => content.ReadRangeAsync(Address, 0, 1, Stop);
        yield return () => content.WriteAsync(Address, default, "text/plain", WriteCondition.New, null, Stop);
        yield return async () => await content.ListAsync(Address.Container, prefix: null, Stop).CountAsync(Stop);
        yield return () => queue.SendSubmitAsync(new SubmitMessage(job.Id, 1, TraceParent: null), TimeSpan.Zero, Stop);
        yield return () => queue.ReceivePollsAsync(32, TimeSpan.FromMinutes(1), Stop);
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            throw new IOException("reset by peer");

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            throw new IOException("reset by peer");
    }
}
