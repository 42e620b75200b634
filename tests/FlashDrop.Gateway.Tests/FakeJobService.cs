using System.Text;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;

namespace FlashDrop.Gateway.Tests;

/// <summary>Jobs in memory, with the promises of <see cref="IJobService"/> and without a pipeline: tests finish jobs themselves.</summary>
internal sealed class FakeJobService(TimeProvider time) : IJobService
{
    private readonly Dictionary<JobId, StoredJob> _jobs = [];
    private readonly Dictionary<(string Caller, string Key), (JobId Id, string? Fingerprint)> _keys = [];
    private int _versions;

    public List<NewJob> Accepted { get; } = [];

    public List<JobQuery> Queries { get; } = [];

    public List<IJobObserver> Observers { get; } = [];

    public Dictionary<JobId, string> Results { get; } = [];

    public AcceptOutcome.Rejected? Rejection { get; set; }

    public Exception? Failure { get; set; }

    /// <summary>What accepted jobs are expected to take.</summary>
    public JobEstimate? Estimate { get; set; }

    public string? NextCursor { get; set; }

    /// <summary>Happens once, between the next look and its answer.</summary>
    public Action? AfterFind { get; set; }

    public int Finds { get; private set; }

    public Task<AcceptOutcome> AcceptAsync(NewJob job, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        if (Rejection is not null)
        {
            return Task.FromResult<AcceptOutcome>(Rejection);
        }

        if (job.IdempotencyKey is { } key)
        {
            if (_keys.TryGetValue((job.Caller, key), out var earlier))
            {
                var stored = _jobs[earlier.Id];
                return Task.FromResult<AcceptOutcome>(earlier.Fingerprint == job.Fingerprint
                    ? new AcceptOutcome.Accepted(stored.Job, stored.Version, Replayed: true)
                    : new AcceptOutcome.KeyReused(earlier.Id));
            }
        }

        Accepted.Add(job);
        var added = Add(job.Caller, job.Profile, tier: job.TierPolicy ?? TierPolicy.BetaThenStandard, tags: job.Tags);
        if (job.IdempotencyKey is { } first)
        {
            _keys[(job.Caller, first)] = (added.Id, job.Fingerprint);
        }

        return Task.FromResult<AcceptOutcome>(new AcceptOutcome.Accepted(added, _jobs[added.Id].Version, Replayed: false));
    }

    public Task<StoredJob?> FindAsync(JobId id, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        Finds++;
        var found = _jobs.GetValueOrDefault(id);
        (var after, AfterFind) = (AfterFind, null);
        after?.Invoke();
        return Task.FromResult(found);
    }

    public Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        Queries.Add(query);
        if (query.Cursor is not null && query.Cursor != NextCursor)
        {
            throw new ArgumentException("Not one of ours.", nameof(query));
        }

        return Task.FromResult(new JobPage(
            [.. _jobs.Values.Select(s => s.Job).Where(j => (query.Caller ?? j.Caller) == j.Caller && (query.State ?? j.State) == j.State)],
            query.Cursor is null ? NextCursor : null));
    }

    public Task<Job?> CancelAsync(JobId id, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        if (!_jobs.TryGetValue(id, out var stored))
        {
            return Task.FromResult<Job?>(null);
        }

        return Task.FromResult<Job?>(stored.Job.IsTerminal ? stored.Job : Change(stored.Job with { State = JobState.Cancelled }));
    }

    public Task<bool> EraseAsync(JobId id, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        return Task.FromResult(_jobs.Remove(id));
    }

    public Task<BlobContent?> OpenResultAsync(Job job, CancellationToken cancellationToken)
    {
        ThrowIfFailing();
        if (!Results.TryGetValue(job.Id, out var text))
        {
            return Task.FromResult<BlobContent?>(null);
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        var info = new BlobInfo
        {
            Address = new BlobAddress(Containers.Results, job.ResultName),
            ETag = $"blob-{text.GetHashCode(StringComparison.Ordinal)}",
            Length = bytes.Length,
            LastModified = time.GetUtcNow(),
        };
        return Task.FromResult<BlobContent?>(new BlobContent(info, new MemoryStream(bytes)));
    }

    public Job Add(
        string caller,
        string profile = "default",
        JobState state = JobState.Queued,
        TierPolicy tier = TierPolicy.Standard,
        IReadOnlyDictionary<string, string>? tags = null)
    {
        var now = time.GetUtcNow();
        var id = JobId.Create(now, BitConverter.GetBytes((long)++_versions).Concat(new byte[2]).ToArray());
        return Change(new Job
        {
            Id = id,
            State = state,
            Origin = JobOrigin.Api,
            Estimate = Estimate,
            Caller = caller,
            Profile = profile,
            TierPolicy = tier,
            ResultName = $"api/{id}",
            RequestName = $"secret-request-name/{id}",
            AcceptedAt = now,
            DeadlineAt = now.AddHours(24),
            UpdatedAt = now,
            DueAt = now,
            Tags = tags ?? new Dictionary<string, string>(StringComparer.Ordinal),
        });
    }

    /// <summary>Stores a job under a new version, without a word to observers: as another instance would.</summary>
    public Job Change(Job job)
    {
        _jobs[job.Id] = new StoredJob(job, $"W/\"datetime'{++_versions}'\"");
        return job;
    }

    /// <summary>Stores a job and tells the observers: as this instance would.</summary>
    public void ChangeHere(Job job)
    {
        Change(job);
        Observers.ForEach(observer => observer.OnChanged(job));
    }

    public Job Current(JobId id) => _jobs[id].Job;

    private void ThrowIfFailing()
    {
        if (Failure is not null)
        {
            throw Failure;
        }
    }
}
