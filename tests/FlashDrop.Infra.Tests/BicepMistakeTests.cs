using FlashDrop.Infra.Tests.Bicep;

namespace FlashDrop.Infra.Tests;

/// <summary>The checks of <see cref="BicepTests"/> find mistakes: each row makes one in a real file.</summary>
public sealed class BicepMistakeTests
{
    public static TheoryData<string, string, string, string> Mistakes { get; } = new()
    {
        // Syntax
        { "modules/identity.bicep", "  location: location\n", "  location location\n", "syntax" },
        { "modules/identity.bicep", "output id string = identity.id", "output id string = identity.id)", "syntax" },
        { "modules/identity.bicep", "param tags object", "param tags object\nfunc double(n int) int => n * 2", "statement" },
        // Types, versions, properties
        { "modules/identity.bicep", "userAssignedIdentities@2024-11-30", "userAssignedIdentities@2024-11-31", "resource-type" },
        { "modules/identity.bicep", "Microsoft.ManagedIdentity/userAssignedIdentities@", "Microsoft.ManagedIdentity/userAssignedIdentites@", "resource-type" },
        { "modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAcces: false", "unknown-property" },
        { "modules/storage.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: 'no'", "type" },
        { "modules/storage.bicep", "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS12'", "type" },
        { "modules/storage.bicep", "      days: 7\n    }\n    container", "      days: 'seven'\n    }\n    container", "type" },
        { "modules/storage.bicep", "kind: 'StorageV2'\n", "", "missing-property" },
        { "modules/storage.bicep", "    accessTier: 'Hot'", "    accessTier: 'Hot'\n    provisioningState: 'Succeeded'", "read-only" },
        { "modules/storage.bicep", "    accessTier: 'Hot'", "    accessTier: 'Hot'\n    accessTier: 'Hot'", "duplicate" },
        { "modules/storage.bicep", "daysAfterModificationGreaterThan", "daysAfterModifiedGreaterThan", "unknown-property" },
        { "modules/key-vault.bicep", "      family: 'A'\n", "", "missing-property" },
        { "modules/key-vault.bicep", "name: 'standard'", "name: 'basic'", "type" },
        { "modules/alerts.bicep", "'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'", "'Microsoft.Azure.Monitor.SingleResource'", "type" },
        { "modules/alerts.bicep", "timeAggregation: 'Total'", "timeAggregations: 'Total'", "missing-property" },
        { "event-subscription.bicep", "endpointType: 'WebHook'", "endpointType: 'Webhook'", "type" },
        { "event-subscription.bicep", "operatorType: 'StringIn'", "operatorType: 'StringEquals'", "type" },
        { "event-subscription.bicep", "blobContainerName:", "containerName:", "unknown-property" },
        { "modules/function-app.bicep", "instanceMemoryMB: instanceMemoryMB", "instanceMemoryMb: instanceMemoryMB", "unknown-property" },
        { "modules/function-app.bicep", "name: 'dotnet-isolated'", "name: 'dotnet'", "type" },
        // References
        { "modules/identity.bicep", "identity.properties.clientId", "identity.properties.clientID", "unknown-property" },
        { "modules/identity.bicep", "= identity.id", "= identities.id", "name" },
        { "modules/workbook.bicep", "signals.metrics.cost", "signals.metrics.costs", "unknown-property" },
        { "modules/workbook.bicep", "../workbook.json", "../workbok.json", "content" },
        { "modules/storage.bicep", "for rule in items(retentionDays)", "for rule in sku", "type" },
        { "modules/storage.bicep", "var queues = [", "var queues = storageQueues\nvar other = [", "unused" },
        { "modules/storage.bicep", "concat(appContainers, [deploymentContainer, deadLetterContainer])", "concat(containers, [deploymentContainer, deadLetterContainer])", "cycle" },
        { "modules/storage.bicep", "concat(appContainers,", "concatenate(appContainers,", "function" },
        { "modules/workbook.bicep", "guid(workspaceId, 'flashdrop')", "guid()", "function" },
        { "modules/workbook.bicep", "'{{pollTasks}}', signals.functions.pollTasks)", "signals.functions.pollTasks)", "function" },
        { "modules/network.bicep", "zones[i].id", "zones.id", "unknown-property" },
        { "modules/network.bicep", "zones[i].id", "zones[endpoint.group].id", "type" },
        // Parents and scopes
        { "modules/storage.bicep", "  parent: blobs\n  name: container", "  parent: queueService\n  name: container", "parent" },
        { "modules/storage.bicep", "  parent: blobs\n  name: container", "  name: container", "parent" },
        { "modules/storage.bicep", "  scope: queueService\n", "  scope: workspaceId\n", "scope" },
        { "modules/monitoring.bicep", "  name: insightsName\n  location", "  name: insightsName\n  scope: workspace\n  location", "scope" },
        { "modules/identity.bicep", "@description('Name of the identity.')", "targetScope = 'subscription'\n@description('Name of the identity.')", "scope" },
        { "main.bicep", "  name: 'workbook'\n  scope: group\n", "  name: 'workbook'\n", "scope" },
        { "main.bicep", "dependsOn: [roles]", "dependsOn: ['roles']", "type" },
        // Modules
        { "main.bicep", "modules/identity.bicep", "modules/identities.bicep", "module-path" },
        { "main.bicep", "    sku: storageSku\n", "", "missing-parameter" },
        { "main.bicep", "    sku: storageSku\n", "    sku: storageSku\n    tier: 'Hot'\n", "unknown-parameter" },
        { "main.bicep", "    sku: storageSku\n", "    sku: 'Standard_XRS'\n", "type" },
        { "main.bicep", "    sku: storageSku\n", "    sku: location\n", "type" },
        { "main.bicep", "retentionDays: logRetentionDays", "retentionDays: location", "type" },
        { "main.bicep", "identity.outputs.clientId", "identity.outputs.clientID", "unknown-property" },
        { "main.bicep", "network!.outputs", "network.outputs", "conditional" },
        // House rules the linter also holds
        { "modules/identity.bicep", "@description('Region.')\n", "", "description" },
        { "modules/identity.bicep", "@description('Region.')", "@describe('Region.')", "decorator" },
        { "modules/identity.bicep", "param tags object", "param tags object\n@description('x')\nparam spare string", "unused" },
        { "modules/identity.bicep", "param tags object", "param tags object\n@description('x')\nparam location string", "duplicate" },
        { "modules/identity.bicep", "  location: location\n", "  location: 'westeurope'\n", "location" },
        { "modules/network.bicep", "blob.${environment().suffixes.storage}'", "blob.core.windows.net'", "environment-url" },
        { "event-subscription.bicep", "@secure()\nparam endpointUrl string", "@secure()\nparam endpointUrl string = 'https://localhost'", "secure" },
        { "event-subscription.bicep", "param topicName string", "param topicName string\n@description('x')\noutput url string = endpointUrl", "secure" },
        { "main.bicep", "param principalId string = ''", "param principalPassword string = ''", "secure" },
        { "main.bicep", "param alertEmail string = ''", "@secure()\nparam alertEmail string = ''", "secure" },
    };

