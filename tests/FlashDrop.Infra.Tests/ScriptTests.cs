namespace FlashDrop.Infra.Tests;

/// <summary>The hooks of the deployment: clean by shellcheck, parseable by PowerShell's grammar, twins of each other.</summary>
public sealed class ScriptTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Shell_scripts_have_no_finding()
    {
        Dictionary<string, string> scripts = Scripts("*.sh");

        Assert.Equal(3, scripts.Count);
        Assert.Equal("", string.Join("\n", await NodeTool.LintAsync("shell", scripts, Cancel)));
    }

    [Fact]
    public async Task PowerShell_scripts_have_no_finding()
    {
        Dictionary<string, string> scripts = Scripts("*.ps1");

        Assert.Equal(2, scripts.Count);
        Assert.Equal("", string.Join("\n", await NodeTool.LintAsync("powershell", scripts, Cancel)));
    }

    public static TheoryData<string, string, string, string, string> Mistakes { get; } = new()
    {
        { "shell", "infra-bicep/hooks/postdeploy.sh", "--name \"$AZURE_FUNCTION_APP_NAME\"", "--name $AZURE_FUNCTION_APP_NAME", "SC2086" },
        { "shell", "infra-bicep/hooks/postdeploy.sh", "rm -rf \"$dir\"", "rm -rf \"$dirr\"", "SC2154" },
        { "shell", "infra-bicep/hooks/postprovision.sh", "if [ \"$existing\" != 0 ]; then", "if [[ \"$existing\" != 0 ]]; then", "SC3010" },
        { "shell", "infra-bicep/scripts/smoke-test.sh", "done\necho \"No result", "echo \"No result", "SC1061" },
        { "powershell", "infra-bicep/hooks/postdeploy.ps1", "finally {", "finally", "syntax" },
        { "powershell", "infra-bicep/hooks/postprovision.ps1", "if (-not $key) {", "if (-not $key {", "syntax" },
    };

    private static readonly MistakenFiles Mistaken = new(Mistakes.Select(row => (row.Data.Item1, row.Data.Item2, row.Data.Item3, row.Data.Item4)));

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_in_a_script_is_found(string check, string path, string old, string @new, string expected) =>
        Assert.Contains(await Mistaken.FindingsAsync(check, path, old, @new), finding => finding.Code == expected);

    [Theory]
    [InlineData("postdeploy")]
    [InlineData("postprovision")]
    public async Task Hooks_read_only_what_the_deployment_gives_in_both_shells(string hook)
    {
        Infrastructure infrastructure = await Infrastructure.ReadAsync(Cancel);
        string[] shell = [.. Names(Repository.Read($"infra-bicep/hooks/{hook}.sh"), @"\$\{?([A-Z][A-Z_]+)")];
        string[] power = [.. Names(Repository.Read($"infra-bicep/hooks/{hook}.ps1"), @"\$env:([A-Z][A-Z_]+)")];

        Assert.Equal(shell, power, StringComparer.Ordinal);
        Assert.Empty(shell.Except([.. infrastructure.Outputs.Keys, "EVOLINK_API_KEY"], StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("infra-bicep/hooks/postdeploy.sh")]
    [InlineData("infra-bicep/hooks/postdeploy.ps1")]
    public async Task The_subscription_hook_gives_the_template_its_parameters_and_calls_the_drop_function(string path)
    {
        JsonElement template = await BicepCompiler.BuildAsync("infra-bicep/event-subscription.bicep", Cancel);
        string hook = Repository.Read(path);

        Assert.All(template.GetProperty("parameters").EnumerateObject(), parameter => Assert.Matches($@"{parameter.Name}""?\s*[:=]", hook));
        Assert.Contains("/runtime/webhooks/blobs?functionName=Host.Functions.InboxDrop&code=", hook, StringComparison.Ordinal);
        Assert.Contains("systemKeys.blobs_extension", hook, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Azd_finds_what_its_file_names()
    {
        Dictionary<string, JsonElement> parsed = await NodeTool.RunAsync<JsonElement>("yaml", new Dictionary<string, string>(StringComparer.Ordinal) { ["azure"] = Repository.Read("azure.yaml") }, Cancel);
        JsonElement azure = parsed["azure"];

        Assert.True(Repository.Exists($"{azure.GetProperty("infra").GetProperty("path").GetString()}/{azure.GetProperty("infra").GetProperty("module").GetString()}.bicep"));
        JsonElement service = azure.GetProperty("services").GetProperty("api");
        Assert.Equal("./src/FlashDrop.Functions", service.GetProperty("project").GetString());
        Assert.Equal("function", service.GetProperty("host").GetString());

        // azd finds the app by this tag.
        Assert.Contains("'azd-service-name': 'api'", Repository.Read("infra-bicep/modules/function-app.bicep"), StringComparison.Ordinal);
        JsonElement[] hooks = [.. azure.GetProperty("hooks").EnumerateObject().SelectMany(hook => hook.Value.EnumerateObject()).Select(shell => shell.Value)];
        Assert.Equal(4, hooks.Length);
        Assert.All(hooks, hook => Assert.True(Repository.Exists(hook.GetProperty("run").GetString()!)));
    }

    private static Dictionary<string, string> Scripts(string pattern) =>
        Repository.Files("infra-bicep", pattern).ToDictionary(path => path, Repository.Read, StringComparer.Ordinal);

    private static IEnumerable<string> Names(string text, string pattern) =>
        System.Text.RegularExpressions.Regex.Matches(text, pattern, System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(5))
            .Select(match => match.Groups[1].Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
}
