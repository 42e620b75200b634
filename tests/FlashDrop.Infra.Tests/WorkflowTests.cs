using System.Text.RegularExpressions;

namespace FlashDrop.Infra.Tests;

/// <summary>The workflows fit their schema, pin what they use and ask for little.</summary>
public sealed partial class WorkflowTests
{
    private const string Ci = ".github/workflows/ci.yml";
    private const string Deploy = ".github/workflows/deploy-environment.yml";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Workflows_have_no_finding()
    {
        Dictionary<string, string> workflows = Workflows();

        Assert.Equal(7, workflows.Count);
        Assert.Equal("", string.Join("\n", await NodeTool.LintAsync("workflow", workflows, Cancel)));
    }

    public static TheoryData<string, string, string, string> Mistakes { get; } = new()
    {
        { Ci, "runs-on: ubuntu-24.04", "runs-in: ubuntu-24.04", "Unexpected value 'runs-in'" },
        { Ci, "permissions:\n  contents: read", "permissions:\n  content: read", "Unexpected value 'content'" },
        { Ci, "${{ github.ref }}", "${{ git.ref }}", "Unrecognized named-value: 'git'" },
        { Ci, "${{ github.ref }}", "${{ github.reff }}", "Context access might be invalid" },
        { Ci, "if: always()", "if: alwys()", "Unrecognized function: 'alwys'" },
        { Ci, "global-json-file: global.json", "global-json: global.json", "Invalid action input 'global-json'" },
        { Ci, "actions/checkout@3", "actions/checkout@4", "Unable to resolve action" },
        { ".github/workflows/deploy.yml", "needs: staging", "needs: stagin", "stagin" },
    };

    private static readonly MistakenFiles Mistaken = new(Mistakes.Select(row => ("workflow", row.Data.Item1, row.Data.Item2, row.Data.Item3)));

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_in_a_workflow_is_found(string path, string old, string @new, string expected) =>
        Assert.Contains(await Mistaken.FindingsAsync("workflow", path, old, @new), finding => finding.Message.Contains(expected, StringComparison.Ordinal));

    [Fact]
    public void Every_action_is_pinned_to_the_commit_of_a_release() =>
        Assert.Equal("", string.Join("\n", Workflows().SelectMany(workflow => Unpinned(workflow.Key, workflow.Value))));

