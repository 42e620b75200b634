using System.Buffers;
using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Gateway.Urls;

namespace FlashDrop.Gateway.DropIn;

/// <summary>The model a chat request names, and where.</summary>
internal sealed record ModelName(string Value, long Offset, long Length)
{
    /// <summary>The edit that names another model; null when it is the same.</summary>
    public Edit? For(string model) =>
        string.Equals(model, Value, StringComparison.Ordinal) ? null : new Edit(Offset, Length, Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\""));
}

/// <summary>
/// Finds what is asked for in a chat request, and what has to be edited for the upstream: the model, which depends on the tier, and counts on a
/// stream. Nothing is settled before the model is known, nor what asks for counts before it is known whether the answer streams. Not safe for
/// concurrent use.
/// </summary>
/// <param name="maxDepth">Deepest nesting.</param>
/// <param name="urls">Takes what the upstream would fetch.</param>
internal sealed class ChatBodyScan(int maxDepth, InputUrls urls) : BodyScan(maxDepth)
{
    // The names that matter, each where it does; others are the upstream's business.
    private static readonly MemberName[] RootNames = Named("messages", "model", "stream", "stream_options", "max_tokens", "max_completion_tokens");
    private static readonly MemberName[] OptionsNames = Named("include_usage");
    private static readonly MemberName[] MessageNames = Named("content");
    private static readonly MemberName[] PartNames = Named("type", "text", "image_url", "input_audio", "file");

    private readonly Stack<Level> _levels = new();
    private Members _seen;
    private bool _repeats;
    private long? _heldAt;
    private StreamOptions? _options;
    private Edit? _usage;
    private int _message = -1;
    private int _part = -1;
    private string _medium = "";
    private string _mediumMember = "";

    private enum Place
    {
        Root,
        Options,
        Messages,
        Message,
        Content,
        Part,
        Media,
        Data,
    }

    /// <summary>Members that edits depend on.</summary>
    [Flags]
    private enum Members
    {
        None = 0,
        Model = 1,
        Stream = 2,
        StreamOptions = 4,
    }

    public override long Settled => Model is null || HasToBeWhole ? 0 : Math.Min(_heldAt ?? Position, Position);

    public override bool HasToBeWhole => NeedsNative || _repeats;

    /// <summary>The edits that do not depend on the tier.</summary>
    public override IReadOnlyList<Edit> Edits => _usage is { } edit ? [edit] : [];

    /// <summary>The model's name; null when there is none.</summary>
    public ModelName? Model { get; private set; }

    public bool Streams { get; private set; }

    /// <summary>Whether the caller wants the chunk of counts.</summary>
    public bool IncludesUsage { get; private set; }

    /// <summary>Whether a part is neither text nor image, so that the request goes upstream in the native format.</summary>
    public bool NeedsNative { get; private set; }

    public bool HasMessages { get; private set; }

    public long TextBytes { get; private set; }

    public long MediaBytes { get; private set; }

    public int MediaParts { get; private set; }

    public long MaxOutputTokens { get; private set; } = GenerationConfig.OutputTokenLimit;

    /// <summary>Reads a whole body; null when it is no object.</summary>
    /// <param name="body">The body.</param>
    /// <param name="maxDepth">Deepest nesting.</param>
    /// <param name="urls">Takes what the upstream would fetch.</param>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static ChatBodyScan? Read(ReadOnlyMemory<byte> body, int maxDepth, InputUrls urls)
    {
        var scan = new ChatBodyScan(maxDepth, urls);
        return scan.Read(new ReadOnlySequence<byte>(body), isLast: true) ? scan : null;
    }

    /// <summary>All edits for a model of the upstream, by offset.</summary>
    public IReadOnlyList<Edit> EditsFor(string model) =>
        Model?.For(model) is { } renamed ? [.. Edits.Append(renamed).OrderBy(edit => edit.Offset)] : Edits;

