using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;

namespace FlashDrop.Functions.Tests;

/// <summary>References point one way: Functions, LocalHost → Gateway, Azure → Core → EvoLink.</summary>
public sealed class ArchitectureTests
{
    private const string EvoLink = "FlashDrop.EvoLink";
    private const string Core = "FlashDrop.Core";
    private const string Azure = "FlashDrop.Azure";
    private const string Gateway = "FlashDrop.Gateway";
    private const string Surface = "FlashDrop.Functions.Surface";
    private const string Functions = "FlashDrop.Functions";
    private const string Simulator = "FlashDrop.Simulator";
    private const string LocalHost = "FlashDrop.LocalHost";

    /// <summary>Every project of the product, and the ones it may use.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        [EvoLink] = [],
        [Core] = [EvoLink],
        [Azure] = [Core, EvoLink],
        [Gateway] = [Core, EvoLink],
        [Surface] = [],
        [Functions] = [Azure, Core, EvoLink, Gateway, Surface],
        [Simulator] = [],
        [LocalHost] = [Azure, Core, EvoLink, Functions, Gateway, Simulator, Surface],
    };

    public static TheoryData<string> Projects => [.. Allowed.Keys];

    [Fact]
    public void EveryProjectOfTheProduct_IsListedHere() => Assert.Equal(
        Directory.GetDirectories(Repository.PathOf("src")).Select(Path.GetFileName).Order(StringComparer.Ordinal),
        Allowed.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_ReferencesOnlyWhatItMay(string project) => Assert.Empty(
        References(project).Where(name => name.StartsWith("FlashDrop.", StringComparison.Ordinal)).Except(Allowed[project], StringComparer.Ordinal));

    [Theory]
    [InlineData(EvoLink)]
    [InlineData(Core)]
    [InlineData(Simulator)]
    public void Project_KnowsNoAzure(string project) =>
        Assert.DoesNotContain(References(project), name => name.StartsWith("Azure.", StringComparison.Ordinal));

    [Fact]
    public void Gateway_KnowsNoStorageSdk() =>
        Assert.DoesNotContain(References(Gateway), name => name.StartsWith("Azure.", StringComparison.Ordinal));

    [Theory]
    [InlineData(EvoLink)]
    [InlineData(Core)]
    [InlineData(Azure)]
    public void Project_KnowsNoHttpServer(string project) =>
        Assert.DoesNotContain(References(project), name => name.StartsWith("Microsoft.AspNetCore.", StringComparison.Ordinal));

    [Theory]
    [InlineData(EvoLink)]
    [InlineData(Core)]
    [InlineData(Azure)]
    [InlineData(Gateway)]
    [InlineData(Functions)]
    public void Types_KeepNoChangingStateInStaticFields(string project)
    {
        var changing = Assembly.Load(project).GetTypes()
            .Where(type => !type.IsDefined(typeof(CompilerGeneratedAttribute)) && !(type.FullName ?? string.Empty).Contains('<', StringComparison.Ordinal))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => field is { IsLiteral: false, IsInitOnly: false } && !field.IsDefined(typeof(CompilerGeneratedAttribute)))
            .Where(field => !IsGenerated(field.DeclaringType!))
            .Select(field => $"{field.DeclaringType}.{field.Name}");

        Assert.Empty(changing);
    }

    /// <summary>Read-only fields can hold objects that change.</summary>
    [Theory]
    [InlineData(EvoLink)]
    [InlineData(Core)]
    [InlineData(Azure)]
    [InlineData(Gateway)]
    [InlineData(Functions)]
    public void Types_KeepNoStatefulObjectsInStaticFields(string project)
    {
        string[] stateful =
        [
            "ConcurrentDictionary`2", "ConcurrentQueue`1", "ConcurrentBag`1", "MemoryCache", "HttpClient", "SemaphoreSlim", "Lock", "Timer", "PeriodicTimer", "Random",
            "AsyncLocal`1", "ThreadLocal`1", "ConditionalWeakTable`2", "StringBuilder", "CancellationTokenSource", "Stopwatch",
        ];
        var holding = Assembly.Load(project).GetTypes()
            .Where(type => !IsGenerated(type))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => stateful.Contains(field.FieldType.Name, StringComparer.Ordinal))
            .Select(field => $"{field.DeclaringType}.{field.Name}");

        Assert.Empty(holding);
    }

    /// <summary>Time comes from an injected <see cref="TimeProvider"/>: the compiled code calls no clock. The analyzers say so while writing.</summary>
    [Theory]
    [InlineData(EvoLink)]
    [InlineData(Core)]
    [InlineData(Azure)]
    [InlineData(Gateway)]
    [InlineData(Functions)]
    [InlineData(Simulator)]
    [InlineData(LocalHost)]
    public void Code_CallsNoClock(string project)
    {
        string[] clocks =
        [
            "DateTime.get_Now", "DateTime.get_UtcNow", "DateTime.get_Today", "DateTimeOffset.get_Now", "DateTimeOffset.get_UtcNow", "TimeZoneInfo.get_Local",
            "Environment.get_TickCount", "Environment.get_TickCount64", "Stopwatch.StartNew", "Stopwatch.GetTimestamp", "Thread.Sleep",
        ];

        Assert.Empty(Members(project).Intersect(clocks, StringComparer.Ordinal));
    }

    /// <summary>
    /// Every member of other assemblies that a project's code names, as <c>Type.member</c>. Read from the project's own output: beside the
    /// tests it may have been instrumented to measure coverage.
    /// </summary>
    private static List<string> Members(string project)
    {
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        using var file = new PEReader(File.OpenRead(Repository.PathOf("src", project, "bin", output.Parent!.Name, output.Name, $"{project}.dll")));
        var metadata = file.GetMetadataReader();
        List<string> members = [];
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                var type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
                members.Add($"{metadata.GetString(type.Name)}.{metadata.GetString(member.Name)}");
            }
        }

        return members;
    }

    private static IEnumerable<string> References(string project) =>
        Assembly.Load(project).GetReferencedAssemblies().Select(reference => reference.Name!);

    /// <summary>Source-generated JSON contexts cache lazily in static fields, and what counts coverage counts there.</summary>
    private static bool IsGenerated(Type type) =>
        type.Namespace?.StartsWith("Microsoft.CodeCoverage", StringComparison.Ordinal) == true
        || type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute))
        || typeof(System.Text.Json.Serialization.JsonSerializerContext).IsAssignableFrom(type);
}
