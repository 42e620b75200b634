using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Results;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Pipeline;

public sealed class CrashTests
{
    private static readonly TimeSpan Repair = TimeSpan.FromMinutes(11);

    /// <summary>Every effect of a drop's way to its result, failing before it happens or after.</summary>
    public static TheoryData<string, bool> Effects => new()
    {
        { StorageOperations.BlobOpen, false },
        { StorageOperations.JobAdd, false },
        { StorageOperations.JobAdd, true },
        { StorageOperations.JobUpdate, false },
        { StorageOperations.JobUpdate, true },
        { StorageOperations.QueueSend, false },
        { StorageOperations.QueueSend, true },
        { StorageOperations.QueueReceive, false },
        { StorageOperations.QueueReceive, true },
        { StorageOperations.BlobWrite, false },
        { StorageOperations.BlobWrite, true },
        { StorageOperations.QueueDelete, false },
        { StorageOperations.QueueDelete, true },
        { StorageOperations.QueueUpdate, false },
    };

    [Theory]
    [MemberData(nameof(Effects))]
    public async Task AnyEffectThatFailsOnce_LosesNothing_AndCountsNothingTwice(string operation, bool answerLost)
    {
        var bench = new PipelineBench();
        var faults = new ScriptedFaults();
        _ = answerLost ? faults.LoseAnswer(operation) : faults.FailBefore(operation);
        bench.Storage.Faults = faults;
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(12);

        bench.Put("default/harbour.jpg");
        await DeliverDropAsync(bench);
        for (var i = 0; i < 4; i++)
        {
            await RunTolerantlyAsync(bench, Repair);
            await SweepTolerantlyAsync(bench);
        }

        await RunTolerantlyAsync(bench, TimeSpan.FromMinutes(2));
        var job = bench.Only;
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.NotNull(bench.Text("default/harbour.jpg.md"));
        Assert.Empty(bench.Storage.Jobs.AllActive());
        Assert.Single(bench.Usage, u => !u.Late);
        Assert.Equal(bench.Usage.Select(u => u.Id).Distinct().Count(), bench.Usage.Count);
        Assert.True(job.Attempts.Count >= bench.Upstream.Submissions.Count, "an orphaned submission has to show as an attempt");
        Assert.InRange(bench.Upstream.Submissions.Count, 1, 2);
    }

    [Fact]
    public async Task CrashBetweenAnswerAndRow_IsRepaired_AndShowsAsAnAttempt()
    {
        var bench = new PipelineBench();
        bench.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.JobUpdate);
        bench.Put("default/harbour.jpg");
        await DeliverDropAsync(bench);

        await bench.RunAsync(Repair, TimeSpan.FromSeconds(10));
        await bench.Pipeline.SweepAsync(CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Equal(["interrupted", null], bench.Only.Attempts.Select(a => a.ErrorCode));
        Assert.Equal(2, bench.Upstream.Submissions.Count);
        Assert.Equal(bench.Upstream.Submissions[0].IdempotencyKey, bench.Upstream.Submissions[1].IdempotencyKey);
    }

