using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using FlashDrop.Azure.Storage;
using FlashDrop.Azure.Tests.Fakes;
using FlashDrop.Core.Ports;
using FlashDrop.Testing;

namespace FlashDrop.Azure.Tests.Storage;

/// <summary>The service did it, the answer was lost, the client asked again: that is no conflict.</summary>
public sealed class LostAnswerTests(AzuriteFixture azurite)
{
    private readonly LostAnswerPolicy _policy = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Add_whose_answer_was_lost_succeeds()
    {
        var store = await JobStoreAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        _policy.LoseNext();

        var version = await store.AddAsync(job, Stop);

        Assert.Equal(1, _policy.Lost);
        Assert.NotNull(version);
        Assert.Equal(version, (await store.FindAsync(job.Id, Stop))!.Version);
    }

    [Fact]
    public async Task Completion_whose_answer_was_lost_succeeds_and_meters_once()
    {
        var store = await JobStoreAsync();
        var job = TestJobs.Job(TestJobs.Id(TestJobs.Noon, 1));
        var usage = TestJobs.Usage(job.Id, "task-1");
        var version = await store.AddAsync(job, Stop);
        _policy.LoseNext();

        var updated = await store.UpdateAsync(TestJobs.Succeeded(job, usage), version!, [usage], Stop);

        Assert.Equal(1, _policy.Lost);
        Assert.NotNull(updated);
        Assert.Equal(updated, (await store.FindAsync(job.Id, Stop))!.Version);
        Assert.Single(await store.ListUsageAsync(DateOnly.FromDateTime(job.Id.Time.UtcDateTime), Stop).ToListAsync(Stop));
    }

    [Fact]
    public async Task Usage_whose_answer_was_lost_is_new()
    {
        var store = await JobStoreAsync();
        _policy.LoseNext();

        Assert.True(await store.AddUsageAsync(TestJobs.Usage(TestJobs.Id(TestJobs.Noon, 1), "task-1"), Stop));
        Assert.Equal(1, _policy.Lost);
    }

    [Fact]
    public async Task Claim_whose_answer_was_lost_is_ours()
    {
        var store = new TableIdempotencyStore(await TablesAsync(), TimeProvider.System);
        var claim = new IdempotencyClaim(TestJobs.Id(TestJobs.Noon, 1), "f");
        _policy.LoseNext();

        Assert.Equal(claim, await store.ClaimAsync("acme", "key", claim, Stop));
        Assert.Equal(1, _policy.Lost);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Conditional_blob_write_whose_answer_was_lost_succeeds(bool onlyNew)
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var options = new BlobClientOptions { Retry = { Delay = TimeSpan.Zero } };
        options.AddPolicy(_policy, HttpPipelinePosition.PerRetry);
        using var store = new BlobContentStore(new BlobServiceClient(account.ConnectionString, options), TimeProvider.System);
        var address = new BlobAddress(Containers.Results, "a.json");
        var condition = onlyNew
            ? WriteCondition.New
            : WriteCondition.Over((await store.WriteAsync(address, default, "text/plain", WriteCondition.Always, null, Stop))!);
        _policy.LoseNext();

        var etag = await store.WriteAsync(address, "x"u8.ToArray(), "text/plain", condition, null, Stop);

        Assert.Equal(1, _policy.Lost);
        Assert.NotNull(etag);
        Assert.Equal(etag, (await store.GetInfoAsync(address, Stop))!.ETag);
        Assert.Null(await store.WriteAsync(address, "y"u8.ToArray(), "text/plain", condition, null, Stop));
    }

    private async Task<TableJobStore> JobStoreAsync() => new(await TablesAsync());

    private async Task<TableServiceClient> TablesAsync()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var options = new TableClientOptions { Retry = { Delay = TimeSpan.Zero } };
        options.AddPolicy(_policy, HttpPipelinePosition.PerRetry);
        return new TableServiceClient(account.ConnectionString, options);
    }
}
