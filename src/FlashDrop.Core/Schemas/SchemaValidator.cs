using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FlashDrop.Core.Schemas;

/// <summary>Checks a value against a schema and says where it does not fit. Formats are hints to the model, not checked.</summary>
internal static class SchemaValidator
{
    /// <summary>Misfits reported at most; a repair needs no more, and a person neither.</summary>
    public const int MaxMisfits = 20;

    /// <summary>Where and why the value does not fit; empty when it does.</summary>
    public static IReadOnlyList<JsonProblem> Validate(SchemaNode schema, JsonElement value)
    {
        List<JsonProblem> misfits = [];
        Check(schema, value, "$", misfits);
        return misfits;
    }

    private static void Check(SchemaNode node, JsonElement value, string path, List<JsonProblem> misfits)
    {
        if (misfits.Count >= MaxMisfits || (value.ValueKind == JsonValueKind.Null && node.Nullable))
        {
            return;
        }

        if (node.AnyOf is { } choices)
        {
            CheckAny(choices, value, path, misfits);
            return;
        }

        if (!IsOf(node, value))
        {
            Add($"expected {Describe(node)}, found {Describe(value)}.");
            return;
        }

        if (node.Enum is { } allowed && !allowed.Any(a => Same(a, value)))
        {
            Add($"{Quote(value)} is none of {string.Join(", ", allowed.Take(20).Select(Quote))}.");
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.String when node.Type == SchemaType.String:
                CheckText(node, value.GetString()!, Add);
                break;
            case JsonValueKind.Number:
                var number = value.GetDouble();
                Require(!(number < node.Minimum), $"{Quote(value)} is below the minimum of {Number(node.Minimum)}.");
                Require(!(number > node.Maximum), $"{Quote(value)} is above the maximum of {Number(node.Maximum)}.");
                break;
            case JsonValueKind.Array:
                CheckItems(node, value, path, misfits, Add);
                break;
            case JsonValueKind.Object:
                CheckProperties(node, value, path, misfits, Add);
                break;
            default:
                break;
        }

        void Require(bool fits, string otherwise)
        {
            if (!fits)
            {
                Add(otherwise);
            }
        }

        void Add(string reason) => SchemaValidator.Add(misfits, path, reason);
    }

    private static void CheckAny(IReadOnlyList<SchemaNode> choices, JsonElement value, string path, List<JsonProblem> misfits)
    {
        List<JsonProblem>? closest = null;
        foreach (var choice in choices)
        {
            List<JsonProblem> own = [];
            Check(choice, value, path, own);
            if (own.Count == 0)
            {
                return;
            }

            // Most helpful is the choice that failed deepest: it was probably the one that was meant.
            if (closest is null || own.Max(m => m.Path.Length) > closest.Max(m => m.Path.Length))
            {
                closest = own;
            }
        }

        if (closest!.TrueForAll(m => m.Path == path))
        {
            Add(misfits, path, $"{Describe(value)} fits none of the {choices.Count} choices.");
        }
        else
        {
            misfits.AddRange(closest!.Take(MaxMisfits - misfits.Count));
        }
    }

    private static void CheckText(SchemaNode node, string text, Action<string> add)
    {
        var length = text.Length;
        if (node.MinLength is not null || node.MaxLength is not null)
        {
            length = text.EnumerateRunes().Count();
        }

        if (length < node.MinLength)
        {
            add($"it has {length} characters; at least {node.MinLength} are expected.");
        }

        if (length > node.MaxLength)
        {
            add($"it has {length} characters; at most {node.MaxLength} are expected.");
        }

        try
        {
            if (node.Matcher?.IsMatch(text) == false)
            {
                add($"'{Short(text)}' does not match the pattern '{Short(node.Pattern!)}'.");
            }
        }
        catch (RegexMatchTimeoutException)
        {
            add($"the pattern '{Short(node.Pattern!)}' took too long to check.");
        }
    }

