namespace FlashDrop.Infra.Tests.Bicep;

/// <summary>A declaration: what it is called, where, and with which decorators.</summary>
internal sealed record Declaration(string Kind, string Name, SyntaxNode Node, IReadOnlyList<SyntaxNode> Decorators)
{
    /// <summary>The declared type of a parameter or output.</summary>
    public string TypeName { get; } = Node.Named.FirstOrDefault(child => child.Type == "type")?.Text ?? "";

    /// <summary>The expression: a default, a value, a body. Null for a parameter without default.</summary>
    public SyntaxNode? Value { get; } = Node.Has("=") ? Node.Named[^1] : null;

    /// <summary>Resource type with version, or module path.</summary>
    public string? Target { get; } = Kind is "resource" or "module" ? Node.Named[1].Literal : null;

    public bool IsExisting => Node.Has("existing");

    public bool IsConditional => Value?.Type == "if_statement";

    public bool IsLoop => Value?.Type == "for_statement";

    /// <summary>The object of a resource or module, whatever condition or loop is around it.</summary>
    public SyntaxNode Body
    {
        get
        {
            SyntaxNode body = Value!;
            while (body.Type is "if_statement" or "for_statement")
            {
                body = body.Named[^1];
            }

            return body;
        }
    }

    public SyntaxNode? Decorator(string name) =>
        Decorators.Select(decorator => decorator.Named[0]).FirstOrDefault(call => call.Named.Count > 0 && call.Named[0].Text == name);
}

/// <summary>A parsed Bicep file.</summary>
internal sealed class BicepFile
{
    public BicepFile(string path, SyntaxNode root)
    {
        Path = path;
        Root = root;
        List<SyntaxNode> decorators = [];
        foreach (SyntaxNode node in root.Named)
        {
            switch (node.Type)
            {
                case "decorators":
                    decorators = [.. node.Named];
                    continue;
                case "target_scope_assignment":
                    TargetScope = node.Named[0].Literal ?? "";
                    break;
                case "parameter_declaration" or "variable_declaration" or "resource_declaration" or "module_declaration" or "output_declaration" when !HasBrokenHead(node):
                    Declarations.Add(new Declaration(node.Type[..node.Type.IndexOf('_', StringComparison.Ordinal)], node.Named[0].Text, node, decorators));
                    break;
                default:
                    Unknown.Add(node);
                    break;
            }

            decorators = [];
        }
    }

    public string Path { get; }

    public SyntaxNode Root { get; }

    public string TargetScope { get; } = "resourceGroup";

    public List<Declaration> Declarations { get; } = [];

    /// <summary>Statements the checks do not understand, each of which is a finding.</summary>
    public List<SyntaxNode> Unknown { get; } = [];

    public IEnumerable<Declaration> OfKind(string kind) => Declarations.Where(declaration => declaration.Kind == kind);

    public Declaration? Find(string name) => Declarations.FirstOrDefault(declaration => declaration.Kind != "output" && declaration.Name == name);

    public static async Task<IReadOnlyDictionary<string, BicepFile>> ParseAsync(IReadOnlyDictionary<string, string> sources, CancellationToken cancellationToken)
    {
        Dictionary<string, SyntaxNode> trees = await NodeTool.RunAsync<SyntaxNode>("bicep", sources, cancellationToken);
        return trees.ToDictionary(tree => tree.Key, tree => new BicepFile(tree.Key, tree.Value), StringComparer.Ordinal);
    }

    private static bool HasBrokenHead(SyntaxNode node) => node.Named.Count < 2 || node.Children.Any(child => child.IsBroken);
}