    protected override void TakeName(ref Utf8JsonReader reader, long start)
    {
        var level = _levels.Pop();
        var name = level.Place switch
        {
            Place.Root => NameOf(reader, RootNames),
            Place.Message => NameOf(reader, MessageNames),
            Place.Part => NameOf(reader, PartNames) ?? reader.GetString(),
            Place.Media => reader.GetString(),
            Place.Options => NameOf(reader, OptionsNames),
            _ => null,
        };
        _levels.Push(level with { Name = name });
        switch (level.Place, name)
        {
            case (Place.Root, "model"):
                See(Members.Model);
                break;
            case (Place.Root, "stream"):
                See(Members.Stream);
                break;
            case (Place.Root, "stream_options"):
                See(Members.StreamOptions);
                _heldAt = start;
                break;
            case (Place.Part, _):
                (_medium, _mediumMember) = (name!, "");
                break;
            case (Place.Media, _):
                _mediumMember = name!;
                break;
            case (Place.Options, _):
                _options = _options! with { IsEmpty = false };
                break;
            default:
                break;
        }
    }

    protected override void TakeValue(ref Utf8JsonReader reader, long start)
    {
        var place = Place.Root;
        if (_levels.TryPeek(out var level))
        {
            place = Inside(level.Place, level.Name, reader.TokenType);
            Note(ref reader, level.Place, level.Name, start);
        }

        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return;
        }