    private static void CheckItems(SchemaNode node, JsonElement value, string path, List<JsonProblem> misfits, Action<string> add)
    {
        var count = value.GetArrayLength();
        if (count < node.MinItems)
        {
            add($"it has {count} items; at least {node.MinItems} are expected.");
        }

        if (count > node.MaxItems)
        {
            add($"it has {count} items; at most {node.MaxItems} are expected.");
        }

        if (node.Items is not { } items)
        {
            return;
        }

        var i = 0;
        foreach (var item in value.EnumerateArray())
        {
            Check(items, item, $"{path}[{i++}]", misfits);
            if (misfits.Count >= MaxMisfits)
            {
                return;
            }
        }
    }

    private static void CheckProperties(SchemaNode node, JsonElement value, string path, List<JsonProblem> misfits, Action<string> add)
    {
        var count = value.EnumerateObject().Select(m => m.Name).Distinct(StringComparer.Ordinal).Count();
        if (count < node.MinProperties)
        {
            add($"it has {count} properties; at least {node.MinProperties} are expected.");
        }

        if (count > node.MaxProperties)
        {
            add($"it has {count} properties; at most {node.MaxProperties} are expected.");
        }

        foreach (var name in node.Required.Where(n => !value.TryGetProperty(n, out _)))
        {
            add($"the required property '{name}' is missing.");
        }

        foreach (var (name, property) in node.Properties ?? [])
        {
            if (value.TryGetProperty(name, out var member))
            {
                Check(property, member, $"{path}.{name}", misfits);
            }
        }

        if (node.Closed)
        {
            foreach (var member in value.EnumerateObject().Where(m => !(node.Properties ?? []).Any(p => p.Key == m.Name)))
            {
                add($"the property '{Short(member.Name)}' is not expected.");
            }
        }
    }

    private static void Add(List<JsonProblem> misfits, string path, string reason)
    {
        if (misfits.Count < MaxMisfits)
        {
            misfits.Add(new JsonProblem(path, reason));
        }
    }

    private static bool IsOf(SchemaNode node, JsonElement value) => (node.Type, value.ValueKind) switch
    {
        (SchemaType.String, JsonValueKind.String) => true,
        (SchemaType.Number, JsonValueKind.Number) => double.IsFinite(value.GetDouble()),
        (SchemaType.Integer, JsonValueKind.Number) => Math.Floor(value.GetDouble()) is var whole && double.IsFinite(whole) && whole == value.GetDouble(),

        // Google's JSON mapping writes 64-bit integers as strings.
        (SchemaType.Integer, JsonValueKind.String) => node.Format == "int64"
            && long.TryParse(value.GetString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        (SchemaType.Boolean, JsonValueKind.True or JsonValueKind.False) => true,
        (SchemaType.Array, JsonValueKind.Array) => true,
        (SchemaType.Object, JsonValueKind.Object) => true,
        (SchemaType.Null, JsonValueKind.Null) => true,
        _ => false,
    };

    private static bool Same(JsonElement allowed, JsonElement value) => (allowed.ValueKind, value.ValueKind) switch
    {
        (JsonValueKind.String, JsonValueKind.String) => allowed.GetString() == value.GetString(),
        (JsonValueKind.Number, JsonValueKind.Number) => allowed.GetDouble().Equals(value.GetDouble()),
        _ => false,
    };

    private static string Describe(SchemaNode node) => node.Type switch
    {
        SchemaType.Array => "an array",
        SchemaType.Integer => "an integer",
        SchemaType.Object => "an object",
        SchemaType.Null => "null",
        var type => $"a {type?.ToString().ToLowerInvariant()}",
    };

    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => $"the string {Quote(value)}",
        _ => Quote(value),
    };

    private static string Number(double? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";

    private static string Quote(JsonElement value) => Short(value.GetRawText());

    private static string Short(string text) => text.Length <= 60 ? text : $"{text[..60]}…";
}
