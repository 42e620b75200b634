using System.Threading.Channels;
using FlashDrop.Core.Jobs;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace FlashDrop.LocalHost.Display;

/// <summary>Shows what happens to each job: a live table on a terminal, plain lines elsewhere.</summary>
/// <param name="console">Where.</param>
/// <param name="live">Whether to draw the table.</param>
/// <param name="time">The clock.</param>
internal sealed class JobView(IAnsiConsole console, bool live, TimeProvider time)
{
    private const int Rows = 15;

    private readonly Dictionary<JobId, (JobState State, int Attempt)> _shown = [];
    private readonly List<Job> _recent = [];

    /// <summary>Shows changes until stopped.</summary>
    public async Task RunAsync(ChannelReader<Job> changes, CancellationToken stopping)
    {
        try
        {
            await (live
                ? console.Live(Table()).StartAsync(context => ReadAsync(changes, () => context.UpdateTarget(Table()), stopping))
                : ReadAsync(changes, refresh: null, stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing more to show.
        }
    }

    private async Task ReadAsync(ChannelReader<Job> changes, Action? refresh, CancellationToken stopping)
    {
        while (await changes.WaitToReadAsync(stopping))
        {
            while (changes.TryRead(out var job))
            {
                Show(job);
            }

            refresh?.Invoke();
        }
    }

    private void Show(Job job)
    {
        // Heartbeats change nothing worth a line.
        if (_shown.TryGetValue(job.Id, out var before) && before == (job.State, job.Attempt))
        {
            return;
        }

        _shown[job.Id] = (job.State, job.Attempt);
        if (job.IsTerminal)
        {
            _shown.Remove(job.Id);
        }

        _recent.RemoveAll(other => other.Id == job.Id);
        _recent.Add(job);
        if (_recent.Count > Rows)
        {
            _recent.RemoveAt(0);
        }

        if (!live)
        {
            console.WriteLine($"{time.GetUtcNow():HH:mm:ss}Z  {JobLine.Of(job)}");
        }
    }

    private IRenderable Table()
    {
        if (_recent.Count == 0)
        {
            return new Text("Waiting for jobs.");
        }

        var table = new Table().Border(TableBorder.Simple).AddColumns("Job", "State", "Tokens", "Cost", "Time", "Note");
        foreach (var line in _recent.Select(JobLine.Of))
        {
            table.AddRow(new Text(line.Name), new Text(line.State), new Text(line.Tokens), new Text(line.Cost), new Text(line.Seconds), new Text(line.Note));
        }

        return table;
    }
}
