using System.Text.Json;
using System.Text.RegularExpressions;

namespace FlashDrop.Core.Schemas;

/// <summary>The types a value can have, by the upstream's names.</summary>
internal enum SchemaType
{
    String,
    Number,
    Integer,
    Boolean,
    Array,
    Object,
    Null,
}

/// <summary>
/// One node of an answer's schema, references resolved: what the upstream's OpenAPI subset can say, and the little beyond it that an
/// answer is checked for all the same (<see cref="Closed"/>, numeric <see cref="Enum"/>).
/// </summary>
internal sealed record SchemaNode
{
    /// <summary>Null for a union, which is in <see cref="AnyOf"/>.</summary>
    public SchemaType? Type { get; init; }

    public bool Nullable { get; init; }

    public string? Title { get; init; }

    public string? Description { get; init; }

    public string? Format { get; init; }

    /// <summary>Strings, or numbers.</summary>
    public IReadOnlyList<JsonElement>? Enum { get; init; }

    /// <summary>In the order they are asked for.</summary>
    public IReadOnlyList<KeyValuePair<string, SchemaNode>>? Properties { get; init; }

    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>Whether other properties than the named ones are a misfit.</summary>
    public bool Closed { get; init; }

    public long? MinProperties { get; init; }

    public long? MaxProperties { get; init; }

    public SchemaNode? Items { get; init; }

    public long? MinItems { get; init; }

    public long? MaxItems { get; init; }

    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    public long? MinLength { get; init; }

    public long? MaxLength { get; init; }

    public string? Pattern { get; init; }

    /// <summary><see cref="Pattern"/>, in an engine whose time grows with the text's length only.</summary>
    public Regex? Matcher { get; init; }

    public IReadOnlyList<SchemaNode>? AnyOf { get; init; }
}

/// <summary>Something wrong at a place in a JSON document.</summary>
/// <param name="Path">Where, as <c>$.lines[2].price</c>.</param>
/// <param name="Reason">What, for a person; a whole sentence.</param>
internal sealed record JsonProblem(string Path, string Reason)
{
    /// <inheritdoc />
    public override string ToString() => $"{Path}: {Reason}";
}
