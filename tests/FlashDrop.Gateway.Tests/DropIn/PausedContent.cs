using System.Net;
using System.Text;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>A body that stops in its middle until it may go on.</summary>
internal sealed class PausedContent(string text, int? pauseAt = null, bool statesLength = true) : HttpContent
{
    private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void GoOn() => _goOn.TrySetResult();

    protected override bool TryComputeLength(out long length)
    {
        length = _bytes.Length;
        return statesLength;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_bytes.AsMemory(0, pauseAt ?? _bytes.Length), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        if (pauseAt is { } at)
        {
            await _goOn.Task.WaitAsync(cancellationToken);
            await stream.WriteAsync(_bytes.AsMemory(at), cancellationToken);
        }
    }
}
