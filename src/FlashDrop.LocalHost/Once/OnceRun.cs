using System.Globalization;
using System.Text.Json;
using System.Threading.Channels;
using Azure.Storage.Blobs;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Results;
using FlashDrop.LocalHost.Display;
using Spectre.Console;

namespace FlashDrop.LocalHost.Once;

/// <summary>Drops files once, waits for their answers and shows them.</summary>
/// <param name="samples">The files.</param>
/// <param name="blobs">The account's blobs.</param>
/// <param name="jobs">Opens results.</param>
/// <param name="console">Where to show.</param>
/// <param name="time">The clock.</param>
internal sealed class OnceRun(IReadOnlyList<Sample> samples, BlobServiceClient blobs, IJobService jobs, IAnsiConsole console, TimeProvider time)
{
    private const int AnswerWidth = 70;

    /// <summary>Drops, waits and shows.</summary>
    /// <param name="changes">News of jobs.</param>
    /// <param name="timeout">How long to wait.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The names of the files without an answer; empty when all went well.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(ChannelReader<Job> changes, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var inbox = blobs.GetBlobContainerClient(Containers.Inbox);
        foreach (var sample in samples)
        {
            await using var file = File.OpenRead(sample.File);
            await inbox.GetBlobClient(sample.DropPath).UploadAsync(file, overwrite: true, cancellationToken);
        }

        console.WriteLine($"Dropped {samples.Count} files; waiting for their answers.");
        var finished = await WaitAsync(changes, timeout, cancellationToken);
        await ShowAsync(finished, cancellationToken);
        return
        [
            .. samples
                .Where(sample => finished.GetValueOrDefault(sample.DropPath)?.State != JobState.Succeeded)
                .Select(sample => sample.Name),
        ];
    }

    private async Task<IReadOnlyDictionary<string, Job>> WaitAsync(ChannelReader<Job> changes, TimeSpan timeout, CancellationToken cancellationToken)
    {
        Dictionary<string, Job> latest = new(StringComparer.Ordinal);
        var waiting = samples.Select(sample => sample.DropPath).ToHashSet(StringComparer.Ordinal);
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (waiting.Count > 0)
            {
                var job = await changes.ReadAsync(either.Token);
                if (job.Drop is { } drop && waiting.Contains(drop.Path))
                {
                    latest[drop.Path] = job;
                    if (job.IsTerminal)
                    {
                        waiting.Remove(drop.Path);
                        console.WriteLine($"{time.GetUtcNow():HH:mm:ss}Z  {JobLine.Of(job)}");
                    }
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            // What is missing counts as failed.
        }

        return latest;
    }

    private async Task ShowAsync(IReadOnlyDictionary<string, Job> finished, CancellationToken cancellationToken)
    {
        var table = new Table()
            .Border(TableBorder.Simple)
            .AddColumns("File", "State", "Answer")
            .AddColumn(new TableColumn("Tokens in").RightAligned())
            .AddColumn(new TableColumn("Tokens out").RightAligned())
            .AddColumn(new TableColumn("Cost, USD").RightAligned())
            .AddColumn(new TableColumn("Seconds").RightAligned());
        foreach (var sample in samples)
        {
            var job = finished.GetValueOrDefault(sample.DropPath);
            table.AddRow(
                new Text(TerminalText.OneLine(sample.Name, AnswerWidth)),
                new Text(job?.State.ToString() ?? "Missing"),
                new Text(job is null ? "not taken in before the time limit" : await AnswerAsync(job, cancellationToken)),
                new Text(Count(job?.Usage?.PromptTokens)),
                new Text(Count(job?.Usage?.OutputTokens)),
                new Text(JobLine.Money(job?.CostUsd)),
                new Text(job?.CompletedAt is { } end ? $"{(end - job.AcceptedAt).TotalSeconds:0.0}" : "?"));
        }

        var all = finished.Values.ToList();
        table.AddEmptyRow().AddRow(
            new Text("Total"),
            new Text($"{all.Count(job => job.State == JobState.Succeeded)} of {samples.Count}"),
            new Text(all.Any(job => job.State == JobState.Succeeded && job.CostUsd is null) ? "some costs are unknown" : string.Empty),
            new Text(Count(all.Sum(job => job.Usage?.PromptTokens ?? 0))),
            new Text(Count(all.Sum(job => job.Usage?.OutputTokens ?? 0))),
            new Text(JobLine.Money(all.Sum(job => job.CostUsd ?? 0))),
            new Text(string.Empty));
        console.Write(table);
    }

    private async Task<string> AnswerAsync(Job job, CancellationToken cancellationToken)
    {
        if (job.State != JobState.Succeeded)
        {
            return JobLine.Of(job).Note;
        }

        await using var result = await jobs.OpenResultAsync(job, cancellationToken);
        if (result is null)
        {
            return "its result is missing";
        }

        var envelope = await JsonSerializer.DeserializeAsync(result.Stream, ResultJson.Readable.ResultEnvelope, cancellationToken);
        return TerminalText.FirstLine(envelope?.Answer?.Text ?? string.Empty, AnswerWidth);
    }

    private static string Count(long? tokens) => tokens is { } count ? count.ToString("N0", CultureInfo.InvariantCulture) : "?";
}
