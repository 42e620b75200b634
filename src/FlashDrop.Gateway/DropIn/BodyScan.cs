using System.Buffers;
using System.Text.Json;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Reads a request where it lies, at once or piece by piece while it arrives, and finds what has to be edited in it for the upstream. Not safe for
/// concurrent use.
/// </summary>
/// <param name="maxDepth">Deepest nesting.</param>
internal abstract class BodyScan(int maxDepth)
{
    private JsonReaderState _state = new(new JsonReaderOptions { MaxDepth = maxDepth });
    private int? _skippingAt;
    private bool? _isObject;

    /// <summary>Bytes read and understood so far.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes that are ready to be sent, edits included: no edit found later lies before them. At most <see cref="Position"/>.</summary>
    public virtual long Settled => Position;

    /// <summary>Whether what has been found takes back what was settled: nothing can be sent before the whole request is known.</summary>
    public virtual bool HasToBeWhole => false;

    /// <summary>The edits found so far, by offset. The list only grows, unless the request has to be whole.</summary>
    public abstract IReadOnlyList<Edit> Edits { get; }

    /// <summary>Reads on; whether the body is an object, as far as one can tell.</summary>
    /// <param name="unread">What has arrived from <see cref="Position"/> on.</param>
    /// <param name="isLast">Whether nothing follows.</param>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public bool Read(ReadOnlySequence<byte> unread, bool isLast)
    {
        var reader = new Utf8JsonReader(unread, isLast, _state);
        while (_isObject is not false && reader.Read())
        {
            Take(ref reader);
        }

        _state = reader.CurrentState;
        Position += reader.BytesConsumed;
        return _isObject is not false;
    }

    /// <summary>Bytes of a name or value, as escaped.</summary>
    protected static long LengthOf(in Utf8JsonReader reader) => reader.HasValueSequence ? reader.ValueSequence.Length : reader.ValueSpan.Length;

    /// <summary>Passes over the object or array that begins here.</summary>
    protected void Skip(in Utf8JsonReader reader) => _skippingAt = reader.CurrentDepth;

    /// <summary>Takes the name of a member.</summary>
    protected abstract void TakeName(ref Utf8JsonReader reader, long start);

    /// <summary>Takes a value, or the beginning of an object or array.</summary>
    protected abstract void TakeValue(ref Utf8JsonReader reader, long start);

    /// <summary>Takes the end of an object or array that was not skipped.</summary>
    protected abstract void TakeEnd(bool isObject, long start);

    private void Take(ref Utf8JsonReader reader)
    {
        if (_skippingAt is { } depth)
        {
            _skippingAt = reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray && reader.CurrentDepth == depth ? null : depth;
            return;
        }

        _isObject ??= reader.TokenType == JsonTokenType.StartObject;
        var start = Position + reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName:
                TakeName(ref reader, start);
                break;
            case JsonTokenType.EndObject or JsonTokenType.EndArray:
                TakeEnd(reader.TokenType == JsonTokenType.EndObject, start);
                break;
            default:
                TakeValue(ref reader, start);
                break;
        }
    }
}
