using System.Diagnostics;
using System.Text;
using Azure;
using Azure.Data.Tables;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Simulator;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Benchmarks;

/// <summary>
/// Drops through the whole product on Azurite and the simulator, against the rate at which bare clients do the same requests to the
/// same Azurite right before and right after.
/// </summary>
internal static class PipelineRun
{
    private const int Jobs = 320;
    private const int BareJobs = 192;
    private const int Concurrency = 16;
    private const int Batch = 32;

    private static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF, 0xE0, .. Encoding.ASCII.GetBytes(new string('x', 4_000)), 0xFF, 0xD9];

    public static async Task RunAsync(CancellationToken cancellationToken)
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
        await using var services = await account.BuildAsync(
            simulator.BaseUrl,
            new(StringComparer.Ordinal)
            {
                ["FlashDrop:Pipeline:FirstPollDelay"] = "00:00:01",
                ["FlashDrop:Pipeline:MinPollDelay"] = "00:00:01",
                ["FlashDrop:Pipeline:PollConcurrency"] = $"{Concurrency}",
            },
            replace: null,
            cancellationToken);
        await UploadAsync(account, Jobs, cancellationToken);

        var observer = services.GetRequiredService<IJobStore>();
        var pipeline = services.GetRequiredService<IPipeline>();
        await pipeline.HandleDropAsync("default/warm.jpg", cancellationToken);
        var before = await BareAsync(account, "before", cancellationToken);
        account.Counts.Reset();
        var requestsBefore = simulator.Requests.Count;
        var started = Stopwatch.GetTimestamp();
        var accepted = AcceptAsync(pipeline, cancellationToken);
        var finished = await PollAsync(pipeline, accepted, cancellationToken);
        var took = Stopwatch.GetElapsedTime(started);
        var operations = (double)account.Counts.Total / Jobs;
        var polls = simulator.Requests.Skip(requestsBefore).Count(request => request.Method == "GET") / (double)Jobs;
        var after = await BareAsync(account, "after", cancellationToken);

        var succeeded = await observer.ListJobsAsync(DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime), cancellationToken)
            .CountAsync(job => job.State == JobState.Succeeded, cancellationToken);
        var rate = Jobs / took.TotalSeconds;
        var bare = (before + after) / 2;
        Console.WriteLine($"{finished} tasks finished, {succeeded} jobs succeeded, in {took.TotalSeconds:0.0} s, {Concurrency} at a time.");
        Console.WriteLine("| jobs/s | operations a job | polls a job | bare operations/s (before, after) | bound jobs/s | reached |");
        Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: |");
        Console.WriteLine($"| {rate:0.0} | {operations:0.00} | {polls:0.00} | {before:0}, {after:0} | {bare / operations:0.0} | {rate * operations / bare:0.00} |");
        Console.WriteLine(string.Join(", ", account.Counts.Snapshot().OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Key}: {count.Value}")));
    }

    private static async Task UploadAsync(Account account, int count, CancellationToken cancellationToken)
    {
        var inbox = account.Blobs.GetBlobContainerClient(Containers.Inbox);
        await inbox.UploadBlobAsync("default/warm.jpg", BinaryData.FromBytes(Jpeg), cancellationToken);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            async (number, ct) => await inbox.UploadBlobAsync($"default/{number}.jpg", BinaryData.FromBytes(Jpeg), ct));
    }

    private static Task AcceptAsync(IPipeline pipeline, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        Enumerable.Range(0, Jobs),
        new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
        async (number, ct) => await pipeline.HandleDropAsync($"default/{number}.jpg", ct));

    private static async Task<int> PollAsync(IPipeline pipeline, Task accepted, CancellationToken cancellationToken)
    {
        var finished = 0;
        while (finished < Jobs)
        {
            var report = await pipeline.PollDueTasksAsync(cancellationToken);
            finished += report.Finished;
            if (report.Received == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
            }
        }

        await accepted;
        return finished;
    }

    /// <summary>A drop's requests without the product: what one thread of work after another can get out of this Azurite.</summary>
    private static async Task<double> BareAsync(Account account, string run, CancellationToken cancellationToken)
    {
        var table = account.Tables.GetTableClient($"bare{run}");
        var queue = account.Queues.GetQueueClient($"bare-{run}");
        var results = account.Blobs.GetBlobContainerClient($"bare-{run}");
        await table.CreateIfNotExistsAsync(cancellationToken);
        await queue.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        await results.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
        var inbox = account.Blobs.GetBlobContainerClient(Containers.Inbox);
        var text = new string('x', 2_000);
        var operations = 0;
        var started = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, BareJobs),
            new ParallelOptions { MaxDegreeOfParallelism = Concurrency, CancellationToken = cancellationToken },
            JobAsync);
        return operations / Stopwatch.GetElapsedTime(started).TotalSeconds;

        async ValueTask JobAsync(int number, CancellationToken ct)
        {
            var row = new TableEntity($"p{number % 16}", $"job:{number}") { ["Json"] = text };
            var active = new TableEntity(row.PartitionKey, $"active:{number}");
            var usage = new TableEntity(row.PartitionKey, $"usage:{number}") { ["PromptTokens"] = 1_000L };
            await inbox.GetBlobClient($"default/{number}.jpg").DownloadContentAsync(ct);
            await table.SubmitTransactionAsync([new(TableTransactionActionType.Add, row), new(TableTransactionActionType.UpsertReplace, active)], ct);
            await table.SubmitTransactionAsync(
                [new(TableTransactionActionType.UpdateReplace, row, ETag.All), new(TableTransactionActionType.UpsertReplace, active)], ct);
            await queue.SendMessageAsync(text, ct);
            await results.UploadBlobAsync($"{number}.md", BinaryData.FromString(text), ct);
            await results.UploadBlobAsync($"{number}.json", BinaryData.FromString(text), ct);
            await table.SubmitTransactionAsync(
                [
                    new(TableTransactionActionType.UpdateReplace, row, ETag.All),
                    new(TableTransactionActionType.Delete, active, ETag.All),
                    new(TableTransactionActionType.Add, usage),
                ],
                ct);
            Interlocked.Add(ref operations, 7);
            if (number % Batch == 0)
            {
                var received = (await queue.ReceiveMessagesAsync(Batch, TimeSpan.FromMinutes(5), ct)).Value;
                foreach (var message in received)
                {
                    await queue.DeleteMessageAsync(message.MessageId, message.PopReceipt, ct);
                }

                Interlocked.Add(ref operations, received.Length + 1);
            }
        }
    }
}
