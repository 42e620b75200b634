using System.Diagnostics;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FlashDrop.Benchmarks;

/// <summary>
/// One poll cycle over many pending tasks of which few are due: on Azurite, and beyond what it holds on the in-memory storage, which counts
/// the same operations.
/// </summary>
internal static class Pending
{
    private static readonly (int Pending, int Due)[] OnAzurite = [(1_000, 100), (10_000, 100)];
    private static readonly (int Pending, int Due)[] InMemory = [(1_000, 100), (10_000, 100), (100_000, 100), (10_000, 10), (10_000, 0)];

    /// <summary>No task is due again while a slow machine still looks at the others.</summary>
    private const string PollDelay = "00:05:00";

    private static readonly TimeSpan FillLimit = TimeSpan.FromMinutes(3);

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("| storage | pending | due | storage operations | upstream reads | cycle |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (pending, due) in OnAzurite)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(FillLimit);
            await using var account = await Account.StartAsync(limit.Token);
            var upstream = Upstream();
            await using var services = await account.BuildAsync(
                upstream: null, Settings(), collection => collection.AddSingleton<IEvoLinkClient>(upstream), limit.Token);
            try
            {
                await MeasureAsync("Azurite", services, upstream, pending, due, account.Counts.Reset, () => account.Counts.Total, limit.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                Console.WriteLine($"| Azurite | {pending:N0} | {due} | not within {FillLimit.TotalMinutes:0} minutes on this machine | | |");
            }
        }

        foreach (var (pending, due) in InMemory)
        {
            var storage = new InMemoryStorage(TimeProvider.System);
            var upstream = Upstream();
            await using var services = new ServiceCollection()
                .AddLogging()
                .AddSingleton<IJobStore>(storage.Jobs)
                .AddSingleton<IContentStore>(storage.Content)
                .AddSingleton<IWorkQueue>(storage.Queue)
                .AddSingleton<ICheckpointStore>(storage.Checkpoints)
                .AddSingleton<IIdempotencyStore>(storage.Idempotency)
                .AddSingleton<IBudgetStore>(storage.Budgets)
                .AddSingleton<IEvoLinkClient>(upstream)
                .AddSingleton<IPriceBook, FlatPrices>()
                .AddSingleton(Options.Create(new UpstreamOptions()))
                .AddFlashDropCore(new ConfigurationBuilder().AddInMemoryCollection(Settings()).Build())
                .BuildServiceProvider();
            await MeasureAsync("memory", services, upstream, pending, due, storage.Operations.Reset, () => storage.Operations.Total, cancellationToken);
        }
    }

    private static Dictionary<string, string?> Settings() => new(StringComparer.Ordinal)
    {
        ["FlashDrop:Pipeline:MinPollDelay"] = PollDelay,
        ["FlashDrop:Pipeline:MaxPollDelay"] = PollDelay,
    };

    private static FakeUpstream Upstream() => new(TimeProvider.System) { TaskTime = TimeSpan.FromHours(1) };

    private static async Task MeasureAsync(
        string name, ServiceProvider services, FakeUpstream upstream, int pending, int due, Action reset, Func<long> operations, CancellationToken cancellationToken)
    {
        var queue = services.GetRequiredService<IWorkQueue>();
        var now = TimeProvider.System.GetUtcNow();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, pending),
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellationToken },
            async (number, ct) => await queue.SendPollAsync(Message(upstream, number, now), number < due ? TimeSpan.Zero : TimeSpan.FromHours(1), ct));

        reset();
        var started = Stopwatch.GetTimestamp();
        var report = await services.GetRequiredService<IPipeline>().PollDueTasksAsync(cancellationToken);
        var took = Stopwatch.GetElapsedTime(started);
        if (report.Running != due)
        {
            throw new InvalidOperationException($"{report.Running} tasks were looked at, not {due}.");
        }

        Console.WriteLine($"| {name} | {pending:N0} | {due} | {operations()} | {upstream.Reads} | {took.TotalMilliseconds:0} ms |");
    }

    private static PollMessage Message(FakeUpstream upstream, int number, DateTimeOffset now)
    {
        var submission = new Submission(number, Tier.Standard, IdempotencyKey: null, new GenerateContentRequest { Contents = [] }, []);
        var task = ((SubmitOutcome.TaskCreated)upstream.CreateTask(submission)).Task.Id;
        var job = TestJobs.Job(TestJobs.Id(now, number, shard: number % 16), JobState.Submitted) with
        {
            TaskId = task,
            DueAt = now.AddHours(1),
            Attempts = [new Attempt { Number = 1, Tier = Tier.Standard, TaskId = task, StartedAt = now }],
        };
        return new PollMessage(job, "1", Polls: 0, job.TraceParent);
    }
}
