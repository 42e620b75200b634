using System.Text;
using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Gateway.Jobs;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Reads a native request where it lies and lists what has to be edited for the upstream: members in snake case, turns without a role, an
/// output cap that is not stated. What is inside texts, schemas and function arguments stays as it is.
/// </summary>
internal sealed class NativeBodyScan
{
    private readonly List<Edit> _edits = [];
    private readonly List<(string Type, long Bytes)> _media = [];
    private readonly bool _generates;

    private NativeBodyScan(bool generates) => _generates = generates;

    private enum Place
    {
        Root,
        Content,
        System,
        Part,
        Blob,
        Config,
        Thinking,
        Tools,
        Declarations,
        ToolConfig,
        Data,
    }

    public IReadOnlyList<Edit> Edits => _edits;

    /// <summary>Bytes of text in the prompt.</summary>
    public long TextBytes { get; private set; }

    /// <summary>Media in the prompt: their types and bytes before base64; 0 for linked ones.</summary>
    public IReadOnlyList<(string Type, long Bytes)> Media => _media;

    /// <summary>The output cap, stated or implied.</summary>
    public long MaxOutputTokens { get; private set; } = GenerationConfig.OutputTokenLimit;

    /// <summary>Reads a body; null when it is no object.</summary>
    /// <param name="body">The body.</param>
    /// <param name="maxDepth">Deepest nesting.</param>
    /// <param name="generates">Whether an answer is asked for, rather than a count.</param>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static NativeBodyScan? Read(ReadOnlySpan<byte> body, int maxDepth, bool generates = true)
    {
        var scan = new NativeBodyScan(generates);
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = maxDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return null;
        }

        scan.ReadObject(ref reader, Place.Root);

        // Whatever follows the object is an error of the reader's.
        while (reader.Read())
        {
        }

        return scan;
    }

    private static Place Inside(Place place, string name) => (place, name) switch
    {
        (Place.Root, "generateContentRequest") => Place.Root,
        (Place.Root, "contents") => Place.Content,
        (Place.Root, "systemInstruction") => Place.System,
        (Place.Root, "generationConfig") => Place.Config,
        (Place.Root, "tools") => Place.Tools,
        (Place.Root, "toolConfig") => Place.ToolConfig,
        (Place.Content or Place.System, "parts") => Place.Part,
        (Place.Part, "inlineData" or "fileData" or "videoMetadata") => Place.Blob,
        (Place.Config, "thinkingConfig") => Place.Thinking,
        (Place.Tools, "functionDeclarations") => Place.Declarations,
        (Place.ToolConfig, "functionCallingConfig") => Place.ToolConfig,
        _ => Place.Data,
    };

    private void ReadValue(ref Utf8JsonReader reader, Place place)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject when place != Place.Data:
                ReadObject(ref reader, place);
                break;
            case JsonTokenType.StartArray when place != Place.Data:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    ReadValue(ref reader, place);
                }

                break;
            default:
                reader.Skip();
                break;
        }
    }

    private void ReadObject(ref Utf8JsonReader reader, Place place)
    {
        var opening = (int)reader.TokenStartIndex + 1;
        var (members, hasRole, hasConfig, hasCap) = (0, false, false, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            members++;
            var name = reader.GetString()!;
            var camel = NativeNames.ToCamel(name);
            if (!ReferenceEquals(name, camel))
            {
                _edits.Add(new Edit((int)reader.TokenStartIndex + 1, reader.ValueSpan.Length, Encoding.UTF8.GetBytes(camel)));
            }

            reader.Read();
            hasRole |= camel is "role";
            hasConfig |= place == Place.Root && camel is "generationConfig" && reader.TokenType == JsonTokenType.StartObject;
            hasCap |= place == Place.Config && camel is "maxOutputTokens";
            Note(ref reader, place, camel);
            ReadValue(ref reader, Inside(place, camel));
        }

        var comma = members > 0 ? "," : "";
        if (place is Place.Content or Place.System && !hasRole)
        {
            Insert(opening, $"\"role\":\"user\"{comma}");
        }

        if (_generates && place == Place.Config && !hasCap)
        {
            Insert(opening, $"\"maxOutputTokens\":{GenerationConfig.OutputTokenLimit}{comma}");
        }

        if (_generates && place == Place.Root && !hasConfig)
        {
            Insert(opening, $"\"generationConfig\":{{\"maxOutputTokens\":{GenerationConfig.OutputTokenLimit}}}{comma}");
        }
    }

    private void Note(ref Utf8JsonReader reader, Place place, string name)
    {
        switch (place, name)
        {
            case (Place.Part, "text") when reader.TokenType == JsonTokenType.String:
                TextBytes += reader.ValueSpan.Length;
                break;
            case (Place.Part, "inlineData" or "fileData"):
                _media.Add(("", 0));
                break;
            case (Place.Part, "functionCall" or "functionResponse"):
                TextBytes += 100;
                break;
            case (Place.Blob, "data") when reader.TokenType == JsonTokenType.String && _media.Count > 0:
                _media[^1] = (_media[^1].Type, reader.ValueSpan.Length * 3L / 4);
                break;
            case (Place.Blob, "mimeType") when reader.TokenType == JsonTokenType.String && _media.Count > 0:
                _media[^1] = (reader.GetString()!, _media[^1].Bytes);
                break;
            case (Place.Config, "maxOutputTokens") when reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var cap):
                MaxOutputTokens = Math.Clamp(cap, 1, GenerationConfig.OutputTokenLimit);
                break;
            case (Place.System, "role") when reader.TokenType == JsonTokenType.String && !reader.ValueTextEquals("user"u8):
                // Some routes know no other role in an instruction.
                _edits.Add(new Edit((int)reader.TokenStartIndex, reader.ValueSpan.Length + 2, "\"user\""u8.ToArray()));
                break;
            default:
                break;
        }
    }

    private void Insert(int offset, string text) => _edits.Add(new Edit(offset, 0, Encoding.UTF8.GetBytes(text)));
}
