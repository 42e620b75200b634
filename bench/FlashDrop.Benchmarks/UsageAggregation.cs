using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Reports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using Job = FlashDrop.Core.Jobs.Job;

namespace FlashDrop.Benchmarks;

/// <summary>Runs <see cref="UsageAggregation"/> in this process: a benchmark of a second needs no process of its own.</summary>
internal static class UsageAggregationRun
{
    public static Task RunAsync() => Task.Run(() => BenchmarkRunner.Run<UsageAggregation>(
        ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(BenchmarkDotNet.Jobs.Job.Default.WithStrategy(RunStrategy.Monitoring).WithWarmupCount(1).WithIterationCount(5)
                .WithToolchain(InProcessEmitToolchain.Instance))
            .WithOptions(ConfigOptions.DisableLogFile)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "flashdrop-benchmarks"))));
}

/// <summary>Sums a day's usage rows by day, caller, profile and tier: what is allocated must follow the groups, not the rows.</summary>
[MemoryDiagnoser]
public class UsageAggregation
{
    private static readonly DateOnly Day = new(2026, 11, 22);

    private static readonly UsageRequest Request = new()
    {
        From = Day,
        To = Day,
        GroupBy = UsageGrouping.Day | UsageGrouping.Caller | UsageGrouping.Profile | UsageGrouping.Tier,
    };

    private UsageQuery _query = null!;

    [Params(1_000, 1_000_000)]
    public int Rows { get; set; }

    [Params(10, 1_000)]
    public int Groups { get; set; }

    [GlobalSetup]
    public void Prepare() => _query = new UsageQuery(new FixedRows(Day, Rows, Groups), new FixedPrices());

    [Benchmark]
    public Task<UsageAnswer> SumByEverything() => _query.RunAsync(Request, CancellationToken.None);

    /// <summary>Hands out rows that exist already, so that only the aggregation is measured. A tenth of them were cached.</summary>
    private sealed class FixedRows : IJobStore
    {
        private readonly UsageRecord[] _rows;

        public FixedRows(DateOnly day, int rows, int groups)
        {
            var random = new byte[10];
            var id = JobId.Create(new DateTimeOffset(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero), random);
            var callers = Enumerable.Range(0, groups).Select(group => $"caller-{group}").ToArray();
            _rows =
            [
                .. Enumerable.Range(0, rows).Select(row => new UsageRecord
                {
                    Id = "task",
                    JobId = id,
                    Origin = JobOrigin.Api,
                    Caller = callers[row % groups],
                    Profile = "default",
                    Tier = Tier.Standard,
                    ModelVersion = "gemini-2.5-flash",
                    At = id.Time,
                    Usage = new TokenUsage
                    {
                        PromptTokens = 1_000, CachedTokens = row % 10 == 0 ? 500 : 0, CandidatesTokens = 200, PromptDetails = [new("TEXT", 400), new("IMAGE", 600)],
                    },
                    CostUsd = 0.00064m,
                    ListUsd = 0.0008m,
                    PriceRow = "standard@2026-01-01",
                    MediaKind = "video",
                    MediaSeconds = 12.5,
                }),
            ];
        }

        public async IAsyncEnumerable<UsageRecord> ListUsageAsync(DateOnly day, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            foreach (var row in _rows)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return row;
            }
        }

        public Task<string?> AddAsync(Job job, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<string?> UpdateAsync(Job job, string version, IReadOnlyList<UsageRecord> usage, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<bool> AddUsageAsync(UsageRecord usage, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<ActiveJob> ListActiveAsync(
            DateOnly firstDay, DateOnly lastDay, DateTimeOffset dueBefore, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlySet<JobId>> FindMissingAsync(IReadOnlyCollection<JobId> ids, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<Job> ListJobsAsync(DateOnly day, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<DateOnly?> FindFirstDayAsync(DateOnly? earliest, DateOnly latest, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task<DayPurge> PurgeDayAsync(DateOnly day, PurgeRows rows, int max, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public Task DeleteAsync(JobId id, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class FixedPrices : IPriceBook
    {
        public PricedUsage Price(Tier tier, string? modelVersion, TokenUsage? usage, DateTimeOffset at) => new()
        {
            CostUsd = usage is null ? null : (((usage.PromptTokens - usage.CachedTokens) * 0.24m) + (usage.CachedTokens * 0.024m)) / 1_000_000,
            PriceRow = "standard@2026-01-01",
        };
    }
}
