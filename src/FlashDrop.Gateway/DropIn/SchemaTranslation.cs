using System.Text.Json;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Rewrites a JSON Schema as the OpenAPI subset the native format takes: upper-case types, <c>nullable</c>, <c>anyOf</c>, references resolved.
/// Keywords outside the subset are left out.
/// </summary>
internal static class SchemaTranslation
{
    private const int MaxDepth = 32;

    public static void Write(Utf8JsonWriter writer, JsonElement schema) => Write(writer, schema, schema, depth: 0);

    private static void Write(Utf8JsonWriter writer, JsonElement schema, JsonElement root, int depth)
    {
        var nullable = false;
        schema = Simplify(Resolve(schema, root), root, ref nullable);
        writer.WriteStartObject();
        if (schema.ValueKind != JsonValueKind.Object || depth > MaxDepth)
        {
            // A schema that says nothing, or one that holds itself.
            writer.WriteString("type"u8, "OBJECT"u8);
            writer.WriteEndObject();
            return;
        }

        WriteType(writer, schema, ref nullable);
        foreach (var member in schema.EnumerateObject())
        {
            switch (member.Name)
            {
                case "description" or "title" or "pattern" or "minimum" or "maximum" or "minItems" or "maxItems" or "minLength" or "maxLength"
                    or "minProperties" or "maxProperties" or "required" or "propertyOrdering" or "example":
                    member.WriteTo(writer);
                    break;
                case "format" when member.Value.ValueKind == JsonValueKind.String && IsFormat(member.Value.GetString()):
                    member.WriteTo(writer);
                    break;
                case "enum" when member.Value.ValueKind == JsonValueKind.Array:
                    WriteEnum(writer, member.Value.EnumerateArray());
                    break;
                case "const":
                    WriteEnum(writer, [member.Value]);
                    break;
                case "properties" when member.Value.ValueKind == JsonValueKind.Object:
                    writer.WriteStartObject("properties"u8);
                    foreach (var property in member.Value.EnumerateObject())
                    {
                        writer.WritePropertyName(property.Name);
                        Write(writer, property.Value, root, depth + 1);
                    }

                    writer.WriteEndObject();
                    break;
                case "items":
                    writer.WritePropertyName("items"u8);
                    Write(writer, member.Value, root, depth + 1);
                    break;
                case "anyOf" or "oneOf" when member.Value.ValueKind == JsonValueKind.Array:
                    writer.WriteStartArray("anyOf"u8);
                    foreach (var choice in member.Value.EnumerateArray().Where(choice => !IsNull(choice)))
                    {
                        Write(writer, choice, root, depth + 1);
                    }

                    writer.WriteEndArray();
                    break;
                default:
                    break;
            }
        }

        if (nullable)
        {
            writer.WriteBoolean("nullable"u8, true);
        }

        writer.WriteEndObject();
    }

    private static JsonElement Resolve(JsonElement schema, JsonElement root)
    {
        for (var i = 0; i < MaxDepth && schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("$ref", out var reference)
            && reference.ValueKind == JsonValueKind.String; i++)
        {
            var target = root;
            foreach (var step in reference.GetString()!.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                if (target.ValueKind != JsonValueKind.Object || !target.TryGetProperty(step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal), out target))
                {
                    return default;
                }
            }

            schema = target;
        }

        return schema;
    }

    /// <summary>A choice between one schema and null is that schema, nullable.</summary>
    private static JsonElement Simplify(JsonElement schema, JsonElement root, ref bool nullable)
    {
        if (schema.ValueKind != JsonValueKind.Object
            || !(schema.TryGetProperty("anyOf", out var choices) || schema.TryGetProperty("oneOf", out choices))
            || choices.ValueKind != JsonValueKind.Array)
        {
            return schema;
        }

        List<JsonElement> real = [.. choices.EnumerateArray().Where(choice => !IsNull(choice))];
        nullable = real.Count < choices.GetArrayLength();
        return real.Count == 1 ? Resolve(real[0], root) : schema;
    }

    private static bool IsNull(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var type)
        && type.ValueKind == JsonValueKind.String && type.GetString() is "null" or "NULL";

    private static void WriteType(Utf8JsonWriter writer, JsonElement schema, ref bool nullable)
    {
        string? name = null;
        if (schema.TryGetProperty("type", out var type))
        {
            if (type.ValueKind == JsonValueKind.Array)
            {
                List<string> names = [.. type.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)];
                nullable |= names.Contains("null", StringComparer.Ordinal);
                name = names.Find(item => item is not "null");
            }
            else if (type.ValueKind == JsonValueKind.String)
            {
                name = type.GetString();
            }
        }

        name ??= schema.TryGetProperty("properties", out _) ? "object"
            : schema.TryGetProperty("enum", out _) || schema.TryGetProperty("const", out _) ? "string" : null;
        if (name is not null)
        {
            writer.WriteString("type"u8, name.ToUpperInvariant());
        }
    }

    private static void WriteEnum(Utf8JsonWriter writer, IEnumerable<JsonElement> values)
    {
        writer.WriteStartArray("enum"u8);
        foreach (var value in values.Where(value => value.ValueKind != JsonValueKind.Null))
        {
            writer.WriteStringValue(value.ToString());
        }

        writer.WriteEndArray();
    }

    private static bool IsFormat(string? format) => format is "enum" or "date-time" or "float" or "double" or "int32" or "int64";
}