        if (place == Place.Data)
        {
            Skip(reader);
        }
        else
        {
            _levels.Push(new Level(place));
        }
    }

    protected override void TakeEnd(bool isObject, long start)
    {
        switch (_levels.Pop().Place)
        {
            case Place.Options:
                _options = _options! with { End = start + 1 };
                AskForUsage(end: null);
                break;
            case Place.Root:
                AskForUsage(start);
                break;
            default:
                break;
        }
    }

    private static Place Inside(Place place, string? name, JsonTokenType type) => (place, name, type) switch
    {
        (Place.Root, "messages", JsonTokenType.StartArray) => Place.Messages,
        (Place.Root, "stream_options", _) => Place.Options,
        (Place.Messages, _, JsonTokenType.StartObject) => Place.Message,
        (Place.Message, "content", JsonTokenType.StartArray) => Place.Content,
        (Place.Content, _, JsonTokenType.StartObject) => Place.Part,
        (Place.Part, { } medium, _) when IsMedium(medium) => Place.Media,
        (Place.Media, _, _) => Place.Media,
        _ => Place.Data,
    };

    private static MemberName[] Named(params string[] names) => [.. names.Select(name => new MemberName(name, Encoding.UTF8.GetBytes(name)))];

    private static string? NameOf(in Utf8JsonReader reader, MemberName[] known)
    {
        foreach (var name in known)
        {
            if (reader.ValueTextEquals(name.Bytes))
            {
                return name.Text;
            }
        }

        return null;
    }

    private static bool IsMedium(string name) => name is "input_audio" or "file" || name.EndsWith("_url", StringComparison.Ordinal);

    private static bool IsUrl(in Utf8JsonReader value, string medium, string member) => (medium, member) switch
    {
        ("input_audio", _) => false,
        ("file", "file_url" or "url") => true,

        // Bare base64, unless it has what base64 never has. An escape may stand for anything.
        ("file", "file_data") when value.ValueIsEscaped => value.GetString()!.Contains(':', StringComparison.Ordinal),
        ("file", "file_data") => value.HasValueSequence ? value.ValueSequence.PositionOf((byte)':') is not null : value.ValueSpan.Contains((byte)':'),
        ("file", _) => false,
        _ => member is "" or "url",
    };

    private static bool StartsWith(in Utf8JsonReader reader, ReadOnlySpan<byte> prefix) =>
        reader.HasValueSequence ? new SequenceReader<byte>(reader.ValueSequence).IsNext(prefix) : reader.ValueSpan.StartsWith(prefix);

    private void See(Members member)
    {
        // The last of them counts: what was sent for the first one was wrong.
        _repeats |= _seen.HasFlag(member);
        _seen |= member;
    }

    private void Note(ref Utf8JsonReader reader, Place place, string? name, long start)
    {
        switch (place, name)
        {
            case (Place.Root, "model") when reader.TokenType == JsonTokenType.String:
                Model = new ModelName(reader.GetString()!, start, LengthOf(reader) + 2);
                break;
            case (Place.Root, "stream"):
                Streams = reader.TokenType == JsonTokenType.True;
                AskForUsage(end: null);
                break;
            case (Place.Root, "stream_options"):
                IncludesUsage = false;
                _options = new StreamOptions(start, Position + reader.BytesConsumed, IsObject: reader.TokenType == JsonTokenType.StartObject);
                if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
                {
                    AskForUsage(end: null);
                }

                break;
            case (Place.Options, "include_usage"):
                IncludesUsage = reader.TokenType == JsonTokenType.True;
                _options = reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray
                    ? _options! with { IsObject = false }
                    : _options! with { Usage = (start, Position + reader.BytesConsumed - start) };
                break;
            case (Place.Root, "max_tokens" or "max_completion_tokens") when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var cap):
                MaxOutputTokens = Math.Clamp(cap, 1, GenerationConfig.OutputTokenLimit);
                break;
            case (Place.Messages, _):
                HasMessages = true;
                (_message, _part) = (_message + 1, -1);
                break;
            case (Place.Content, _):
                _part++;
                break;
            case (Place.Message, "content") or (Place.Part, "text") when reader.TokenType == JsonTokenType.String:
                TextBytes += LengthOf(reader);
                break;
            case (Place.Part, "type") when reader.TokenType == JsonTokenType.String:
                var isText = reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("refusal"u8);
                MediaParts += isText ? 0 : 1;
                NeedsNative |= reader.ValueTextEquals("input_audio"u8) || reader.ValueTextEquals("file"u8) || reader.ValueTextEquals("video_url"u8);
                break;
            case (Place.Part, { } medium) when reader.TokenType == JsonTokenType.String && IsMedium(medium):
            case (Place.Media, _) when reader.TokenType == JsonTokenType.String:
                TakeMedium(reader);
                break;
            default:
                break;
        }
    }

    private void TakeMedium(in Utf8JsonReader reader)
    {
        MediaBytes += LengthOf(reader) * 3 / 4;
        if (StartsWith(reader, "data:"u8))
        {
            // What an image part holds may be a recording or a document all the same.
            NeedsNative |= !StartsWith(reader, "data:image"u8);
        }
        else if (IsUrl(reader, _medium, _mediumMember))
        {
            urls.Take(reader, () => $"messages[{_message}].content[{_part}].{_medium}{(_mediumMember.Length > 0 ? $".{_mediumMember}" : "")}");
        }
    }

    /// <summary>Has a stream end with its counts, as soon as it is known whether it is one and what the caller says about counts.</summary>
    private void AskForUsage(long? end)
    {
        if (end is null && (_options is null || !_seen.HasFlag(Members.Stream)))
        {
            return;
        }

        _heldAt = null;
        _usage = !Streams || IncludesUsage ? null : _options switch
        {
            null => new Edit(end!.Value, 0, ",\"stream_options\":{\"include_usage\":true}"u8.ToArray()),
            { IsObject: false } => new Edit(_options.Start, _options.End - _options.Start, "{\"include_usage\":true}"u8.ToArray()),
            { Usage: { } value } => new Edit(value.Offset, value.Length, "true"u8.ToArray()),
            { IsEmpty: true } => new Edit(_options.End - 1, 0, "\"include_usage\":true"u8.ToArray()),
            _ => new Edit(_options.End - 1, 0, ",\"include_usage\":true"u8.ToArray()),
        };
    }

    /// <summary>A name as text and as it is written.</summary>
    private readonly record struct MemberName(string Text, byte[] Bytes);

    /// <summary>An object or array being read, and its member read last.</summary>
    private readonly record struct Level(Place Place)
    {
        public string? Name { get; init; }
    }

    /// <summary>What the caller says about counts.</summary>
    private sealed record StreamOptions(long Start, long End, bool IsObject)
    {
        public bool IsEmpty { get; init; } = true;

        public (long Offset, long Length)? Usage { get; init; }
    }
}
