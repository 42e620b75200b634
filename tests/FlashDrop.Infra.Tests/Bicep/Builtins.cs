namespace FlashDrop.Infra.Tests.Bicep;

/// <summary>The functions of the language that these files may call, with how many arguments they take and what they give.</summary>
internal static class Builtins
{
    public sealed record Function(int Minimum, int Maximum, BicepType Result);

    private static readonly BicepType ResourceGroup = Shape("resourceGroup", ("id", BicepType.String), ("name", BicepType.String), ("location", BicepType.String), ("tags", BicepType.Object));
    private static readonly BicepType Subscription = Shape("subscription", ("id", BicepType.String), ("subscriptionId", BicepType.String), ("tenantId", BicepType.String), ("displayName", BicepType.String));
    private static readonly BicepType Tenant = Shape("tenant", ("tenantId", BicepType.String), ("displayName", BicepType.String));
    private static readonly BicepType Environment = Shape(
        "environment",
        ("name", BicepType.String),
        ("resourceManager", BicepType.String),
        ("suffixes", Shape("suffixes", ("storage", BicepType.String), ("keyvaultDns", BicepType.String))));

    public static IReadOnlyDictionary<string, Function> Functions { get; } = new Dictionary<string, Function>(StringComparer.Ordinal)
    {
        ["any"] = new(1, 1, BicepType.Any),
        ["concat"] = new(1, 32, BicepType.Any),
        ["contains"] = new(2, 2, BicepType.Bool),
        ["empty"] = new(1, 1, BicepType.Bool),
        ["environment"] = new(0, 0, Environment),
        ["guid"] = new(1, 32, BicepType.String),
        ["items"] = new(1, 1, new ArrayOf(new Lazy<BicepType>(() => Shape("item", ("key", BicepType.String), ("value", BicepType.Any))))),
        ["join"] = new(2, 2, BicepType.String),
        ["length"] = new(1, 1, BicepType.Int),
        ["loadJsonContent"] = new(1, 3, BicepType.Any),
        ["loadTextContent"] = new(1, 2, BicepType.String),
        ["replace"] = new(3, 3, BicepType.String),
        ["resourceGroup"] = new(0, 2, ResourceGroup),
        ["resourceId"] = new(2, 32, BicepType.String),
        ["split"] = new(2, 2, new ArrayOf(new Lazy<BicepType>(() => BicepType.String))),
        ["subscription"] = new(0, 1, Subscription),
        ["subscriptionResourceId"] = new(2, 32, BicepType.String),
        ["take"] = new(2, 2, BicepType.Any),
        ["tenant"] = new(0, 0, Tenant),
        ["toLower"] = new(1, 1, BicepType.String),
        ["union"] = new(2, 32, BicepType.Any),
        ["uniqueString"] = new(1, 32, BicepType.String),
    };

    public static IReadOnlyDictionary<string, (int Minimum, int Maximum)> Decorators { get; } = new Dictionary<string, (int, int)>(StringComparer.Ordinal)
    {
        ["allowed"] = (1, 1),
        ["batchSize"] = (1, 1),
        ["description"] = (1, 1),
        ["maxLength"] = (1, 1),
        ["maxValue"] = (1, 1),
        ["metadata"] = (1, 1),
        ["minLength"] = (1, 1),
        ["minValue"] = (1, 1),
        ["secure"] = (0, 0),
    };

    public static ObjectShape Shape(string name, params ReadOnlySpan<(string Name, BicepType Type)> properties)
    {
        Dictionary<string, Property> made = new(StringComparer.Ordinal);
        foreach ((string property, BicepType type) in properties)
        {
            made[property] = new Property(new Lazy<BicepType>(type), IsRequired: false, IsReadOnly: true);
        }

        return new ObjectShape(name, made, Additional: null);
    }
}
