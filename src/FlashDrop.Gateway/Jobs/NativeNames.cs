using System.Text.Json;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Member names of Google's native format, which may come in camel or snake case.</summary>
internal static class NativeNames
{
    /// <summary>Writes an object member by member under camel-case names, without its nulls; a member given in both cases is an error.</summary>
    public static void WriteObject(
        Utf8JsonWriter writer, JsonElement element, string path, FieldErrors errors, Action<string, JsonElement, string> writeValue)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        writer.WriteStartObject();
        foreach (var member in element.EnumerateObject())
        {
            var name = ToCamel(member.Name);
            var field = FieldErrors.Path(path, member.Name);
            if (!seen.Add(name))
            {
                errors.Add(field, "duplicate_field", "The field is given in two spellings.", $"Send '{name}' only.");
                continue;
            }

            if (member.Value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }

            writer.WritePropertyName(name);
            writeValue(name, member.Value, field);
        }

        writer.WriteEndObject();
    }

    /// <summary><c>inline_data</c> to <c>inlineData</c>; other names stay as they are.</summary>
    public static string ToCamel(string name)
    {
        if (!name.Contains('_', StringComparison.Ordinal) || name[0] == '_')
        {
            return name;
        }

        var parts = name.Split('_', StringSplitOptions.RemoveEmptyEntries);
        return string.Concat(parts.Select((part, i) => i == 0 ? part : char.ToUpperInvariant(part[0]) + part[1..]));
    }
}
