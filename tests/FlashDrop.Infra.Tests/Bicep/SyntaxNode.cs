using System.Text;
using System.Text.Json.Serialization;

namespace FlashDrop.Infra.Tests.Bicep;

/// <summary>A node of the tree that tree-sitter made; see <c>tools/check.mjs</c>.</summary>
internal sealed record SyntaxNode(
    [property: JsonPropertyName("t")] string Type,
    [property: JsonPropertyName("x")] string? Leaf,
    [property: JsonPropertyName("l")] int Line,
    [property: JsonPropertyName("c")] int Column,
    [property: JsonPropertyName("f")] int Flags,
    [property: JsonPropertyName("n")] IReadOnlyList<SyntaxNode> Children)
{
    [JsonIgnore]
    public bool IsNamed => (Flags & 1) != 0;

    [JsonIgnore]
    public bool IsBroken => (Flags & 6) != 0;

    /// <summary>The children that mean something: no punctuation, no comments.</summary>
    [JsonIgnore]
    public IReadOnlyList<SyntaxNode> Named { get; } = [.. Children.Where(child => (child.Flags & 1) != 0 && child.Type is not ("comment" or "diagnostic_comment"))];

    [JsonIgnore]
    public string Text => Leaf ?? string.Concat(Children.Select(child => child.Text));

    public bool Has(string token) => Children.Any(child => child.Type == token);

    /// <summary>In the order of the text.</summary>
    public IEnumerable<SyntaxNode> DescendantsAndSelf()
    {
        Stack<SyntaxNode> pending = new([this]);
        while (pending.TryPop(out SyntaxNode? node))
        {
            yield return node;
            for (int i = node.Children.Count - 1; i >= 0; i--)
            {
                pending.Push(node.Children[i]);
            }
        }
    }

    /// <summary>The value of a string without interpolation, else null.</summary>
    [JsonIgnore]
    public string? Literal
    {
        get
        {
            if (Type != "string")
            {
                return null;
            }

            StringBuilder value = new();
            foreach (SyntaxNode part in Named)
            {
                switch (part.Type)
                {
                    case "string_content":
                        value.Append(part.Text);
                        break;
                    case "escape_sequence":
                        value.Append(part.Text switch { "\\n" => "\n", "\\t" => "\t", "\\r" => "\r", _ => part.Text[1..] });
                        break;
                    default:
                        return null;
                }
            }

            return value.ToString();
        }
    }

    /// <summary>This tree with one node put in another's place.</summary>
    public SyntaxNode Replace(SyntaxNode old, SyntaxNode @new)
    {
        if (ReferenceEquals(this, old))
        {
            return @new;
        }

        for (int i = 0; i < Children.Count; i++)
        {
            SyntaxNode child = Children[i].Replace(old, @new);
            if (!ReferenceEquals(child, Children[i]))
            {
                return new SyntaxNode(Type, Leaf, Line, Column, Flags, [.. Children.Take(i), child, .. Children.Skip(i + 1)]);
            }
        }

        return this;
    }
}
