using FlashDrop.Infra.Tests.Bicep;

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
    public async Task Functions_and_metrics_the_alerts_watch_exist()
    {
        using JsonDocument signals = JsonDocument.Parse(Repository.Read("infra-bicep/signals.json"));

        Assert.Equal("", string.Join("\n", (await ContractAsync()).SignalsNobodySends(Values(signals, "functions"), Values(signals, "metrics"))));
    }

    [Fact]
    public async Task The_app_has_the_rights_it_needs_and_no_others()
    {
        Infrastructure infrastructure = await Infrastructure.ReadAsync(Cancel);

        Assert.Equal(
            [
                "keyVaultSecretsUser on vault",
                "monitoringMetricsPublisher on insights",
                "storageBlobDataOwner on storage",
                "storageQueueDataContributor on storage",
                "storageTableDataContributor on storage",
            ],
            infrastructure.RolesOfTheApp.Values.Order(StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    /// <summary>Role ids as Azure publishes them for its built-in roles.</summary>
    [Fact]
    public async Task Role_ids_are_the_built_in_ones()
    {
        Dictionary<string, string> published = new(StringComparer.Ordinal)
        {
            ["keyVaultSecretsOfficer"] = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",
            ["keyVaultSecretsUser"] = "4633458b-17de-408a-874c-0445c86b69e6",
            ["monitoringMetricsPublisher"] = "3913510d-42f4-4e42-8a64-420c390055eb",
            ["storageBlobDataContributor"] = "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
            ["storageBlobDataOwner"] = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
            ["storageBlobDataReader"] = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
            ["storageQueueDataContributor"] = "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
            ["storageTableDataContributor"] = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        };

        Assert.Equal(published.OrderBy(role => role.Key, StringComparer.Ordinal), (await Infrastructure.ReadAsync(Cancel)).RoleIds.OrderBy(role => role.Key, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Rights_are_assigned_in_one_file_only()
    {
        IReadOnlyDictionary<string, BicepFile> files = await InfraFiles.ParseAsync(Cancel);

        Assert.Equal(
            ["infra-bicep/modules/roles.bicep"],
            files.Values.Where(file => file.OfKind("resource").Any(resource => resource.Target!.StartsWith("Microsoft.Authorization/", StringComparison.Ordinal))).Select(file => file.Path),
            StringComparer.Ordinal);
    }

    [Fact]
    public async Task Retention_never_touches_the_package_or_the_profiles()
    {
        Infrastructure infrastructure = await Infrastructure.ReadAsync(Cancel);

        Assert.DoesNotContain("deployments", infrastructure.AgedContainers, StringComparer.Ordinal);
        Assert.DoesNotContain("profiles", infrastructure.AgedContainers, StringComparer.Ordinal);
    }

    [Fact]
    public async Task Outputs_of_the_deployment_are_upper_snake()
    {
        BicepFile main = (await InfraFiles.ParseAsync(Cancel))["infra-bicep/main.bicep"];

        Assert.All(main.OfKind("output"), output => Assert.Matches("^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$", output.Name));
    }

    [Fact]
    public async Task Parameters_file_gives_known_parameters_and_leaves_none_without_value()
    {
        BicepFile main = (await InfraFiles.ParseAsync(Cancel))["infra-bicep/main.bicep"];
        using JsonDocument file = JsonDocument.Parse(Repository.Read("infra-bicep/main.parameters.json"));
        string[] given = [.. file.RootElement.GetProperty("parameters").EnumerateObject().Select(parameter => parameter.Name)];

        Assert.Empty(given.Except(main.OfKind("parameter").Select(parameter => parameter.Name), StringComparer.Ordinal));
        Assert.Empty(main.OfKind("parameter").Where(parameter => parameter.Value is null).Select(parameter => parameter.Name).Except(given, StringComparer.Ordinal));
        Assert.All(main.OfKind("parameter").Where(parameter => parameter.Decorator("secure") is not null), parameter => Assert.DoesNotContain(parameter.Name, given, StringComparer.Ordinal));
    }

    [Fact]
    public async Task Each_alert_has_a_runbook_and_each_runbook_an_alert()
    {
        IReadOnlyList<string> rules = (await Infrastructure.ReadAsync(Cancel)).AlertRules;

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
    public void The_workbook_reads_tables_the_deployment_fills()
    {
        using JsonDocument workbook = JsonDocument.Parse(Repository.Read("infra-bicep/workbook.json"));
        string[] queries = [.. workbook.RootElement.GetProperty("items").EnumerateArray().Where(item => item.GetProperty("type").GetInt32() == 3).Select(item => item.GetProperty("content").GetProperty("query").GetString()!)];

        Assert.NotEmpty(queries);
        Assert.All(queries, query => Assert.Contains(query.Split(' ')[0], new[] { "AppMetrics", "AppRequests", "AppDependencies", "AppExceptions", "StorageQueueLogs" }, StringComparer.Ordinal));
    }

    private static IEnumerable<string> Values(JsonDocument json, string name) => [.. json.RootElement.GetProperty(name).EnumerateObject().Select(value => value.Value.GetString()!)];

    private static async Task<Contract> ContractAsync() => new(await Infrastructure.ReadAsync(Cancel), SourceCode.OfProduct());
}
