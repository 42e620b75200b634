using System.Text.RegularExpressions;
using Azure.Bicep.Types.Concrete;

namespace FlashDrop.Infra.Tests.Bicep;

internal sealed record ResourceRef(Declaration Declaration, string TypeName, BicepType Body) : BicepType
{
    public override string Describe() => TypeName;
}

internal sealed record ModuleRef(Declaration Declaration, BicepFile File) : BicepType
{
    public override string Describe() => "module";
}

/// <summary>
/// Checks Bicep files without the Bicep compiler: names, types, API versions and properties against the published types,
/// modules against each other. Stricter than the compiler: a string that is not among a property's published values, a property that is
/// not published and an expression the checker does not know are findings, so nothing passes unread.
/// </summary>
internal sealed partial class BicepChecker
{
    private static readonly string[] EnvironmentUrls = ["core.windows.net", "vault.azure.net", "management.azure.com", "login.microsoftonline.com", "database.windows.net"];

    private readonly IReadOnlyDictionary<string, BicepFile> _files;
    private readonly Func<string, string?> _load;
    private readonly BicepFile _file;
    private readonly List<Finding> _findings = [];
    private readonly HashSet<Declaration> _used = [];
    private readonly Dictionary<Declaration, BicepType> _types = [];
    private readonly HashSet<Declaration> _resolving = [];

    private BicepChecker(IReadOnlyDictionary<string, BicepFile> files, BicepFile file, Func<string, string?> load) =>
        (_files, _file, _load) = (files, file, load);

    /// <summary>All findings in all files. <paramref name="load"/> reads a text file that a Bicep file loads, or gives null.</summary>
    public static IReadOnlyList<Finding> Check(IReadOnlyDictionary<string, BicepFile> files, Func<string, string?> load) =>
        [.. files.Values.SelectMany(file => CheckFile(files, file, load))];

    /// <summary>The findings in one of the files.</summary>
    public static IReadOnlyList<Finding> CheckFile(IReadOnlyDictionary<string, BicepFile> files, BicepFile file, Func<string, string?> load)
    {
        BicepChecker checker = new(files, file, load);
        checker.CheckStatements();
        foreach (Declaration declaration in file.Declarations)
        {
            checker.CheckDeclaration(declaration);
        }

        checker.CheckUnused();
        return checker._findings;
    }

    private void Report(SyntaxNode node, string code, string message)
    {
        Finding finding = new(_file.Path, node.Line, code, message);
        if (!_findings.Contains(finding))
        {
            _findings.Add(finding);
        }
    }

    private void CheckStatements()
    {
        foreach (SyntaxNode node in _file.Root.DescendantsAndSelf().Where(node => node.IsBroken))
        {
            Report(node, "syntax", $"cannot be parsed: {node.Text}");
        }

        foreach (SyntaxNode node in _file.Unknown)
        {
            Report(node, "statement", $"not understood: {node.Type}");
        }

        foreach (IGrouping<string, Declaration> twins in _file.Declarations.GroupBy(declaration => $"{declaration.Kind == "output"} {declaration.Name}", StringComparer.Ordinal).Where(group => group.Count() > 1))
        {
            Report(twins.Last().Node, "duplicate", $"{twins.Last().Name} is declared twice");
        }

        foreach (SyntaxNode text in _file.Root.DescendantsAndSelf().Where(node => node.Type == "string_content"))
        {
            if (Array.Find(EnvironmentUrls, url => text.Text.Contains(url, StringComparison.OrdinalIgnoreCase)) is { } url)
            {
                Report(text, "environment-url", $"{url} differs between clouds; use environment()");
            }
        }
    }

