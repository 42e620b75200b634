using System.Collections.Concurrent;
using System.Globalization;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Tasks;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>
/// Places the looks at a task: the first where the profile's tasks have lately been finished, later ones after a share of the time
/// the task has taken so far. What tasks took is shared between instances through a checkpoint per profile.
/// </summary>
internal sealed class PollSchedule(IOptions<PipelineOptions> options, ICheckpointStore checkpoints, TimeProvider time)
{
    /// <summary>Durations remembered per profile.</summary>
    public const int Window = 24;

    /// <summary>How long durations read from the checkpoint are used, and how often they are written at most.</summary>
    public static readonly TimeSpan Refresh = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Share of recent tasks that the first look should find finished: most of the others are at the second, and few were finished
    /// long before the first.
    /// </summary>
    private const double FirstLookShare = 0.4;

    /// <summary>
    /// A task found finished at its first look took less than until then, nobody knows how much. Without a discount the first look
    /// would only ever learn from itself and move further and further out; with it, it settles where the share is right.
    /// </summary>
    private const double FirstLookDiscount = 0.8;

    private const int MaxProfiles = 1_000;

    private readonly PipelineOptions _options = options.Value;
    private readonly ConcurrentDictionary<string, Recent> _recent = new(StringComparer.Ordinal);

    /// <summary>When to look first.</summary>
    public async ValueTask<TimeSpan> FirstAsync(string profile, UpstreamTask task, double random, CancellationToken cancellationToken)
    {
        var recent = await LoadAsync(profile, cancellationToken);
        var typical = recent.Percentile(FirstLookShare);
        return typical is { } seconds
            ? Clamp(TimeSpan.FromSeconds(seconds * (1 + (0.1 * random))), _options.MinPollDelay, _options.TaskTimeout)
            : Clamp(Min(task.EstimatedTime ?? _options.FirstPollDelay, _options.FirstPollDelay), _options.MinPollDelay, _options.MaxPollDelay);
    }

    /// <summary>When to look again.</summary>
    /// <param name="elapsed">How long the task has taken so far.</param>
    /// <param name="hint">The upstream's own wish to wait.</param>
    /// <param name="random">0 to 1; spreads looks over ±10%.</param>
    public TimeSpan Next(TimeSpan elapsed, TimeSpan? hint, double random)
    {
        var delay = Clamp(elapsed * _options.PollBackoff * (0.9 + (0.2 * random)), _options.MinPollDelay, _options.MaxPollDelay);
        return hint > delay ? hint.Value : delay;
    }

    /// <summary>Remembers when a task was found finished; <see cref="FlushAsync"/> shares it.</summary>
    /// <param name="profile">The profile.</param>
    /// <param name="age">How old the task was to be at that look; not when it came late.</param>
    /// <param name="firstLook">Whether nobody had looked before.</param>
    public void Observe(string profile, TimeSpan age, bool firstLook)
    {
        if (_recent.Count >= MaxProfiles)
        {
            _recent.Clear();
        }

        _recent.GetOrAdd(profile, _ => new Recent()).Add(age.TotalSeconds * (firstLook ? FirstLookDiscount : 1));
    }

    /// <summary>Shares what was observed since the last time, at most once a minute per profile.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        foreach (var (profile, recent) in _recent)
        {
            if (recent.TakeUnsaved(now) is { } durations)
            {
                await checkpoints.WriteAsync(NameOf(profile), durations, cancellationToken);
            }
        }
    }

    private async ValueTask<Recent> LoadAsync(string profile, CancellationToken cancellationToken)
    {
        var recent = _recent.GetOrAdd(profile, _ => new Recent());
        var now = time.GetUtcNow();
        if (recent.ShouldLoad(now))
        {
            recent.Merge(await checkpoints.ReadAsync(NameOf(profile), cancellationToken));
        }

        return recent;
    }

    private static string NameOf(string profile) => $"durations:{profile}";

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static TimeSpan Clamp(TimeSpan value, TimeSpan low, TimeSpan high) => value < low ? low : value > high ? high : value;

    /// <summary>The latest durations of one profile, in seconds.</summary>
    private sealed class Recent
    {
        private readonly Lock _lock = new();
        private readonly Queue<double> _seconds = new(Window);
        private DateTimeOffset _loadAfter = DateTimeOffset.MinValue;
        private DateTimeOffset _saveAfter = DateTimeOffset.MinValue;
        private bool _unsaved;

        public void Add(double seconds)
        {
            lock (_lock)
            {
                AddNeedsLock(seconds);
                _unsaved = true;
            }
        }

        public double? Percentile(double share)
        {
            lock (_lock)
            {
                if (_seconds.Count == 0)
                {
                    return null;
                }

                var ordered = _seconds.Order().ToArray();
                return ordered[Math.Min(ordered.Length - 1, (int)(ordered.Length * share))];
            }
        }

        public bool ShouldLoad(DateTimeOffset now)
        {
            lock (_lock)
            {
                if (now < _loadAfter)
                {
                    return false;
                }

                _loadAfter = now + Refresh;
                return true;
            }
        }

        /// <summary>Takes the shared durations in place of our own, except those not shared yet.</summary>
        public void Merge(string? saved)
        {
            if (saved is null)
            {
                return;
            }

            lock (_lock)
            {
                if (_unsaved)
                {
                    return;
                }

                _seconds.Clear();
                foreach (var text in saved.Split(',', StringSplitOptions.RemoveEmptyEntries))
                {
                    if (double.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && double.IsFinite(seconds) && seconds >= 0)
                    {
                        AddNeedsLock(seconds);
                    }
                }
            }
        }

        public string? TakeUnsaved(DateTimeOffset now)
        {
            lock (_lock)
            {
                if (!_unsaved || now < _saveAfter)
                {
                    return null;
                }

                _unsaved = false;
                _saveAfter = now + Refresh;
                return string.Join(',', _seconds.Select(s => s.ToString("0.##", CultureInfo.InvariantCulture)));
            }
        }

        private void AddNeedsLock(double seconds)
        {
            if (_seconds.Count == Window)
            {
                _seconds.Dequeue();
            }

            _seconds.Enqueue(seconds);
        }
    }
}
