using System.Globalization;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Azure.Tests.Storage;

/// <summary>
/// Requests to the storage account per job that completes at its second look, counted by the product's own clients against Azurite.
/// What the trigger host spends on receiving events and messages is not the product's and not in it.
/// </summary>
public sealed class PipelineOperationTests(AzuriteFixture azurite, ITestOutputHelper output)
{
    private const int Together = 32;

    /// <summary>Pause between looks: long enough that no task is due again while a slow machine still looks at the others.</summary>
    private const string PollDelay = "00:00:04";

    /// <summary>A second more than the pause: the queue service rounds to seconds.</summary>
    private static readonly TimeSpan UntilDue = TimeSpan.FromSeconds(5.5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Together, 10)]
    [InlineData(1, 12)]
    public async Task Drops_StayWithinTheirBudget(int jobs, double budget)
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var upstream = new FakeUpstream(new FakeTimeProvider());
        await using var services = Build(account, upstream);
        var pipeline = services.GetRequiredService<IPipeline>();
        var inbox = new BlobServiceClient(account.ConnectionString).GetBlobContainerClient(Containers.Inbox);
        for (var i = 0; i < jobs; i++)
        {
            await inbox.UploadBlobAsync($"default/{i}.jpg", BinaryData.FromBytes(Jpeg(i)), Stop);
        }

        await WarmUpAsync(services);
        account.Counts.Reset();
        await Task.WhenAll(Enumerable.Range(0, jobs).Select(i => pipeline.HandleDropAsync($"default/{i}.jpg", Stop)));

        await AssertBudgetAsync(account, upstream, services, jobs, budget, "drop");
    }

    [Fact]
    public async Task LoneDrop_WhoseSecondLookComesWithinTheCycle_TakesTen()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var upstream = new FakeUpstream(new FakeTimeProvider());
        await using var services = Build(account, upstream, soon: true);
        var inbox = new BlobServiceClient(account.ConnectionString).GetBlobContainerClient(Containers.Inbox);
        await inbox.UploadBlobAsync("default/0.jpg", BinaryData.FromBytes(Jpeg(0)), Stop);
        await WarmUpAsync(services);
        account.Counts.Reset();
        await services.GetRequiredService<IPipeline>().HandleDropAsync("default/0.jpg", Stop);

        await AssertLoneBudgetAsync(account, upstream, services, 10, "drop");
    }

    [Fact]
    public async Task LoneHttpJob_WhoseSecondLookComesWithinTheCycle_TakesTwelve()
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var upstream = new FakeUpstream(new FakeTimeProvider());
        await using var services = Build(account, upstream, soon: true);
        await WarmUpAsync(services);
        account.Counts.Reset();
        var accepted = (AcceptOutcome.Accepted)await services.GetRequiredService<IJobService>().AcceptAsync(
            new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Prompt = "What is two and two?" } }, Stop);
        await services.GetRequiredService<IPipeline>().HandleSubmitAsync(
            PortJson.Write(new SubmitMessage(accepted.Job.Id, 1, TraceParent: null)), deliveries: 1, Stop);

        await AssertLoneBudgetAsync(account, upstream, services, 12, "HTTP job");
    }

    [Theory]
    [InlineData(Together, 12)]
    [InlineData(1, 14)]
    public async Task HttpJobs_StayWithinTheirBudget(int jobs, double budget)
    {
        var account = await azurite.CreateAccountAsync(Stop);
        var upstream = new FakeUpstream(new FakeTimeProvider());
        await using var services = Build(account, upstream);
        var pipeline = services.GetRequiredService<IPipeline>();
        var service = services.GetRequiredService<IJobService>();
        await WarmUpAsync(services);
        account.Counts.Reset();
        var accepted = await Task.WhenAll(Enumerable.Range(0, jobs).Select(i => service.AcceptAsync(
            new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Prompt = $"What is {i} and {i}?" } }, Stop)));

        // The host delivers the message; its receive and delete are the host's.
        await Task.WhenAll(accepted.Select(outcome => pipeline.HandleSubmitAsync(
            PortJson.Write(new SubmitMessage(((AcceptOutcome.Accepted)outcome).Job.Id, 1, TraceParent: null)), deliveries: 1, Stop)));

        await AssertBudgetAsync(account, upstream, services, jobs, budget, "HTTP job");
    }

    /// <summary>A whole image of 16 by 16, told from others by its comment.</summary>
    private static byte[] Jpeg(int i) =>
        [0xFF, 0xD8, 0xFF, 0xFE, 0, 3, (byte)i, 0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0, 0xFF, 0xD9];

    private static ServiceProvider Build(StorageAccount account, FakeUpstream upstream, bool soon = false) => new ServiceCollection()
        .AddLogging()
        .AddSingleton<TableServiceClient>(account.Tables)
        .AddSingleton<BlobServiceClient>(account.Blobs)
        .AddSingleton<QueueServiceClient>(account.Queues)
        .AddSingleton<IEvoLinkClient>(upstream)
        .AddSingleton<IPriceBook, FlatPrices>()
        .AddSingleton(Options.Create(new UpstreamOptions()))
        .AddFlashDropCore(new ConfigurationBuilder()
            .AddInMemoryCollection([
                new("FlashDrop:Pipeline:FirstPollDelay", PollDelay), new("FlashDrop:Pipeline:MinPollDelay", soon ? "00:00:01" : PollDelay), new("FlashDrop:Pipeline:PollStay", "00:01:00"),
            ])
            .Build())
        .AddFlashDropAzure(new ConfigurationBuilder()
            .AddInMemoryCollection([new("AzureWebJobsStorage", account.ConnectionString)])
            .Build())
        .BuildServiceProvider();

    /// <summary>A process that has seen a job in the last minute remembers its profile and how long tasks take.</summary>
    private static async Task WarmUpAsync(ServiceProvider services)
    {
        var profiles = services.GetRequiredService<IJobService>();
        var id = ((AcceptOutcome.Accepted)await profiles.AcceptAsync(
            new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Prompt = "First." } }, Stop)).Job.Id;
        var message = PortJson.Write(new SubmitMessage(id, 1, TraceParent: null));
        await services.GetRequiredService<IPipeline>().HandleSubmitAsync(message, deliveries: 1, Stop);
        await profiles.CancelAsync(id, Stop);
        await services.GetRequiredService<QueueServiceClient>().GetQueueClient(Queues.Poll).ClearMessagesAsync(Stop);
    }

    private async Task AssertBudgetAsync(
        StorageAccount account, FakeUpstream upstream, ServiceProvider services, int jobs, double budget, string kind)
    {
        var pipeline = services.GetRequiredService<IPipeline>();
        var time = (FakeTimeProvider)upstream.Clock;
        await Task.Delay(UntilDue, TimeProvider.System, Stop);
        Assert.Equal(new PollReport(jobs, jobs, 0, 0), await pipeline.PollDueTasksAsync(Stop));
        time.Advance(TimeSpan.FromMinutes(1));
        await Task.Delay(UntilDue, TimeProvider.System, Stop);
        Assert.Equal(new PollReport(jobs, 0, jobs, 0), await pipeline.PollDueTasksAsync(Stop));

        AssertBudget(account, jobs, budget, kind);
    }

    /// <summary>The task finishes between its first look and its second, a second later in the same cycle.</summary>
    private async Task AssertLoneBudgetAsync(StorageAccount account, FakeUpstream upstream, ServiceProvider services, double budget, string kind)
    {
        var time = (FakeTimeProvider)upstream.Clock;
        upstream.ReadFails = _ =>
        {
            if (upstream.Reads > 1)
            {
                time.Advance(TimeSpan.FromMinutes(1));
            }

            return null;
        };
        await Task.Delay(UntilDue, TimeProvider.System, Stop);
        Assert.Equal(new PollReport(1, 0, 1, 0), await services.GetRequiredService<IPipeline>().WatchTasksAsync(Stop));
        Assert.Equal(2, upstream.Reads);

        AssertBudget(account, 1, budget, $"lone {kind}");
    }

    private void AssertBudget(StorageAccount account, int jobs, double budget, string kind)
    {
        var perJob = (double)account.Counts.Total / jobs;
        var counts = string.Join(", ", account.Counts.Snapshot().OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"));
        var found = string.Create(CultureInfo.InvariantCulture, $"{jobs} x {kind}: {perJob:0.00} operations a job ({counts})");
        output.WriteLine(found);
        Assert.True(perJob <= budget, found);
    }
}
