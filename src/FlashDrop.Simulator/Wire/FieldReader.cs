using System.Text.Json;

namespace FlashDrop.Simulator.Wire;

/// <summary>Reads the fields of one JSON object the way Google's servers do: unknown names and wrong types are refused, in their words.</summary>
internal sealed class FieldReader
{
    private readonly JsonElement _object;
    private readonly string _path;

    /// <param name="value">The object.</param>
    /// <param name="path">Where it stands, as in <c>contents[0].parts[1]</c>; empty at the top.</param>
    /// <param name="known">Names that may occur.</param>
    public FieldReader(JsonElement value, string path, params ReadOnlySpan<string> known)
    {
        _object = value;
        _path = path;
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Invalid($"Invalid value at '{path}', an object is expected");
        }

        foreach (var member in value.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                var where = path.Length == 0 ? "" : $" at '{path}'";
                throw Invalid($"Invalid JSON payload received. Unknown name \"{member.Name}\"{where}: Cannot find field.");
            }
        }
    }

    public string Path(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    public bool Has(string name) => Optional(name) is not null;

    public JsonElement? Optional(string name) =>
        _object.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Typed(name, JsonValueKind.String, "TYPE_STRING") is { } value ? value.GetString() : null;

    public bool Flag(string name) =>
        Optional(name) is { } value
        && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Mistyped(name, "TYPE_BOOL"));

    public IEnumerable<JsonElement> Items(string name) =>
        Typed(name, JsonValueKind.Array, "an array") is { } value ? value.EnumerateArray() : Enumerable.Empty<JsonElement>();

    /// <summary>A number in a range, both ends included.</summary>
    public double? Number(string name, double low, double high)
    {
        if (Typed(name, JsonValueKind.Number, "TYPE_DOUBLE") is not { } value)
        {
            return null;
        }

        var number = value.GetDouble();
        return number >= low && number <= high ? number : throw OutOfRange(name, value.GetRawText(), low, high);
    }

    /// <summary>A whole number in a range, both ends included.</summary>
    public int? Whole(string name, int low, int high)
    {
        if (Typed(name, JsonValueKind.Number, "TYPE_INT32") is not { } value)
        {
            return null;
        }

        if (!value.TryGetInt32(out var number))
        {
            throw Mistyped(name, "TYPE_INT32");
        }

        return number >= low && number <= high ? number : throw OutOfRange(name, value.GetRawText(), low, high);
    }

    public string? OneOf(string name, params ReadOnlySpan<string> values)
    {
        var word = Text(name);
        return word is null || values.Contains(word) ? word : throw Invalid($"Invalid value at '{Path(name)}': \"{word}\"");
    }

    public static RefusedException Invalid(string message) => RefusedException.Google(message);

    private JsonElement? Typed(string name, JsonValueKind kind, string wanted) =>
        Optional(name) is not { } value ? null : value.ValueKind == kind ? value : throw Mistyped(name, wanted);

    private RefusedException Mistyped(string name, string wanted) => Invalid($"Invalid value at '{Path(name)}' ({wanted})");

    private static RefusedException OutOfRange(string name, string value, double low, double high) =>
        Invalid($"Unable to submit request because it has a {name} value of {value} but the supported range is from {low} to {high}. Update the value and try again.");
}
