using System.Collections.Concurrent;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Health;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.Tests;

/// <summary>Signs URLs that say what was asked for; the gateway uses nothing else of the store.</summary>
internal sealed class FakeContentStore : IContentStore
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

    public Task<BlobContent?> OpenAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<ReadOnlyMemory<byte>?> ReadRangeAsync(BlobAddress address, long offset, int count, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<BlobInfo?> GetInfoAsync(BlobAddress address, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> WriteAsync(
        BlobAddress address,
        ReadOnlyMemory<byte> content,
        string contentType,
        WriteCondition condition,
        IReadOnlyDictionary<string, string>? metadata,
        CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task CopyAsync(BlobAddress source, BlobAddress destination, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> DeleteAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<BlobInfo> ListAsync(string container, string? prefix, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Uri> GetReadUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) => throw new NotSupportedException();
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
