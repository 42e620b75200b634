using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using FlashDrop.Core.Tests.Pipeline;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Simulation;

/// <summary>Faults the simulation found, each in the few steps it takes.</summary>
public sealed class FoundBySimulationTests
{
    [Fact]
    public async Task PollMessageDeliveredAgain_LeavesTheResultAsItIs()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        var message = Assert.Single(bench.Storage.Queue.Peek(Queues.Poll));
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        var before = bench.Text("default/harbour.jpg.result.json");

        bench.Storage.Queue.Send(Queues.Poll, message);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(before, bench.Text("default/harbour.jpg.result.json"));
        Assert.Single(bench.Usage);
    }

    [Fact]
    public async Task UselessAnswerDeliveredAgainWhileTheJobGoesOn_IsSettledOnce()
    {
        const string Drops = "drop:default";
        var bench = new PipelineBench(($"Budgets:{Drops}", "100"));
        bench.Upstream.Finish = submission =>
            new TaskReading.Completed(new UpstreamTask { Id = "any", Status = "completed" }, submission.Number > 1 ? Answers.Text("Now.") : Answers.Text("", "OTHER"));
        await bench.DropAsync("default/harbour.jpg");
        var message = Assert.Single(bench.Storage.Queue.Peek(Queues.Poll));
        while (bench.Only.Attempt == 1)
        {
            await bench.RunAsync(TimeSpan.FromSeconds(1));
        }

        bench.Storage.Queue.Send(Queues.Poll, message);
        await bench.RunAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5));

        var ledger = bench.Storage.Budgets.Peek(Drops)!;
        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Equal((bench.Usage.Sum(usage => usage.CostUsd), 0m), (ledger.SpentUsd, ledger.HeldUsd));
    }

    [Fact]
    public async Task AnswerAfterALateOne_LeavesTheEnvelopeAsTheRowIs()
    {
        var bench = new PipelineBench(("Pipeline:TaskTimeout", "00:05:00"), ("Pipeline:AbandonedPollDelay", "00:01:00"));
        bench.Upstream.TaskTime = TimeSpan.FromMinutes(7);
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(4), TimeSpan.FromSeconds(5));
        bench.Upstream.TaskTime = TimeSpan.FromMinutes(4);

        await bench.RunAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5));

        Assert.Equal(2, bench.Usage.Count);
        Assert.Equal(["Answer 1.", "Answer 1."], new[] { bench.Text("default/harbour.jpg.md"), bench.Result("default/harbour.jpg").Answer!.Text });
        Assert.Equal(bench.Only.Attempts.Select(a => a.CostUsd), bench.Result("default/harbour.jpg").Attempts.Select(a => a.CostUsd));
    }

    [Fact]
    public async Task NewerDropThatIsCancelled_LeavesTheOlderResult()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        await bench.DropAsync("default/harbour.jpg", [.. PipelineBench.Jpeg, 1]);
        await bench.Service.CancelAsync(bench.Storage.Jobs.AllJobs()[^1].Id, CancellationToken.None);

        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Cancelled, bench.Storage.Jobs.AllJobs()[^1].State);
        Assert.Equal("Answer 1.", bench.Text("default/harbour.jpg.md"));
        Assert.Equal("Answer 1.", bench.Result("default/harbour.jpg").Answer!.Text);
    }

    [Fact]
    public async Task ResultOfATryThatFailedBeforeItsRow_IsRemoved_WhenTheJobEndsOtherwise()
    {
        var bench = new PipelineBench { Storage = { Faults = new ScriptedFaults().FailBefore(StorageOperations.JobUpdate, skip: 1) } };
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(20));
        Assert.NotNull(bench.Text("default/harbour.jpg.result.json"));

        await bench.Service.CancelAsync(bench.Only.Id, CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5));

        Assert.Equal(JobState.Cancelled, bench.Only.State);
        Assert.Empty(bench.Storage.Content.Names(Containers.Results));
    }

    [Fact]
    public async Task ErrorOfATryThatFailedBeforeItsRow_IsRemoved_WhenTheNextOneSucceeds()
    {
        var bench = new PipelineBench { Storage = { Faults = new ScriptedFaults().FailBefore(StorageOperations.JobUpdate) } };
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.InvalidRequest));
        bench.Put("default/harbour.jpg");
        await Assert.ThrowsAsync<StorageUnavailableException>(() => bench.Pipeline.HandleDropAsync("default/harbour.jpg", CancellationToken.None));
        Assert.NotNull(bench.Text("default/harbour.jpg.error.json"));

        bench.Time.Advance(TimeSpan.FromMinutes(11));
        await bench.Pipeline.SweepAsync(CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Null(bench.Text("default/harbour.jpg.error.json"));
    }

    [Theory]
    [InlineData("default/harbour.jpg.result.json")]
    [InlineData("default/harbour.jpg.md")]
    public async Task BlobThatACancelledNewerDropIsAboutToWithdraw_DoesNotKeepTheOlderResultOut(string stray)
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        bench.Time.Advance(TimeSpan.FromSeconds(2));
        await bench.DropAsync("default/harbour.jpg", [.. PipelineBench.Jpeg, 1]);
        var (older, newer) = (bench.Storage.Jobs.AllJobs()[0].Id, bench.Storage.Jobs.AllJobs()[1].Id);
        await bench.Service.CancelAsync(newer, CancellationToken.None);
        var left = new Dictionary<string, string>(StringComparer.Ordinal) { [ResultWriter.JobMetadata] = newer.ToString() };
        await bench.Storage.Content.WriteAsync(new BlobAddress(Containers.Results, stray), "{}"u8.ToArray(), "application/json", WriteCondition.Always, left, CancellationToken.None);

        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Succeeded, bench.Storage.Jobs.AllJobs()[0].State);
        Assert.Equal(older, bench.Result("default/harbour.jpg").JobId);
        Assert.Equal("Answer 1.", bench.Text("default/harbour.jpg.md"));
    }

    [Fact]
    public async Task AnswerOfATryThatFailedBeforeItsRow_IsRemoved_WhenTheTaskIsLostAfterwards()
    {
        var bench = new PipelineBench(("Pipeline:MaxAttempts", "1")) { Storage = { Faults = new ScriptedFaults().FailBefore(StorageOperations.JobUpdate, skip: 1) } };
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(20));
        Assert.NotNull(bench.Text("default/harbour.jpg.md"));

        bench.Upstream.Finish = _ => new TaskReading.Failed(Errors.TaskLost);
        await bench.RunAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5));

        Assert.Equal(JobState.Failed, bench.Only.State);
        Assert.Equal("default/harbour.jpg.error.json", Assert.Single(bench.Storage.Content.Names(Containers.Results)));
    }

    [Fact]
    public async Task RejectedDropDeliveredAgain_LeavesItsErrorAsItIs()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("nowhere/harbour.jpg");
        var before = bench.Text("nowhere/harbour.jpg.error.json");
        bench.Time.Advance(TimeSpan.FromMinutes(1));

        await bench.Pipeline.HandleDropAsync("nowhere/harbour.jpg", CancellationToken.None);

        Assert.Equal(before, bench.Text("nowhere/harbour.jpg.error.json"));
    }

    [Fact]
    public async Task DropRejectedByAStalledDelivery_KeepsTheErrorItsRowHas()
    {
        var bench = new PipelineBench();
        bench.Put("nowhere/harbour.jpg");
        var stall = new Stall(StorageOperations.BlobWrite);
        bench.Storage.Faults = stall;

        var stalled = bench.Pipeline.HandleDropAsync("nowhere/harbour.jpg", CancellationToken.None);
        await stall.Reached;
        await bench.Pipeline.HandlePoisonedDropAsync(
            """{"Type":"BlobTrigger","FunctionId":"InboxDrop","BlobType":"BlockBlob","ContainerName":"inbox","BlobName":"nowhere/harbour.jpg","ETag":"\"x\""}""",
            CancellationToken.None);
        stall.End();
        await stalled;

        Assert.Equal("processing_failed", bench.Only.Error!.Code);
        Assert.Equal("processing_failed", bench.Error("nowhere/harbour.jpg").Error!.Code);
    }

    [Fact]
    public async Task SubmitMessageDeliveredTwiceAtOnce_KeepsTheBooksOfBothAnswersApart()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(submission => bench.Upstream.CreateTask(submission)).Next(new SubmitOutcome.Answered(Answers.Text("Now.") with { Usage = Answers.Usage with { PromptTokens = 7 } }));
        await bench.Service.AcceptAsync(
            new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Prompt = "What is two and two?" } }, CancellationToken.None);
        var message = Assert.Single(bench.Storage.Queue.Peek(Queues.Submit));
        var gate = new Meeting(StorageOperations.JobFind, parties: 2);
        bench.Storage.Faults = gate;

        await Task.WhenAll(
            bench.Pipeline.HandleSubmitAsync(message, deliveries: 1, CancellationToken.None),
            bench.Pipeline.HandleSubmitAsync(message, deliveries: 1, CancellationToken.None));
        bench.Storage.Queue.Clear(Queues.Submit);
        await bench.RunAsync(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(5));

        Assert.Equal(2, bench.Usage.Count);
        foreach (var attempt in bench.Only.Attempts.Where(a => a.CostUsd is not null))
        {
            Assert.Equal(attempt.CostUsd, bench.Usage.Single(u => u.Id == (attempt.TaskId ?? $"{u.JobId}-{attempt.Number}")).CostUsd);
        }
    }

    /// <summary>Holds the first call of an operation up until it is ended.</summary>
    private sealed class Stall(string operation) : IFaultPlan
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public void End() => _end.SetResult();

        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken) =>
            effect.Operation == operation && _reached.TrySetResult() ? new ValueTask(_end.Task) : ValueTask.CompletedTask;

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    /// <summary>Lets the first so many calls of an operation go on only when all of them have been answered.</summary>
    private sealed class Meeting(string operation, int parties) : IFaultPlan
    {
        private readonly TaskCompletionSource _met = new();
        private int _missing = parties;

        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken)
        {
            if (effect.Operation != operation || _met.Task.IsCompleted)
            {
                return ValueTask.CompletedTask;
            }

            if (--_missing == 0)
            {
                _met.SetResult();
            }

            return new ValueTask(_met.Task);
        }
    }
}
