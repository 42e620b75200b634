using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Gateway.Urls;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Reads a chat request where it lies: what is asked for, and what has to be edited for the upstream (the model, and counts on a stream).
/// </summary>
internal sealed class ChatBodyScan
{
    private readonly List<Edit> _edits = [];
    private readonly InputUrls _urls;
    private int _opening;
    private (int Offset, int Length) _modelAt;
    private (int Offset, int Length, bool IsObject, bool IsEmpty)? _streamOptionsAt;
    private (int Offset, int Length)? _includeUsageAt;
    private int _messages;
    private int _parts;

    private ChatBodyScan(InputUrls urls) => _urls = urls;

    /// <summary>The model's name; null when there is none.</summary>
    public string? Model { get; private set; }

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
    public static ChatBodyScan? Read(ReadOnlySpan<byte> body, int maxDepth, InputUrls urls)
    {
        var scan = new ChatBodyScan(urls);
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = maxDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        scan._opening = (int)reader.TokenStartIndex + 1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            scan.ReadMember(ref reader, name);
        }

        // Whatever follows the object is an error of the reader's.
        while (reader.Read())
        {
        }

        scan.AskForUsage();
        return scan;
    }

    /// <summary>The edits for a model of the upstream, by offset.</summary>
    public IReadOnlyList<Edit> EditsFor(string model) =>
        string.Equals(model, Model, StringComparison.Ordinal)
            ? _edits
            : [.. _edits.Append(new Edit(_modelAt.Offset, _modelAt.Length, Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\""))).OrderBy(edit => edit.Offset)];

    private void ReadMember(ref Utf8JsonReader reader, string name)
    {
        var start = (int)reader.TokenStartIndex;
        switch (name)
        {
            case "model" when reader.TokenType == JsonTokenType.String:
                Model = reader.GetString();
                _modelAt = (start, (int)reader.BytesConsumed - start);
                break;
            case "stream":
                Streams = reader.TokenType == JsonTokenType.True;
                break;
            case "stream_options":
                ReadStreamOptions(ref reader, start);
                break;
            case "max_tokens" or "max_completion_tokens" when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var cap):
                MaxOutputTokens = Math.Clamp(cap, 1, GenerationConfig.OutputTokenLimit);
                break;
            case "messages" when reader.TokenType == JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    HasMessages = true;
                    ReadMessage(ref reader);
                    _messages++;
                }

                break;
            default:
                break;
        }

        reader.Skip();
    }

    private void ReadStreamOptions(ref Utf8JsonReader reader, int start)
    {
        var isObject = reader.TokenType == JsonTokenType.StartObject;
        var members = 0;
        while (isObject && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            members++;
            var isUsage = reader.ValueTextEquals("include_usage"u8);
            reader.Read();
            if (isUsage)
            {
                IncludesUsage = reader.TokenType == JsonTokenType.True;
                _includeUsageAt = ((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
            }

            reader.Skip();
        }

        reader.Skip();
        _streamOptionsAt = (start, (int)reader.BytesConsumed - start, isObject, members == 0);
    }

    private void AskForUsage()
    {
        if (!Streams || IncludesUsage)
        {
            return;
        }

        _edits.Add((_streamOptionsAt, _includeUsageAt) switch
        {
            (_, { } value) => new Edit(value.Offset, value.Length, "true"u8.ToArray()),
            ({ IsObject: true } options, _) => new Edit(options.Offset + 1, 0, Encoding.UTF8.GetBytes(options.IsEmpty ? "\"include_usage\":true" : "\"include_usage\":true,")),
            ({ } options, _) => new Edit(options.Offset, options.Length, "{\"include_usage\":true}"u8.ToArray()),
            _ => new Edit(_opening, 0, "\"stream_options\":{\"include_usage\":true},"u8.ToArray()),
        });
    }

    private void ReadMessage(ref Utf8JsonReader reader)
    {
        _parts = 0;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isContent = reader.ValueTextEquals("content"u8);
            reader.Read();
            if (isContent && reader.TokenType == JsonTokenType.String)
            {
                TextBytes += reader.ValueSpan.Length;
            }
            else if (isContent && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    ReadPart(ref reader);
                    _parts++;
                }
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadPart(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "type" when reader.TokenType == JsonTokenType.String:
                    var isText = reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("refusal"u8);
                    MediaParts += isText ? 0 : 1;
                    NeedsNative |= reader.ValueTextEquals("input_audio"u8) || reader.ValueTextEquals("file"u8) || reader.ValueTextEquals("video_url"u8);
                    break;
                case "text" when reader.TokenType == JsonTokenType.String:
                    TextBytes += reader.ValueSpan.Length;
                    break;
                case "input_audio" or "file":
                case var _ when name.EndsWith("_url", StringComparison.Ordinal):
                    ReadMedia(ref reader, name);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private void ReadMedia(ref Utf8JsonReader reader, string part)
    {
        var depth = reader.CurrentDepth;
        var member = "";
        do
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                member = reader.GetString()!;
            }
            else if (reader.TokenType == JsonTokenType.String)
            {
                Note(reader.ValueSpan);
                if (IsUrl(reader, part, member))
                {
                    _urls.Take(reader, () => $"messages[{_messages}].content[{_parts}].{part}{(member.Length > 0 ? $".{member}" : "")}");
                }
            }
        }
        while ((reader.TokenType == JsonTokenType.StartObject || reader.CurrentDepth > depth) && reader.Read());

        void Note(ReadOnlySpan<byte> value)
        {
            MediaBytes += value.Length * 3L / 4;

            // What an image part holds may be a recording or a document all the same.
            NeedsNative |= value.StartsWith("data:"u8) && !value.StartsWith("data:image"u8);
        }
    }

    private static bool IsUrl(in Utf8JsonReader value, string part, string member) => (part, member) switch
    {
        ("input_audio", _) => false,
        ("file", "file_url" or "url") => true,

        // Bare base64, unless it has what base64 never has. An escape may stand for anything.
        ("file", "file_data") => value.ValueIsEscaped ? value.GetString()!.Contains(':', StringComparison.Ordinal) : value.ValueSpan.Contains((byte)':'),
        ("file", _) => false,
        _ => member is "" or "url",
    };
}
