namespace FlashDrop.Infra.Tests;

/// <summary>The Bicep files compile without a word from the compiler or its linter, and are laid out as its formatter does.</summary>
public sealed class BicepTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_file_compiles_and_lints_without_a_finding()
    {
        string main = Repository.Read("infra-bicep/main.bicep");

        // The pattern takes the two files that are deployed; the modules are compiled as parts of the first.
        Assert.All(Repository.Files("infra-bicep/modules", "*.bicep"), module => Assert.Contains($"'modules/{Path.GetFileName(module)}'", main, StringComparison.Ordinal));
        Assert.Equal("", string.Join("\n", await BicepCompiler.LintAsync(Repository.PathTo("infra-bicep"), "*.bicep", Cancel)));
    }

    [Fact]
    public async Task Every_file_is_formatted()
    {
        using TemporaryFolder folder = new();
        BicepCompiler.CopySources(folder.Path);
        await BicepCompiler.FormatAsync(folder.Path, Cancel);

        Assert.All(
            Repository.Files("infra-bicep", "*.bicep"),
            file => Assert.Equal(File.ReadAllText(Path.Combine(folder.Path, Path.GetRelativePath("infra-bicep", file))), Repository.Read(file)));
    }

    [Theory]
    [InlineData("infra-bicep/main.bicep", 100)]
    [InlineData("infra-bicep/event-subscription.bicep", 4)]
    public async Task Every_parameter_and_output_is_described(string path, int atLeast)
    {
        JsonProperty[] declared = [.. Declared(await BicepCompiler.BuildAsync(path, Cancel))];

        Assert.True(declared.Length >= atLeast, $"only {declared.Length} declarations were found");
        Assert.Empty(declared.Where(item => !item.Value.TryGetProperty("metadata", out JsonElement metadata) || !metadata.TryGetProperty("description", out _)).Select(item => item.Name));
    }

    /// <summary>One mistake of each kind, in a real file. The compiler has its own tests; these show that nothing it says is lost on the way.</summary>
    public static TheoryData<string, string, string, string> Mistakes { get; } = new()
    {
        // What the compiler refuses.
        { "modules/identity.bicep", "  location: location\n", "  location location\n", "BCP018" },
        { "modules/identity.bicep", "= identity.id", "= identities.id", "BCP057" },
        { "modules/identity.bicep", "@description('Region.')", "@descriptions('Region.')", "BCP082" },
        { "modules/workbook.bicep", "../workbook.json", "../workbok.json", "BCP091" },
        { "modules/workbook.bicep", "signals.metrics.cost", "signals.metrics.costs", "BCP083" },
        { "modules/network.bicep", "zones[i].id", "zones[endpoint.group].id", "BCP074" },
        { "modules/storage.bicep", "  scope: queueService\n", "  scope: workspaceId\n", "BCP036" },
        { "modules/storage.bicep", "kind: 'StorageV2'\n", "", "BCP035" },
        { "main.bicep", "modules/identity.bicep", "modules/identities.bicep", "BCP091" },
        { "main.bicep", "    sku: storageSku\n", "", "BCP035" },
        { "main.bicep", "    sku: storageSku\n", "    sku: storageSku\n    tier: 'Hot'\n", "BCP037" },
        { "main.bicep", "  name: 'workbook'\n  scope: group\n", "  name: 'workbook'\n", "BCP134" },
        // What it only warns of: Azure would ignore it, or refuse it in the middle of a deployment.
        { "modules/identity.bicep", "userAssignedIdentities@2024-11-30", "userAssignedIdentities@2024-11-31", "BCP081" },
        { "modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAcces: false", "BCP089" },
        { "modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: 'no'", "BCP036" },
        { "event-subscription.bicep", "operatorType: 'StringIn'", "operatorType: 'StringEquals'", "BCP036" },
        // What the linter finds.
        { "modules/identity.bicep", "param tags object", "param tags object\n@description('x')\nparam spare string", "no-unused-params" },
        { "modules/identity.bicep", "  location: location\n", "  location: 'westeurope'\n", "no-hardcoded-location" },
        { "modules/network.bicep", "blob.${environment().suffixes.storage}'", "blob.core.windows.net'", "no-hardcoded-env-urls" },
        { "modules/storage.bicep", "  parent: account\n  name: 'default'", "  name: '${account.name}/default'", "use-parent-property" },
        { "event-subscription.bicep", "@secure()\nparam endpointUrl string", "@secure()\nparam endpointUrl string = 'https://localhost'", "secure-parameter-default" },
        { "event-subscription.bicep", "param topicName string", "param topicName string\n@description('x')\noutput url string = endpointUrl", "outputs-should-not-contain-secrets" },
    };

    // All at once: starting the compiler takes longer than using it.
    private static readonly Lazy<Task<IReadOnlyList<Finding>>> Mistaken = new(LintMistakesAsync);

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_found(string path, string old, string @new, string expected)
    {
        Assert.Contains(old, Repository.Read($"infra-bicep/{path}"), StringComparison.Ordinal);
        string file = $"{Number((path, old, @new, expected))}/{path}";

        Assert.Contains(expected, (await Mistaken.Value).Where(finding => finding.File == file).Select(finding => finding.Code), StringComparer.Ordinal);
    }

    private static async Task<IReadOnlyList<Finding>> LintMistakesAsync()
    {
        using TemporaryFolder folder = new();
        foreach ((string path, string old, string @new, string expected) in Mistakes.Select(row => row.Data))
        {
            string copy = Path.Combine(folder.Path, Number((path, old, @new, expected)));
            BicepCompiler.CopySources(copy);
            await File.WriteAllTextAsync(Path.Combine(copy, path), Repository.Read($"infra-bicep/{path}").Replace(old, @new, StringComparison.Ordinal), CancellationToken.None);

            // Only the file with the mistake and what it needs: linting every copy of every file would take minutes.
            if (path != "main.bicep")
            {
                foreach (string other in Directory.GetFiles(copy, "*.bicep", SearchOption.AllDirectories).Where(other => other != Path.Combine(copy, path)))
                {
                    File.Delete(other);
                }
            }
        }

        return
        [
            .. await BicepCompiler.LintAsync(folder.Path, "*/*.bicep", CancellationToken.None),
            .. await BicepCompiler.LintAsync(folder.Path, "*/modules/*.bicep", CancellationToken.None),
        ];
    }

    private static string Number((string Path, string Old, string New, string Expected) mistake) =>
        Mistakes.Select(row => row.Data).ToList().IndexOf(mistake).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Parameters and outputs of a template and of the templates inside it.</summary>
    private static IEnumerable<JsonProperty> Declared(JsonElement template)
    {
        foreach (string kind in new[] { "parameters", "outputs" })
        {
            if (template.TryGetProperty(kind, out JsonElement items))
            {
                foreach (JsonProperty item in items.EnumerateObject())
                {
                    yield return item;
                }
            }
        }

        foreach (JsonElement resource in Resources(template).Where(resource => resource.GetProperty("type").GetString() == "Microsoft.Resources/deployments"))
        {
            foreach (JsonProperty item in Declared(resource.GetProperty("properties").GetProperty("template")))
            {
                yield return item;
            }
        }
    }

    /// <summary>Resources are a list, or by name where the template uses symbolic names.</summary>
    private static IEnumerable<JsonElement> Resources(JsonElement template) => template.GetProperty("resources") is { ValueKind: JsonValueKind.Object } byName
        ? byName.EnumerateObject().Select(resource => resource.Value)
        : template.GetProperty("resources").EnumerateArray();
}