    [Fact]
    public async Task EventThatNeverCame_IsFoundByTheSweep()
    {
        var bench = new PipelineBench();
        bench.Put("default/harbour.jpg");
        bench.Time.Advance(TimeSpan.FromMinutes(3));

        var report = await bench.Pipeline.SweepAsync(CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(1, report.DropsFound);
        Assert.Equal(JobState.Succeeded, bench.Only.State);
    }

    [Fact]
    public async Task SweepThatRunsAgain_FindsNothingNew_AndAsksOnlyAboutNewBlobs()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5));
        await bench.Pipeline.SweepAsync(CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5));

        var report = await bench.Pipeline.SweepAsync(CancellationToken.None);

        Assert.Equal(default, report);
        Assert.Single(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task PollMessageThatWasLost_IsSentAgainByTheSweep()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        bench.Storage.Queue.Clear(Queues.Poll);
        await bench.RunAsync(TimeSpan.FromMinutes(16), TimeSpan.FromSeconds(10));

        var report = await bench.Pipeline.SweepAsync(CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(1, report.Repolled);
        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Single(bench.Usage);
    }

    [Fact]
    public async Task SubmitMessageThatWasLost_IsSentAgainByTheSweep()
    {
        var bench = new PipelineBench();
        await bench.Service.AcceptAsync(TextJob(), CancellationToken.None);
        bench.Storage.Queue.Clear(Queues.Submit);
        await bench.RunAsync(Repair, TimeSpan.FromSeconds(10));

        await bench.Pipeline.SweepAsync(CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
    }

    [Fact]
    public async Task QueuedJobsBehindABacklog_AreNotSentAgain()
    {
        var bench = new PipelineBench(("Pipeline:BacklogLength", "0"));
        await bench.Service.AcceptAsync(TextJob(), CancellationToken.None);
        bench.Time.Advance(Repair);

        var report = await bench.Pipeline.SweepAsync(CancellationToken.None);

        Assert.Equal(0, report.Resubmitted);
        Assert.Equal(1, bench.Only.Attempt);
    }

    [Fact]
    public async Task LongRunningTask_IsNotPolledTwiceByTheSweep()
    {
        var bench = new PipelineBench();
        bench.Upstream.TaskTime = TimeSpan.FromMinutes(30);
        await bench.DropAsync("default/harbour.jpg");

        for (var i = 0; i < 6; i++)
        {
            await bench.RunAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5));
            Assert.Equal(0, (await bench.Pipeline.SweepAsync(CancellationToken.None)).Repolled);
        }

        Assert.Single(bench.Storage.Queue.Peek(Queues.Poll));
    }

    [Fact]
    public async Task TaskThatRunsTooLong_IsGivenUp_AndItsLateUsageIsCounted()
    {
        var bench = new PipelineBench(("Pipeline:TaskTimeout", "00:05:00"));
        bench.Upstream.TaskTime = TimeSpan.FromMinutes(40);
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(4), TimeSpan.FromSeconds(5));
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(5);

        await bench.RunAsync(TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5));
        Assert.Equal("Answer 2.", bench.Text("default/harbour.jpg.md"));
        await bench.RunAsync(TimeSpan.FromHours(1), TimeSpan.FromSeconds(20));

        Assert.Equal("Answer 2.", bench.Text("default/harbour.jpg.md"));
        Assert.Equal([false, true], bench.Usage.OrderBy(u => u.Late).Select(u => u.Late));
        Assert.Empty(bench.Storage.Queue.Peek(Queues.Poll));
    }

    [Fact]
    public async Task LateAnswerOfAGivenUpTask_IsKept_WhenTheJobStillWantsOne()
    {
        var bench = new PipelineBench(("Pipeline:TaskTimeout", "00:05:00"), ("Pipeline:AbandonedPollDelay", "00:01:00"));
        bench.Upstream.TaskTime = TimeSpan.FromMinutes(7);
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(4), TimeSpan.FromSeconds(5));
        for (var i = 0; i < 5; i++)
        {
            bench.Upstream.Next(new SubmitOutcome.Failed(Errors.AccountEmpty));
        }

        await bench.RunAsync(TimeSpan.FromMinutes(6), TimeSpan.FromSeconds(5));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Equal("Answer 1.", bench.Text("default/harbour.jpg.md"));
        Assert.Single(bench.Usage);
    }

    [Fact]
    public async Task LostTask_IsSubmittedAgain()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        bench.Upstream.Lose("task-unified-0001");

        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Equal(["task_lost", null], bench.Only.Attempts.Select(a => a.ErrorCode));
    }

    [Fact]
    public async Task UnansweredSubmissions_AreLimited_AndRepeatTheirIdempotencyKey()
    {
        var bench = new PipelineBench();
        var timeout = new SubmitOutcome.Unanswered(Errors.Timeout);
        bench.Upstream.Next(timeout).Next(timeout);

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5));

        Assert.Equal("unanswered", bench.Error("default/harbour.jpg").Error!.Code);
        Assert.Equal(2, bench.Upstream.Submissions.Count);
        Assert.Single(bench.Upstream.Submissions.Select(s => s.IdempotencyKey).Distinct());
    }

    [Fact]
    public async Task NeverSentSubmissions_AreNoAttempts()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.CircuitOpen(TimeSpan.FromSeconds(30))));

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Single(bench.Only.Attempts);
    }

    [Fact]
    public async Task EmptyAccount_HoldsTheJob_AndItResumesByItself()
    {
        var bench = new PipelineBench(("Pipeline:MaxAttempts", "1"));
        bench.Upstream
            .Next(new SubmitOutcome.Failed(Errors.AccountEmpty))
            .Next(new SubmitOutcome.Failed(Errors.AccountEmpty));

        await bench.DropAsync("default/harbour.jpg");
        await bench.DropAsync("default/other.jpg", [.. PipelineBench.Jpeg, 7]);
        Assert.All(bench.Storage.Jobs.AllJobs(), j => Assert.Equal(JobState.Held, j.State));
        Assert.Single(bench.Upstream.Submissions);
        await bench.RunAsync(TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(5));

        Assert.All(bench.Storage.Jobs.AllJobs(), j => Assert.Equal(JobState.Succeeded, j.State));
    }

    [Fact]
    public async Task JobPastItsDeadline_EndsFailed()
    {
        var bench = new PipelineBench(("Pipeline:Deadline", "00:10:00"));
        bench.Upstream.TaskTime = TimeSpan.FromHours(3);

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(11), TimeSpan.FromSeconds(5));

        Assert.Equal("deadline_exceeded", bench.Error("default/harbour.jpg").Error!.Code);
    }

    [Fact]
    public async Task PoisonedMessages_EndTheirJobs()
    {
        var bench = new PipelineBench();
        await bench.Service.AcceptAsync(TextJob(), CancellationToken.None);
        var message = Assert.Single(bench.Storage.Queue.Peek(Queues.Submit));
        bench.Put("default/harbour.jpg");

        await bench.Pipeline.HandlePoisonedSubmitAsync(message, CancellationToken.None);
        await bench.Pipeline.HandlePoisonedDropAsync(
            """{"Type":"BlobTrigger","FunctionId":"f","BlobType":"BlockBlob","ContainerName":"inbox","BlobName":"default/harbour.jpg","ETag":"x"}""",
            CancellationToken.None);
        await bench.Pipeline.HandlePoisonedSubmitAsync("not ours", CancellationToken.None);
        await bench.Pipeline.HandlePoisonedPollAsync("{}", CancellationToken.None);
        await bench.Pipeline.HandlePoisonedDropAsync("%%%", CancellationToken.None);

        Assert.All(bench.Storage.Jobs.AllJobs(), j => Assert.Equal((JobState.Failed, "processing_failed"), (j.State, j.Error!.Code)));
        Assert.Equal("processing_failed", bench.Error("default/harbour.jpg").Error!.Code);
    }

    [Fact]
    public async Task CancelledJob_NeverSucceeds_ButItsUsageCounts()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");

        var cancelled = await bench.Service.CancelAsync(bench.Only.Id, CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Cancelled, cancelled!.State);
        Assert.Equal(JobState.Cancelled, bench.Only.State);
        Assert.Empty(bench.Storage.Content.Names(Containers.Results));
        Assert.True(Assert.Single(bench.Usage).Late);
    }

    [Fact]
    public async Task LookThatDiedBeforeItTookItsResultBack_IsTidiedUpByTheNextOne_AlsoWhenThatComesLate()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.Service.CancelAsync(bench.Only.Id, CancellationToken.None);
        var name = ResultNames.Result(bench.Only);
        bench.Storage.Content.Put(
            Containers.Results, name, "{}"u8.ToArray(), metadata: new Dictionary<string, string>(StringComparer.Ordinal) { [ResultWriter.JobMetadata] = bench.Only.Id.ToString() });

        // Until it is known that the job was given up; only its usage is looked for then.
        bench.Upstream.ReadFails = _ => bench.Time.GetUtcNow() < bench.Only.AcceptedAt.AddMinutes(7) ? Errors.ServiceError() : null;
        await bench.RunAsync(TimeSpan.FromHours(1), TimeSpan.FromSeconds(30));

        Assert.True(Assert.Single(bench.Usage).Late);
        Assert.Empty(bench.Storage.Content.Names(Containers.Results));
    }

    private static NewJob TextJob() => new()
    {
        Caller = "tests",
        Origin = JobOrigin.Api,
        Request = new JobRequest { Prompt = "What is two and two?" },
    };

    /// <summary>Delivers a drop's event as the host does: again when it failed, five times at most.</summary>
    private static async Task DeliverDropAsync(PipelineBench bench)
    {
        for (var delivery = 1; delivery <= 5; delivery++)
        {
            try
            {
                await bench.Pipeline.HandleDropAsync("default/harbour.jpg", CancellationToken.None);
                return;
            }
            catch (StorageUnavailableException)
            {
                // Delivered again.
            }
        }
    }

    private static async Task RunTolerantlyAsync(PipelineBench bench, TimeSpan span)
    {
        var until = bench.Time.GetUtcNow() + span;
        while (bench.Time.GetUtcNow() < until)
        {
            try
            {
                await bench.RunAsync(until - bench.Time.GetUtcNow(), TimeSpan.FromSeconds(10));
            }
            catch (StorageUnavailableException)
            {
                // The timer fires again.
            }
        }
    }

    private static async Task SweepTolerantlyAsync(PipelineBench bench)
    {
        try
        {
            await bench.Pipeline.SweepAsync(CancellationToken.None);
        }
        catch (StorageUnavailableException)
        {
            // The timer fires again.
        }
    }
}
