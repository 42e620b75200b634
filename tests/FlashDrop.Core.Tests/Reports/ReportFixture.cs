using System.Text;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Reports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Core.Tests.Reports;

/// <summary>The reporter on storage in memory, wired as a host wires it, at a quarter past midnight.</summary>
internal sealed class ReportFixture : IDisposable
{
    public static readonly DateOnly Yesterday = new(2026, 11, 22);

    private readonly ServiceProvider _services;

    public ReportFixture(params (string Key, string Value)[] settings)
    {
        Time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 23, 0, 15, 0, TimeSpan.Zero));
        Storage = new InMemoryStorage(Time);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Key, (string?)setting.Value)))
            .Build();
        _services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(Time)
            .AddSingleton(new Random(1))
            .AddSingleton<IJobStore>(Storage.Jobs)
            .AddSingleton<IContentStore>(Storage.Content)
            .AddSingleton<IWorkQueue>(Storage.Queue)
            .AddSingleton<ICheckpointStore>(Storage.Checkpoints)
            .AddSingleton<IIdempotencyStore>(Storage.Idempotency)
            .AddSingleton<IBudgetStore>(Storage.Budgets)
            .AddSingleton<IEvoLinkClient, NoUpstream>()
            .AddSingleton<IPriceBook>(new SamplePrices())
            .AddFlashDropCore(configuration)
            .BuildServiceProvider(validateScopes: true);
    }

    public FakeTimeProvider Time { get; }

    public InMemoryStorage Storage { get; }

    public UsageQuery Usage => _services.GetRequiredService<UsageQuery>();

    public Task<ReportRun> RunAsync() => _services.GetRequiredService<IReporter>().RunAsync(TestContext.Current.CancellationToken);

    public string Text(string name) => Encoding.UTF8.GetString(
        Storage.Content.Peek(Containers.Reports, name) ?? throw new InvalidOperationException($"There is no {name}; there are: {string.Join(", ", Storage.Content.Names(Containers.Reports))}"));

    public Report Report(string folder) => JsonSerializer.Deserialize(Text($"{folder}/summary.json"), ReportJson.Default.Report)!;

    /// <summary>Every report file and its bytes.</summary>
    public SortedDictionary<string, string> Files() =>
        new(Storage.Content.Names(Containers.Reports).ToDictionary(name => name, Text, StringComparer.Ordinal), StringComparer.Ordinal);

    public async Task AddAsync(Job job, params UsageRecord[] usage)
    {
        var version = await Storage.Jobs.AddAsync(job, TestContext.Current.CancellationToken);
        Assert.NotNull(version);
        if (usage.Length > 0)
        {
            Assert.NotNull(await Storage.Jobs.UpdateAsync(job, version, usage, TestContext.Current.CancellationToken));
        }
    }

    public async Task AddAsync(IEnumerable<(Job Job, UsageRecord[] Usage)> day)
    {
        foreach (var (job, usage) in day)
        {
            await AddAsync(job, usage);
        }
    }

    public void Dispose() => _services.Dispose();

    /// <summary>No test of reports reaches upstream.</summary>
    private sealed class NoUpstream : IEvoLinkClient
    {
        public Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