    private void CheckDeclaration(Declaration declaration)
    {
        foreach (SyntaxNode decorator in declaration.Decorators)
        {
            CheckDecorator(decorator.Named[0]);
        }

        if (declaration.Kind is "parameter" or "output" && declaration.Decorator("description") is null)
        {
            Report(declaration.Node, "description", $"{declaration.Name} has no @description");
        }

        switch (declaration.Kind)
        {
            case "parameter":
                CheckParameter(declaration);
                break;
            case "variable":
                TypeOf(declaration);
                break;
            case "resource":
                CheckResource(declaration);
                break;
            case "module":
                CheckModule(declaration);
                break;
            default:
                CheckOutput(declaration);
                break;
        }
    }

    private void CheckDecorator(SyntaxNode call)
    {
        if (call.Type != "call_expression" || !Builtins.Decorators.TryGetValue(call.Named[0].Text, out (int Minimum, int Maximum) arity))
        {
            Report(call, "decorator", $"unknown decorator {call.Text}");
            return;
        }

        int given = call.Named[1].Named.Count;
        if (given < arity.Minimum || given > arity.Maximum)
        {
            Report(call, "decorator", $"@{call.Named[0].Text} does not take {given} arguments");
        }
    }

    private void CheckParameter(Declaration parameter)
    {
        BicepType type = TypeOf(parameter);
        if (parameter.Value is { } value)
        {
            CheckValue(value, type, Locals.None);
            if (IsSecure(parameter) && value.Literal is not "")
            {
                Report(value, "secure", $"the secure parameter {parameter.Name} has a default");
            }
        }

        if (!IsSecure(parameter) && SecretName().IsMatch(parameter.Name))
        {
            Report(parameter.Node, "secure", $"{parameter.Name} looks like a secret and is not @secure()");
        }
    }

    private void CheckOutput(Declaration output)
    {
        if (output.Value is null)
        {
            Report(output.Node, "syntax", $"output {output.Name} has no value");
            return;
        }

        CheckValue(output.Value, NamedType(output), Locals.None);
        if (UsesSecret(output.Value))
        {
            Report(output.Node, "secure", $"output {output.Name} reveals a secret");
        }
    }

    private void CheckUnused()
    {
        foreach (Declaration declaration in _file.Declarations.Where(declaration => !_used.Contains(declaration)))
        {
            if (declaration.Kind is "parameter" or "variable" || declaration is { Kind: "resource", IsExisting: true })
            {
                Report(declaration.Node, "unused", $"{declaration.Name} is not used");
            }
        }
    }

    // ---- resources ----

    private void CheckResource(Declaration resource)
    {
        if (resource.Target is null || AzureTypes.Find(resource.Target) is not { } type)
        {
            Report(resource.Node, "resource-type", $"{resource.Target} is not a published type and version");
            return;
        }

        Locals locals = CheckAround(resource.Value!, Locals.None);
        if (resource.Body.Type != "object")
        {
            Report(resource.Node, "syntax", $"{resource.Name} has no body");
            return;
        }

        Dictionary<string, SyntaxNode> properties = PropertiesOf(resource.Body);
        CheckName(resource, properties);
        CheckParent(resource, properties, locals);
        CheckScope(resource, type, properties, locals);
        if (properties.TryGetValue("dependsOn", out SyntaxNode? dependencies))
        {
            CheckDependencies(dependencies, locals);
        }

        string[] language = ["parent", "scope", "dependsOn"];
        if (resource.IsExisting)
        {
            foreach ((string name, SyntaxNode value) in properties.Where(property => property.Key is not ("name" or "parent" or "scope")))
            {
                Report(value, "unknown-property", $"an existing resource takes no {name}");
            }

            CheckValue(properties["name"], BicepType.String, locals);
            return;
        }

        if (properties.TryGetValue("location", out SyntaxNode? location) && location.Literal is { } place && place != "global")
        {
            Report(location, "location", $"the location '{place}' is fixed; use a parameter");
        }

        CheckObject(resource.Body, AzureTypes.BodyOf(type), locals, language);
    }

