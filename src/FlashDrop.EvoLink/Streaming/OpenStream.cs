using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Resilience;

namespace FlashDrop.EvoLink.Streaming;

/// <summary>A streamed answer under way: the connection and what was read from it. Not safe for concurrent use.</summary>
internal sealed class OpenStream(
    HttpResponseMessage response, Stream body, StreamReading reading, TimeSpan idleTimeout, TimeSpan finishGrace, TimeProvider time) : IAsyncDisposable
{
    private const int ReadBytes = 8 * 1024;

    private readonly List<StreamEvent> _events = [];

    /// <summary>Events not handed out yet.</summary>
    public IReadOnlyList<StreamEvent> Events => _events;

    /// <summary>Whether the last event is among <see cref="Events"/> or was handed out.</summary>
    public bool IsClosed => reading.IsClosed;

    /// <summary>Reads until there is an event. Failures of the connection are thrown.</summary>
    public async Task ReadFirstAsync(CancellationToken cancellationToken)
    {
        while (_events.Count == 0)
        {
            await ReadOnceAsync(cancellationToken);
        }
    }

    /// <summary>Drops the events handed out and reads until there is another. Failures of the connection become the last event.</summary>
    public async Task ReadNextAsync(CancellationToken cancellationToken)
    {
        _events.Clear();
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var timer = time.CreateTimer(static source => Cancel((CancellationTokenSource)source!), silence, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (_events.Count == 0)
        {
            var patience = reading.IsWhole ? finishGrace : idleTimeout;
            timer.Change(patience, Timeout.InfiniteTimeSpan);
            try
            {
                await ReadOnceAsync(silence.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                reading.Fail(Pipelines.Timeout($"The stream was silent for {patience}."), _events);
            }
            catch (Exception exception) when (BrokenConnection.Is(exception))
            {
                reading.Fail(
                    new UpstreamError { Kind = ErrorKind.Retry, Code = "truncated_stream", Message = "The connection broke in the middle of the stream." },
                    _events);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await body.DisposeAsync();
        response.Dispose();
        reading.Dispose();
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The read ended in the same moment; there is nothing left to cancel.
        }
    }

    private async Task ReadOnceAsync(CancellationToken cancellationToken)
    {
        var memory = reading.GetMemory(ReadBytes);
        var read = await body.ReadAsync(memory, cancellationToken);
        if (read == 0)
        {
            reading.End(_events);
        }
        else
        {
            reading.Advance(memory.Span[..read], _events);
        }
    }
}
