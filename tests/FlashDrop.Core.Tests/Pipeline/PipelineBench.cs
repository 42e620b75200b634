using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Results;
using FlashDrop.Core.Retention;
using FlashDrop.Core.Tests.Media;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Tests.Pipeline;

/// <summary>The whole pipeline over in-memory storage and upstream, on a virtual clock, with a host that delivers what is due.</summary>
internal sealed class PipelineBench : IJobObserver
{
    public static readonly byte[] Jpeg = TestMedia.Jpeg(16, 16);

    private readonly ServiceProvider _services;

    public PipelineBench(params (string Key, string Value)[] settings)
    {
        Time = new WatchedTime(new DateTimeOffset(2026, 11, 3, 9, 0, 0, TimeSpan.Zero));
        Storage = new InMemoryStorage(Time);
        Upstream = new FakeUpstream(Time);
        _services = BuildServices(settings);
    }

    public WatchedTime Time { get; }

    public InMemoryStorage Storage { get; }

    public FakeUpstream Upstream { get; }

    public IPipeline Pipeline => _services.GetRequiredService<IPipeline>();

    public IJobService Service => _services.GetRequiredService<IJobService>();

    /// <summary>The meters of this bench, and of no other.</summary>
    public IMeterFactory Meters => _services.GetRequiredService<IMeterFactory>();

    public IPurger Purger => _services.GetRequiredService<IPurger>();

    public IDeadLetters DeadLetters => _services.GetRequiredService<IDeadLetters>();

    public List<Job> Changes { get; } = [];

    public Job Only => Assert.Single(Storage.Jobs.AllJobs());

    public IReadOnlyList<UsageRecord> Usage => Storage.Jobs.AllUsage();

    public void OnChanged(Job job)
    {
        lock (Changes)
        {
            Changes.Add(job);
        }
    }

    /// <summary>Drops a file and delivers its event.</summary>
    public async Task DropAsync(string path, byte[]? content = null)
    {
        Put(path, content);
        await Pipeline.HandleDropAsync(path, CancellationToken.None);
    }

    /// <summary>Puts a file into the inbox; its event is lost.</summary>
    public void Put(string path, byte[]? content = null) => Storage.Content.Put(Containers.Inbox, path, content ?? Jpeg);

    /// <summary>Delivers what is due, lets time pass, and again, until the time is over.</summary>
    public async Task RunAsync(TimeSpan span, TimeSpan? step = null)
    {
        var until = Time.GetUtcNow() + span;
        while (true)
        {
            await DeliverAsync();
            if (Time.GetUtcNow() >= until)
            {
                return;
            }

            Time.Advance(step ?? TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Delivers the due <c>submit</c> messages as the host would, then runs a poll cycle.</summary>
    public async Task DeliverAsync()
    {
        foreach (var delivery in Storage.Queue.Receive(Queues.Submit, 32, TimeSpan.FromMinutes(5)))
        {
            try
            {
                await Pipeline.HandleSubmitAsync(delivery.Text, (int)delivery.Deliveries, CancellationToken.None);
                Storage.Queue.Delete(Queues.Submit, delivery.MessageId, delivery.Receipt);
            }
            catch (StorageUnavailableException)
            {
                // The lease brings it back.
            }
        }

        await Pipeline.PollDueTasksAsync(CancellationToken.None);
    }

    /// <summary>A poll cycle that stays with tasks due again soon, while time passes for as long as it stays.</summary>
    public async Task<PollReport> WatchAsync()
    {
        var cycle = Pipeline.WatchTasksAsync(CancellationToken.None);
        while (await Task.WhenAny(cycle, Time.Waiting) != cycle)
        {
            if (await Time.TakeWaiting() is var until && until > Time.GetUtcNow())
            {
                Time.SetUtcNow(until);
            }
        }

        return await cycle;
    }

    public ResultEnvelope Result(string name) => Envelope(name + ResultNames.ResultSuffix);

    public ResultEnvelope Error(string name) => Envelope(name + ResultNames.ErrorSuffix);

    public string? Text(string name) => Storage.Content.Peek(Containers.Results, name) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    private ResultEnvelope Envelope(string name)
    {
        var bytes = Storage.Content.Peek(Containers.Results, name);
        Assert.True(bytes is not null, $"No {name}; there is: {string.Join(", ", Storage.Content.Names(Containers.Results))}");
        return JsonSerializer.Deserialize(bytes, ResultJson.Readable.ResultEnvelope)!;
    }

    private ServiceProvider BuildServices((string Key, string Value)[] settings)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create<string, string?>($"FlashDrop:{s.Key}", s.Value)))
            .Build();
        return new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(new Random(7))
            .AddSingleton<IJobStore>(Storage.Jobs)
            .AddSingleton<IContentStore>(Storage.Content)
            .AddSingleton<IWorkQueue>(Storage.Queue)
            .AddSingleton<ICheckpointStore>(Storage.Checkpoints)
            .AddSingleton<IIdempotencyStore>(Storage.Idempotency)
            .AddSingleton<IBudgetStore>(Storage.Budgets)
            .AddSingleton<IEvoLinkClient>(Upstream)
            .AddSingleton<IPriceBook, FlatPrices>()
            .AddSingleton<IJobObserver>(this)
            .AddSingleton(Options.Create(new UpstreamOptions()))
            .AddFlashDropCore(configuration)
            .BuildServiceProvider();
    }
}