    private void CheckName(Declaration resource, Dictionary<string, SyntaxNode> properties)
    {
        if (!properties.TryGetValue("name", out SyntaxNode? name))
        {
            Report(resource.Node, "missing-property", $"{resource.Name} has no name");
            properties["name"] = resource.Body;
        }
        else if (name.Literal?.Contains('/', StringComparison.Ordinal) == true)
        {
            Report(name, "parent", "a name with a slash; use parent");
        }
    }

    private void CheckParent(Declaration resource, Dictionary<string, SyntaxNode> properties, Locals locals)
    {
        string type = resource.Target![..resource.Target!.IndexOf('@', StringComparison.Ordinal)];
        bool isChild = type.Count(character => character == '/') > 1;
        if (!properties.TryGetValue("parent", out SyntaxNode? parent))
        {
            if (isChild)
            {
                Report(resource.Node, "parent", $"{resource.Name} is a child resource without parent");
            }

            return;
        }

        string expected = type[..type.LastIndexOf('/')];
        if (TypeOf(parent, locals) is not ResourceRef found || !string.Equals(found.TypeName[..found.TypeName.IndexOf('@', StringComparison.Ordinal)], expected, StringComparison.Ordinal))
        {
            Report(parent, "parent", $"the parent of {type} must be a {expected}");
        }
    }

    private void CheckScope(Declaration resource, ResourceType type, Dictionary<string, SyntaxNode> properties, Locals locals)
    {
        ScopeType scopes = type.WritableScopes_in ?? type.WritableScopes;
        if (properties.TryGetValue("scope", out SyntaxNode? scope))
        {
            if (TypeOf(scope, locals) is not ResourceRef)
            {
                Report(scope, "scope", "the scope must be a resource");
            }
            else if (!resource.IsExisting && !scopes.HasFlag(ScopeType.Extension))
            {
                Report(scope, "scope", $"{resource.Target} does not attach to another resource");
            }
        }
        else if (!resource.IsExisting && scopes != ScopeType.None && !scopes.HasFlag(_file.TargetScope == "subscription" ? ScopeType.Subscription : ScopeType.ResourceGroup))
        {
            Report(resource.Node, "scope", $"{resource.Target} cannot be deployed to a {_file.TargetScope}");
        }
    }

    private void CheckDependencies(SyntaxNode dependencies, Locals locals)
    {
        foreach (SyntaxNode dependency in dependencies.Named)
        {
            BicepType type = TypeOf(dependency, locals);
            if ((type is ArrayOf many ? many.Item.Value : type) is not (ResourceRef or ModuleRef))
            {
                Report(dependency, "type", "dependsOn takes resources and modules");
            }
        }
    }

    /// <summary>The condition and the loop around a body; gives what the loop declares.</summary>
    private Locals CheckAround(SyntaxNode value, Locals locals)
    {
        while (value.Type is "if_statement" or "for_statement")
        {
            if (value.Type == "if_statement")
            {
                CheckValue(value.Named[0], BicepType.Bool, locals);
            }
            else
            {
                locals = EnterLoop(value, locals);
            }

            value = value.Named[^1];
        }

        return locals;
    }

    // ---- modules ----

    private void CheckModule(Declaration module)
    {
        if (ModuleFile(module) is not { } child)
        {
            Report(module.Node, "module-path", $"{module.Target} does not exist");
            return;
        }

        Locals locals = CheckAround(module.Value!, Locals.None);
        Dictionary<string, SyntaxNode> properties = PropertiesOf(module.Body);
        foreach ((string name, SyntaxNode value) in properties)
        {
            switch (name)
            {
                case "name":
                    CheckValue(value, BicepType.String, locals);
                    break;
                case "params":
                    break;
                case "dependsOn":
                    CheckDependencies(value, locals);
                    break;
                case "scope":
                    if (child.TargetScope != "resourceGroup" || TypeOf(value, locals) is not ResourceRef { TypeName: var scope } || !scope.StartsWith("Microsoft.Resources/resourceGroups@", StringComparison.Ordinal))
                    {
                        Report(value, "scope", $"not a {child.TargetScope}");
                    }

                    break;
                default:
                    Report(value, "unknown-property", $"a module takes no {name}");
                    break;
            }
        }

        if (child.TargetScope != _file.TargetScope && !properties.ContainsKey("scope"))
        {
            Report(module.Node, "scope", $"{module.Target} targets a {child.TargetScope} and gets no scope");
        }

        CheckArguments(module, child, properties.GetValueOrDefault("params"), locals);
    }

