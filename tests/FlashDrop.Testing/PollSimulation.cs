using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace FlashDrop.Testing;

/// <summary>How long a profile's tasks take: log-normal, which is what generation looks like.</summary>
/// <param name="Profile">The profile.</param>
/// <param name="Median">Median time of a task.</param>
/// <param name="Spread">Standard deviation of the logarithm; 0.25 puts nine of ten tasks within ±50%.</param>
/// <param name="Every">Mean time between two jobs.</param>
public sealed record TaskMix(string Profile, TimeSpan Median, double Spread, TimeSpan Every);

/// <summary>What a run found; one entry per task.</summary>
/// <param name="Entries">Looks, lag between the task's end and its detection, and how long the task took.</param>
public sealed record PollOutcome(IReadOnlyList<(int Looks, TimeSpan Lag, TimeSpan Took)> Entries)
{
    public int Tasks => Entries.Count;

    public double MeanLooks => Entries.Average(e => e.Looks);

    public TimeSpan LongestLag => Entries.Max(e => e.Lag);

    public int Looks(double share) => At(Entries.Select(e => e.Looks), share);

    /// <summary>Lag as a share of the task's own time.</summary>
    public double Lag(double share) => At(Entries.Select(e => e.Lag / e.Took), share);

    private static T At<T>(IEnumerable<T> values, double share)
    {
        var ordered = values.Order().ToList();
        return ordered[Math.Min(ordered.Count - 1, (int)(ordered.Count * share))];
    }
}

/// <summary>The pipeline in memory, on a virtual clock, with the poll timer as deployed and tasks of given durations.</summary>
public static class PollSimulation
{
    /// <summary>From a photo to a long recording, as many of each.</summary>
    public static IReadOnlyList<TaskMix> Mixes { get; } =
    [
        new("product-photo", TimeSpan.FromSeconds(12), 0.3, TimeSpan.FromSeconds(10)),
        new("document-summary", TimeSpan.FromSeconds(30), 0.35, TimeSpan.FromSeconds(10)),
        new("meeting-notes", TimeSpan.FromSeconds(75), 0.4, TimeSpan.FromSeconds(10)),
        new("transcript", TimeSpan.FromSeconds(180), 0.45, TimeSpan.FromSeconds(10)),
    ];

    /// <summary>The timer's period in a deployment: <c>*/5 * * * * *</c>.</summary>
    public static TimeSpan Timer { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Runs until so many tasks are found finished.</summary>
    public static async Task<PollOutcome> RunAsync(IReadOnlyList<TaskMix> mixes, int tasks, int seed)
    {
        var time = new WatchedTime(new DateTimeOffset(2026, 11, 3, 9, 0, 0, TimeSpan.Zero));
        var random = new Random(seed);
        var storage = new InMemoryStorage(time);
        var upstream = new FakeUpstream(time);
        Dictionary<string, int> looks = new(StringComparer.Ordinal);
        Dictionary<string, TimeSpan> durations = new(StringComparer.Ordinal);
        var observer = new Finished();
        upstream.ReadFails = id =>
        {
            lock (looks)
            {
                looks[id] = looks.GetValueOrDefault(id) + 1;
            }

            return null;
        };
        await using var services = Build(time, storage, upstream, observer, seed);
        var service = services.GetRequiredService<IJobService>();
        var pipeline = services.GetRequiredService<IPipeline>();
        var next = mixes.ToDictionary(mix => mix, mix => time.GetUtcNow() + (mix.Every * random.NextDouble()));
        var poll = time.GetUtcNow() + Timer;
        var accepted = 0;
        while (observer.Jobs.Count < tasks)
        {
            var mix = mixes.MinBy(m => next[m])!;
            if (accepted < tasks && next[mix] <= poll)
            {
                await SubmitAsync(mix);
                continue;
            }

            Advance(poll);
            poll += Timer;
            await WatchAsync();
        }

        return new PollOutcome([.. observer.Jobs.Select(job =>
        {
            var attempt = job.Attempts[^1];
            var took = durations[attempt.TaskId!];
            return (looks[attempt.TaskId!], attempt.EndedAt!.Value - attempt.StartedAt - took, took);
        })]);

        // A cycle that stays with its tasks waits on the clock, and meanwhile jobs are accepted.
        async Task WatchAsync()
        {
            var cycle = pipeline.WatchTasksAsync(CancellationToken.None);
            while (await Task.WhenAny(cycle, time.Waiting) != cycle)
            {
                var until = await time.TakeWaiting();
                while (accepted < tasks && mixes.MinBy(m => next[m])! is var mix && next[mix] <= until)
                {
                    await SubmitAsync(mix);
                }

                Advance(until);
            }

            await cycle;
        }

        async Task SubmitAsync(TaskMix mix)
        {
            Advance(next[mix]);
            next[mix] += mix.Every * (0.5 + random.NextDouble());
            accepted++;
            var took = mix.Median * Math.Exp(mix.Spread * Normal(random));
            upstream.TaskTime = took;
            var outcome = (AcceptOutcome.Accepted)await service.AcceptAsync(
                new NewJob { Caller = "simulation", Origin = JobOrigin.Api, Profile = mix.Profile, Request = new JobRequest { Prompt = "How long?" } },
                CancellationToken.None);
            var message = PortJson.Write(new SubmitMessage(outcome.Job.Id, 1, TraceParent: null));
            await pipeline.HandleSubmitAsync(message, deliveries: 1, CancellationToken.None);
            durations[$"task-unified-{accepted:0000}"] = took;
        }

        void Advance(DateTimeOffset to)
        {
            if (to > time.GetUtcNow())
            {
                time.SetUtcNow(to);
            }
        }
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static ServiceProvider Build(TimeProvider time, InMemoryStorage storage, FakeUpstream upstream, IJobObserver observer, int seed)
    {
        foreach (var mix in Mixes)
        {
            storage.Content.Put(Containers.Profiles, $"{mix.Profile}.json", """{ "prompt": "How long?" }"""u8.ToArray());
        }

        return new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(time)
            .AddSingleton(new Random(seed))
            .AddSingleton<IJobStore>(storage.Jobs)
            .AddSingleton<IContentStore>(storage.Content)
            .AddSingleton<IWorkQueue>(storage.Queue)
            .AddSingleton<ICheckpointStore>(storage.Checkpoints)
            .AddSingleton<IIdempotencyStore>(storage.Idempotency)
            .AddSingleton<IBudgetStore>(storage.Budgets)
            .AddSingleton<IEvoLinkClient>(upstream)
            .AddSingleton<IPriceBook, FlatPrices>()
            .AddSingleton(observer)
            .AddSingleton(Options.Create(new UpstreamOptions()))
            .AddFlashDropCore(new ConfigurationBuilder().Build())
            .BuildServiceProvider();
    }

    private sealed class Finished : IJobObserver
    {
        public List<Job> Jobs { get; } = [];

        public void OnChanged(Job job)
        {
            if (job.IsTerminal)
            {
                lock (Jobs)
                {
                    Jobs.Add(job);
                }
            }
        }
    }
}
