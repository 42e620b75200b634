using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Pipeline;

public sealed class DeadLetterTests
{
    private const string Path = "default/photo.jpg";

    [Fact]
    public async Task RetriedDrop_IsAnsweredAsTheSameJob_AndItsErrorGoes()
    {
        var bench = await FailedDropAsync();
        var id = bench.Only.Id;
        Assert.NotNull(bench.Text($"{Path}.error.json"));

        var retried = await bench.DeadLetters.RetryAsync(id, CancellationToken.None);
        var again = await bench.DeadLetters.RetryAsync(id, CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal((JobState.Queued, 2), (retried!.Job.State, retried.Job.Attempt));
        Assert.Equal(retried.Job.Attempt, again!.Job.Attempt);
        Assert.Equal((id, JobState.Succeeded, 2), (bench.Only.Id, bench.Only.State, bench.Upstream.Submissions.Count));
        Assert.Equal([1, 2], bench.Result(Path).Attempts.Select(attempt => attempt.Number));
        Assert.Null(bench.Text($"{Path}.error.json"));
        Assert.Empty((await ListAsync(bench)).Jobs);
        Assert.Empty(bench.Storage.Jobs.AllActive());
        Assert.Single(bench.Usage);
    }

    [Fact]
    public async Task RetryWhoseMessageIsLost_IsFoundByTheSweep()
    {
        var bench = await FailedDropAsync();
        await bench.DeadLetters.RetryAsync(bench.Only.Id, CancellationToken.None);
        foreach (var lost in bench.Storage.Queue.Receive(Queues.Submit, 32, TimeSpan.FromMinutes(1)))
        {
            bench.Storage.Queue.Delete(Queues.Submit, lost.MessageId, lost.Receipt);
        }

        bench.Time.Advance(TimeSpan.FromMinutes(30));
        await bench.Pipeline.SweepAsync(CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(2));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
    }

    [Fact]
    public async Task RetriedJobThatFailsAgain_IsListedAgain()
    {
        var bench = await FailedDropAsync();
        bench.Upstream.Next(Refusal);
        await bench.DeadLetters.RetryAsync(bench.Only.Id, CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(bench.Only.Id, Assert.Single((await ListAsync(bench)).Jobs).Id);
        Assert.Equal(2, bench.Error(Path).Attempts.Count);
    }

    [Fact]
    public async Task DiscardedJob_LeavesTheListAndItsErrorIsErased_ButItsRowTellsTheTruth()
    {
        var bench = await FailedDropAsync();

        var discarded = await bench.DeadLetters.DiscardAsync(bench.Only.Id, CancellationToken.None);
        var version = await bench.DeadLetters.DiscardAsync(bench.Only.Id, CancellationToken.None);

        Assert.Equal(discarded!.Version, version!.Version);
        Assert.Empty((await ListAsync(bench)).Jobs);
        Assert.Null(bench.Text($"{Path}.error.json"));
        Assert.Equal((JobState.Failed, "upstream_rejected"), (bench.Only.State, bench.Only.Error!.Code));
        Assert.NotNull(bench.Only.DiscardedAt);
    }

    [Fact]
    public async Task DiscardedJob_CanStillBeRetried()
    {
        var bench = await FailedDropAsync();
        await bench.DeadLetters.DiscardAsync(bench.Only.Id, CancellationToken.None);

        await bench.DeadLetters.RetryAsync(bench.Only.Id, CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Null(bench.Only.DiscardedAt);
    }

    [Fact]
    public async Task PoisonMessages_AreCountedByQueue()
    {
        var bench = new PipelineBench();
        bench.Storage.Queue.Send("poll-poison", "not a message");
        bench.Storage.Queue.Send(Queues.Submit, "work");

        var queues = await bench.DeadLetters.CountMessagesAsync(CancellationToken.None);

        Assert.Equal([new QueueLength("poll-poison", 1)], queues);
    }

    [Fact]
    public async Task JobNobodyKnows_IsNull()
    {
        var letters = new PipelineBench().DeadLetters;
        var id = JobId.Parse("01ARZ3NDEKTSV4RRFFQ69G5FAV");

        Assert.Null(await letters.RetryAsync(id, CancellationToken.None));
        Assert.Null(await letters.DiscardAsync(id, CancellationToken.None));
    }

    private static SubmitOutcome Refusal => new SubmitOutcome.Failed(Errors.InvalidRequest);

    private static async Task<PipelineBench> FailedDropAsync()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(Refusal);
        await bench.DropAsync(Path);
        await bench.RunAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(JobState.Failed, bench.Only.State);
        return bench;
    }

    private static Task<JobPage> ListAsync(PipelineBench bench)
    {
        var today = DateOnly.FromDateTime(bench.Time.GetUtcNow().UtcDateTime);
        return bench.DeadLetters.ListAsync(new JobQuery { From = today.AddDays(-1), To = today }, CancellationToken.None);
    }
}
