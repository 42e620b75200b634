using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FlashDrop.EvoLink.Json;

/// <summary>Tolerant reads: a missing property is null, a number may come as a string and the other way round.</summary>
internal static class JsonRead
{
    /// <summary>Longest name or id kept; table keys and columns have limits, and these come from outside.</summary>
    public const int MaxLabel = 128;

    /// <summary>Parses; every string of the element can be read.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out JsonElement element)
    {
        try
        {
            element = JsonElement.Parse(ReadableJson.Mend(utf8) ?? utf8);
            return true;
        }
        catch (JsonException)
        {
            // Not JSON: the caller decides what that means.
            element = default;
            return false;
        }
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{byte}, out JsonElement)" />
    public static bool TryParse(string text, out JsonElement element) => TryParse(Encoding.UTF8.GetBytes(text), out element);

    /// <summary>The property, or null when the value is no object or the property is absent or null.</summary>
    public static JsonElement? Get(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value
            : null;

    public static bool Has(this JsonElement element, string name) => element.Get(name) is not null;

    /// <summary>A string, or a number or boolean as its text; empty counts as absent.</summary>
    public static string? GetText(this JsonElement element, string name) => element.Get(name) is { } value ? AsText(value) : null;

    /// <summary>A property that is really a string; empty counts as absent.</summary>
    public static string? GetString(this JsonElement element, string name) =>
        element.Get(name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;

    /// <summary>A name or id that is kept in rows: like <see cref="GetText"/>, cut to <see cref="MaxLabel"/> characters.</summary>
    public static string? GetLabel(this JsonElement element, string name) => Label(element.GetText(name));

    /// <summary>The text, cut to <see cref="MaxLabel"/> characters.</summary>
    public static string? Label(string? text) => text?.Length > MaxLabel ? text[..MaxLabel] : text;

    public static long? GetLong(this JsonElement element, string name) => element.Get(name) is { } value ? AsLong(value) : null;

    public static decimal? GetDecimal(this JsonElement element, string name) =>
        element.Get(name) is { } value && TryNumber(value, out var number) ? number : null;

    public static long? AsLong(JsonElement value)
    {
        if (!TryNumber(value, out var number))
        {
            return null;
        }

        return number is >= long.MinValue and <= long.MaxValue ? (long)number : null;
    }

    public static bool TryGetArray(this JsonElement element, string name, [NotNullWhen(true)] out JsonElement? array)
    {
        array = element.Get(name) is { ValueKind: JsonValueKind.Array } value ? value : null;
        return array is not null;
    }

    public static bool IsTrue(this JsonElement element, string name) =>
        element.Get(name) is { } value
        && (value.ValueKind == JsonValueKind.True
            || (value.ValueKind == JsonValueKind.String && string.Equals(value.GetString(), "true", StringComparison.OrdinalIgnoreCase)));

    private static string? AsText(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    private static bool TryNumber(JsonElement value, out decimal number)
    {
        number = 0;
        return value.ValueKind switch
        {
            JsonValueKind.Number => value.TryGetDecimal(out number),
            JsonValueKind.String => decimal.TryParse(value.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number),
            _ => false,
        };
    }
}
