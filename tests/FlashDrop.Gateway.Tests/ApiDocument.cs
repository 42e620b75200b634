using System.Text.Json;
using FlashDrop.Gateway.OpenApi;

namespace FlashDrop.Gateway.Tests;

/// <summary>Reads the served OpenAPI document: just enough of it to hold answers against it.</summary>
internal static class ApiDocument
{
    public static JsonElement Root { get; } = Load();

    public static IEnumerable<(string Method, string Path, JsonElement Operation)> Operations =>
        from path in Root.GetProperty("paths").EnumerateObject()
        from member in path.Value.EnumerateObject()
        where member.Name is "get" or "post" or "delete" or "put" or "patch"
        select (member.Name, path.Name, member.Value);

    public static JsonElement Find(string method, string path)
    {
        var segments = path.Split('/');
        return Operations.Single(o =>
            o.Method.Equals(method, StringComparison.OrdinalIgnoreCase)
            && o.Path.Split('/') is var template
            && template.Length == segments.Length
            && template.Zip(segments).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'))).Operation;
    }

    public static string[] StatusesOf(JsonElement operation) => [.. operation.GetProperty("responses").EnumerateObject().Select(r => r.Name)];

    public static string[] MediaTypesOf(JsonElement operation, int status) =>
        Response(operation, status).TryGetProperty("content", out var content) ? [.. content.EnumerateObject().Select(c => c.Name)] : [];

    public static JsonElement SchemaOf(JsonElement operation, int status, string mediaType) =>
        Response(operation, status).GetProperty("content").GetProperty(mediaType).GetProperty("schema");

    public static JsonElement Schema(string name) => Root.GetProperty("components").GetProperty("schemas").GetProperty(name);

    public static JsonElement Resolve(JsonElement element)
    {
        while (element.TryGetProperty("$ref", out var reference))
        {
            element = reference.GetString()!.Split('/').Skip(1).Aggregate(Root, (parent, name) => parent.GetProperty(name));
        }

        return element;
    }

    /// <summary>Types, required members, closed objects, enums and constants, throughout a value.</summary>
    public static void AssertMatches(JsonElement value, JsonElement schema, string path)
    {
        schema = Resolve(schema);
        if (schema.TryGetProperty("type", out var type))
        {
            var fits = type.GetString() switch
            {
                "object" => value.ValueKind == JsonValueKind.Object,
                "array" => value.ValueKind == JsonValueKind.Array,
                "string" => value.ValueKind == JsonValueKind.String,
                "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
                "number" => value.ValueKind == JsonValueKind.Number,
                "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
                _ => false,
            };
            Assert.True(fits, $"{path} is {value.ValueKind}, documented as {type}.");
        }

        if (schema.TryGetProperty("enum", out var allowed))
        {
            Assert.Contains(value.GetString(), allowed.EnumerateArray().Select(e => e.GetString()));
        }

        if (schema.TryGetProperty("const", out var constant))
        {
            Assert.Equal(constant.ToString(), value.ToString());
        }

        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var item in value.EnumerateArray())
            {
                AssertMatches(item, items, $"{path}[]");
            }
        }

        if (value.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out var properties))
        {
            foreach (var required in RequiredOf(schema))
            {
                Assert.True(value.TryGetProperty(required, out _), $"{path}.{required} is missing.");
            }

            foreach (var member in value.EnumerateObject())
            {
                if (properties.TryGetProperty(member.Name, out var inner))
                {
                    AssertMatches(member.Value, inner, $"{path}.{member.Name}");
                }
                else
                {
                    Assert.False(
                        schema.TryGetProperty("additionalProperties", out var others) && others.ValueKind == JsonValueKind.False,
                        $"{path}.{member.Name} is not documented.");
                }
            }
        }
    }

    public static string[] RequiredOf(JsonElement schema) =>
        schema.TryGetProperty("required", out var required) ? [.. required.EnumerateArray().Select(r => r.GetString()!)] : [];

    private static JsonElement Response(JsonElement operation, int status) =>
        Resolve(operation.GetProperty("responses").GetProperty(status.ToString()));

    private static JsonElement Load()
    {
        using var stream = OpenApiDocument.Open();
        using var document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }
}
