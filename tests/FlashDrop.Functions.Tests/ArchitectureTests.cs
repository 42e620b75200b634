using System.Reflection;
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

    private static IEnumerable<string> References(string project) =>
        Assembly.Load(project).GetReferencedAssemblies().Select(reference => reference.Name!);

    /// <summary>Source-generated JSON contexts cache lazily in static fields.</summary>
    private static bool IsGenerated(Type type) =>
        type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute))
        || typeof(System.Text.Json.Serialization.JsonSerializerContext).IsAssignableFrom(type);
}
