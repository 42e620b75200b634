using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Retention;
using FlashDrop.Core.Tests.Pipeline;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Tests.Retention;

public sealed class PurgerTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public async Task Everything_GoesAtItsOwnAge()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.Service.AcceptAsync(Ask(new InlineInput { Data = PipelineBench.Jpeg }), CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        bench.Storage.Content.Put(Containers.Reports, "daily/2026-11-03/summary.json", "{}"u8.ToArray());
        Assert.All(bench.Storage.Jobs.AllJobs(), job => Assert.Equal(JobState.Succeeded, job.State));

        Assert.Equal(new PurgeReport(0, 0, 0, Complete: true), await After(7 * Day - TimeSpan.FromHours(1)));
        Assert.Equal(2, (await After(TimeSpan.FromHours(2))).Blobs);
        Assert.Empty(bench.Storage.Content.Names(Containers.Requests));
        Assert.Equal(0, (await After(22 * Day)).Blobs);
        Assert.Equal(1, (await After(1 * Day)).Blobs);
        Assert.Empty(bench.Storage.Content.Names(Containers.Inbox));
        Assert.Equal(3, bench.Storage.Content.Names(Containers.Results).Count);
        Assert.Equal(new PurgeReport(3, 0, 0, Complete: true), await After(60 * Day));
        Assert.Empty(bench.Storage.Content.Names(Containers.Results));
        Assert.Equal(2, bench.Storage.Jobs.AllJobs().Count);
        Assert.Equal(new PurgeReport(0, 2, 0, Complete: true), await After(1 * Day));
        Assert.Empty(bench.Storage.Jobs.AllJobs());
        Assert.Equal(2, bench.Usage.Count);
        Assert.Equal(new PurgeReport(1, 0, 0, Complete: true), await After(309 * Day));
        Assert.Equal(new PurgeReport(0, 0, 2, Complete: true), await After(1 * Day));
        Assert.Empty(bench.Usage);

        async Task<PurgeReport> After(TimeSpan span)
        {
            bench.Time.Advance(span);
            return await bench.Purger.RunAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task ActiveJobs_KeepTheirDropsRequestsInputsAndRows()
    {
        var bench = new PipelineBench(("Pipeline:Deadline", "7.00:00:00"), ("Pipeline:TaskTimeout", "6.23:00:00"), ("Retention:InboxDays", "7"));
        bench.Upstream.TaskTime = TimeSpan.FromDays(30);
        bench.Storage.Content.Put(Containers.Requests, "uploads/acme/clip.jpg", PipelineBench.Jpeg);
        bench.Put("default/named.jpg");
        bench.Time.Advance(6 * Day);
        await bench.DropAsync("default/harbour.jpg");
        await bench.Service.AcceptAsync(
            Ask(
                new InlineInput { Data = PipelineBench.Jpeg },
                new BlobInput(Containers.Requests, "uploads/acme/clip.jpg"),
                new BlobInput(Containers.Inbox, "default/named.jpg")),
            CancellationToken.None);
        await bench.DeliverAsync();
        bench.Storage.Content.Put(Containers.Requests, "uploads/acme/unused.jpg", PipelineBench.Jpeg);
        Assert.All(bench.Storage.Jobs.AllJobs(), job => Assert.Equal(JobState.Submitted, job.State));

        // Eight days on, nobody has swept: the jobs are active still.
        bench.Time.Advance(8 * Day);
        await bench.Purger.RunAsync(CancellationToken.None);

        Assert.Equal(["default/harbour.jpg", "default/named.jpg"], bench.Storage.Content.Names(Containers.Inbox).Order());
        Assert.Equal(3, bench.Storage.Content.Names(Containers.Requests).Count);
        Assert.DoesNotContain("uploads/acme/unused.jpg", bench.Storage.Content.Names(Containers.Requests));
    }

    [Fact]
    public async Task DropNobodyEverAccepted_IsKeptForItsAnswer_UntilItsRowWouldBeGone()
    {
        var bench = new PipelineBench();
        bench.Put("default/lost.jpg");
        bench.Time.Advance(60 * Day);

        Assert.Equal(0, (await bench.Purger.RunAsync(CancellationToken.None)).Blobs);
        bench.Time.Advance(31 * Day);
        Assert.Equal(1, (await bench.Purger.RunAsync(CancellationToken.None)).Blobs);
    }

    [Fact]
    public async Task SidecarsAndBundledFiles_GoAtTheAgeOfDrops_UnlessAnActiveJobNeedsThem()
    {
        var bench = new PipelineBench(("Pipeline:Deadline", "7.00:00:00"), ("Pipeline:TaskTimeout", "6.23:00:00"));
        bench.Storage.Content.Put(Containers.Profiles, "p.json", """{"prompt":"Usual.","sidecar":true}"""u8.ToArray());
        bench.Put("p/done.jpg.job.json", "{}"u8.ToArray());
        bench.Put("p/trip.bundle/a.jpg");
        bench.Put("p/active.bundle/a.jpg");
        await bench.DropAsync("p/done.jpg");
        await bench.DropAsync("p/trip.bundle/bundle.json", """{"files":["a.jpg"]}"""u8.ToArray());
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        bench.Time.Advance(29 * Day);
        bench.Upstream.TaskTime = TimeSpan.FromDays(30);
        await bench.DropAsync("p/active.bundle/bundle.json", """{"files":["a.jpg"]}"""u8.ToArray());
        bench.Time.Advance(2 * Day);

        await bench.Purger.RunAsync(CancellationToken.None);

        Assert.Equal(["p/active.bundle/a.jpg", "p/active.bundle/bundle.json"], bench.Storage.Content.Names(Containers.Inbox).Order());
    }

    [Fact]
    public async Task ErrorOfADrop_WhoseNewerVersionSucceeded_IsRemoved()
    {
        var bench = new PipelineBench();
        foreach (var name in new[] { "default/a", "default/a.jpg", "default/a.jpg.jpg" })
        {
            await bench.DropAsync(name, "\u0001"u8.ToArray());
        }

        Assert.Equal(3, bench.Storage.Content.Names(Containers.Results).Count(IsError));
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        await bench.DropAsync("default/a");
        await bench.DropAsync("default/a.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(3, bench.Storage.Content.Names(Containers.Results).Count(IsError));

        var report = await bench.Purger.RunAsync(CancellationToken.None);

        Assert.Equal(2, report.Blobs);
        Assert.Equal(["default/a.jpg.jpg.error.json"], bench.Storage.Content.Names(Containers.Results).Where(IsError));
        Assert.Equal(2, bench.Storage.Content.Names(Containers.Results).Count(name => name.EndsWith(".result.json", StringComparison.Ordinal)));

        static bool IsError(string name) => name.EndsWith(".error.json", StringComparison.Ordinal);
    }

    [Fact]
    public async Task ErrorOfTheNewerDrop_BesideAnOlderResult_IsKept()
    {
        var bench = new PipelineBench();
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(30);
        await bench.DropAsync("default/a.jpg");
        bench.Time.Advance(TimeSpan.FromSeconds(5));
        await bench.DropAsync("default/a.jpg", "\u0001"u8.ToArray());
        await bench.RunAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(3, bench.Storage.Content.Names(Containers.Results).Count);

        await bench.Purger.RunAsync(CancellationToken.None);

        Assert.Equal(3, bench.Storage.Content.Names(Containers.Results).Count);
    }

    [Fact]
    public async Task DropReplacedWhileItIsPurged_IsKept()
    {
        var bench = new PipelineBench(("Retention:Concurrency", "1"));
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        bench.Time.Advance(31 * Day);
        bench.Storage.Faults = new ReplaceBeforeDelete(bench, "default/harbour.jpg");

        await bench.Purger.RunAsync(CancellationToken.None);

        Assert.Equal(["default/harbour.jpg"], bench.Storage.Content.Names(Containers.Inbox));
    }

    [Fact]
    public async Task ZeroDays_KeepForEver()
    {
        var bench = new PipelineBench(
            ("Retention:InboxDays", "0"), ("Retention:RequestsDays", "0"), ("Retention:ResultsDays", "0"), ("Retention:ReportsDays", "0"),
            ("Retention:JobRowsDays", "0"), ("Retention:UsageRowsDays", "0"));
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));
        bench.Time.Advance(4_000 * Day);

        Assert.Equal(new PurgeReport(0, 0, 0, Complete: true), await bench.Purger.RunAsync(CancellationToken.None));
        Assert.Single(bench.Storage.Jobs.AllJobs());
    }

    [Fact]
    public async Task SpentBudget_EndsTheRun_AndTheNextGoesOn()
    {
        var bench = new PipelineBench(("Retention:Budget", "00:00:10"));
        for (var i = 0; i < 40; i++)
        {
            bench.Storage.Content.Put(Containers.Reports, $"daily/{i:00}.json", "{}"u8.ToArray());
            await bench.DropAsync($"default/{i}.jpg", [.. PipelineBench.Jpeg, (byte)i]);
        }

        await bench.RunAsync(TimeSpan.FromMinutes(1));
        bench.Time.Advance(401 * Day);
        bench.Storage.Faults = new SlowScans(bench);

        var runs = 0;
        PurgeReport report;
        do
        {
            report = await bench.Purger.RunAsync(CancellationToken.None);
        }
        while (!report.Complete && ++runs < 400);

        Assert.True(report.Complete);
        Assert.True(runs > 0, "Everything fitted into one budget.");
        Assert.Empty(bench.Storage.Jobs.AllJobs());
        Assert.Empty(bench.Storage.Content.Names(Containers.Reports));
    }

    [Fact]
    public async Task BlobThatCannotBeDeleted_DoesNotStopTheRest()
    {
        var bench = new PipelineBench();
        bench.Storage.Content.Put(Containers.Reports, "a.json", "{}"u8.ToArray());
        bench.Storage.Content.Put(Containers.Reports, "b.json", "{}"u8.ToArray());
        bench.Time.Advance(401 * Day);
        bench.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BlobDelete);

        Assert.Equal(new PurgeReport(1, 0, 0, Complete: false), await bench.Purger.RunAsync(CancellationToken.None));
        Assert.Equal(new PurgeReport(1, 0, 0, Complete: true), await bench.Purger.RunAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("Retention:JobRowsDays", "30")]
    [InlineData("Retention:InboxDays", "1", "Pipeline:Deadline", "1.01:00:00")]
    [InlineData("Retention:RequestsDays", "-1")]
    [InlineData("Retention:Budget", "00:00:00")]
    public async Task AgesThatWouldLoseWork_AreRefused(params string[] settings)
    {
        var bench = new PipelineBench([.. settings.Chunk(2).Select(pair => (pair[0], pair[1]))]);

        var refusal = await Assert.ThrowsAsync<OptionsValidationException>(() => Task.Run(() => bench.Purger.RunAsync(CancellationToken.None)));
        Assert.Contains(settings[0].Split(':')[1], refusal.Message, StringComparison.Ordinal);
    }

    private static NewJob Ask(params JobInput[] inputs) =>
        new() { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Prompt = "What is this?", Inputs = inputs } };

    private sealed class ReplaceBeforeDelete(PipelineBench bench, string path) : IFaultPlan
    {
        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken)
        {
            if (effect.Operation == StorageOperations.BlobDelete)
            {
                bench.Put(path, [.. PipelineBench.Jpeg, 1]);
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }

    private sealed class SlowScans(PipelineBench bench) : IFaultPlan
    {
        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken)
        {
            if (effect.Operation is StorageOperations.JobPurge or StorageOperations.BlobDelete)
            {
                bench.Time.Advance(TimeSpan.FromSeconds(1));
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
