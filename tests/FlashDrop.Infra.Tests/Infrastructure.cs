using FlashDrop.Infra.Tests.Bicep;

namespace FlashDrop.Infra.Tests;

/// <summary>What the Bicep files promise the app: settings, storage names, roles.</summary>
internal sealed record Infrastructure(
    IReadOnlyDictionary<string, SyntaxNode> AppSettings,
    IReadOnlyList<string> AppContainers,
    IReadOnlyList<string> PlatformContainers,
    IReadOnlyList<string> AgedContainers,
    IReadOnlyList<string> Queues,
    IReadOnlyList<string> Tables,
    IReadOnlyDictionary<string, string> RoleIds,
    IReadOnlyDictionary<string, string> RolesOfTheApp,
    IReadOnlyList<string> AlertRules)
{
    public static async Task<Infrastructure> ReadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, BicepFile> files = await InfraFiles.ParseAsync(cancellationToken);
        BicepFile app = files["infra-bicep/modules/function-app.bicep"];
        BicepFile storage = files["infra-bicep/modules/storage.bicep"];
        BicepFile roles = files["infra-bicep/modules/roles.bicep"];
        BicepFile alerts = files["infra-bicep/modules/alerts.bicep"];
        return new Infrastructure(
            Properties(app.Find("baseSettings")!.Value!)
                .Concat(Properties(app.Find("adminSettings")!.Value!.Named[^1]))
                .ToDictionary(StringComparer.Ordinal),
            Strings(storage.Find("appContainers")!.Value!),
            [storage.Find("deploymentContainer")!.Value!.Literal!, storage.Find("deadLetterContainer")!.Value!.Literal!],
            [.. Properties(storage.Find("retentionDays")!.Value!).Keys],
            Strings(storage.Find("queues")!.Value!),
            Strings(storage.Find("tables")!.Value!),
            Properties(roles.Find("roleIds")!.Value!).ToDictionary(role => role.Key, role => role.Value.Literal!, StringComparer.Ordinal),
            AppRoles(roles),
            [
                .. alerts.Find("rules")!.Value!.Named.Select(rule => Properties(rule)["name"].Literal!),
                .. alerts.OfKind("resource").Where(resource => resource.Target!.StartsWith("Microsoft.Insights/metricAlerts@", StringComparison.Ordinal)).Select(resource => Properties(resource.Body)["name"].Literal!),
            ]);
    }

    public static Dictionary<string, SyntaxNode> Properties(SyntaxNode node) =>
        node.Named.Where(property => property.Type == "object_property").ToDictionary(
            property => property.Named[0].Literal ?? property.Named[0].Text,
            property => property.Named[^1],
            StringComparer.Ordinal);

    private static IReadOnlyList<string> Strings(SyntaxNode array) => [.. array.Named.Select(item => item.Literal!)];

    /// <summary>Role by the scope it is assigned on, for the app's identity.</summary>
    private static Dictionary<string, string> AppRoles(BicepFile roles) =>
        roles.OfKind("resource")
            .Where(resource => !resource.IsExisting && Properties(Properties(resource.Body)["properties"])["principalId"].Text == "appPrincipalId")
            .ToDictionary(
                resource => resource.Name,
                resource => $"{Properties(Properties(resource.Body)["properties"])["roleDefinitionId"].Named[1].Named[1].Named[^1].Text} on {Properties(resource.Body)["scope"].Text}",
                StringComparer.Ordinal);
}
