using FlashDrop.Core.Jobs;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Jobs;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Tests;

public sealed class WaitTests
{
    private const string Minimal = """{"prompt":"What is this?"}""";

    [Fact]
    public async Task JobFinishedHere_EndsTheWaitAtOnce()
    {
        await using var host = await GatewayHost.StartAsync();
        var waiting = host.SendAsync("POST", "api/jobs", Minimal, headers: [("Prefer", "wait=30")]);
        var job = await AcceptedAsync(host);
        Assert.False(waiting.IsCompleted);

        host.Jobs.ChangeHere(job with { State = JobState.Succeeded, CostUsd = 0.0001m });
        var reply = await waiting.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal((200, "Succeeded", "0.0001", "wait=30"), (reply.Status, reply["state"], reply["costUsd"], reply.Header("Preference-Applied")));
        Assert.Null(reply.Header("Retry-After"));
    }

    [Fact]
    public async Task JobFinishedElsewhere_IsSeenWithinAFewSeconds()
    {
        await using var host = await GatewayHost.StartAsync();
        var started = host.Time.GetUtcNow();
        var waiting = host.SendAsync("POST", "api/jobs", Minimal, headers: [("Prefer", "respond-async, wait=30")]);
        var job = await AcceptedAsync(host);
        host.Jobs.Change(job with { State = JobState.Failed });

        var reply = await host.Time.RunUntilAsync(waiting);

        Assert.Equal((200, "Failed"), (reply.Status, reply["state"]));
        Assert.True(host.Time.GetUtcNow() - started <= TimeSpan.FromSeconds(5));
    }

    [Theory]
    [InlineData("wait=3", 3)]
    [InlineData("wait=100000", 10)]
    public async Task JobStillRunningAtTheEnd_Is202WhenTheTimeIsUp(string prefer, int seconds)
    {
        await using var host = await GatewayHost.StartAsync(new() { ["FlashDrop:Gateway:MaxWait"] = "00:00:10" });
        var started = host.Time.GetUtcNow();

        var reply = await host.Time.RunUntilAsync(host.SendAsync("POST", "api/jobs", Minimal, headers: [("Prefer", prefer)]));

        Assert.Equal((202, $"wait={seconds}"), (reply.Status, reply.Header("Preference-Applied")));
        Assert.NotNull(reply.Header("Retry-After"));
        Assert.Equal(seconds, (host.Time.GetUtcNow() - started).TotalSeconds, 3);
        Assert.InRange(host.Jobs.Finds, 2, 14);
    }

    [Fact]
    public async Task GetWithWait_AnswersWhenTheJobFinishes()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice");
        var waiting = host.SendAsync("GET", $"api/jobs/{job.Id}", headers: [("Prefer", "wait=30")]);
        while (host.Jobs.Finds < 2)
        {
            await GatewayHost.Settle();
        }

        host.Jobs.ChangeHere(job with { State = JobState.Cancelled });
        var reply = await waiting.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal((200, "Cancelled"), (reply.Status, reply["state"]));
    }

    [Fact]
    public async Task ClientGoingAway_EndsTheWait()
    {
        var signals = new JobSignals();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var jobs = new FakeJobService(time);
        var job = jobs.Add("alice");
        var waiter = new JobWaiter(jobs, signals, time, Microsoft.Extensions.Options.Options.Create(new GatewayOptions()));
        using var gone = new CancellationTokenSource();
        var waiting = waiter.WaitAsync(job.Id, TimeSpan.FromSeconds(30), gone.Token);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task JobFinishingDuringALook_IsNotMissed()
    {
        var signals = new JobSignals();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var jobs = new FakeJobService(time);
        jobs.Observers.Add(signals);
        var job = jobs.Add("alice");
        jobs.AfterFind = () => jobs.ChangeHere(job with { State = JobState.Succeeded });
        var waiter = new JobWaiter(jobs, signals, time, Microsoft.Extensions.Options.Options.Create(new GatewayOptions()));

        var stored = await waiter.WaitAsync(job.Id, TimeSpan.FromSeconds(30), CancellationToken.None)
            .WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);

        Assert.Equal(JobState.Succeeded, stored!.Job.State);
    }

    [Fact]
    public async Task SignalBeforeTheStoreShowsIt_DoesNotSpin()
    {
        var signals = new JobSignals();
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var jobs = new FakeJobService(time);
        var job = jobs.Add("alice");
        var waiter = new JobWaiter(jobs, signals, time, Microsoft.Extensions.Options.Options.Create(new GatewayOptions()));
        var waiting = waiter.WaitAsync(job.Id, TimeSpan.FromSeconds(1), CancellationToken.None);

        signals.OnChanged(job with { State = JobState.Succeeded });
        await GatewayHost.Settle();

        Assert.InRange(jobs.Finds, 1, 2);
        while (!waiting.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(500));
            await GatewayHost.Settle();
        }

        Assert.False((await waiting)!.Job.IsTerminal);
    }

    [Theory]
    [InlineData("wait=5", 5)]
    [InlineData("WAIT = 5", 5)]
    [InlineData("wait=\"5\"", 5)]
    [InlineData("respond-async, wait=5; x=y", 5)]
    [InlineData("wait=5, wait=9", 5)]
    [InlineData("wait=99999999999", null)]
    [InlineData("wait=61", 60)]
    [InlineData("wait=0", null)]
    [InlineData("wait=-1", null)]
    [InlineData("wait=soon", null)]
    [InlineData("wait", null)]
    [InlineData("return=minimal", null)]
    [InlineData(",,;=,", null)]
    public void PreferHeader_IsReadAsTheStandardSays(string header, int? seconds)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers["Prefer"] = header;

        Assert.Equal(seconds, (int?)Preferences.Wait(request, TimeSpan.FromSeconds(60))?.TotalSeconds);
    }

    private static async Task<Job> AcceptedAsync(GatewayHost host)
    {
        // The second look comes from the wait itself.
        while (host.Jobs.Finds < 1)
        {
            await GatewayHost.Settle();
        }

        return (await host.Jobs.ListAsync(new() { From = default, To = default }, CancellationToken.None)).Jobs.Single();
    }
}
