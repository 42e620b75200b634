using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Requests;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Pipeline;

/// <summary>
/// Storage operations per job that completes at its second look, counted. A receive serves up to 32 jobs, so its share is counted.
/// </summary>
public sealed class OperationBudgetTests
{
    private const int Jobs = 32;

    [Fact]
    public async Task Drop_TakesAtMostTenOperations()
    {
        var bench = await WarmBenchAsync();
        for (var i = 0; i < Jobs; i++)
        {
            await bench.DropAsync($"default/harbour-{i}.jpg", [.. PipelineBench.Jpeg, (byte)i]);
        }

        await LookTwiceAsync(bench);

        AssertBudget(bench, 10);
    }

    [Fact]
    public async Task HttpJob_TakesAtMostTwelveOperations()
    {
        var bench = await WarmBenchAsync();
        for (var i = 0; i < Jobs; i++)
        {
            var job = new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Prompt = $"What is {i} and {i}?" } };
            await bench.Service.AcceptAsync(job, CancellationToken.None);
        }

        await LookTwiceAsync(bench);

        AssertBudget(bench, 12);
    }

    [Theory]
    [InlineData(true, 10)]
    [InlineData(false, 12)]
    public async Task LoneJob_TakesNoMore_WhenItsSecondLookComesWithinTheCycle(bool drop, int budget)
    {
        var bench = await WarmBenchAsync();
        if (drop)
        {
            await bench.DropAsync("default/harbour.jpg");
        }
        else
        {
            await bench.Service.AcceptAsync(new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Prompt = "Hello?" } }, CancellationToken.None);
            await bench.DeliverAsync();
            bench.Storage.Operations.Forget(StorageOperations.QueueReceive);
        }

        bench.Time.Advance(TimeSpan.FromSeconds(5.5));
        await bench.WatchAsync();

        AssertBudget(bench, budget, jobs: 1);
    }

    /// <summary>A bench whose profile is remembered, as it is in a process that has seen a job in the last minute.</summary>
    private static async Task<PipelineBench> WarmBenchAsync()
    {
        var bench = new PipelineBench();
        bench.Upstream.TaskTime = TimeSpan.FromMinutes(30);
        await bench.DropAsync("default/first.jpg");
        await bench.Service.CancelAsync(bench.Only.Id, CancellationToken.None);
        bench.Storage.Queue.Clear("poll");
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(6);
        bench.Storage.Operations.Reset();
        return bench;
    }

    /// <summary>Delivers submits at once, looks when the first look is due (5 s) and again when the second is (2 s later).</summary>
    private static async Task LookTwiceAsync(PipelineBench bench)
    {
        await bench.DeliverAsync();
        bench.Storage.Operations.Forget(StorageOperations.QueueReceive);
        bench.Time.Advance(TimeSpan.FromSeconds(5.5));
        await bench.DeliverAsync();
        Assert.All(bench.Storage.Jobs.AllJobs().Where(j => j.State != JobState.Cancelled), j => Assert.Equal(JobState.Submitted, j.State));
        bench.Time.Advance(TimeSpan.FromSeconds(5));
        await bench.DeliverAsync();
    }

    private static void AssertBudget(PipelineBench bench, int budget, int jobs = Jobs)
    {
        Assert.Equal(jobs, bench.Storage.Jobs.AllJobs().Count(j => j.State == JobState.Succeeded));
        Assert.Equal(2 * jobs, bench.Upstream.Reads);
        var counts = bench.Storage.Operations.Snapshot();
        var perJob = (double)bench.Storage.Operations.Total / jobs;
        Assert.True(perJob <= budget, $"{perJob:0.00} operations a job: {string.Join(", ", counts.Select(c => $"{c.Key} {c.Value}"))}");
    }
}
