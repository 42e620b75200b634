using System.Reflection;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.Functions.Tests;

/// <summary>
/// The surface stands in for the worker packages, so its shapes are theirs: namespaces, constructors, properties, values.
/// The table was read off the packages' sources at the versions that are pinned.
/// </summary>
public sealed class SurfaceTests
{
    private const string Worker = "Microsoft.Azure.Functions.Worker";
    private const string Abstractions = "Microsoft.Azure.Functions.Worker.Extensions.Abstractions";

    private static readonly Dictionary<string, string[]> Shapes = new(StringComparer.Ordinal)
    {
        [$"{Abstractions}.BindingAttribute : System.Attribute"] = [".ctor()"],
        [$"{Abstractions}.TriggerBindingAttribute : {Abstractions}.BindingAttribute"] = [".ctor()"],
        [$"{Worker}.FunctionAttribute : System.Attribute"] = [".ctor(String name)", "String Name { get; }"],
        [$"{Worker}.AuthorizationLevel : System.Enum"] = ["Admin = 4", "Anonymous = 0", "Function = 2", "System = 3", "User = 1"],
        [$"{Worker}.HttpTriggerAttribute : {Abstractions}.TriggerBindingAttribute"] =
        [
            ".ctor()",
            ".ctor(AuthorizationLevel authLevel)",
            ".ctor(AuthorizationLevel authLevel, params String[] methods)",
            ".ctor(params String[] methods)",
            "AuthorizationLevel AuthLevel { get; }",
            "String Route { get; set; }",
            "String[] Methods { get; }",
        ],
        [$"{Worker}.QueueTriggerAttribute : {Abstractions}.TriggerBindingAttribute"] =
            [".ctor(String queueName)", "String Connection { get; set; }", "String QueueName { get; }"],
        [$"{Worker}.BlobTriggerAttribute : {Abstractions}.TriggerBindingAttribute"] =
        [
            ".ctor(String blobPath)",
            "BlobTriggerSource Source { get; set; }",
            "String BlobPath { get; }",
            "String Connection { get; set; }",
        ],
        [$"{Worker}.BlobTriggerSource : System.Enum"] = ["EventGrid = 1", "LogsAndContainerScan = 0"],
        [$"{Worker}.TimerTriggerAttribute : {Abstractions}.TriggerBindingAttribute"] =
        [
            ".ctor(String schedule)",
            "Boolean RunOnStartup { get; set; }",
            "Boolean UseMonitor { get; set; }",
            "String Schedule { get; }",
        ],
        [$"{Worker}.TimerInfo : System.Object"] = [".ctor()", "Boolean IsPastDue { get; set; }", "ScheduleStatus ScheduleStatus { get; set; }"],
        [$"{Worker}.ScheduleStatus : System.Object"] =
            [".ctor()", "DateTime Last { get; set; }", "DateTime LastUpdated { get; set; }", "DateTime Next { get; set; }"],
        [$"{Worker}.FunctionContext : System.Object"] = [".ctor()", "BindingContext BindingContext { get; }"],
        [$"{Worker}.BindingContext : System.Object"] = [".ctor()", "IReadOnlyDictionary<String, Object> BindingData { get; }"],
    };

    [Fact]
    public void Surface_HasExactlyTheShapesOfTheWorkerPackages()
    {
        var actual = typeof(FunctionAttribute).Assembly.GetExportedTypes().ToDictionary(
            type => $"{type.FullName} : {type.BaseType}", Members, StringComparer.Ordinal);

        Assert.Equal(Shapes.Keys.Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        Assert.All(Shapes, shape => Assert.Equal(shape.Value, actual[shape.Key]));
    }

    [Theory]
    [InlineData(typeof(FunctionAttribute), AttributeTargets.Method)]
    [InlineData(typeof(HttpTriggerAttribute), AttributeTargets.Parameter)]
    [InlineData(typeof(QueueTriggerAttribute), AttributeTargets.Parameter)]
    [InlineData(typeof(BlobTriggerAttribute), AttributeTargets.Parameter)]
    [InlineData(typeof(TimerTriggerAttribute), AttributeTargets.Parameter)]
    public void Attribute_GoesWhereTheWorkersDoes(Type attribute, AttributeTargets targets) =>
        Assert.Equal(targets, attribute.GetCustomAttribute<AttributeUsageAttribute>(inherit: true)!.ValidOn);

    [Fact]
    public void Defaults_AreTheWorkers()
    {
        Assert.Equal(BlobTriggerSource.LogsAndContainerScan, new BlobTriggerAttribute("inbox/{path}").Source);
        Assert.Equal(AuthorizationLevel.Function, new HttpTriggerAttribute().AuthLevel);
        Assert.True(new TimerTriggerAttribute("* * * * * *").UseMonitor);
    }

    private static string[] Members(Type type) =>
        type.IsEnum
            ? [.. Enum.GetNames(type).Order(StringComparer.Ordinal).Select(name => $"{name} = {Convert.ToInt32(Enum.Parse(type, name))}")]
            :
            [
                .. type.GetConstructors(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
                    .Select(constructor => $".ctor({string.Join(", ", constructor.GetParameters().Select(Parameter))})")
                    .Concat(type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly).Select(Property))
                    .Order(StringComparer.Ordinal),
            ];

    private static string Parameter(ParameterInfo parameter) =>
        $"{(parameter.IsDefined(typeof(ParamArrayAttribute)) ? "params " : string.Empty)}{Name(parameter.ParameterType)} {parameter.Name}";

    private static string Property(PropertyInfo property) =>
        $"{Name(property.PropertyType)} {property.Name} {{ get;{(property.SetMethod is { IsPublic: true } ? " set;" : string.Empty)} }}";

    private static string Name(Type type) => type.IsGenericType
        ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}
