using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FlashDrop.Core.Schemas;

/// <summary>
/// Reads a schema in either dialect, OpenAPI subset or JSON Schema, into what the upstream can be asked for. References are put in
/// place, unions and nullability brought into the upstream's form; what cannot be expressed is refused by name instead of being
/// dropped in silence. Bounded in depth and in the number of nodes that references can blow it up to.
/// </summary>
internal sealed class SchemaReader
{
    private const int MaxDepth = 24;
    private const int MaxNodes = 1_000;
    private const int MaxPatternLength = 1_000;
    private const int MaxProblems = 20;

    /// <summary>Say nothing about the value, or nothing that the upstream or the check could use.</summary>
    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal)
    {
        "$schema", "$id", "$comment", "$anchor", "$defs", "definitions", "default", "example", "examples", "deprecated", "readOnly", "writeOnly",
    };

    private static readonly HashSet<string> Known = new(Ignored, StringComparer.Ordinal)
    {
        "$ref", "type", "nullable", "title", "description", "format", "enum", "const", "properties", "required", "propertyOrdering",
        "additionalProperties", "minProperties", "maxProperties", "items", "minItems", "maxItems", "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern", "anyOf", "oneOf", "allOf",
    };

    private readonly JsonElement _root;
    private readonly string _rootPath;
    private readonly List<JsonProblem> _problems;
    private readonly Stack<string> _references = new();
    private int _nodes;

    private SchemaReader(JsonElement root, string rootPath, List<JsonProblem> problems) =>
        (_root, _rootPath, _problems) = (root, rootPath, problems);

    /// <summary>Reads a schema; null when there are problems, which are added to <paramref name="problems"/>.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="path">Where it stands, for the problems.</param>
    /// <param name="problems">Where problems are added.</param>
    public static SchemaNode? Read(JsonElement schema, string path, List<JsonProblem> problems)
    {
        var before = problems.Count;
        var node = new SchemaReader(schema, path, problems).Node(schema, path, depth: 0);
        return problems.Count == before ? node : null;
    }

    private SchemaNode? Node(JsonElement schema, string path, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return Refuse(path, schema.ValueKind is JsonValueKind.True or JsonValueKind.False
                ? "true and false are no schemas for the model; say which type the value has."
                : "a schema must be an object.");
        }

        if (depth > MaxDepth || ++_nodes > MaxNodes)
        {
            return Refuse(path, $"the schema is too large: at most {MaxNodes} nodes, {MaxDepth} deep, references included.");
        }

        var known = _problems.Count;
        foreach (var member in schema.EnumerateObject())
        {
            if (!Known.Contains(member.Name))
            {
                Refuse($"{path}.{member.Name}", $"the keyword '{member.Name}' cannot be expressed for the model; remove it or say it in the description.");
            }
        }

        if (_problems.Count > known)
        {
            return null;
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Referenced(schema, reference, path, depth);
        }

        if (schema.TryGetProperty("allOf", out var all))
        {
            return Merged(schema, all, path, depth);
        }

        if (Union(schema) is { } union)
        {
            return AnyOf(schema, union.Name, union.Value, path, depth);
        }

        return Typed(schema, path, depth);
    }

    private SchemaNode? Referenced(JsonElement schema, JsonElement reference, string path, int depth)
    {
        if (reference.ValueKind != JsonValueKind.String || reference.GetString() is not { } target || !target.StartsWith('#'))
        {
            return Refuse($"{path}.$ref", $"{Quote(reference)} is not a reference within the schema, as '#/$defs/name'.");
        }

        if (_references.Contains(target))
        {
            return Refuse($"{path}.$ref", $"'{target}' refers to itself; the model's schemas cannot be recursive.");
        }

        if (Resolve(target) is not { } found)
        {
            return Refuse($"{path}.$ref", $"there is nothing at '{target}'.");
        }

        _references.Push(target);
        var node = Node(found, $"{_rootPath}{target[1..].Replace('/', '.')}", depth + 1);
        _references.Pop();
        return node is null ? null : node with
        {
            Title = Text(schema, "title", path) ?? node.Title,
            Description = Text(schema, "description", path) ?? node.Description,
            Nullable = node.Nullable || Flag(schema, "nullable", path),
        };
    }

    private JsonElement? Resolve(string pointer)
    {
        var at = _root;
        foreach (var step in pointer.Split('/')[1..])
        {
            var name = Uri.UnescapeDataString(step).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind == JsonValueKind.Object && at.TryGetProperty(name, out var member))
            {
                at = member;
            }
            else if (at.ValueKind == JsonValueKind.Array && int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < at.GetArrayLength())
            {
                at = at[index];
            }
            else
            {
                return null;
            }
        }

        return at;
    }

    /// <summary>Objects that add up to one; anything else under <c>allOf</c> has no counterpart.</summary>
    private SchemaNode? Merged(JsonElement schema, JsonElement all, string path, int depth)
    {
        if (all.ValueKind != JsonValueKind.Array || all.GetArrayLength() == 0)
        {
            return Refuse($"{path}.allOf", "'allOf' must be a non-empty array of schemas.");
        }

        var parts = all.EnumerateArray().Select((part, i) => Node(part, $"{path}.allOf[{i}]", depth + 1)).ToList();
        if (schema.TryGetProperty("properties", out _))
        {
            parts.Add(Typed(schema, path, depth));
        }

        if (parts.Any(p => p is null))
        {
            return null;
        }

        if (parts.Count > 1 && parts.Any(p => p is not { Type: SchemaType.Object, Closed: false }))
        {
            return Refuse($"{path}.allOf", "only open objects can be merged; write the result out.");
        }

        var properties = parts.SelectMany(p => p!.Properties ?? []).ToList();
        if (properties.GroupBy(p => p.Key, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            return Refuse($"{path}.allOf", $"'{twice.Key}' is in more than one of its schemas; write the result out.");
        }

        return parts[0]! with
        {
            Title = Text(schema, "title", path) ?? parts[0]!.Title,
            Description = Text(schema, "description", path) ?? parts[0]!.Description,
            Properties = parts[0]!.Type == SchemaType.Object ? properties : null,
            Required = [.. parts.SelectMany(p => p!.Required).Distinct(StringComparer.Ordinal)],
            Nullable = parts.All(p => p!.Nullable) || Flag(schema, "nullable", path),
        };
    }

    private static (string Name, JsonElement Value)? Union(JsonElement schema) =>
        schema.TryGetProperty("anyOf", out var value) ? ("anyOf", value)
        : schema.TryGetProperty("oneOf", out value) ? ("oneOf", value)
        : null;

    /// <summary><c>oneOf</c> is read as <c>anyOf</c>: that is how the model takes it.</summary>
    private SchemaNode? AnyOf(JsonElement schema, string name, JsonElement choices, string path, int depth)
    {
        if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
        {
            return Refuse($"{path}.{name}", $"'{name}' must be a non-empty array of schemas.");
        }

        foreach (var beside in schema.EnumerateObject().Where(m => m.Name != name && !Ignored.Contains(m.Name)))
        {
            if (beside.Name is not ("title" or "description" or "nullable"))
            {
                return Refuse($"{path}.{beside.Name}", $"'{beside.Name}' cannot stand beside '{name}'; move it into each of the choices.");
            }
        }

        var nullable = Flag(schema, "nullable", path);
        List<SchemaNode> nodes = [];
        var i = 0;
        foreach (var choice in choices.EnumerateArray())
        {
            if (Node(choice, $"{path}.{name}[{i++}]", depth + 1) is not { } node)
            {
                continue;
            }

            if (node.Type == SchemaType.Null)
            {
                nullable = true;
            }
            else
            {
                nodes.Add(node);
            }
        }

        var (title, description) = (Text(schema, "title", path), Text(schema, "description", path));
        return nodes.Count switch
        {
            0 => new SchemaNode { Type = SchemaType.Null, Title = title, Description = description },
            1 => nodes[0] with { Nullable = nullable || nodes[0].Nullable, Title = title ?? nodes[0].Title, Description = description ?? nodes[0].Description },
            _ => new SchemaNode { AnyOf = nodes, Nullable = nullable, Title = title, Description = description },
        };
    }

    private SchemaNode? Typed(JsonElement schema, string path, int depth)
    {
        List<SchemaType> types = [];
        if (schema.TryGetProperty("type", out var type))
        {
            foreach (var name in type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().ToList() : [type])
            {
                if (name.ValueKind == JsonValueKind.String && Enum.TryParse<SchemaType>(name.GetString(), ignoreCase: true, out var parsed) && Enum.IsDefined(parsed))
                {
                    types.Add(parsed);
                }
                else
                {
                    return Refuse($"{path}.type", $"{Quote(name)} is not a type; use string, number, integer, boolean, array, object or null.");
                }
            }
        }
        else if (Inferred(schema) is { } inferred)
        {
            types.Add(inferred);
        }
        else
        {
            return Refuse(path, "it says nothing about its value; give it a 'type'.");
        }

        var nullable = types.Remove(SchemaType.Null);
        if (types.Count == 0)
        {
            return nullable ? new SchemaNode { Type = SchemaType.Null } : Refuse($"{path}.type", "an empty list of types fits nothing.");
        }

        var nodes = types.Distinct().Select(t => OfType(schema, t, path, depth)).ToList();
        if (nodes.Any(n => n is null))
        {
            return null;
        }

        return nodes.Count == 1
            ? nodes[0]! with { Nullable = nullable || nodes[0]!.Nullable }
            : new SchemaNode
            {
                AnyOf = [.. nodes.Select(n => n! with { Title = null, Description = null, Nullable = false })],
                Nullable = nullable || nodes.Any(n => n!.Nullable),
                Title = nodes[0]!.Title,
                Description = nodes[0]!.Description,
            };
    }

    private static SchemaType? Inferred(JsonElement schema)
    {
        if (schema.TryGetProperty("properties", out _))
        {
            return SchemaType.Object;
        }

        if (schema.TryGetProperty("items", out _))
        {
            return SchemaType.Array;
        }

        var sample = schema.TryGetProperty("const", out var constant) ? constant
            : schema.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array && values.GetArrayLength() > 0
                ? values.EnumerateArray().FirstOrDefault(v => v.ValueKind != JsonValueKind.Null)
                : default;
        return sample.ValueKind switch
        {
            JsonValueKind.String => SchemaType.String,
            JsonValueKind.Number => SchemaType.Number,
            _ => null,
        };
    }

    private SchemaNode? OfType(JsonElement schema, SchemaType type, string path, int depth)
    {
        var before = _problems.Count;
        var node = new SchemaNode
        {
            Type = type,
            Nullable = Flag(schema, "nullable", path),
            Title = Text(schema, "title", path),
            Description = Text(schema, "description", path),
            Format = Text(schema, "format", path),
        };
        node = WithChoices(node, schema, type, path);
        node = type switch
        {
            SchemaType.String => WithText(node, schema, path),
            SchemaType.Number or SchemaType.Integer => node with
            {
                Minimum = Bound(schema, "minimum", "exclusiveMinimum", type, step: 1, path),
                Maximum = Bound(schema, "maximum", "exclusiveMaximum", type, step: -1, path),
            },
            SchemaType.Array => node with
            {
                Items = schema.TryGetProperty("items", out var items)
                    ? Node(items, $"{path}.items", depth + 1)
                    : Refuse(path, "an array needs 'items' that say what is in it."),
                MinItems = Count(schema, "minItems", path),
                MaxItems = Count(schema, "maxItems", path),
            },
            SchemaType.Object => WithProperties(node, schema, path, depth),
            _ => node,
        };
        return _problems.Count == before ? node : null;
    }

    private SchemaNode WithChoices(SchemaNode node, JsonElement schema, SchemaType type, string path)
    {
        var name = schema.TryGetProperty("const", out var constant) ? "const" : "enum";
        List<JsonElement> values;
        if (name == "const")
        {
            values = [constant];
        }
        else if (!schema.TryGetProperty("enum", out var list))
        {
            return node;
        }
        else if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            Refuse($"{path}.enum", "'enum' must be a non-empty array.");
            return node;
        }
        else
        {
            values = [.. list.EnumerateArray()];
        }

        var nullable = values.RemoveAll(v => v.ValueKind == JsonValueKind.Null) > 0;
        var wanted = type switch
        {
            SchemaType.String => JsonValueKind.String,
            SchemaType.Number or SchemaType.Integer => JsonValueKind.Number,
            _ => JsonValueKind.Undefined,
        };
        if (values.Find(v => v.ValueKind != wanted) is { ValueKind: not JsonValueKind.Undefined } wrong)
        {
            Refuse($"{path}.{name}", $"{Quote(wrong)} cannot be a choice here; choices are strings or numbers of the type beside them.");
            return node;
        }

        return node with { Enum = [.. values.Select(v => v.Clone())], Nullable = node.Nullable || nullable };
    }

    private SchemaNode WithText(SchemaNode node, JsonElement schema, string path)
    {
        node = node with { MinLength = Count(schema, "minLength", path), MaxLength = Count(schema, "maxLength", path) };
        if (Text(schema, "pattern", path) is not { } pattern)
        {
            return node;
        }

        if (pattern.Length > MaxPatternLength)
        {
            Refuse($"{path}.pattern", $"it has {pattern.Length} characters; the limit is {MaxPatternLength}.");
            return node;
        }

        try
        {
            return node with { Pattern = pattern, Matcher = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1)) };
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            Refuse($"{path}.pattern", $"'{Short(pattern)}' cannot be used ({e.Message}); look-around and back-references are not supported.");
            return node;
        }
    }

    private SchemaNode WithProperties(SchemaNode node, JsonElement schema, string path, int depth)
    {
        var closed = false;
        if (schema.TryGetProperty("additionalProperties", out var additional))
        {
            closed = additional.ValueKind == JsonValueKind.False;
            if (additional.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
            {
                Refuse($"{path}.additionalProperties", "maps with free keys cannot be expressed for the model; use an array of objects with a key and a value.");
            }
        }

        List<KeyValuePair<string, SchemaNode>> properties = [];
        if (schema.TryGetProperty("properties", out var members))
        {
            if (members.ValueKind != JsonValueKind.Object)
            {
                Refuse($"{path}.properties", "'properties' must be an object.");
                return node;
            }

            foreach (var member in members.EnumerateObject())
            {
                if (properties.Exists(p => p.Key == member.Name))
                {
                    Refuse($"{path}.properties.{member.Name}", "the name is there twice.");
                }
                else if (Node(member.Value, $"{path}.properties.{member.Name}", depth + 1) is { } property)
                {
                    properties.Add(new(member.Name, property));
                }
                else if (_problems.Count >= MaxProblems)
                {
                    return node;
                }
            }
        }

        var required = Names(schema, "required", path);
        var order = Names(schema, "propertyOrdering", path);
        foreach (var (list, name) in new[] { (required, "required"), (order, "propertyOrdering") })
        {
            foreach (var unknown in list.Where(n => !members.IsMember(n)))
            {
                Refuse($"{path}.{name}", $"'{unknown}' is not among the properties.");
            }
        }

        return node with
        {
            Properties = order.Count == 0 ? properties : [.. properties.OrderBy(p => order.IndexOf(p.Key) is var i and >= 0 ? i : int.MaxValue)],
            Required = required,
            Closed = closed,
            MinProperties = Count(schema, "minProperties", path),
            MaxProperties = Count(schema, "maxProperties", path),
        };
    }

    private List<string> Names(JsonElement schema, string name, string path)
    {
        if (!schema.TryGetProperty(name, out var list))
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array || list.EnumerateArray().Any(n => n.ValueKind != JsonValueKind.String))
        {
            Refuse($"{path}.{name}", $"'{name}' must be an array of names.");
            return [];
        }

        return [.. list.EnumerateArray().Select(n => n.GetString()!).Distinct(StringComparer.Ordinal)];
    }

    private string? Text(JsonElement schema, string name, string path)
    {
        if (!schema.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String)
        {
            Refuse($"{path}.{name}", $"'{name}' must be a string.");
            return null;
        }

        return value.GetString();
    }

    private bool Flag(JsonElement schema, string name, string path)
    {
        if (!schema.TryGetProperty(name, out var value))
        {
            return false;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Refuse($"{path}.{name}", $"'{name}' must be true or false.");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    private long? Count(JsonElement schema, string name, string path)
    {
        if (!schema.TryGetProperty(name, out var value))
        {
            return null;
        }

        // Google's own clients write counts as strings.
        var text = value.ValueKind is JsonValueKind.String ? value.GetString() : value.GetRawText();
        if (value.ValueKind is JsonValueKind.String or JsonValueKind.Number
            && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return count;
        }

        Refuse($"{path}.{name}", $"{Quote(value)} is not a count; '{name}' must be a whole number of at least 0.");
        return null;
    }

    private double? Bound(JsonElement schema, string name, string exclusive, SchemaType type, int step, string path)
    {
        if (schema.TryGetProperty(exclusive, out var strict))
        {
            if (strict.ValueKind == JsonValueKind.Number && type == SchemaType.Integer)
            {
                return strict.GetDouble() is var edge && step > 0 ? Math.Floor(edge) + 1 : Math.Ceiling(edge) - 1;
            }

            Refuse($"{path}.{exclusive}", $"'{exclusive}' can be expressed for integers only; use '{name}'.");
            return null;
        }

        if (!schema.TryGetProperty(name, out var value))
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && double.IsFinite(value.GetDouble()))
        {
            return value.GetDouble();
        }

        Refuse($"{path}.{name}", $"{Quote(value)} is not a number.");
        return null;
    }

    private SchemaNode? Refuse(string path, string reason)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(new JsonProblem(path, reason));
        }

        return null;
    }

    private static string Quote(JsonElement value) => Short(value.GetRawText());

    private static string Short(string text) => text.Length <= 80 ? text : $"{text[..80]}…";
}

file static class Elements
{
    public static bool IsMember(this JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out _);
}
