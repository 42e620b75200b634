using System.Buffers;
using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Gateway.Jobs;
using FlashDrop.Gateway.Urls;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Finds what has to be edited in a native request: members in snake case, turns without a role, an output cap that is not stated. What is inside
/// texts, schemas and function arguments stays as it is. Not safe for concurrent use.
/// </summary>
/// <param name="maxDepth">Deepest nesting.</param>
/// <param name="urls">Takes what the upstream would fetch.</param>
/// <param name="generates">Whether an answer is asked for, rather than a count.</param>
internal sealed class NativeBodyScan(int maxDepth, InputUrls urls, bool generates = true) : BodyScan(maxDepth)
{
    private readonly List<Edit> _edits = [];
    private readonly List<(string Type, long Bytes)> _media = [];
    private readonly Stack<Level> _levels = new();

    private enum Place
    {
        Root,
        Content,
        System,
        Part,
        Response,
        Blob,
        Config,
        Thinking,
        Tools,
        Declarations,
        ToolConfig,
        Data,
    }

    public override IReadOnlyList<Edit> Edits => _edits;

    /// <summary>Bytes of text in the prompt.</summary>
    public long TextBytes { get; private set; }

    /// <summary>Media in the prompt: their types and bytes before base64; 0 for linked ones.</summary>
    public IReadOnlyList<(string Type, long Bytes)> Media => _media;

    /// <summary>The output cap, stated or implied.</summary>
    public long MaxOutputTokens { get; private set; } = GenerationConfig.OutputTokenLimit;

    /// <summary>Reads a whole body; null when it is no object.</summary>
    /// <param name="body">The body.</param>
    /// <param name="maxDepth">Deepest nesting.</param>
    /// <param name="urls">Takes what the upstream would fetch.</param>
    /// <param name="generates">Whether an answer is asked for, rather than a count.</param>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static NativeBodyScan? Read(ReadOnlyMemory<byte> body, int maxDepth, InputUrls urls, bool generates = true)
    {
        var scan = new NativeBodyScan(maxDepth, urls, generates);
        return scan.Read(new ReadOnlySequence<byte>(body), isLast: true) ? scan : null;
    }

    protected override void TakeName(ref Utf8JsonReader reader, long start)
    {
        var level = _levels.Pop();
        var name = reader.GetString()!;
        var camel = NativeNames.ToCamel(name);
        if (!ReferenceEquals(name, camel))
        {
            _edits.Add(new Edit(start + 1, LengthOf(reader), Encoding.UTF8.GetBytes(camel)));
        }

        _levels.Push(level with { Name = camel, HasRole = level.HasRole || camel is "role", HasCap = level.HasCap || camel is "maxOutputTokens" });
    }

    protected override void TakeValue(ref Utf8JsonReader reader, long start)
    {
        var place = Place.Root;
        if (_levels.TryPop(out var level))
        {
            var isConfig = level is { Place: Place.Root, Name: "generationConfig" } && reader.TokenType == JsonTokenType.StartObject;
            level = level with { HasConfig = level.HasConfig || isConfig, Values = level.Values + 1 };
            _levels.Push(level);
            place = level.Name is null ? level.Place : Inside(level.Place, level.Name);
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
        var level = _levels.Pop();
        if (isObject)
        {
            Close(level, start);
        }
    }

    private static Place Inside(Place place, string name) => (place, name) switch
    {
        (Place.Root, "generateContentRequest") => Place.Root,
        (Place.Root, "contents") => Place.Content,
        (Place.Root, "systemInstruction") => Place.System,
        (Place.Root, "generationConfig") => Place.Config,
        (Place.Root, "tools") => Place.Tools,
        (Place.Root, "toolConfig") => Place.ToolConfig,
        (Place.Content or Place.System or Place.Response, "parts") => Place.Part,
        (Place.Part, "functionResponse") => Place.Response,
        (Place.Part, "inlineData" or "fileData" or "videoMetadata") => Place.Blob,
        (Place.Config, "thinkingConfig") => Place.Thinking,
        (Place.Tools, "functionDeclarations") => Place.Declarations,
        (Place.ToolConfig, "functionCallingConfig") => Place.ToolConfig,
        _ => Place.Data,
    };

    /// <summary>Adds what an object lacks at its end, which is the last moment and the first one at which that is known.</summary>
    private void Close(Level level, long end)
    {
        var comma = level.Name is null ? "" : ",";
        if (level is { Place: Place.Content or Place.System, HasRole: false })
        {
            Insert(end, $"{comma}\"role\":\"user\"");
        }
        else if (generates && level is { Place: Place.Config, HasCap: false })
        {
            Insert(end, $"{comma}\"maxOutputTokens\":{GenerationConfig.OutputTokenLimit}");
        }
        else if (generates && level is { Place: Place.Root, HasConfig: false })
        {
            Insert(end, $"{comma}\"generationConfig\":{{\"maxOutputTokens\":{GenerationConfig.OutputTokenLimit}}}");
        }
    }

    private void Note(ref Utf8JsonReader reader, Place place, string? name, long start)
    {
        switch (place, name)
        {
            case (Place.Part, "text") when reader.TokenType == JsonTokenType.String:
                TextBytes += LengthOf(reader);
                break;
            case (Place.Part, "inlineData" or "fileData"):
                _media.Add(("", 0));
                break;
            case (Place.Part, "functionCall" or "functionResponse"):
                TextBytes += 100;
                break;
            case (Place.Blob, "data") when reader.TokenType == JsonTokenType.String && _media.Count > 0:
                _media[^1] = (_media[^1].Type, LengthOf(reader) * 3 / 4);
                break;
            case (Place.Blob, "mimeType") when reader.TokenType == JsonTokenType.String && _media.Count > 0:
                _media[^1] = (reader.GetString()!, _media[^1].Bytes);
                break;
            case (Place.Blob, "fileUri"):
                urls.Take(reader, PathOf);
                break;
            case (Place.Config, "maxOutputTokens") when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var cap):
                MaxOutputTokens = Math.Clamp(cap, 1, GenerationConfig.OutputTokenLimit);
                break;
            case (Place.System, "role") when reader.TokenType == JsonTokenType.String && !reader.ValueTextEquals("user"u8):
                // Some routes know no other role in an instruction.
                _edits.Add(new Edit(start, LengthOf(reader) + 2, "\"user\""u8.ToArray()));
                break;
            default:
                break;
        }
    }

    /// <summary>Where the value being read stands.</summary>
    private string PathOf() =>
        string.Concat(_levels.Reverse().Select(level => level.Name is { } name ? $".{name}" : $"[{level.Values - 1}]")).TrimStart('.');

    private void Insert(long offset, string text) => _edits.Add(new Edit(offset, 0, Encoding.UTF8.GetBytes(text)));

    /// <summary>An object or array being read.</summary>
    /// <param name="Place">What it is.</param>
    private readonly record struct Level(Place Place)
    {
        /// <summary>The member read last; null in arrays and before the first.</summary>
        public string? Name { get; init; }

        /// <summary>Values read so far.</summary>
        public int Values { get; init; }

        public bool HasRole { get; init; }

        public bool HasConfig { get; init; }

        public bool HasCap { get; init; }
    }
}
