using FlashDrop.Azure.Storage;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Testing;

namespace FlashDrop.Azure.Tests.Storage;

/// <summary>A partition of more rows than the service gives in one answer.</summary>
public sealed class LargePartitionTests(AzuriteFixture azurite)
{
    private const int Rows = 1_100;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Listings_pages_and_look_ups_see_every_row()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var store = new TableJobStore(account.Tables);
        var day = DateOnly.FromDateTime(TestJobs.Noon.UtcDateTime);
        var ids = Enumerable.Range(0, Rows).Select(number => TestJobs.Id(TestJobs.Noon.AddSeconds(number), number)).ToList();
        await Parallel.ForEachAsync(
            ids.Where((_, number) => number % 100 != 0),
            new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Stop },
            async (id, token) => await store.AddAsync(TestJobs.Job(id), token));
        var present = ids.Where((_, number) => number % 100 != 0).ToList();

        var listed = await store.ListJobsAsync(day, Stop).Select(job => job.Id).ToListAsync(Stop);
        var missing = await store.FindMissingAsync(ids, Stop);
        var paged = new List<JobId>();
        var query = new JobQuery { From = day, To = day, PageSize = 400 };
        do
        {
            var page = await store.ListAsync(query, Stop);
            paged.AddRange(page.Jobs.Select(job => job.Id));
            query = query with { Cursor = page.Cursor };
        }
        while (query.Cursor is not null);

        Assert.Equal(present, listed.Order());
        Assert.Equal(ids.Except(present), missing.Order());
        Assert.Equal(present.OrderDescending(), paged);
    }
}
