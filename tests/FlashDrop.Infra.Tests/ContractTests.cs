namespace FlashDrop.Infra.Tests;

/// <summary>The deployment and the code agree on settings, storage names, function names and rights.</summary>
public sealed class ContractTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_setting_the_deployment_gives_is_read() =>
        Assert.Equal("", string.Join("\n", (await ContractAsync()).SettingsNobodyReads()));

    [Fact]
    public async Task Every_setting_the_code_needs_is_given() =>
        Assert.Equal("", string.Join("\n", (await ContractAsync()).SettingsNobodyGives()));

    [Fact]
    public async Task Containers_queues_and_tables_are_those_the_code_uses() =>
        Assert.Equal("", string.Join("\n", (await ContractAsync()).StorageNamesThatDiffer()));

    [Fact]
    public async Task Queries_of_alerts_and_workbook_look_for_names_that_are_written() =>
        Assert.Equal("", string.Join("\n", (await ContractAsync()).NamesNobodyWrites((await Infrastructure.ReadAsync(Cancel)).Queries)));

    [Fact]
    public async Task Everybody_has_the_rights_they_need_and_no_others() =>
        Assert.Equal(
            [
                "app: Key Vault Secrets User on vaults",
                "app: Monitoring Metrics Publisher on components",
                "app: Storage Blob Data Owner on storageAccounts",
                "app: Storage Queue Data Contributor on storageAccounts",
                "app: Storage Table Data Contributor on storageAccounts",
                "deployer: Key Vault Secrets Officer on vaults",
                "deployer: Storage Blob Data Contributor on inbox",
                "deployer: Storage Blob Data Reader on results",
                "topic: Storage Blob Data Contributor on deadletters",
            ],
            (await Infrastructure.ReadAsync(Cancel)).Rights,
            StringComparer.Ordinal);

    [Fact]
    public void Rights_are_assigned_in_one_file_only() =>
        Assert.Equal(
            ["infra-bicep/modules/roles.bicep"],
            Repository.Files("infra-bicep", "*.bicep").Where(file => Repository.Read(file).Contains("'Microsoft.Authorization/", StringComparison.Ordinal)),
            StringComparer.Ordinal);

    /// <summary>Keys and passwords open nothing; what is deleted can be restored.</summary>
    [Fact]
    public async Task Only_identities_open_anything()
    {
        Infrastructure infrastructure = await Infrastructure.ReadAsync(Cancel);
        JsonElement account = infrastructure.Properties("Microsoft.Storage/storageAccounts");
        JsonElement vault = infrastructure.Properties("Microsoft.KeyVault/vaults");
        JsonElement blobs = infrastructure.Properties("Microsoft.Storage/storageAccounts/blobServices");

        Assert.False(account.GetProperty("allowSharedKeyAccess").GetBoolean());
        Assert.False(account.GetProperty("allowBlobPublicAccess").GetBoolean());
        Assert.True(account.GetProperty("supportsHttpsTrafficOnly").GetBoolean());
        Assert.Equal("TLS1_2", account.GetProperty("minimumTlsVersion").GetString());
        Assert.True(vault.GetProperty("enableRbacAuthorization").GetBoolean());
        Assert.True(vault.GetProperty("enablePurgeProtection").GetBoolean());
        Assert.True(infrastructure.Properties("Microsoft.OperationalInsights/workspaces").GetProperty("features").GetProperty("disableLocalAuth").GetBoolean());
        Assert.True(infrastructure.Properties("Microsoft.Insights/components").GetProperty("DisableLocalAuth").GetBoolean());
        Assert.True(infrastructure.App.GetProperty("httpsOnly").GetBoolean());
        Assert.Equal(["ftp", "scm"], infrastructure.Named("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.All(infrastructure.OfType("Microsoft.Web/sites/basicPublishingCredentialsPolicies"), policy => Assert.False(policy.GetProperty("properties").GetProperty("allow").GetBoolean()));
        Assert.True(blobs.GetProperty("deleteRetentionPolicy").GetProperty("enabled").GetBoolean());
        Assert.True(blobs.GetProperty("containerDeleteRetentionPolicy").GetProperty("enabled").GetBoolean());
        Assert.Empty(infrastructure.OfType("Microsoft.KeyVault/vaults/secrets"));
    }

    [Fact]
    public async Task The_app_runs_isolated_on_flex_consumption_with_its_identity()
    {
        Infrastructure infrastructure = await Infrastructure.ReadAsync(Cancel);
        JsonElement configuration = infrastructure.App.GetProperty("functionAppConfig");

        Assert.Equal("FC1", Assert.Single(infrastructure.OfType("Microsoft.Web/serverfarms")).GetProperty("sku").GetProperty("name").GetString());
        Assert.Equal("dotnet-isolated", configuration.GetProperty("runtime").GetProperty("name").GetString());
        Assert.Equal("10.0", configuration.GetProperty("runtime").GetProperty("version").GetString());
        Assert.Equal("UserAssignedIdentity", configuration.GetProperty("deployment").GetProperty("storage").GetProperty("authentication").GetProperty("type").GetString());
        Assert.Equal("managedidentity", infrastructure.AppSettings["AzureWebJobsStorage__credential"]);

        // Flex Consumption takes these from functionAppConfig and refuses them as settings.
        Assert.Empty(infrastructure.AppSettings.Keys.Intersect(["FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_EXTENSION_VERSION", "WEBSITE_RUN_FROM_PACKAGE"], StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_the_private_network_there_is_no_network() =>
        Assert.Empty((await Infrastructure.ReadAsync(Cancel)).OfType("Microsoft.Network/virtualNetworks"));

    [Fact]
    public async Task With_the_private_network_storage_and_vault_answer_inside_it_only()
    {
        Infrastructure infrastructure = await Infrastructure.ReadPrivateAsync(Cancel);

        foreach (string type in new[] { "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults" })
        {
            JsonElement properties = infrastructure.Properties(type);
            Assert.Equal("Disabled", properties.GetProperty("publicNetworkAccess").GetString());
            Assert.Equal("Deny", properties.GetProperty("networkAcls").GetProperty("defaultAction").GetString());
        }

        // Event Grid writes dead letters from outside, as a trusted service.
        Assert.Equal("AzureServices", infrastructure.Properties("Microsoft.Storage/storageAccounts").GetProperty("networkAcls").GetProperty("bypass").GetString());
        Assert.Contains("/subnets/app", infrastructure.App.GetProperty("virtualNetworkSubnetId").GetString(), StringComparison.Ordinal);
        Assert.Equal(
            ["blob -> storageAccounts", "queue -> storageAccounts", "table -> storageAccounts", "vault -> vaults"],
            infrastructure.OfType("Microsoft.Network/privateEndpoints").Select(Connection).Order(StringComparer.Ordinal),
            StringComparer.Ordinal);

        // Each endpoint has a zone for its name, and each zone is linked to the network.
        Assert.Equal(4, infrastructure.OfType("Microsoft.Network/privateDnsZones").Count());
        Assert.Equal(4, infrastructure.OfType("Microsoft.Network/privateDnsZones/virtualNetworkLinks").Count());
        Assert.Equal(4, infrastructure.OfType("Microsoft.Network/privateEndpoints/privateDnsZoneGroups").Count());

        static string Connection(JsonElement endpoint)
        {
            JsonElement connection = endpoint.GetProperty("properties").GetProperty("privateLinkServiceConnections")[0].GetProperty("properties");
            return $"{connection.GetProperty("groupIds")[0].GetString()} -> {connection.GetProperty("privateLinkServiceId").GetString()!.Split('/')[^2]}";
        }
    }

    [Fact]
    public async Task Retention_never_touches_the_package_or_the_profiles()
    {
        Infrastructure infrastructure = await Infrastructure.ReadAsync(Cancel);

        Assert.DoesNotContain("deployments", infrastructure.AgedContainers, StringComparer.Ordinal);
        Assert.DoesNotContain("profiles", infrastructure.AgedContainers, StringComparer.Ordinal);
    }

    [Fact]
    public async Task Outputs_of_the_deployment_are_upper_snake() =>
        Assert.All((await Infrastructure.ReadAsync(Cancel)).Outputs.Keys, output => Assert.Matches("^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$", output));

    [Fact]
    public async Task Parameters_file_gives_known_parameters_and_leaves_none_without_value()
    {
        JsonProperty[] parameters = [.. (await BicepCompiler.BuildAsync("infra-bicep/main.bicep", Cancel)).GetProperty("parameters").EnumerateObject()];
        using JsonDocument file = JsonDocument.Parse(Repository.Read("infra-bicep/main.parameters.json"));
        string[] given = [.. file.RootElement.GetProperty("parameters").EnumerateObject().Select(parameter => parameter.Name)];

        Assert.Empty(given.Except(parameters.Select(parameter => parameter.Name), StringComparer.Ordinal));
        Assert.Empty(parameters.Where(parameter => !parameter.Value.TryGetProperty("defaultValue", out _)).Select(parameter => parameter.Name).Except(given, StringComparer.Ordinal));
        Assert.All(parameters.Where(parameter => parameter.Value.GetProperty("type").GetString()!.StartsWith("secure", StringComparison.Ordinal)), parameter => Assert.DoesNotContain(parameter.Name, given, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Each_alert_has_a_runbook_and_each_runbook_an_alert()
    {
        IReadOnlyList<string> rules = (await Infrastructure.ReadAsync(Cancel)).Alerts;

        Assert.Equal(
            rules.Order(StringComparer.Ordinal),
            Repository.Files("docs/runbooks", "*.md").Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => name != "README").Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
        Assert.All(rules, rule => Assert.All(
            new[] { "## What it means", "## What to look at", "## What to do" },
            heading => Assert.Contains(heading, Repository.Read($"docs/runbooks/{rule}.md"), StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_linter_rule_is_an_error()
    {
        using JsonDocument config = JsonDocument.Parse(Repository.Read("infra-bicep/bicepconfig.json"));
        JsonElement rules = config.RootElement.GetProperty("analyzers").GetProperty("core").GetProperty("rules");

        Assert.All(rules.EnumerateObject(), rule => Assert.Equal("error", rule.Value.GetProperty("level").GetString()));
        Assert.True(rules.EnumerateObject().Count() > 25);
    }

    [Fact]
    public async Task Queries_read_tables_the_deployment_fills() =>
        Assert.All(
            (await Infrastructure.ReadAsync(Cancel)).Queries.Values,
            query => Assert.Contains(query.Split(' ')[0], new[] { "AppMetrics", "AppRequests", "AppDependencies", "AppExceptions", "StorageQueueLogs" }, StringComparer.Ordinal));

    private static async Task<Contract> ContractAsync() => new(await Infrastructure.ReadAsync(Cancel), SourceCode.OfProduct());
}
