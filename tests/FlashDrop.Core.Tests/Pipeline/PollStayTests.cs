using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Pipeline;

/// <summary>A poll cycle that stays with tasks due again before the timer's next run.</summary>
public sealed class PollStayTests
{
    [Fact]
    public async Task TaskDueAgainSoon_IsLookedAtInTheSameCycle_WithoutAnotherReceive()
    {
        var bench = await SubmittedAsync(TimeSpan.FromSeconds(6));
        bench.Storage.Operations.Reset();

        var report = await bench.WatchAsync();

        Assert.Equal(new PollReport(Received: 1, Running: 0, Finished: 1, Failed: 0), report);
        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Equal(2, bench.Upstream.Reads);
        Assert.Equal(1, bench.Storage.Operations.Of(StorageOperations.QueueReceive));
        Assert.Equal(0, bench.Storage.Operations.Of(StorageOperations.QueueUpdate));
        Assert.Empty(bench.Storage.Queue.Peek(Queues.Poll));
    }

    [Fact]
    public async Task TaskStillRunningAfterTheStay_IsLeftToTheTimer()
    {
        var bench = await SubmittedAsync(TimeSpan.FromMinutes(1));
        var began = bench.Time.GetUtcNow();

        var report = await bench.WatchAsync();

        Assert.Equal(new PollReport(Received: 1, Running: 1, Finished: 0, Failed: 0), report);
        Assert.InRange(bench.Time.GetUtcNow() - began, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3.5));
        Assert.True(bench.Storage.Queue.NextVisibleAt(Queues.Poll) > began + TimeSpan.FromSeconds(3.5));
    }

    [Fact]
    public async Task WithoutAStay_EveryLookIsLeftToTheTimer()
    {
        var bench = await SubmittedAsync(TimeSpan.FromSeconds(6), ("Pipeline:PollStay", "00:00:00"));

        Assert.Equal(new PollReport(Received: 1, Running: 1, Finished: 0, Failed: 0), await bench.WatchAsync());
        Assert.Equal(1, bench.Upstream.Reads);
    }

    [Fact]
    public async Task FullBatch_IsNotStayedWith_SoThatOthersNeedNotWait()
    {
        var bench = new PipelineBench();
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(6);
        for (var i = 0; i < 32; i++)
        {
            await bench.DropAsync($"default/{i}.jpg", [.. PipelineBench.Jpeg, (byte)i]);
        }

        bench.Time.Advance(TimeSpan.FromSeconds(5.5));

        Assert.Equal(new PollReport(Received: 32, Running: 32, Finished: 0, Failed: 0), await bench.WatchAsync());
    }

    [Fact]
    public async Task CycleThatDiesWhileItStays_LeavesTheTaskToTheLease()
    {
        var bench = await SubmittedAsync(TimeSpan.FromSeconds(6));
        using var death = new CancellationTokenSource();
        var cycle = bench.Pipeline.WatchTasksAsync(death.Token);
        await bench.Time.Waiting;
        await death.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cycle);
        Assert.Equal(JobState.Submitted, bench.Only.State);

        await bench.RunAsync(TimeSpan.FromSeconds(100));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Single(bench.Usage);
    }

    [Fact]
    public async Task LookThatFailsWhileTheCycleStays_ComesBackByItsLease()
    {
        var bench = await SubmittedAsync(TimeSpan.FromSeconds(6));
        bench.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BlobWrite);

        Assert.Equal(new PollReport(Received: 1, Running: 0, Finished: 0, Failed: 1), await bench.WatchAsync());
        await bench.RunAsync(TimeSpan.FromSeconds(100));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
    }

    [Theory]
    [InlineData("-00:00:01")]
    [InlineData("00:01:30")]
    public void StayThatCannotBe_IsRefusedAtStart(string stay)
    {
        var bench = new PipelineBench(("Pipeline:PollStay", stay));

        var refused = Assert.ThrowsAny<Exception>(() => bench.Pipeline);

        Assert.Contains("PollStay", refused.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A bench with one task that is due for its first look.</summary>
    private static async Task<PipelineBench> SubmittedAsync(TimeSpan taskTime, params (string Key, string Value)[] settings)
    {
        var bench = new PipelineBench(settings);
        bench.Upstream.TaskTime = taskTime;
        await bench.DropAsync("default/harbour.jpg");
        bench.Time.Advance(TimeSpan.FromSeconds(5.5));
        return bench;
    }
}
