using System.Text.RegularExpressions;

namespace FlashDrop.Infra.Tests;

/// <summary>What a deployment consists of: the compiler's own prediction, not the text of the files.</summary>
internal sealed partial class Infrastructure
{
    /// <summary>Role ids as Azure publishes them for its built-in roles.</summary>
    private static readonly Dictionary<string, string> RoleNames = new(StringComparer.Ordinal)
    {
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["4633458b-17de-408a-874c-0445c86b69e6"] = "Key Vault Secrets User",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"] = "Storage Blob Data Reader",
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
    };

    private const string Deployer = "11111111-1111-1111-1111-111111111111";

    private static readonly Dictionary<string, string> Parameters = new(StringComparer.Ordinal)
    {
        ["environmentName"] = "'test'",
        ["location"] = "'westeurope'",
        ["principalId"] = $"'{Deployer}'",
        ["adminKeyHash"] = "'00'",
        ["alertEmail"] = "'operators@example.com'",
    };

    private static readonly Lazy<Task<Infrastructure>> Public = new(() => PredictAsync(privateNetwork: false));
    private static readonly Lazy<Task<Infrastructure>> Private = new(() => PredictAsync(privateNetwork: true));

    private readonly JsonElement[] _resources;

    private Infrastructure(JsonElement prediction)
    {
        _resources = [.. prediction.GetProperty("predictedResources").EnumerateArray()];
        Outputs = prediction.GetProperty("outputs").EnumerateObject().ToDictionary(output => output.Name, output => output.Value.ToString(), StringComparer.Ordinal);
        string package = App.GetProperty("functionAppConfig").GetProperty("deployment").GetProperty("storage").GetProperty("value").GetString()!;
        string[] containers = [.. Named("Microsoft.Storage/storageAccounts/blobServices/containers")];
        PlatformContainers = [.. containers.Where(name => package.Contains($"'{name}'", StringComparison.Ordinal) || name == Outputs["FLASHDROP_DEAD_LETTER_CONTAINER"])];
        AppContainers = [.. containers.Except(PlatformContainers, StringComparer.Ordinal)];
    }

    public IReadOnlyDictionary<string, string> Outputs { get; }

    public IReadOnlyDictionary<string, string> AppSettings =>
        Properties("Microsoft.Web/sites/config").EnumerateObject().ToDictionary(setting => setting.Name, setting => setting.Value.GetString()!, StringComparer.Ordinal);

    public JsonElement App => Properties("Microsoft.Web/sites");

    public IReadOnlyList<string> AppContainers { get; }

    /// <summary>Containers that the platform writes: the app's package, and events that could not be delivered.</summary>
    public IReadOnlyList<string> PlatformContainers { get; }

    /// <summary>Containers whose blobs are deleted by age.</summary>
    public IReadOnlyList<string> AgedContainers =>
        [.. Properties("Microsoft.Storage/storageAccounts/managementPolicies").GetProperty("policy").GetProperty("rules").EnumerateArray()
            .Select(rule => rule.GetProperty("definition").GetProperty("filters").GetProperty("prefixMatch")[0].GetString()!.TrimEnd('/'))];

    public IReadOnlyList<string> Queues => [.. Named("Microsoft.Storage/storageAccounts/queueServices/queues")];

    public IReadOnlyList<string> Tables => [.. Named("Microsoft.Storage/storageAccounts/tableServices/tables")];

    /// <summary>Every right as "who: role on what", in ordinal order.</summary>
    public IReadOnlyList<string> Rights => [.. OfType("Microsoft.Authorization/roleAssignments").Select(Right).Order(StringComparer.Ordinal)];

    public IReadOnlyList<string> Alerts => [.. Named("Microsoft.Insights/scheduledQueryRules").Concat(Named("Microsoft.Insights/metricAlerts"))];

    /// <summary>The query of each alert and of each part of the workbook, by name.</summary>
    public IReadOnlyDictionary<string, string> Queries
    {
        get
        {
            using JsonDocument workbook = JsonDocument.Parse(Properties("Microsoft.Insights/workbooks").GetProperty("serializedData").GetString()!);
            return OfType("Microsoft.Insights/scheduledQueryRules")
                .Select(rule => (Name: Name(rule), Query: rule.GetProperty("properties").GetProperty("criteria").GetProperty("allOf")[0].GetProperty("query").GetString()!))
                .Concat(workbook.RootElement.GetProperty("items").EnumerateArray()
                    .Where(item => item.GetProperty("type").GetInt32() == 3)
                    .Select(item => (Name: $"workbook: {item.GetProperty("name").GetString()}", Query: item.GetProperty("content").GetProperty("query").GetString()!)))
                .ToDictionary(query => query.Name, query => query.Query, StringComparer.Ordinal);
        }
    }

    public static Task<Infrastructure> ReadAsync(CancellationToken cancellationToken) => Public.Value.WaitAsync(cancellationToken);

    public static Task<Infrastructure> ReadPrivateAsync(CancellationToken cancellationToken) => Private.Value.WaitAsync(cancellationToken);

    /// <summary>The properties of the only resource of a type.</summary>
    public JsonElement Properties(string type) => Assert.Single(OfType(type)).GetProperty("properties");

    public IEnumerable<JsonElement> OfType(string type) => _resources.Where(resource => resource.GetProperty("type").GetString() == type);

    public IEnumerable<string> Named(string type) => OfType(type).Select(Name);

    private static string Name(JsonElement resource) => resource.GetProperty("name").GetString()!.Split('/')[^1];

    private static async Task<Infrastructure> PredictAsync(bool privateNetwork) =>
        new(await BicepCompiler.PredictAsync(
            new Dictionary<string, string>(Parameters, StringComparer.Ordinal) { ["privateNetwork"] = privateNetwork ? "true" : "false" },
            CancellationToken.None));

    private static string Right(JsonElement assignment)
    {
        JsonElement properties = assignment.GetProperty("properties");
        string principal = properties.GetProperty("principalId").GetString()!;
        string who = principal switch
        {
            Deployer => "deployer",
            _ when principal.Contains("/userAssignedIdentities/", StringComparison.Ordinal) => "app",
            _ when principal.Contains("/systemTopics/", StringComparison.Ordinal) => "topic",
            _ => principal,
        };
        string role = properties.GetProperty("roleDefinitionId").GetString()!.Split('/')[^1];
        Match scope = Scope().Match(assignment.GetProperty("id").GetString()!);
        return $"{who}: {RoleNames.GetValueOrDefault(role, role)} on {(scope.Groups["container"].Success ? scope.Groups["container"].Value : scope.Groups["type"].Value)}";
    }

    // The id begins with what the right is on: an account, a vault, one container.
    [GeneratedRegex(@"/resourceGroups/[^/]+/providers/Microsoft\.\w+/(?<type>\w+)/[^/']+(/blobServices/default/containers/(?<container>\w+))?", RegexOptions.ExplicitCapture)]
    private static partial Regex Scope();
}
