using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing.Keys;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Tests;

/// <summary>The gateway over the real pipeline, storage and upstream in memory.</summary>
public sealed class WholePipelineTests
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private InMemoryStorage _storage = null!;
    private FakeUpstream _upstream = null!;

    [Theory]
    [InlineData("""{"prompt":"What is this?","inputs":[{"kind":"inline","data":"$","mimeType":"image/png"}]}""")]
    [InlineData("""{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"$"}},{"text":"What is this?"}]}]}""")]
    public async Task JobWaitedFor_ComesBackAnsweredWithItsResult(string body)
    {
        await using var host = await StartAsync();
        var waiting = host.SendAsync(
            "POST", "api/jobs", body.Replace("$", Png, StringComparison.Ordinal), headers: [("Prefer", "wait=60"), ("Idempotency-Key", "k")]);

        var pipeline = host.Services.GetRequiredService<IPipeline>();
        while (_storage.Jobs.AllJobs().Count == 0 && !waiting.IsCompleted)
        {
            await GatewayHost.Settle();
        }

        for (var i = 0; i < 2000 && !waiting.IsCompleted; i++)
        {
            await GatewayHost.Settle();
            foreach (var delivery in _storage.Queue.Receive(Queues.Submit, 32, TimeSpan.FromMinutes(5)))
            {
                await pipeline.HandleSubmitAsync(delivery.Text, (int)delivery.Deliveries, CancellationToken.None);
                _storage.Queue.Delete(Queues.Submit, delivery.MessageId, delivery.Receipt);
            }

            await pipeline.PollDueTasksAsync(CancellationToken.None);
            host.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var reply = await waiting.WaitAsync(TimeSpan.FromSeconds(60), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal((200, "Succeeded"), (reply.Status, reply["state"]));
        Assert.True(decimal.Parse(reply["costUsd"]!) > 0);

        var submission = Assert.Single(_upstream.Submissions);
        Assert.Single(submission.MediaHashes);
        Assert.Contains(submission.Body.Contents[^1].Parts, part => part.Text == "What is this?");

        var envelope = await host.SendAsync("GET", $"api/jobs/{reply["id"]}/result");
        var text = await host.SendAsync("GET", $"api/jobs/{reply["id"]}/result", headers: [("Accept", "text/markdown")]);
        Assert.Equal(envelope.Json.GetProperty("answer").GetProperty("text").GetString(), text.Text);
        Assert.NotEmpty(text.Text);
        Assert.Equal(200, (await host.SendAsync("GET", "api/jobs?state=Succeeded")).Status);
    }

    [Fact]
    public async Task CursorNobodyIssued_Is400()
    {
        await using var host = await StartAsync();

        Assert.Equal(400, (await host.SendAsync("GET", "api/jobs?cursor=forged")).Status);
    }

    [Fact]
    public async Task Ready_LooksAtTheTableTheQueueAndTheKey()
    {
        await using var host = await StartAsync();

        var healthy = await host.SendAsync("GET", "health/ready", key: null);
        _storage.Faults = new EverythingFails();
        host.Time.Advance(TimeSpan.FromSeconds(5));
        var broken = await host.SendAsync("GET", "health/ready", key: null);

        Assert.Equal(["jobs-table ok", "submit-queue ok", "upstream-key ok"], Checks(healthy));
        Assert.Equal(["jobs-table failed", "submit-queue failed", "upstream-key ok"], Checks(broken));

        static IEnumerable<string> Checks(Reply reply) =>
            reply.Json.GetProperty("checks").EnumerateArray().Select(check => $"{check.GetProperty("name")} {check.GetProperty("status")}");
    }

    private Task<GatewayHost> StartAsync() => GatewayHost.StartAsync(realProbes: true, services: services =>
    {
        var time = (TimeProvider)services.Single(s => s.ServiceType == typeof(TimeProvider)).ImplementationInstance!;
        _storage = new InMemoryStorage(time);
        _upstream = new FakeUpstream(time);
        services.RemoveAll<IJobService>();
        services.RemoveAll<IContentStore>();
        services
            .AddSingleton<IJobStore>(_storage.Jobs)
            .AddSingleton<IContentStore>(_storage.Content)
            .AddSingleton<IWorkQueue>(_storage.Queue)
            .AddSingleton<ICheckpointStore>(_storage.Checkpoints)
            .AddSingleton<IIdempotencyStore>(_storage.Idempotency)
            .AddSingleton<ICallerStore>(_storage.Callers)
            .AddSingleton<IBudgetStore>(_storage.Budgets)
            .AddSingleton<IEvoLinkClient>(_upstream)
            .AddSingleton<IPriceBook, FlatPrices>()
            .AddSingleton<IKeyRing>(new FakeKeyRing())
            .AddSingleton(Options.Create(new UpstreamOptions()))
            .AddFlashDropCore(new ConfigurationBuilder().Build());
    });

    private sealed class EverythingFails : IFaultPlan
    {
        public ValueTask BeforeAsync(StorageCall call, CancellationToken cancellationToken) => throw new StorageUnavailableException("away");

        public ValueTask AfterAsync(StorageCall call, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
