using System.Diagnostics;
using System.Globalization;
using Azure.Data.Tables;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Metering;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Reports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Pricing;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Benchmarks;

/// <summary>
/// Sums 50,000 usage rows that stand in Azurite, through the product's own store, against a bare client that reads the same pages with
/// the same concurrency and throws them away: the difference is ours, the rest is the storage client's.
/// </summary>
internal static class UsageOnAzurite
{
    private const int Rows = 50_000;
    private const int Callers = 1_000;
    private const int Batch = 100;
    private const int Writers = 4;
    private const int Readers = 4;
    private const int PageRows = 1_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly DateOnly Day = new(2026, 11, 22);

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        await using var account = await Account.StartAsync(limit.Token);
        await using var services = await account.BuildAsync(upstream: null, new(StringComparer.Ordinal), replace: null, limit.Token);
        var store = services.GetRequiredService<IJobStore>();
        var table = account.Tables.GetTableClient("jobs");
        var query = new UsageQuery(store, services.GetRequiredService<IPriceBook>());

        var started = Stopwatch.GetTimestamp();
        await WriteAsync(store, table, limit.Token);
        Console.WriteLine($"Usage rows on Azurite: {Rows:N0} rows of {Callers:N0} callers, written in {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s.");
        Console.WriteLine();
        Console.WriteLine("| What reads them | Groups | Time | Rows/s | Requests | Allocated | Per row |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: |");

        // The first pass warms client, server and code; it is not shown.
        await BareAsync(table, limit.Token);
        await SumAsync(query, UsageGrouping.Tier, limit.Token);
        await MeasureAsync("bare client", account, () => BareAsync(table, limit.Token));
        await MeasureAsync("`UsageQuery` by tier", account, () => SumAsync(query, UsageGrouping.Tier, limit.Token));
        await MeasureAsync("`UsageQuery` by caller", account, () => SumAsync(query, UsageGrouping.Caller, limit.Token));
        await MeasureAsync("bare client, again", account, () => BareAsync(table, limit.Token));
    }

    private static async Task MeasureAsync(string what, Account account, Func<Task<(int Rows, int Groups)>> read)
    {
        account.Counts.Reset();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var started = Stopwatch.GetTimestamp();
        var (rows, groups) = await read();
        var took = Stopwatch.GetElapsedTime(started);
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        if (rows != Rows)
        {
            throw new InvalidOperationException($"{what} read {rows} rows of {Rows}.");
        }

        var requests = account.Counts.Total > 0 ? account.Counts.Total.ToString("N0", CultureInfo.InvariantCulture) : "–";
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {what} | {(groups > 0 ? groups : "–")} | {took.TotalSeconds:F2} s | {rows / took.TotalSeconds:N0} | {requests} | {allocated / 1_048_576d:N1} MiB | {allocated / (double)rows / 1024:F2} KiB |"));
    }

    private static async Task<(int Rows, int Groups)> SumAsync(UsageQuery query, UsageGrouping grouping, CancellationToken cancellationToken)
    {
        var answer = await query.RunAsync(new UsageRequest { From = Day, To = Day, GroupBy = grouping }, cancellationToken);
        return (checked((int)answer.Total.Answers), answer.Rows.Count);
    }

    /// <summary>The same filter, page size and concurrency as the store's, and nothing done with the rows.</summary>
    private static async Task<(int Rows, int Groups)> BareAsync(TableClient table, CancellationToken cancellationToken)
    {
        var read = 0;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, JobId.ShardsPerDay).Select(shard => JobId.PartitionOf(Day, shard)),
            new ParallelOptions { MaxDegreeOfParallelism = Readers, CancellationToken = cancellationToken },
            async (partition, token) =>
            {
                var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {"usage:"} and RowKey lt {"usage;"}");
                await foreach (var page in table.QueryAsync<TableEntity>(filter, PageRows, select: null, token).AsPages())
                {
                    Interlocked.Add(ref read, page.Values.Count);
                }
            });
        return (read, 0);
    }

    /// <summary>One row is written by the store; the others are its copies under other ids and callers, a hundred in a transaction.</summary>
    private static async Task WriteAsync(IJobStore store, TableClient table, CancellationToken cancellationToken)
    {
        var first = Record(0);
        await store.AddUsageAsync(first, cancellationToken);
        TableEntity? template = null;
        await foreach (var row in table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {first.JobId.Partition}"), cancellationToken: cancellationToken))
        {
            template = row;
        }

        await Parallel.ForEachAsync(
            Enumerable.Range(1, Rows - 1).Select(Record).GroupBy(record => record.JobId.Partition, StringComparer.Ordinal).SelectMany(partition => partition.Chunk(Batch)),
            new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = cancellationToken },
            async (records, token) => await table.SubmitTransactionAsync(
                records.Select(record => new TableTransactionAction(TableTransactionActionType.Add, Copy(template!, record))), token));
    }

    private static TableEntity Copy(TableEntity template, UsageRecord record)
    {
        var row = new TableEntity(record.JobId.Partition, $"usage:{record.Id}");
        foreach (var (name, value) in template)
        {
            if (name is not ("PartitionKey" or "RowKey" or "Timestamp" or "odata.etag"))
            {
                row[name] = value;
            }
        }

        row[nameof(UsageRecord.JobId)] = record.JobId.ToString();
        row[nameof(UsageRecord.Caller)] = record.Caller;
        return row;
    }

    private static UsageRecord Record(int number)
    {
        var random = new byte[10];
        BitConverter.TryWriteBytes(random, number * 2_654_435_761L);
        random[^1] = (byte)number; // The partition: all sixteen of the day are used.
        var id = JobId.Create(new DateTimeOffset(Day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddSeconds(number % 86_400), random);
        return new UsageRecord
        {
            Id = $"task-{number}",
            JobId = id,
            Origin = JobOrigin.Api,
            Caller = $"caller-{number % Callers}",
            Profile = "default",
            Tier = Tier.Standard,
            ModelVersion = "gemini-2.5-flash",
            At = id.Time,
            Usage = new TokenUsage { PromptTokens = 1_000, CandidatesTokens = 200, PromptDetails = [new("TEXT", 400), new("IMAGE", 600)] },
            CostUsd = 0.00064m,
            ListUsd = 0.0008m,
            PriceRow = "standard@2026-01-01",
            MediaKind = "video",
            MediaSeconds = 12.5,
        };
    }
}
