using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Relay;
using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.Gateway.DropIn;

/// <summary>What the next look at a stream brought.</summary>
internal enum LiveStep
{
    /// <summary>A chunk: <see cref="LiveStream.Current"/>.</summary>
    Chunk,

    /// <summary>The stream proved whole and is over.</summary>
    End,

    /// <summary>The stream failed: <see cref="LiveStream.Error"/>.</summary>
    Broken,
}

/// <summary>A streamed answer under way. Owns the response; disposing it before the end cancels the upstream's work. Not safe for concurrent use.</summary>
internal sealed class LiveStream(RelayResponse response, Stream body, long maxFrameBytes, Patience patience, RelayOptions options) : IAsyncDisposable
{
    private const int ReadBytes = 32 * 1024;

    private readonly RelayFrames _frames = new(maxFrameBytes);
    private bool _opened;
    private bool _ended;
    private bool _malformed;

    public AnswerScan Scan { get; } = new();

    /// <summary>The chunk; valid until the next wait, its payload until the next call.</summary>
    public Frame Current { get; private set; }

    public UpstreamError? Error { get; private set; }

    /// <summary>Reads to the first chunk within the patience given. Failures of the connection are thrown.</summary>
    public async Task<LiveStep> OpenAsync()
    {
        LiveStep? step;
        while ((step = Take()) is null)
        {
            await ReadAsync();
        }

        _opened = step == LiveStep.Chunk;
        return step.Value;
    }

    /// <summary>The next step, if it needs no waiting.</summary>
    public LiveStep? TryNext()
    {
        if (_opened)
        {
            _opened = false;
            return LiveStep.Chunk;
        }

        return Take();
    }

    /// <summary>Waits for the next step when <see cref="TryNext"/> has none. Only the caller's own cancellation throws.</summary>
    public async ValueTask<LiveStep> NextAsync()
    {
        LiveStep? step;
        do
        {
            var wait = Scan.IsWhole ? options.FinishGrace : options.IdleTimeout;
            patience.Within(wait);
            try
            {
                await ReadAsync();
            }
            catch (OperationCanceledException) when (!patience.Caller.IsCancellationRequested)
            {
                return Over(Local("timeout", $"The stream was silent for {wait.TotalSeconds:0.#} s: the answer is cut."));
            }
            catch (Exception exception) when (exception is IOException or HttpRequestException)
            {
                return Over(Local("truncated_stream", "The connection broke in the middle of the stream: the answer is cut."));
            }
        }
        while ((step = Take()) is null);

        return step.Value;
    }

    public async ValueTask DisposeAsync()
    {
        await body.DisposeAsync();
        response.Dispose();
        patience.Dispose();
        _frames.Dispose();
    }

    private static UpstreamError Local(string code, string message) => new() { Kind = ErrorKind.Retry, Code = code, Message = message };

    private async ValueTask ReadAsync()
    {
        var read = await body.ReadAsync(_frames.GetMemory(ReadBytes), patience.Token);
        if (read == 0)
        {
            _ended = true;
            _frames.Complete();
        }
        else
        {
            _frames.Advance(read);
        }
    }

    /// <summary>The next step that needs no more bytes, or null.</summary>
    private LiveStep? Take()
    {
        while (_frames.TryRead(out var frame))
        {
            switch (frame.IsError ? PayloadKind.Error : Scan.Take(frame.Payload.Span))
            {
                case PayloadKind.Chunk:
                    Current = frame;
                    return LiveStep.Chunk;
                case PayloadKind.Error:
                    Error = response.ReadError(frame.Payload.Span);
                    return LiveStep.Broken;
                case PayloadKind.Done:
                    return Finish();
                case PayloadKind.Malformed:
                    _malformed = true;
                    break;
                default:
                    break;
            }
        }

        if (_frames.FrameTooLarge)
        {
            Error = new UpstreamError { Kind = ErrorKind.Fix, Code = "frame_too_large", Message = "An event of the answer is larger than this gateway takes." };
            return LiveStep.Broken;
        }

        return _ended ? Finish() : null;
    }

    private LiveStep Finish() => Over(
        _malformed ? Local("malformed_frame", "An event of the stream could not be read and the stream did not prove whole.")
        : Scan.HasChunk ? Local("truncated_stream", "The stream ended without a finish reason: the answer is cut.")
        : Local("empty_response", "The stream ended without a single chunk."));

    /// <summary>A whole answer stays whole; anything else is the error.</summary>
    private LiveStep Over(UpstreamError error)
    {
        if (Scan.IsWhole)
        {
            return LiveStep.End;
        }

        Error = error;
        return LiveStep.Broken;
    }
}
