using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Tests.Pipeline;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Retention;

public sealed class EraseTests
{
    private static readonly string[] Content = [Containers.Inbox, Containers.Requests, Containers.Results];

    [Fact]
    public async Task AnsweredDrop_LeavesNothingButItsUsage()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.True(await bench.Service.EraseAsync(bench.Only.Id, CancellationToken.None));

        AssertNothingLeft(bench);
        Assert.Single(bench.Usage);
    }

    [Fact]
    public async Task AnsweredHttpJob_LeavesNothingButItsUsage_AndOtherJobsAsTheyWere()
    {
        var bench = new PipelineBench();
        var other = await AcceptAsync(bench);
        var erased = await AcceptAsync(bench);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.True(await bench.Service.EraseAsync(erased.Id, CancellationToken.None));

        Assert.Equal(other.Id, bench.Only.Id);
        Assert.DoesNotContain(Content.SelectMany(bench.Storage.Content.Names), name => name.Contains(erased.Id.ToString(), StringComparison.Ordinal));
        Assert.Equal(3, Content.SelectMany(bench.Storage.Content.Names).Count(name => name.Contains(other.Id.ToString(), StringComparison.Ordinal)));
        Assert.Equal(2, bench.Usage.Count);
    }

    [Fact]
    public async Task RunningJob_IsErased_AndItsLateAnswerIsCountedOnly()
    {
        var bench = new PipelineBench();
        var job = await AcceptAsync(bench);
        await bench.DeliverAsync();
        Assert.Equal(JobState.Submitted, bench.Only.State);

        Assert.True(await bench.Service.EraseAsync(job.Id, CancellationToken.None));
        AssertNothingLeft(bench);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        AssertNothingLeft(bench);
        Assert.True(Assert.Single(bench.Usage).Late);
        Assert.Empty(bench.Storage.Queue.Peek(Queues.Poll));
    }

    [Fact]
    public async Task GivenUpTask_OfAnErasedJob_IsCountedWhenItFinishes()
    {
        var bench = new PipelineBench(("Pipeline:TaskTimeout", "00:01:00"), ("Pipeline:MaxAttempts", "1"), ("Pipeline:AbandonedPollDelay", "00:01:00"));
        bench.Upstream.TaskTime = TimeSpan.FromMinutes(10);
        var job = await AcceptAsync(bench);
        await bench.RunAsync(TimeSpan.FromMinutes(3));
        Assert.Equal(JobState.Failed, bench.Only.State);

        Assert.True(await bench.Service.EraseAsync(job.Id, CancellationToken.None));
        await bench.RunAsync(TimeSpan.FromMinutes(12));

        AssertNothingLeft(bench);
        Assert.True(Assert.Single(bench.Usage).Late);
    }

    [Fact]
    public async Task ErasedDrop_IsNotTakenForANewOne()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        await bench.Service.EraseAsync(bench.Only.Id, CancellationToken.None);

        await bench.Pipeline.HandleDropAsync("default/harbour.jpg", CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(10));
        await bench.Pipeline.SweepAsync(CancellationToken.None);

        AssertNothingLeft(bench);
        Assert.Single(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task NewerDropUnderTheSameName_IsLeftAlone()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        var older = bench.Only;
        await bench.DropAsync("default/harbour.jpg", [.. PipelineBench.Jpeg, 1]);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.True(await bench.Service.EraseAsync(older.Id, CancellationToken.None));

        Assert.NotEqual(older.Id, bench.Only.Id);
        Assert.Equal(bench.Only.Id, bench.Result("default/harbour.jpg").JobId);
        Assert.Equal(["default/harbour.jpg"], bench.Storage.Content.Names(Containers.Inbox));
        Assert.NotNull(bench.Text("default/harbour.jpg.md"));
    }

    [Theory]
    [InlineData(StorageOperations.BlobDelete, 0)]
    [InlineData(StorageOperations.BlobDelete, 1)]
    [InlineData(StorageOperations.BlobDelete, 2)]
    [InlineData(StorageOperations.JobDelete, 0)]
    public async Task InterruptedErasure_CanRunAgain(string operation, int skip)
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        var id = bench.Only.Id;
        bench.Storage.Faults = new ScriptedFaults().FailBefore(operation, skip: skip);

        await Assert.ThrowsAsync<StorageUnavailableException>(() => bench.Service.EraseAsync(id, CancellationToken.None));
        Assert.True(await bench.Service.EraseAsync(id, CancellationToken.None));

        AssertNothingLeft(bench);
    }

    [Fact]
    public async Task Bundle_GoesWithItsFiles_AndTheCopiesMadeOfThem()
    {
        var bench = new PipelineBench();
        await DropBundleAsync(bench);
        var member = await bench.Storage.Content.GetInfoAsync(new BlobAddress(Containers.Inbox, "default/trip.bundle/a.jpg"), CancellationToken.None);
        bench.Storage.Content.Put(Containers.Requests, $"renamed/{member!.ETag}.png", PipelineBench.Jpeg);
        bench.Put("default/trip.bundle.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.True(await bench.Service.EraseAsync(bench.Only.Id, CancellationToken.None));

        Assert.Equal(["default/trip.bundle.jpg"], bench.Storage.Content.Names(Containers.Inbox));
        Assert.Empty(bench.Storage.Content.Names(Containers.Requests));
        Assert.Empty(bench.Storage.Content.Names(Containers.Results));
    }

    [Fact]
    public async Task Bundle_DroppedAgain_KeepsTheFilesItsNewerJobNeeds()
    {
        var bench = new PipelineBench();
        await DropBundleAsync(bench);
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        var older = bench.Only;
        await bench.DropAsync("default/trip.bundle/bundle.json", """{"files":["a.jpg"]}"""u8.ToArray());

        Assert.True(await bench.Service.EraseAsync(older.Id, CancellationToken.None));

        Assert.Equal(3, bench.Storage.Content.Names(Containers.Inbox).Count);
    }

    [Fact]
    public async Task FilesPutIntoABundleForItsNextDrop_AreLeftAlone()
    {
        var bench = new PipelineBench();
        await DropBundleAsync(bench);
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        bench.Put("default/trip.bundle/next.jpg");

        Assert.True(await bench.Service.EraseAsync(bench.Only.Id, CancellationToken.None));

        Assert.Equal(["default/trip.bundle/next.jpg"], bench.Storage.Content.Names(Containers.Inbox));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task InterruptedErasureOfABundle_CanRunAgain(int skip)
    {
        var bench = new PipelineBench();
        await DropBundleAsync(bench);
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        var id = bench.Only.Id;
        bench.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BlobDelete, skip: skip);

        await Assert.ThrowsAsync<StorageUnavailableException>(() => bench.Service.EraseAsync(id, CancellationToken.None));
        Assert.True(await bench.Service.EraseAsync(id, CancellationToken.None));

        AssertNothingLeft(bench);
    }

    [Fact]
    public async Task Drop_GoesWithItsSidecar_ButNotWithOthers()
    {
        var bench = new PipelineBench();
        bench.Storage.Content.Put(Containers.Profiles, "p.json", """{"prompt":"Usual.","sidecar":true}"""u8.ToArray());
        bench.Put("p/a.jpg.job.json", """{"prompt":"This once."}"""u8.ToArray());
        bench.Put("p/a.jpg.job.json.jpg.job.json", "{}"u8.ToArray());
        await bench.DropAsync("p/a.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.True(await bench.Service.EraseAsync(bench.Only.Id, CancellationToken.None));

        Assert.Equal(["p/a.jpg.job.json.jpg.job.json"], bench.Storage.Content.Names(Containers.Inbox));
    }

    [Fact]
    public async Task UnknownJob_IsNoJob()
    {
        var bench = new PipelineBench();

        Assert.False(await bench.Service.EraseAsync(JobId.Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV"), CancellationToken.None));
    }

    private static async Task<Job> AcceptAsync(PipelineBench bench)
    {
        var request = new JobRequest { Prompt = "What is this?", Inputs = [new InlineInput { Data = PipelineBench.Jpeg }] };
        var outcome = await bench.Service.AcceptAsync(new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = request }, CancellationToken.None);
        return Assert.IsType<AcceptOutcome.Accepted>(outcome).Job;
    }

    private static async Task DropBundleAsync(PipelineBench bench)
    {
        bench.Put("default/trip.bundle/a.jpg");
        bench.Put("default/trip.bundle/b.jpg", [.. PipelineBench.Jpeg, 1]);
        await bench.DropAsync("default/trip.bundle/bundle.json", """{"files":["a.jpg","b.jpg"]}"""u8.ToArray());
    }

    private static void AssertNothingLeft(PipelineBench bench)
    {
        Assert.Empty(Content.SelectMany(bench.Storage.Content.Names));
        Assert.Empty(bench.Storage.Jobs.AllJobs());
        Assert.Empty(bench.Storage.Jobs.AllActive());
    }
}
