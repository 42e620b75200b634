using FlashDrop.EvoLink.Streaming;

namespace FlashDrop.EvoLink.Relay;

/// <summary>
/// Cuts a streamed answer into JSON payloads, whatever its framing: server-sent events, an array sent piecemeal, or bare objects. Works in
/// one rented buffer; a payload is a slice of it. Not safe for concurrent use.
/// </summary>
/// <param name="maxFrameBytes">Largest payload taken, in bytes.</param>
public sealed class RelayFrames(long maxFrameBytes) : IDisposable
{
    private readonly FrameParser _parser = new(maxFrameBytes);

    /// <summary>Whether a frame outgrew the limit; nothing more is given then.</summary>
    public bool FrameTooLarge => _parser.FrameTooLarge;

    /// <summary>Room to read into, followed by <see cref="Advance"/>.</summary>
    public Memory<byte> GetMemory(int sizeHint) => _parser.GetMemory(sizeHint);

    /// <summary>Says how many bytes were written to <see cref="GetMemory"/>.</summary>
    public void Advance(int bytes) => _parser.Advance(bytes);

    /// <summary>Says that no more bytes will come.</summary>
    public void Complete() => _parser.Complete();

    /// <summary>The next payload; valid until the next call of any other method. Frames read without one in between stay side by side.</summary>
    public bool TryRead(out Frame frame) => _parser.TryRead(out frame);

    /// <summary>Returns the buffer.</summary>
    public void Dispose() => _parser.Dispose();
}
