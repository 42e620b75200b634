namespace FlashDrop.EvoLink.Streaming;

/// <summary>One payload of a stream.</summary>
/// <param name="Payload">The bytes between the framing: JSON, <c>[DONE]</c>, or something nobody knows.</param>
/// <param name="IsError">Whether the event was named <c>error</c>.</param>
public readonly record struct Frame(ReadOnlyMemory<byte> Payload, bool IsError)
{
    /// <summary>The payload with its framing when it came as <c>data:</c>, one line and an empty one; empty when it came in another form.</summary>
    public ReadOnlyMemory<byte> Event { get; init; }
}