    private void CheckArguments(Declaration module, BicepFile child, SyntaxNode? arguments, Locals locals)
    {
        Dictionary<string, SyntaxNode> given = arguments is null ? [] : PropertiesOf(arguments);
        BicepChecker inside = new(_files, child, _load);
        foreach ((string name, SyntaxNode value) in given)
        {
            if (child.OfKind("parameter").FirstOrDefault(parameter => parameter.Name == name) is not { } parameter)
            {
                Report(value, "unknown-parameter", $"{module.Target} has no parameter {name}");
                TypeOf(value, locals);
                continue;
            }

            CheckValue(value, inside.TypeOf(parameter), locals);
            if (!IsSecure(parameter) && UsesSecret(value))
            {
                Report(value, "secure", $"a secret goes into the plain parameter {name} of {module.Target}");
            }
        }

        foreach (Declaration missing in child.OfKind("parameter").Where(parameter => parameter.Value is null && !given.ContainsKey(parameter.Name)))
        {
            Report(module.Node, "missing-parameter", $"{module.Target} needs {missing.Name}");
        }
    }

    private BicepFile? ModuleFile(Declaration module) => module.Target is null ? null : _files.GetValueOrDefault(Relative(module.Target));

    private string Relative(string path)
    {
        List<string> parts = [.. _file.Path.Split('/')[..^1]];
        foreach (string part in path.Split('/').Where(part => part != "."))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    // ---- values against types ----

    private void CheckValue(SyntaxNode value, BicepType target, Locals locals)
    {
        switch (value.Type)
        {
            case "parenthesized_expression":
                CheckValue(value.Named[0], target, locals);
                return;
            case "ternary_expression":
                CheckValue(value.Named[0], BicepType.Bool, locals);
                CheckValue(value.Named[1], target, locals);
                CheckValue(value.Named[2], target, locals);
                return;
            case "object" when Narrow(target) is ObjectShape or Choice:
                CheckObject(value, Narrow(target), locals, []);
                return;
            case "array" when Narrow(target) is ArrayOf array:
                foreach (SyntaxNode item in value.Named)
                {
                    CheckValue(item, array.Item.Value, locals);
                }

                return;
            case "for_statement" when Narrow(target) is ArrayOf array:
                CheckValue(value.Named[^1], array.Item.Value, EnterLoop(value, locals));
                return;
            default:
                BicepType type = TypeOf(value, locals);
                if (!IsAssignable(type, target))
                {
                    Report(value, "type", $"{target} expected, {type} given");
                }

                return;
        }
    }

    /// <summary>A union with one option that has structure stands for that option.</summary>
    private static BicepType Narrow(BicepType type) =>
        type is OneOf union && union.Options.Where(option => option is ObjectShape or Choice or ArrayOf).ToArray() is [var only] ? only : type;

    private void CheckObject(SyntaxNode node, BicepType target, Locals locals, string[] alsoAllowed)
    {
        Dictionary<string, SyntaxNode> given = PropertiesOf(node);
        ObjectShape shape;
        if (target is Choice choice)
        {
            if (given.GetValueOrDefault(choice.Discriminator)?.Literal is not { } kind || !choice.Elements.TryGetValue(kind, out Lazy<BicepType>? element))
            {
                Report(node, "type", $"{choice.Discriminator} must be one of {string.Join(", ", choice.Elements.Keys)}");
                return;
            }

            ObjectShape chosen = (ObjectShape)element.Value;
            shape = chosen with { Properties = chosen.Properties.Concat(choice.Base).DistinctBy(property => property.Key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal) };
        }
        else
        {
            shape = (ObjectShape)target;
        }

        foreach ((string name, SyntaxNode value) in given.Where(property => !alsoAllowed.Contains(property.Key, StringComparer.Ordinal)))
        {
            if (!shape.Properties.TryGetValue(name, out Property? property))
            {
                // Where names are published, others are not taken even if the type leaves room for them: they would be typos.
                if (shape.Additional is null || shape.Properties.Count > 0)
                {
                    Report(value, "unknown-property", $"{shape.Name} has no {name}");
                }

                CheckValue(value, shape.Additional?.Value ?? BicepType.Any, locals);
                continue;
            }

            if (property.IsReadOnly)
            {
                Report(value, "read-only", $"{name} of {shape.Name} cannot be set");
            }

            CheckValue(value, property.Type.Value, locals);
        }

        foreach ((string name, Property _) in shape.Properties.Where(property => property.Value is { IsRequired: true, IsReadOnly: false } && !given.ContainsKey(property.Key)))
        {
            Report(node, "missing-property", $"{shape.Name} needs {name}");
        }

        CheckInterpolatedKeys(node, shape, locals);
    }

    private void CheckInterpolatedKeys(SyntaxNode node, ObjectShape shape, Locals locals)
    {
        foreach (SyntaxNode property in node.Named.Where(property => property.Type == "object_property" && KeyOf(property) is null))
        {
            TypeOf(property.Named[0], locals);
            if (shape.Additional is null)
            {
                Report(property, "unknown-property", $"{shape.Name} takes no computed property");
            }

            CheckValue(property.Named[^1], shape.Additional?.Value ?? BicepType.Any, locals);
        }
    }

    private static bool IsAssignable(BicepType value, BicepType target) => (value, target) switch
    {
        _ when value == BicepType.Any || target == BicepType.Any || value == BicepType.Null => true,
        (OneOf options, _) => options.Options.All(option => IsAssignable(option, target)),
        (Literal literal, OneOf union) when union.Options.Any(option => option is Literal) => union.Options.Any(option => option is Literal published && published.Value == literal.Value),
        (_, OneOf union) => union.Options.Any(option => IsAssignable(value, option)),
        (Literal a, Literal b) => a.Value == b.Value,
        (Literal, _) => target == BicepType.String,
        (ArrayOf a, ArrayOf b) => IsAssignable(a.Item.Value, b.Item.Value),
        (ObjectShape a, ObjectShape b) => a.Properties.All(property => b.Properties.TryGetValue(property.Key, out Property? wanted)
            ? IsAssignable(property.Value.Type.Value, wanted.Type.Value)
            : b.Additional is { } more && IsAssignable(property.Value.Type.Value, more.Value)),
        (ObjectShape, Choice) => true,
        _ => value == target,
    };

    // ---- types of expressions ----

    private BicepType TypeOf(Declaration declaration)
    {
        if (_types.TryGetValue(declaration, out BicepType? known))
        {
            return known;
        }

        if (!_resolving.Add(declaration))
        {
            Report(declaration.Node, "cycle", $"{declaration.Name} depends on itself");
            return BicepType.Any;
        }

        BicepType type = declaration.Kind switch
        {
            "parameter" => NamedType(declaration),
            "variable" => TypeOf(declaration.Value!, Locals.None),
            "resource" => TypeOfResource(declaration),
            _ => TypeOfModule(declaration),
        };
        _resolving.Remove(declaration);
        return _types[declaration] = declaration is { Kind: "resource" or "module", IsLoop: true } ? new ArrayOf(new Lazy<BicepType>(type)) : type;
    }

    private static BicepType TypeOfResource(Declaration resource) =>
        resource.Target is { } target && AzureTypes.Find(target) is { } type ? new ResourceRef(resource, target, AzureTypes.BodyOf(type)) : BicepType.Any;

    private BicepType TypeOfModule(Declaration module) => ModuleFile(module) is { } file ? new ModuleRef(module, file) : BicepType.Any;

    private BicepType NamedType(Declaration declaration)
    {
        if (declaration.Decorator("allowed") is { } allowed && declaration.TypeName == "string")
        {
            return new OneOf([.. allowed.Named[1].Named[0].Named.Select(value => new Literal(value.Literal ?? ""))]);
        }

        switch (declaration.TypeName)
        {
            case "string":
                return BicepType.String;
            case "int":
                return BicepType.Int;
            case "bool":
                return BicepType.Bool;
            case "object":
                return BicepType.Object;
            case "array":
                return BicepType.Array;
            default:
                Report(declaration.Node, "type", $"unknown type {declaration.TypeName}");
                return BicepType.Any;
        }
    }

    private BicepType TypeOf(SyntaxNode node, Locals locals)
    {
        switch (node.Type)
        {
            case "string":
                foreach (SyntaxNode interpolation in node.Named.Where(part => part.Type == "interpolation"))
                {
                    TypeOf(interpolation.Named[0], locals);
                }

                return node.Literal is { } literal ? new Literal(literal) : BicepType.String;
            case "number":
                return BicepType.Int;
            case "boolean":
                return BicepType.Bool;
            case "null":
                return BicepType.Null;
            case "identifier":
                return TypeOfName(node, locals);
            case "parenthesized_expression":
                return TypeOf(node.Named[0], locals);
            case "unary_expression":
                BicepType operand = node.Has("!") ? BicepType.Bool : BicepType.Int;
                CheckValue(node.Named[0], operand, locals);
                return operand;
            case "binary_expression":
                return TypeOfBinary(node, locals);
            case "ternary_expression":
                CheckValue(node.Named[0], BicepType.Bool, locals);
                return new OneOf([TypeOf(node.Named[1], locals), TypeOf(node.Named[2], locals)]);
            case "array":
                BicepType[] items = [.. node.Named.Select(item => TypeOf(item, locals))];
                return new ArrayOf(new Lazy<BicepType>(Merge(items)));
            case "object":
                return TypeOfObject(node, locals);
            case "for_statement":
                BicepType item = TypeOf(node.Named[^1], EnterLoop(node, locals));
                return new ArrayOf(new Lazy<BicepType>(item));
            case "member_expression":
                return TypeOfMember(node, locals);
            case "subscript_expression":
                return TypeOfElement(node, locals);
            case "call_expression":
                return TypeOfCall(node, locals);
            default:
                Report(node, "expression", $"not understood: {node.Type} {node.Text}");
                return BicepType.Any;
        }
    }

    private BicepType TypeOfName(SyntaxNode node, Locals locals)
    {
        if (locals.Find(node.Text) is { } local)
        {
            return local;
        }

        if (_file.Find(node.Text) is { } declaration)
        {
            _used.Add(declaration);
            return TypeOf(declaration);
        }

        Report(node, "name", $"{node.Text} is not declared");
        return BicepType.Any;
    }

    private BicepType TypeOfBinary(SyntaxNode node, Locals locals)
    {
        BicepType left = TypeOf(node.Named[0], locals);
        BicepType right = TypeOf(node.Named[1], locals);
        return node.Has("??") ? new OneOf([left, right]) : node.Has("+") || node.Has("-") || node.Has("*") || node.Has("/") || node.Has("%") ? BicepType.Int : BicepType.Bool;
    }

    private ObjectShape TypeOfObject(SyntaxNode node, Locals locals)
    {
        Dictionary<string, Property> properties = new(StringComparer.Ordinal);
        foreach ((string name, SyntaxNode value) in PropertiesOf(node))
        {
            BicepType type = TypeOf(value, locals);
            properties[name] = new Property(new Lazy<BicepType>(type), IsRequired: false, IsReadOnly: false);
        }

        foreach (SyntaxNode computed in node.Named.Where(property => property.Type == "object_property" && KeyOf(property) is null))
        {
            TypeOf(computed.Named[0], locals);
            TypeOf(computed.Named[^1], locals);
        }

        return new ObjectShape("object", properties, Additional: null);
    }

    private BicepType TypeOfMember(SyntaxNode node, Locals locals)
    {
        BicepType owner = TypeOf(node.Named[0], locals);
        string name = node.Named[^1].Text;
        bool isGuarded = node.Has("!") || node.Has(".?") || node.Has("?.");
        if (owner is ResourceRef or ModuleRef && !isGuarded)
        {
            Declaration declaration = owner is ResourceRef resource ? resource.Declaration : ((ModuleRef)owner).Declaration;
            if (declaration.IsConditional && !(owner is ResourceRef && name is "id" or "name" or "type" or "apiVersion"))
            {
                Report(node, "conditional", $"{declaration.Name} may not be deployed; use ! or .?");
            }
        }

        return owner switch
        {
            ResourceRef found => Member(node, found.Body, name),
            ModuleRef module => name switch
            {
                "name" => BicepType.String,
                "outputs" => Outputs(module.File),
                _ => Unknown(node, owner, name),
            },
            _ => Member(node, owner, name),
        };
    }

    private ObjectShape Outputs(BicepFile file)
    {
        BicepChecker inside = new(_files, file, _load);
        return new ObjectShape(
            $"the outputs of {file.Path}",
            file.OfKind("output").DistinctBy(output => output.Name, StringComparer.Ordinal).ToDictionary(
                output => output.Name,
                output => new Property(new Lazy<BicepType>(() => inside.NamedType(output)), IsRequired: false, IsReadOnly: true),
                StringComparer.Ordinal),
            Additional: null);
    }

    private BicepType Member(SyntaxNode node, BicepType owner, string name)
    {
        switch (owner)
        {
            case ObjectShape shape:
                return shape.Properties.TryGetValue(name, out Property? property) ? property.Type.Value : shape.Additional?.Value ?? Unknown(node, owner, name);
            case Choice choice:
                Property? common = choice.Base.GetValueOrDefault(name);
                return common?.Type.Value ?? (choice.Elements.Values.Any(element => element.Value is ObjectShape shape && shape.Properties.ContainsKey(name)) ? BicepType.Any : Unknown(node, owner, name));
            case OneOf union when union.Options.All(option => option is ObjectShape):
                return Merge([.. union.Options.Select(option => Member(node, option, name))]);
            default:
                return owner == BicepType.Any ? BicepType.Any : Unknown(node, owner, name);
        }
    }

    private BicepType Unknown(SyntaxNode node, BicepType owner, string name)
    {
        Report(node, "unknown-property", $"{owner} has no {name}");
        return BicepType.Any;
    }

    private BicepType TypeOfElement(SyntaxNode node, Locals locals)
    {
        BicepType owner = TypeOf(node.Named[0], locals);
        SyntaxNode index = node.Named[^1];
        BicepType position = TypeOf(index, locals);
        if (index.Literal is { } name)
        {
            return Member(node, owner, name);
        }

        if (owner is ArrayOf array && IsAssignable(position, BicepType.Int))
        {
            return array.Item.Value;
        }

        if (owner != BicepType.Any)
        {
            Report(node, "type", $"{owner} has no element {position}");
        }

        return BicepType.Any;
    }

    private BicepType TypeOfCall(SyntaxNode node, Locals locals)
    {
        if (node.Named[0].Type != "identifier" || !Builtins.Functions.TryGetValue(node.Named[0].Text, out Builtins.Function? function))
        {
            Report(node, "function", $"unknown function {node.Named[0].Text}");
            return BicepType.Any;
        }

        IReadOnlyList<SyntaxNode> arguments = node.Named[1].Named;
        if (arguments.Count < function.Minimum || arguments.Count > function.Maximum)
        {
            Report(node, "function", $"{node.Named[0].Text} does not take {arguments.Count} arguments");
        }

        foreach (SyntaxNode argument in arguments)
        {
            TypeOf(argument, locals);
        }

        return node.Named[0].Text is "loadTextContent" or "loadJsonContent" && arguments.Count > 0 ? TypeOfContent(node, arguments[0]) ?? function.Result : function.Result;
    }

    private BicepType? TypeOfContent(SyntaxNode call, SyntaxNode path)
    {
        if (path.Literal is not { } relative || _load(Relative(relative)) is not { } content)
        {
            Report(path, "content", $"{path.Text} does not exist");
            return null;
        }

        if (call.Named[0].Text == "loadTextContent")
        {
            return BicepType.String;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(content);
            return FromJson(document.RootElement);
        }
        catch (JsonException exception)
        {
            Report(path, "content", $"{path.Text} is not JSON: {exception.Message}");
            return null;
        }
    }

    private static BicepType FromJson(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => new Literal(json.GetString()!),
        JsonValueKind.Number => BicepType.Int,
        JsonValueKind.True or JsonValueKind.False => BicepType.Bool,
        JsonValueKind.Array => new ArrayOf(new Lazy<BicepType>(Merge([.. json.EnumerateArray().Select(FromJson)]))),
        JsonValueKind.Object => Builtins.Shape("the file's content", [.. json.EnumerateObject().Select(property => (property.Name, FromJson(property.Value)))]),
        _ => BicepType.Null,
    };

    private static BicepType Merge(IReadOnlyList<BicepType> types) => types switch
    {
        [] => BicepType.Any,
        [var only] => only,
        _ => new OneOf(types),
    };

    private Locals EnterLoop(SyntaxNode loop, Locals locals)
    {
        BicepType collection = TypeOf(loop.Named[1], locals);
        BicepType item = collection is ArrayOf array ? array.Item.Value : BicepType.Any;
        if (collection is not ArrayOf && collection != BicepType.Any)
        {
            Report(loop.Named[1], "type", $"cannot loop over {collection}");
        }

        IReadOnlyList<SyntaxNode> names = loop.Named[0].Type == "for_loop_parameters" ? loop.Named[0].Named : [loop.Named[0]];
        Locals inner = locals.With(names[0].Text, item);
        return names.Count > 1 ? inner.With(names[1].Text, BicepType.Int) : inner;
    }

    // ---- helpers ----

    private Dictionary<string, SyntaxNode> PropertiesOf(SyntaxNode node)
    {
        Dictionary<string, SyntaxNode> properties = new(StringComparer.Ordinal);
        foreach (SyntaxNode property in node.Named.Where(child => child.Type == "object_property"))
        {
            if (KeyOf(property) is { } key && !properties.TryAdd(key, property.Named[^1]))
            {
                Report(property, "duplicate", $"{key} is set twice");
            }
        }

        return properties;
    }

    private static string? KeyOf(SyntaxNode property) => property.Named[0].Type == "string" ? property.Named[0].Literal : property.Named[0].Text;

    private static bool IsSecure(Declaration parameter) => parameter.Decorator("secure") is not null;

    private bool UsesSecret(SyntaxNode expression) =>
        expression.DescendantsAndSelf().Any(node => node.Type == "identifier" && _file.Find(node.Text) is { } declaration
            && (declaration.Kind == "parameter" ? IsSecure(declaration) : declaration.Kind == "variable" && UsesSecret(declaration.Value!)));

    [GeneratedRegex("password|pwd|secret|accountkey|acctkey|apikey", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    /// <summary>What loops around an expression declare.</summary>
    private sealed record Locals(string Name, BicepType Type, Locals? Outer)
    {
        public static Locals None { get; } = new("", BicepType.Any, Outer: null);

        public Locals With(string name, BicepType type) => new(name, type, this);

        public BicepType? Find(string name) => name.Length > 0 && Name == name ? Type : Outer?.Find(name);
    }
}
