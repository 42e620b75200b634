using System.Runtime.CompilerServices;
using Azure.Bicep.Types.Az;
using Azure.Bicep.Types.Concrete;
using Azure.Bicep.Types.Index;

namespace FlashDrop.Infra.Tests.Bicep;

/// <summary>What is known of a value before the deployment.</summary>
internal abstract record BicepType
{
    public static readonly BicepType Any = new Simple("any");
    public static readonly BicepType Null = new Simple("null");
    public static readonly BicepType Bool = new Simple("bool");
    public static readonly BicepType Int = new Simple("int");
    public static readonly BicepType String = new Simple("string");
    public static readonly BicepType Object = new ObjectShape("object", new Dictionary<string, Property>(StringComparer.Ordinal), new Lazy<BicepType>(() => Any));
    public static readonly BicepType Array = new ArrayOf(new Lazy<BicepType>(() => Any));

    public abstract string Describe();

    public sealed override string ToString() => Describe();
}

internal sealed record Simple(string Name) : BicepType
{
    public override string Describe() => Name;
}

internal sealed record Literal(string Value) : BicepType
{
    public override string Describe() => $"'{Value}'";
}

internal sealed record ArrayOf(Lazy<BicepType> Item) : BicepType
{
    public override string Describe() => "array";
}

internal sealed record OneOf(IReadOnlyList<BicepType> Options) : BicepType
{
    public override string Describe() => string.Join(" | ", Options);
}

internal sealed record Property(Lazy<BicepType> Type, bool IsRequired, bool IsReadOnly);

internal sealed record ObjectShape(string Name, IReadOnlyDictionary<string, Property> Properties, Lazy<BicepType>? Additional) : BicepType
{
    public override string Describe() => Name;
}

/// <summary>An object whose other properties depend on the value of one of them.</summary>
internal sealed record Choice(string Name, string Discriminator, IReadOnlyDictionary<string, Property> Base, IReadOnlyDictionary<string, Lazy<BicepType>> Elements) : BicepType
{
    public override string Describe() => Name;
}

/// <summary>The published types of Azure's resources.</summary>
internal static class AzureTypes
{
    private static readonly AzTypeLoader Loader = new();
    private static readonly TypeIndex Index = Loader.LoadTypeIndex();
    private static readonly ConditionalWeakTable<TypeBase, BicepType> Converted = [];
    private static readonly Dictionary<string, ResourceType> Loaded = new(StringComparer.Ordinal);
    private static readonly Lock Lock = new();

    /// <summary>The type with its version as published, letter case included; null when there is none.</summary>
    public static ResourceType? Find(string typeAndVersion)
    {
        lock (Lock)
        {
            if (Loaded.TryGetValue(typeAndVersion, out ResourceType? loaded))
            {
                return loaded;
            }

            if (!Index.Resources.TryGetValue(typeAndVersion, out Azure.Bicep.Types.CrossFileTypeReference? reference))
            {
                return null;
            }

            ResourceType type = Loader.LoadResourceType(reference);
            return string.Equals(type.Name, typeAndVersion, StringComparison.Ordinal) ? Loaded[typeAndVersion] = type : null;
        }
    }

    public static BicepType BodyOf(ResourceType type) => Convert(type.Body);

    private static BicepType Convert(ITypeReference reference) => Converted.GetValue(reference.Type, ConvertNew);

    private static BicepType ConvertNew(TypeBase type) => type switch
    {
        StringType => BicepType.String,
        StringLiteralType literal => new Literal(literal.Value),
        IntegerType => BicepType.Int,
        BooleanType => BicepType.Bool,
        NullType => BicepType.Null,
        ArrayType array => new ArrayOf(new Lazy<BicepType>(() => Convert(array.ItemType))),
        UnionType union => new OneOf([.. union.Elements.Select(Convert)]),
        ObjectType shape => new ObjectShape(shape.Name, Convert(shape.Properties), shape.AdditionalProperties is { } more ? new Lazy<BicepType>(() => Convert(more)) : null),
        DiscriminatedObjectType choice => new Choice(
            choice.Name,
            choice.Discriminator,
            Convert(choice.BaseProperties),
            choice.Elements.ToDictionary(element => element.Key, element => new Lazy<BicepType>(() => Convert(element.Value)), StringComparer.Ordinal)),
        _ => BicepType.Any,
    };

    private static Dictionary<string, Property> Convert(IReadOnlyDictionary<string, ObjectTypeProperty> properties) =>
        properties.ToDictionary(
            property => property.Key,
            property => new Property(
                new Lazy<BicepType>(() => Convert(property.Value.Type)),
                property.Value.Flags.HasFlag(ObjectTypePropertyFlags.Required),
                property.Value.Flags.HasFlag(ObjectTypePropertyFlags.ReadOnly)),
            StringComparer.Ordinal);
}