    [Theory]
    [InlineData("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "actions/checkout@v7")]
    [InlineData("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v6.0.0")]
    [InlineData("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1")]
    [InlineData("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1", "someone/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1")]
    public void An_action_that_is_not_pinned_is_found(string old, string @new) =>
        Assert.NotEmpty(Unpinned(Ci, Repository.Read(Ci).Replace(old, @new, StringComparison.Ordinal)));

    [Fact]
    public async Task Workflows_ask_for_least_permissions() =>
        Assert.Equal("", string.Join("\n", await ExcessiveAsync(Workflows())));

    [Theory]
    [InlineData(Ci, "permissions:\n  contents: read\n", "")]
    [InlineData(Ci, "permissions:\n  contents: read", "permissions: write-all")]
    [InlineData(Ci, "permissions:\n  contents: read", "permissions:\n  contents: write")]
    [InlineData(Deploy, "    permissions:\n      contents: read\n      id-token: write", "    permissions:\n      contents: write\n      id-token: write")]
    [InlineData(Deploy, "persist-credentials: false", "persist-credentials: true")]
    public async Task Excessive_permissions_are_found(string path, string old, string @new)
    {
        string text = Repository.Read(path);
        Assert.Contains(old, text, StringComparison.Ordinal);

        Assert.NotEmpty(await ExcessiveAsync(new Dictionary<string, string>(StringComparer.Ordinal) { [path] = text.Replace(old, @new, StringComparison.Ordinal) }));
    }

    /// <summary>Pull requests from strangers meet no secret and no writable token.</summary>
    [Fact]
    public void No_workflow_uses_a_stored_secret_or_runs_a_stranger_with_rights() =>
        Assert.All(Workflows(), workflow =>
        {
            Assert.DoesNotContain("secrets.", workflow.Value, StringComparison.Ordinal);
            Assert.DoesNotContain("pull_request_target", workflow.Value, StringComparison.Ordinal);
        });

    /// <summary>What somebody else may write (a title, a branch name) is never pasted into a script.</summary>
    [Fact]
    public async Task No_script_contains_an_expression()
    {
        Dictionary<string, JsonElement> parsed = await NodeTool.RunAsync<JsonElement>("yaml", Workflows(), Cancel);

        Assert.All(
            parsed.Values.SelectMany(Steps).Where(step => step.TryGetProperty("run", out _)),
            step => Assert.DoesNotContain("${{", step.GetProperty("run").GetString()!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Dependabot_looks_where_dependencies_are()
    {
        Dictionary<string, JsonElement> parsed = await NodeTool.RunAsync<JsonElement>(
            "yaml", new Dictionary<string, string>(StringComparer.Ordinal) { ["dependabot"] = Repository.Read(".github/dependabot.yml") }, Cancel);
        JsonElement.ArrayEnumerator updates = parsed["dependabot"].GetProperty("updates").EnumerateArray();

        Assert.Equal(2, parsed["dependabot"].GetProperty("version").GetInt32());
        Assert.Equal(["github-actions", "npm", "nuget"], updates.Select(update => update.GetProperty("package-ecosystem").GetString()!).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        Assert.All(updates, update =>
        {
            Assert.Contains(update.GetProperty("schedule").GetProperty("interval").GetString(), new[] { "daily", "weekly", "monthly" }, StringComparer.Ordinal);
            Assert.True(Repository.Exists(update.GetProperty("directory").GetString()!.TrimStart('/') is { Length: > 0 } folder ? folder : "global.json"));
        });
    }

    private static Dictionary<string, string> Workflows() =>
        Repository.Files(".github/workflows", "*.yml").ToDictionary(path => path, Repository.Read, StringComparer.Ordinal);

    private static IEnumerable<string> Unpinned(string path, string text)
    {
        using JsonDocument known = JsonDocument.Parse(Repository.Read("tests/FlashDrop.Infra.Tests/tools/actions.json"));
        foreach (string use in Uses().Matches(text).Select(match => match.Groups["use"].Value.Trim()).Where(use => !use.StartsWith("./", StringComparison.Ordinal)))
        {
            Match pin = Pin().Match(use);
            if (!pin.Success
                || !known.RootElement.TryGetProperty(pin.Groups["action"].Value.ToLowerInvariant(), out JsonElement action)
                || action.GetProperty("commit").GetString() != pin.Groups["commit"].Value
                || action.GetProperty("version").GetString() != pin.Groups["version"].Value)
            {
                yield return $"{path}: {use}";
            }
        }
    }

    private static async Task<List<string>> ExcessiveAsync(Dictionary<string, string> workflows)
    {
        List<string> excessive = [];
        foreach ((string path, JsonElement workflow) in await NodeTool.RunAsync<JsonElement>("yaml", workflows, Cancel))
        {
            if (!workflow.TryGetProperty("permissions", out JsonElement granted) || granted.GetRawText() != """{"contents":"read"}""")
            {
                excessive.Add($"{path}: the workflow's permissions must be contents: read");
            }

            foreach (JsonProperty job in workflow.GetProperty("jobs").EnumerateObject().Where(job => job.Value.TryGetProperty("permissions", out _)))
            {
                JsonElement permissions = job.Value.GetProperty("permissions");
                if (permissions.ValueKind != JsonValueKind.Object
                    || permissions.EnumerateObject().Any(permission => $"{permission.Name}: {permission.Value.GetString()}" is not ("contents: read" or "id-token: write" or "security-events: write")))
                {
                    excessive.Add($"{path}: {job.Name} asks for {permissions.GetRawText()}");
                }
            }

            excessive.AddRange(Steps(workflow)
                .Where(step => step.TryGetProperty("uses", out JsonElement uses) && uses.GetString()!.StartsWith("actions/checkout@", StringComparison.Ordinal))
                .Where(step => !step.TryGetProperty("with", out JsonElement with) || !with.TryGetProperty("persist-credentials", out JsonElement persist) || persist.ValueKind != JsonValueKind.False)
                .Select(_ => $"{path}: a checkout keeps its credentials"));
        }

        return excessive;
    }

    private static IEnumerable<JsonElement> Steps(JsonElement workflow) =>
        workflow.GetProperty("jobs").EnumerateObject()
            .Where(job => job.Value.TryGetProperty("steps", out _))
            .SelectMany(job => job.Value.GetProperty("steps").EnumerateArray());

    [GeneratedRegex(@"^\s*(-\s+)?uses:\s*(?<use>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Uses();

    [GeneratedRegex(@"^(?<action>[\w./-]+)@(?<commit>[0-9a-f]{40}) # (?<version>v\d+\.\d+\.\d+)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pin();
}
