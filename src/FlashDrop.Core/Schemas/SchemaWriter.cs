using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FlashDrop.Core.Schemas;

/// <summary>Writes a schema: as the upstream takes it, or whole for checking an answer later.</summary>
internal static class SchemaWriter
{
    /// <summary>The upstream's OpenAPI subset. What it cannot enforce is said in descriptions.</summary>
    public static JsonElement ForUpstream(SchemaNode node) => Write(node, whole: false);

    /// <summary>Everything an answer is checked for; <see cref="SchemaReader"/> reads it back.</summary>
    public static JsonElement Whole(SchemaNode node) => Write(node, whole: true);

    private static JsonElement Write(SchemaNode node, bool whole)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            Write(writer, node, whole);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter writer, SchemaNode node, bool whole)
    {
        writer.WriteStartObject();
        if (node.Type is { } type)
        {
            writer.WriteString("type"u8, type.ToString().ToUpperInvariant());
        }

        if (node.Nullable)
        {
            writer.WriteBoolean("nullable"u8, value: true);
        }

        // Neither the title nor the description is needed to check an answer.
        if (!whole)
        {
            WriteText(writer, "title"u8, node.Title);
            WriteText(writer, "description"u8, DescriptionOf(node));
        }

        WriteText(writer, "format"u8, whole || IsSent(node) ? node.Format : null);
        if (node.Enum is { } choices && (whole || node.Type == SchemaType.String))
        {
            writer.WriteStartArray("enum"u8);
            foreach (var choice in choices)
            {
                choice.WriteTo(writer);
            }

            writer.WriteEndArray();
        }

        WriteNumber(writer, "minimum"u8, node.Minimum);
        WriteNumber(writer, "maximum"u8, node.Maximum);
        WriteCount(writer, "minLength"u8, node.MinLength);
        WriteCount(writer, "maxLength"u8, node.MaxLength);
        WriteText(writer, "pattern"u8, node.Pattern);
        WriteCount(writer, "minItems"u8, node.MinItems);
        WriteCount(writer, "maxItems"u8, node.MaxItems);
        WriteCount(writer, "minProperties"u8, node.MinProperties);
        WriteCount(writer, "maxProperties"u8, node.MaxProperties);
        if (node.Items is { } items)
        {
            writer.WritePropertyName("items"u8);
            Write(writer, items, whole);
        }

        if (node.AnyOf is { } any)
        {
            writer.WriteStartArray("anyOf"u8);
            foreach (var choice in any)
            {
                Write(writer, choice, whole);
            }

            writer.WriteEndArray();
        }

        WriteProperties(writer, node, whole);
        writer.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter writer, SchemaNode node, bool whole)
    {
        if (node.Properties is not { } properties || (properties.Count == 0 && !node.Closed))
        {
            return;
        }

        writer.WriteStartObject("properties"u8);
        foreach (var (name, property) in properties)
        {
            writer.WritePropertyName(name);
            Write(writer, property, whole);
        }

        writer.WriteEndObject();
        if (node.Required.Count > 0)
        {
            WriteNames(writer, "required"u8, node.Required);
        }

        if (whole)
        {
            if (node.Closed)
            {
                writer.WriteBoolean("additionalProperties"u8, value: false);
            }
        }
        else if (properties.Count > 0)
        {
            // Older servers answer in alphabetical order without it.
            WriteNames(writer, "propertyOrdering"u8, properties.Select(p => p.Key));
        }
    }

    /// <summary>Formats and choices that the upstream would refuse go into words.</summary>
    private static string? DescriptionOf(SchemaNode node)
    {
        var format = node.Format is { } f && !IsSent(node) ? $"Format: {f}." : null;
        var choices = node.Enum is { } e && node.Type != SchemaType.String ? $"One of: {string.Join(", ", e.Select(v => v.GetRawText()))}." : null;
        var words = string.Join(' ', new[] { node.Description, choices, format }.Where(w => !string.IsNullOrEmpty(w)));
        return words.Length > 0 ? words : null;
    }

    private static bool IsSent(SchemaNode node) => (node.Type, node.Format) is
        (SchemaType.String, "enum" or "date-time")
        or (SchemaType.Number, "float" or "double")
        or (SchemaType.Integer, "int32" or "int64");

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    private static void WriteNumber(Utf8JsonWriter writer, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
    }

    private static void WriteCount(Utf8JsonWriter writer, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } count)
        {
            writer.WriteNumber(name, count);
        }
    }

    private static void WriteNames(Utf8JsonWriter writer, ReadOnlySpan<byte> name, IEnumerable<string> names)
    {
        writer.WriteStartArray(name);
        foreach (var one in names)
        {
            writer.WriteStringValue(one);
        }

        writer.WriteEndArray();
    }
}
