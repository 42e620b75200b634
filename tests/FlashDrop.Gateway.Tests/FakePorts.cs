using System.Collections.Concurrent;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Gateway.Health;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.Tests;

/// <summary>Blobs in memory; signs URLs that say what was asked for.</summary>
internal sealed class FakeContentStore(InMemoryContentStore blobs) : IContentStore
{
    public List<(BlobAddress Address, TimeSpan Lifetime)> WriteUrls { get; } = [];

    public Exception? Failure { get; set; }

    public Task<Uri> GetWriteUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        if (Failure is not null)
        {
            throw Failure;
        }

        WriteUrls.Add((address, lifetime));
        return Task.FromResult(new Uri($"https://account.example.net/{address.Container}/{Uri.EscapeDataString(address.Name)}?sig=signed"));
    }

    public Task<BlobContent?> OpenAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) =>
        blobs.OpenAsync(address, ifMatch, cancellationToken);

    public Task<ReadOnlyMemory<byte>?> ReadRangeAsync(BlobAddress address, long offset, int count, CancellationToken cancellationToken) =>
        blobs.ReadRangeAsync(address, offset, count, cancellationToken);

    public Task<BlobInfo?> GetInfoAsync(BlobAddress address, CancellationToken cancellationToken) => blobs.GetInfoAsync(address, cancellationToken);

    public Task<string?> WriteAsync(
        BlobAddress address,
        ReadOnlyMemory<byte> content,
        string contentType,
        WriteCondition condition,
        IReadOnlyDictionary<string, string>? metadata,
        CancellationToken cancellationToken) => blobs.WriteAsync(address, content, contentType, condition, metadata, cancellationToken);

    public Task CopyAsync(BlobAddress source, BlobAddress destination, CancellationToken cancellationToken) =>
        blobs.CopyAsync(source, destination, cancellationToken);

    public Task<bool> DeleteAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) =>
        blobs.DeleteAsync(address, ifMatch, cancellationToken);

    public IAsyncEnumerable<BlobInfo> ListAsync(string container, string? prefix, CancellationToken cancellationToken) =>
        blobs.ListAsync(container, prefix, cancellationToken);

    public Task<Uri> GetReadUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) =>
        blobs.GetReadUrlAsync(address, lifetime, cancellationToken);
}

/// <summary>Failed jobs of <see cref="FakeJobService"/>.</summary>
internal sealed class FakeDeadLetters(FakeJobService jobs) : IDeadLetters
{
    public Task<JobPage> ListAsync(JobQuery query, CancellationToken cancellationToken) =>
        jobs.ListAsync(query with { State = JobState.Failed }, cancellationToken);

    public Task<IReadOnlyList<QueueLength>> CountMessagesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<QueueLength>>([new QueueLength("poll-poison", 2)]);

    public Task<StoredJob?> RetryAsync(JobId id, CancellationToken cancellationToken) =>
        ChangeAsync(id, job => job with { State = JobState.Queued, Attempt = job.Attempt + 1 }, cancellationToken);

    public Task<StoredJob?> DiscardAsync(JobId id, CancellationToken cancellationToken) =>
        ChangeAsync(id, job => job with { DiscardedAt = job.AcceptedAt }, cancellationToken);

    private Task<StoredJob?> ChangeAsync(JobId id, Func<Job, Job> change, CancellationToken cancellationToken)
    {
        if (jobs.Current(id) is { State: JobState.Failed } job)
        {
            jobs.Change(change(job));
        }

        return jobs.FindAsync(id, cancellationToken);
    }
}

/// <summary>Three profiles.</summary>
internal sealed class FakeProfileNames : IProfileNames
{
    public Task<IReadOnlyList<string>> KnownNamesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>(["default", "digest", "meeting-notes"]);
}

/// <summary>A probe whose outcome tests choose.</summary>
internal sealed class FakeProbe(string name) : IHealthProbe
{
    public Func<CancellationToken, Task> Outcome { get; set; } = _ => Task.CompletedTask;

    public int Checks { get; private set; }

    public string Name => name;

    public Task CheckAsync(CancellationToken cancellationToken)
    {
        Checks++;
        return Outcome(cancellationToken);
    }
}

/// <summary>A directory that fails, as one on storage may.</summary>
internal sealed class FailingCallerDirectory(Exception failure) : ICallerDirectory
{
    public ValueTask<Caller?> AuthenticateAsync(string presentedKey, CancellationToken cancellationToken) => throw failure;
}

/// <summary>Keeps every log line, exceptions included.</summary>
internal sealed class LogCollector : ILoggerProvider, ILogger
{
    public ConcurrentQueue<string> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel} {eventId.Id} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
