using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace FlashDrop.Infra.Tests;

/// <summary>A property of an options class.</summary>
/// <param name="Type">Its type as written.</param>
/// <param name="IsRequired">Whether it needs a value from outside: <c>required</c>, or without a default and <c>[Required]</c> or not nullable.</param>
internal sealed record OptionProperty(string Type, bool IsRequired);

/// <summary>
/// What the product's C# says about its surroundings, read from the source text: no build of the product is needed, and what is
/// not written yet is simply not there.
/// </summary>
internal sealed class SourceCode
{
    private readonly Dictionary<string, Dictionary<string, OptionProperty>> _classes = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Class, string Name), (ExpressionSyntax Value, string Project)> _constants = [];
    private readonly Dictionary<(string Class, string Name), CollectionExpressionSyntax> _lists = [];
    private readonly List<AttributeSyntax> _attributes = [];

    public SourceCode(IEnumerable<(string Path, string Text)> files)
    {
        foreach ((string path, string text) in files)
        {
            SyntaxNode root = CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview)).GetRoot();
            foreach (TypeDeclarationSyntax type in root.DescendantNodes().OfType<TypeDeclarationSyntax>())
            {
                Read(type, path);
            }

            _attributes.AddRange(root.DescendantNodes().OfType<AttributeSyntax>());
            Literals.UnionWith(root.DescendantTokens().Where(token => token.IsKind(SyntaxKind.StringLiteralToken)).Select(token => token.ValueText));
        }
    }

    /// <summary>Every string literal.</summary>
    public HashSet<string> Literals { get; } = new(StringComparer.Ordinal);

    /// <summary>Options classes by configuration section.</summary>
    public Dictionary<string, string> Sections => _constants
        .Where(constant => constant.Key.Name == "Section" && _classes.ContainsKey(constant.Key.Class))
        .Select(constant => (Section: Evaluate(constant.Value.Value, constant.Key.Class), constant.Key.Class))
        .Where(section => section.Section is not null)
        .ToDictionary(section => section.Section!, section => section.Class, StringComparer.OrdinalIgnoreCase);

    /// <summary>Names of the functions.</summary>
    public IReadOnlyList<string> Functions => Arguments("Function");

    /// <summary>Schedules as written, for example <c>%SweepSchedule%</c>.</summary>
    public IReadOnlyList<string> Schedules => Arguments("TimerTrigger");

    /// <summary>Queues with a trigger.</summary>
    public IReadOnlyList<string> TriggerQueues => Arguments("QueueTrigger");

    /// <summary>Paths of blob triggers.</summary>
    public IReadOnlyList<string> TriggerBlobs => Arguments("BlobTrigger");

    public static SourceCode OfProduct() => new(Repository.Files("src", "*.cs").Select(path => (path, Repository.Read(path))));

    public IReadOnlyDictionary<string, OptionProperty>? Class(string name) => _classes.GetValueOrDefault(name);

    /// <summary>The constants of a class, by name.</summary>
    public IReadOnlyDictionary<string, string> Constants(string type) =>
        _constants.Where(constant => constant.Key.Class == type)
            .Select(constant => (constant.Key.Name, Value: Evaluate(constant.Value.Value, type)))
            .Where(constant => constant.Value is not null)
            .ToDictionary(constant => constant.Name, constant => constant.Value!, StringComparer.Ordinal);

    /// <summary>The values of constants whose name ends so, within one project.</summary>
    public IReadOnlyList<string> ConstantsNamed(string ending, string project) =>
        [.. _constants.Where(constant => constant.Key.Name.EndsWith(ending, StringComparison.Ordinal) && constant.Value.Project == project)
            .Select(constant => Evaluate(constant.Value.Value, constant.Key.Class)).OfType<string>()];

    /// <summary>The items of a static list such as <c>All</c>.</summary>
    public IReadOnlyList<string> List(string type, string property) =>
        _lists.TryGetValue((type, property), out CollectionExpressionSyntax? list)
            ? [.. list.Elements.OfType<ExpressionElementSyntax>().Select(element => Evaluate(element.Expression, type)).OfType<string>()]
            : [];

    private void Read(TypeDeclarationSyntax type, string path)
    {
        string name = type.Identifier.Text;
        Dictionary<string, OptionProperty> properties = _classes.TryGetValue(name, out Dictionary<string, OptionProperty>? known) ? known : _classes[name] = new(StringComparer.OrdinalIgnoreCase);
        foreach (PropertyDeclarationSyntax property in type.Members.OfType<PropertyDeclarationSyntax>())
        {
            // A validated property with a default needs nothing from outside.
            bool isRequired = property.Modifiers.Any(SyntaxKind.RequiredKeyword) || (property.Initializer is null && (IsMarkedRequired(property) || IsUnsetReference(property)));
            properties[property.Identifier.Text] = new OptionProperty(property.Type.ToString(), isRequired);
            if (property.Initializer?.Value is CollectionExpressionSyntax list)
            {
                _lists[(name, property.Identifier.Text)] = list;
            }
        }

        foreach (FieldDeclarationSyntax field in type.Members.OfType<FieldDeclarationSyntax>().Where(field => field.Modifiers.Any(SyntaxKind.ConstKeyword)))
        {
            foreach (VariableDeclaratorSyntax variable in field.Declaration.Variables)
            {
                _constants[(name, variable.Identifier.Text)] = (variable.Initializer!.Value, path.Split('/')[1]);
            }
        }
    }

    private static bool IsMarkedRequired(PropertyDeclarationSyntax property) =>
        property.AttributeLists.SelectMany(list => list.Attributes).Any(attribute => attribute.Name.ToString() == "Required");

    private static bool IsUnsetReference(PropertyDeclarationSyntax property) =>
        property.Type.ToString() is "string" or "Uri" && property.AccessorList?.Accessors.Any(accessor => accessor.IsKind(SyntaxKind.SetAccessorDeclaration)) == true;

    private IReadOnlyList<string> Arguments(string attribute) =>
        [.. _attributes
            .Where(found => found.Name.ToString() == attribute && found.ArgumentList is { Arguments.Count: > 0 })
            .Select(found => Evaluate(found.ArgumentList!.Arguments[0].Expression, found.FirstAncestorOrSelf<TypeDeclarationSyntax>()?.Identifier.Text ?? ""))
            .OfType<string>()];

    private string? Evaluate(ExpressionSyntax expression, string type) => expression switch
    {
        LiteralExpressionSyntax literal => literal.Token.ValueText,
        ParenthesizedExpressionSyntax parenthesized => Evaluate(parenthesized.Expression, type),
        BinaryExpressionSyntax sum when sum.IsKind(SyntaxKind.AddExpression) => Evaluate(sum.Left, type) + Evaluate(sum.Right, type),
        InvocationExpressionSyntax { Expression: IdentifierNameSyntax { Identifier.Text: "nameof" } } call => call.ArgumentList.Arguments[0].Expression.ToString().Split('.')[^1],
        IdentifierNameSyntax name => Constant(type, name.Identifier.Text),
        MemberAccessExpressionSyntax member => Constant(member.Expression.ToString().Split('.')[^1], member.Name.Identifier.Text),
        _ => null,
    };

    private string? Constant(string type, string name) => _constants.TryGetValue((type, name), out (ExpressionSyntax Value, string Project) constant) ? Evaluate(constant.Value, type) : null;
}