    // All changed files are parsed in one go: starting the parser takes longer than using it.
    private static readonly Lazy<Task<IReadOnlyDictionary<string, BicepFile>>> ChangedFiles = new(() => BicepFile.ParseAsync(
        Mistakes.Select(row => row.Data).ToDictionary(Key, Change, StringComparer.Ordinal), CancellationToken.None));

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_found(string path, string old, string @new, string expected)
    {
        string file = $"infra-bicep/{path}";
        Assert.Contains(old, InfraFiles.Sources()[file], StringComparison.Ordinal);
        BicepFile changed = (await ChangedFiles.Value)[Key((path, old, @new, expected))];
        Dictionary<string, BicepFile> files = new(await InfraFiles.ParseAsync(TestContext.Current.CancellationToken), StringComparer.Ordinal)
        {
            [file] = new BicepFile(file, changed.Root),
        };

        Assert.Contains(BicepChecker.Check(files, InfraFiles.Load), finding => finding.Code == expected);
    }

    /// <summary>
    /// Misspelling any one property name is found, in every file. Left out are maps whose keys are free: tags, app settings,
    /// the retention table (its keys are containers, see <see cref="ContractTests"/>) and what azd reads.
    /// </summary>
    [Fact]
    public async Task Any_misspelt_property_is_found()
    {
        IReadOnlyDictionary<string, BicepFile> files = await InfraFiles.ParseAsync(TestContext.Current.CancellationToken);
        List<string> missed = [];
        int tried = 0;
        foreach (BicepFile file in files.Values)
        {
            foreach (SyntaxNode key in file.Root.DescendantsAndSelf().Where(node => node.Type == "object_property").Select(node => node.Named[0]).Where(key => key.Type == "identifier"))
            {
                tried++;
                if (FindingsWith(files, file, key, key with { Leaf = key.Text + "Q" }).Count == 0)
                {
                    missed.Add($"{file.Path}: {key.Text}");
                }
            }
        }

        Assert.True(tried > 300, $"only {tried} properties were tried");
        string[] free =
        [
            .. (await SettingsAsync()).Select(setting => $"infra-bicep/modules/function-app.bicep: {setting}"),
            .. new[] { "inbox", "requests", "results", "reports", "deadletters" }.Select(container => $"infra-bicep/modules/storage.bicep: {container}"),
            "infra-bicep/main.bicep: azd",
            "infra-bicep/main.bicep: type",
        ];
        Assert.Equal("", string.Join("\n", missed.Except(free, StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Any_misspelt_reference_is_found()
    {
        IReadOnlyDictionary<string, BicepFile> files = await InfraFiles.ParseAsync(TestContext.Current.CancellationToken);
        List<string> missed = [];
        int tried = 0;
        foreach (BicepFile file in files.Values)
        {
            HashSet<SyntaxNode> declared = new(ReferenceEqualityComparer.Instance);
            declared.UnionWith(file.Declarations.Select(declaration => declaration.Node.Named[0]));
            declared.UnionWith(file.Root.DescendantsAndSelf().Where(node => node.Type == "object_property").Select(node => node.Named[0]));
            foreach (SyntaxNode name in file.Root.DescendantsAndSelf().Where(node => node.Type is "identifier" or "property_identifier" && !declared.Contains(node)))
            {
                tried++;
                if (FindingsWith(files, file, name, name with { Leaf = name.Text + "Q" }).Count == 0)
                {
                    missed.Add($"{file.Path}({name.Line}): {name.Text}");
                }
            }
        }

        Assert.True(tried > 500, $"only {tried} references were tried");
        Assert.Equal("", string.Join("\n", missed));
    }

    private static string Key((string Path, string Old, string New, string Expected) row) => string.Join('\0', row.Path, row.Old, row.New, row.Expected);

    private static string Change((string Path, string Old, string New, string Expected) row) =>
        Repository.Read($"infra-bicep/{row.Path}").Replace(row.Old, row.New, StringComparison.Ordinal);

    private static async Task<IReadOnlyList<string>> SettingsAsync() =>
        [.. (await Infrastructure.ReadAsync(TestContext.Current.CancellationToken)).AppSettings.Keys];

    private static IReadOnlyList<Finding> FindingsWith(IReadOnlyDictionary<string, BicepFile> files, BicepFile file, SyntaxNode old, SyntaxNode @new)
    {
        BicepFile changed = new(file.Path, file.Root.Replace(old, @new));
        return BicepChecker.CheckFile(new Dictionary<string, BicepFile>(files, StringComparer.Ordinal) { [file.Path] = changed }, changed, InfraFiles.Load);
    }
}
