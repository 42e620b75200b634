using System.Text.Json;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>Google's OpenAPI 3.0 subset: refuses the keywords of JSON Schema that are not in it.</summary>
internal static class OpenApiSchema
{
    private const int DepthLimit = 32;

    public static void Check(JsonElement schema, string path, int depth = 0)
    {
        if (depth > DepthLimit)
        {
            throw FieldReader.Invalid($"The schema at '{path}' exceeds the maximum allowed nesting depth.");
        }

        var fields = new FieldReader(
            schema, path, "type", "format", "title", "description", "nullable", "default", "example", "enum", "properties", "required",
            "propertyOrdering", "minProperties", "maxProperties", "items", "minItems", "maxItems", "minimum", "maximum", "minLength",
            "maxLength", "pattern", "anyOf");
        var type = fields.Text("type")?.ToUpperInvariant();
        if (type is not (null or "STRING" or "NUMBER" or "INTEGER" or "BOOLEAN" or "ARRAY" or "OBJECT" or "NULL"))
        {
            throw FieldReader.Invalid($"Invalid value at '{fields.Path("type")}': \"{type}\"");
        }

        if (type is "STRING" && fields.Text("format") is { } format and not ("enum" or "date-time"))
        {
            throw FieldReader.Invalid($"{path}: only 'enum' and 'date-time' are supported for STRING type, not '{format}'");
        }

        if (fields.Optional("properties") is { ValueKind: JsonValueKind.Object } properties)
        {
            foreach (var property in properties.EnumerateObject())
            {
                Check(property.Value, $"{path}.properties[{property.Name}]", depth + 1);
            }

            foreach (var name in fields.Items("required").Select(r => r.GetString()!).Where(r => !properties.TryGetProperty(r, out _)))
            {
                throw FieldReader.Invalid($"{path}.required: property is not defined: {name}");
            }
        }

        if (fields.Optional("items") is { } items)
        {
            Check(items, $"{path}.items", depth + 1);
        }
        else if (type is "ARRAY")
        {
            throw FieldReader.Invalid($"{path}.items: missing field.");
        }

        foreach (var option in fields.Items("anyOf"))
        {
            Check(option, $"{path}.any_of", depth + 1);
        }
    }
}
