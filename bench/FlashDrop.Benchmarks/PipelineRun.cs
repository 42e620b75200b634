using System.Diagnostics;
using Azure;
using Azure.Data.Tables;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Simulator;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Benchmarks;

/// <summary>
/// Drops through the whole product on Azurite and the simulator, in turns with bare clients that do the requests of a drop to the same
/// Azurite: what the product reaches of the rate its storage allows.
/// </summary>
internal static class PipelineRun
{
    private const int Rounds = 3;
    private const int Jobs = 512;
    private const int BareJobs = 512;
    private const int Concurrency = 16;
    private const int Batch = 32;

    /// <summary>A run that takes longer says what it was at, and ends.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    /// <summary>A whole image of 16 by 16 pixels with a comment of 4,000 bytes.</summary>
    private static readonly byte[] Jpeg =
        [0xFF, 0xD8, 0xFF, 0xFE, 0x0F, 0xA2, .. new byte[4_000], 0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0, 0xFF, 0xD9];

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            await MeasureAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Console.WriteLine($"Stopped after {Limit.TotalMinutes:0} minutes: this machine is too busy for it.");
        }
    }

    private static async Task MeasureAsync(CancellationToken cancellationToken)
    {
        await using var account = await Account.StartAsync(cancellationToken);
        await using var simulator = await SimulatorHost.StartAsync(
            new SimulatorOptions
            {
                TaskBaseDuration = TimeSpan.FromMilliseconds(500),
                TaskDurationPerToken = TimeSpan.Zero,
                TaskDurationSpread = TimeSpan.FromSeconds(1),
                Credits = 1_000_000,
            },
            cancellationToken);
        var ended = new Ended();
        await using var services = await account.BuildAsync(
            simulator.BaseUrl,
            new(StringComparer.Ordinal)
            {
                ["FlashDrop:Pipeline:FirstPollDelay"] = "00:00:01",
                ["FlashDrop:Pipeline:MinPollDelay"] = "00:00:01",
                ["FlashDrop:Pipeline:PollConcurrency"] = $"{Concurrency}",
            },
            collection => collection.AddSingleton<IJobObserver>(ended),
            cancellationToken);
        var pipeline = services.GetRequiredService<IPipeline>();
        await DropAsync(account, pipeline, ended, "warm", Batch, cancellationToken);
        await BareAsync(account, "warm", Batch, cancellationToken);

        Console.WriteLine($"{Jobs} drops a round, {Concurrency} at a time.");
        Console.WriteLine();
        Console.WriteLine("| round | jobs/s | operations a job | polls a job | bare operations/s (before, after) | bound jobs/s | reached |");
        Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        List<double> reached = [];
        var before = await BareAsync(account, "0", BareJobs, cancellationToken);
        for (var round = 1; round <= Rounds; round++)
        {
            account.Counts.Reset();
            var requests = simulator.Requests.Count;
            var took = await DropAsync(account, pipeline, ended, $"{round}", Jobs, cancellationToken);
            var operations = (double)account.Counts.Total / Jobs;
            var polls = simulator.Requests.Skip(requests).Count(request => request.Method == "GET") / (double)Jobs;
            var after = await BareAsync(account, $"{round}", BareJobs, cancellationToken);
            var rate = Jobs / took.TotalSeconds;
            var bound = (before + after) / 2 / operations;
            reached.Add(rate / bound);
            Console.WriteLine($"| {round} | {rate:0.0} | {operations:0.00} | {polls:0.00} | {before:0}, {after:0} | {bound:0.0} | {rate / bound:0.00} |");
            before = after;
        }

        if (ended.Succeeded != ended.Count)
        {
            throw new InvalidOperationException($"{ended.Count - ended.Succeeded} of {ended.Count} jobs failed; what was measured is worth nothing.");
        }

        Console.WriteLine();
        Console.WriteLine($"Reached at the median: {reached.Order().ElementAt(Rounds / 2):0.00}.");
        Console.WriteLine(
            "Requests of the last round: "
            + string.Join(", ", account.Counts.Snapshot().OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key} {count.Value}")));
    }

    /// <summary>Puts files into the inbox, then handles their events and looks at their tasks until every job has ended.</summary>
    private static async Task<TimeSpan> DropAsync(
        Account account, IPipeline pipeline, Ended ended, string round, int count, CancellationToken cancellationToken)
    {
        var inbox = account.Blobs.GetBlobContainerClient(Containers.Inbox);
        await ManyAsync(count, async (number, ct) => await inbox.UploadBlobAsync($"default/{round}-{number}.jpg", BinaryData.FromBytes(Jpeg), ct), cancellationToken);

        var target = ended.Count + count;
        account.Counts.Reset();
        var started = Stopwatch.GetTimestamp();
        var accepting = ManyAsync(count, async (number, ct) => await pipeline.HandleDropAsync($"default/{round}-{number}.jpg", ct), cancellationToken);
        while (ended.Count < target)
        {
            if (accepting.IsFaulted)
            {
                await accepting;
            }

            var report = await pipeline.PollDueTasksAsync(cancellationToken);
            if (report.Received == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
            }
        }

        var took = Stopwatch.GetElapsedTime(started);
        await accepting;
        return took;
    }

    /// <summary>A drop's requests without the product: operations a second that so many workers get out of this Azurite.</summary>
    private static async Task<double> BareAsync(Account account, string round, int count, CancellationToken cancellationToken)
    {
        var table = account.Tables.GetTableClient($"bare{round}");
        var queue = account.Queues.GetQueueClient($"bare-{round}");
        var results = account.Blobs.GetBlobContainerClient($"bare-{round}");
        await table.CreateIfNotExistsAsync(cancellationToken);
        await queue.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        await results.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        var inbox = account.Blobs.GetBlobContainerClient(Containers.Inbox);
        var text = new string('x', 2_000);
        var operations = 0;
        var started = Stopwatch.GetTimestamp();
        await ManyAsync(count, JobAsync, cancellationToken);
        return operations / Stopwatch.GetElapsedTime(started).TotalSeconds;

        async ValueTask JobAsync(int number, CancellationToken ct)
        {
            var row = new TableEntity($"p{number % 16}", $"job:{number}") { ["Json"] = text };
            var active = new TableEntity(row.PartitionKey, $"active:{number}");
            var usage = new TableEntity(row.PartitionKey, $"usage:{number}") { ["PromptTokens"] = 1_000L };
            await inbox.GetBlobClient($"default/warm-{number % Batch}.jpg").DownloadContentAsync(ct);
            await table.SubmitTransactionAsync([new(TableTransactionActionType.Add, row), new(TableTransactionActionType.UpsertReplace, active)], ct);
            await table.SubmitTransactionAsync(
                [new(TableTransactionActionType.UpdateReplace, row, ETag.All), new(TableTransactionActionType.UpsertReplace, active)], ct);
            var sent = (await queue.SendMessageAsync(text, ct)).Value;
            var seen = (await queue.UpdateMessageAsync(sent.MessageId, sent.PopReceipt, text, cancellationToken: ct)).Value;
            await results.UploadBlobAsync($"{number}.md", BinaryData.FromString(text), ct);
            await results.UploadBlobAsync($"{number}.json", BinaryData.FromString(text), ct);
            await table.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.UpdateReplace, row, ETag.All),
                    new(TableTransactionActionType.Delete, active, ETag.All),
                    new(TableTransactionActionType.Add, usage),
                ],
                ct);
            await queue.DeleteMessageAsync(sent.MessageId, seen.PopReceipt, ct);
            Interlocked.Add(ref operations, 9);
        }
    }

    private static Task ManyAsync(int count, Func<int, CancellationToken, ValueTask> work, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken }, work);

    /// <summary>Counts jobs that have ended.</summary>
    private sealed class Ended : IJobObserver
    {
        private int _count;
        private int _succeeded;

        public int Count => Volatile.Read(ref _count);

        public int Succeeded => Volatile.Read(ref _succeeded);

        public void OnChanged(Job job)
        {
            if (job.State == JobState.Succeeded)
            {
                Interlocked.Increment(ref _succeeded);
            }

            if (job.IsTerminal)
            {
                Interlocked.Increment(ref _count);
            }
        }
    }
}
