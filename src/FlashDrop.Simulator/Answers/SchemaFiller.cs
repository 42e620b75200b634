using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Answers;

/// <summary>
/// Makes JSON that conforms to a schema: Google's OpenAPI subset (upper- or lower-case types) or JSON Schema.
/// <c>pattern</c> is not honoured.
/// </summary>
internal sealed class SchemaFiller(JsonElement root, Dice dice, string purpose, string prose)
{
    private const int OptionalDepth = 6;
    private const int DepthLimit = 24;
    private const int UsualItems = 2;

    public JsonNode? Fill() => Fill(root, "answer", 0);

    private JsonNode? Fill(JsonElement schema, string name, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth > DepthLimit)
        {
            return null;
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Fill(Resolve(reference.GetString()), name, depth + 1);
        }

        if (schema.TryGetProperty("const", out var constant))
        {
            return JsonNode.Parse(constant.GetRawText());
        }

        if (schema.TryGetProperty("enum", out var choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0)
        {
            return JsonNode.Parse(choices[(int)dice.Between(0, choices.GetArrayLength() - 1, $"{purpose} {name}")].GetRawText());
        }

        foreach (var union in (ReadOnlySpan<string>)["anyOf", "oneOf"])
        {
            if (schema.TryGetProperty(union, out var options) && options.ValueKind == JsonValueKind.Array && options.GetArrayLength() > 0)
            {
                return Fill(options[0], name, depth + 1);
            }
        }

        return TypeOf(schema) switch
        {
            "object" => FillObject(schema, depth),
            "array" => FillArray(schema, name, depth),
            "integer" => (long)Math.Ceiling(Number(schema, name, whole: true)),
            "number" => Number(schema, name, whole: false),
            "boolean" => dice.Between(0, 1, $"{purpose} {name}") == 1,
            "null" => null,
            _ => FillString(schema, name),
        };
    }

    private static string TypeOf(JsonElement schema)
    {
        if (schema.TryGetProperty("type", out var type))
        {
            var named = type.ValueKind == JsonValueKind.Array
                ? type.EnumerateArray().Select(t => t.GetString()!).FirstOrDefault(t => t is not "null") ?? "null"
                : type.GetString() ?? "string";
            return named.ToLowerInvariant();
        }

        return schema.TryGetProperty("properties", out _) ? "object" : schema.TryGetProperty("items", out _) ? "array" : "string";
    }

    private JsonObject FillObject(JsonElement schema, int depth)
    {
        var filled = new JsonObject();
        if (!schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object)
        {
            return filled;
        }

        var required = Names(schema, "required");
        var most = Whole(schema, "maxProperties") ?? int.MaxValue;
        var all = properties.EnumerateObject().Select(p => p.Name).ToList();
        var chosen = all
            .Where(n => required.Contains(n, StringComparer.Ordinal) || depth < OptionalDepth)
            .OrderBy(n => required.Contains(n, StringComparer.Ordinal) ? 0 : 1)
            .Take(most)
            .ToHashSet(StringComparer.Ordinal);
        var ordering = Names(schema, "propertyOrdering");
        foreach (var property in ordering.Where(n => all.Contains(n, StringComparer.Ordinal)).Concat(all).Distinct(StringComparer.Ordinal).Where(chosen.Contains))
        {
            filled[property] = Fill(properties.GetProperty(property), property, depth + 1);
        }

        return filled;
    }

    private JsonArray FillArray(JsonElement schema, string name, int depth)
    {
        var filled = new JsonArray();
        if (schema.TryGetProperty("prefixItems", out var tuple) && tuple.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in tuple.EnumerateArray())
            {
                filled.Add(Fill(item, $"{name} {filled.Count + 1}", depth + 1));
            }
        }

        var least = Whole(schema, "minItems") ?? 0;
        var most = Whole(schema, "maxItems") ?? int.MaxValue;
        var count = Math.Min(most, Math.Max(least, depth < OptionalDepth ? UsualItems : 0));
        var items = schema.TryGetProperty("items", out var declared) ? declared : default;
        while (filled.Count < count)
        {
            filled.Add(items.ValueKind == JsonValueKind.Object ? Fill(items, $"{name} {filled.Count + 1}", depth + 1) : FillString(default, $"{name} {filled.Count + 1}"));
        }

        return filled;
    }

    private string FillString(JsonElement schema, string name)
    {
        var format = schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("format", out var f) ? f.GetString() : null;
        var moment = DateTimeOffset.UnixEpoch.AddDays(20_454).AddMinutes(dice.Between(0, 500_000, $"{purpose} {name}"));
        switch (format)
        {
            case "date-time":
                return moment.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            case "date":
                return moment.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            case "time":
                return moment.ToString("HH:mm:ss'Z'", CultureInfo.InvariantCulture);
            case "uuid":
                return $"{dice.Between(0, uint.MaxValue, $"{purpose} {name}"):x8}-0000-4000-8000-000000000000";
            case "email":
                return "someone@example.com";
            case "uri":
                return "https://example.com/";
        }

        var text = name.ToLowerInvariant() is "answer" or "summary" or "text" or "description" or "content" or "overview"
            ? prose
            : $"Simulated {name}";
        var least = schema.ValueKind == JsonValueKind.Object ? Whole(schema, "minLength") ?? 0 : 0;
        var most = schema.ValueKind == JsonValueKind.Object ? Whole(schema, "maxLength") ?? int.MaxValue : int.MaxValue;
        text = text.PadRight(least, '.');
        return text.Length > most ? text[..most] : text;
    }

    private double Number(JsonElement schema, string name, bool whole)
    {
        var step = whole ? 1 : 0.5;
        var low = Limit(schema, "minimum") ?? (Limit(schema, "exclusiveMinimum") is { } above ? above + step : null);
        var high = Limit(schema, "maximum") ?? (Limit(schema, "exclusiveMaximum") is { } below ? below - step : null);
        var from = low ?? (high is { } top ? top - 100 : 1);
        var to = high ?? from + 99;
        var value = from + ((to - from) * dice.Fraction($"{purpose} {name}"));
        return whole ? Math.Min(Math.Ceiling(value), Math.Floor(to)) : Math.Clamp(Math.Round(value, 2), from, to);
    }

    private JsonElement Resolve(string? reference)
    {
        var target = root;
        if (reference?.StartsWith("#/", StringComparison.Ordinal) == true)
        {
            foreach (var step in reference[2..].Split('/'))
            {
                if (target.ValueKind != JsonValueKind.Object || !target.TryGetProperty(step, out target))
                {
                    return default;
                }
            }
        }

        return target;
    }

    private static string[] Names(JsonElement schema, string keyword) =>
        schema.TryGetProperty(keyword, out var names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Select(n => n.GetString()!)]
            : [];

    /// <summary>A size keyword; Google writes these int64 as numbers or as strings.</summary>
    private static int? Whole(JsonElement schema, string keyword) => Limit(schema, keyword) is { } value ? (int)Math.Clamp(value, 0, 100_000) : null;

    private static double? Limit(JsonElement schema, string keyword) =>
        !schema.TryGetProperty(keyword, out var value) ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble()
        : value.ValueKind == JsonValueKind.String && double.TryParse(value.GetString(), CultureInfo.InvariantCulture, out var parsed) ? parsed
        : null;
}
