using System.Diagnostics;

namespace FlashDrop.Infra.Tests;

/// <summary>Runs the shell hooks against an <c>az</c> that answers from a script and a <c>sleep</c> that does not.</summary>
public sealed class HookTests : IDisposable
{
    private const string WebhookKey = "a+b/c==";
    private const string UpstreamKey = "sk-'quoted\" $HOME key";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flashdrop-hooks");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Subscribing_waits_for_the_key_and_tries_again_while_the_host_starts()
    {
        // Twice an error, once no key yet, then the key; the first deployment meets a host that does not answer.
        string az = $$"""
            case "$*" in
              "functionapp keys list"*)
                calls=$(cat "$STATE/keys" 2>/dev/null || echo 0); echo $((calls + 1)) >"$STATE/keys"
                case $calls in 0 | 1) exit 1 ;; 2) echo None ;; *) echo '{{WebhookKey}}' ;; esac ;;
              "deployment group create"*)
                for argument; do case $argument in @*) cat "${argument#@}" >"$STATE/parameters"; stat -c %a "${argument#@}" >"$STATE/mode"; echo "${argument#@}" >"$STATE/path" ;; esac; done
                [ -f "$STATE/tried" ] || { : >"$STATE/tried"; exit 1; } ;;
            esac
            """;

        (int exit, string output) = await RunAsync("postdeploy", az, DeploymentOutputs());

        Assert.True(exit == 0, output);
        using JsonDocument parameters = JsonDocument.Parse(await StateAsync("parameters"));
        JsonElement given = parameters.RootElement.GetProperty("parameters");
        Assert.Equal(
            "https://func-x.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.InboxDrop&code=a%2Bb%2Fc%3D%3D",
            given.GetProperty("endpointUrl").GetProperty("value").GetString());
        Assert.Equal("topic-x", given.GetProperty("topicName").GetProperty("value").GetString());
        Assert.Equal("storage-x", given.GetProperty("storageName").GetProperty("value").GetString());
        Assert.Equal("deadletters", given.GetProperty("deadLetterContainer").GetProperty("value").GetString());
        Assert.Equal(["10", "10", "10", "15"], await LinesAsync("sleeps"), StringComparer.Ordinal);
        Assert.Equal(2, (await LinesAsync("calls")).Count(call => call.StartsWith("deployment group create", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_webhook_key_is_on_no_command_line_and_its_file_is_private_and_gone()
    {
        string az = $$"""
            case "$*" in
              "functionapp keys list"*) echo '{{WebhookKey}}' ;;
              "deployment group create"*) for argument; do case $argument in @*) stat -c %a "${argument#@}" >"$STATE/mode"; echo "${argument#@}" >"$STATE/path" ;; esac; done ;;
            esac
            """;

        (int exit, string output) = await RunAsync("postdeploy", az, DeploymentOutputs());

        Assert.True(exit == 0, output);
        Assert.DoesNotContain("a+b", output + await StateAsync("calls"), StringComparison.Ordinal);
        Assert.DoesNotContain("a%2Bb", output + await StateAsync("calls"), StringComparison.Ordinal);
        Assert.Equal("600", (await StateAsync("mode")).Trim());
        Assert.False(File.Exists((await StateAsync("path")).Trim()));
    }

    [Fact]
    public async Task A_key_that_never_comes_ends_the_hook_with_a_remedy()
    {
        (int exit, string output) = await RunAsync("postdeploy", "exit 1", DeploymentOutputs());

        Assert.Equal(1, exit);
        Assert.Contains("docs/runbooks/undelivered-events.md", output, StringComparison.Ordinal);
        Assert.Equal(59, (await LinesAsync("sleeps")).Length);
    }

    [Fact]
    public async Task A_deployment_that_never_succeeds_ends_the_hook_with_an_error()
    {
        (int exit, string output) = await RunAsync("postdeploy", "case \"$*\" in *keys*) echo key ;; *) exit 1 ;; esac", DeploymentOutputs());

        Assert.Equal(1, exit);
        Assert.Contains("could not subscribe", output, StringComparison.Ordinal);
        Assert.Equal(["15", "30", "45", "60"], await LinesAsync("sleeps"), StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_missing_output_is_named()
    {
        (int exit, string output) = await RunAsync("postdeploy", "exit 0", []);

        Assert.NotEqual(0, exit);
        Assert.Contains("AZURE_RESOURCE_GROUP", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_upstream_key_reaches_the_vault_as_it_is_and_no_command_line()
    {
        string az = """
            case "$*" in
              "keyvault secret list"*) [ -f "$STATE/tried" ] || { : >"$STATE/tried"; exit 1; }; echo 0 ;;
              "keyvault secret set"*) while [ $# -gt 0 ]; do [ "$1" != --file ] || { cat "$2" >"$STATE/secret"; echo "$2" >"$STATE/path"; }; shift; done ;;
            esac
            """;

        (int exit, string output) = await RunAsync("postprovision", az, [.. VaultOutputs(), ("EVOLINK_API_KEY", UpstreamKey)]);

        Assert.True(exit == 0, output);
        Assert.Equal(UpstreamKey, await StateAsync("secret"));
        Assert.DoesNotContain("quoted", output + await StateAsync("calls"), StringComparison.Ordinal);
        Assert.False(File.Exists((await StateAsync("path")).Trim()));
        Assert.Equal(["10"], await LinesAsync("sleeps"), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("1", "The vault holds an upstream key.")]
    [InlineData("0", "No upstream key yet")]
    public async Task Without_a_key_nothing_is_written(string existing, string expected)
    {
        (int exit, string output) = await RunAsync("postprovision", $"echo {existing}", VaultOutputs());

        Assert.Equal(0, exit);
        Assert.Contains(expected, output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret set", await StateAsync("calls"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_private_vault_is_not_tried()
    {
        (int exit, string output) = await RunAsync("postprovision", "exit 1", [.. VaultOutputs(), ("FLASHDROP_PRIVATE_NETWORK", "true"), ("EVOLINK_API_KEY", UpstreamKey)]);

        Assert.Equal(0, exit);
        Assert.Contains("az keyvault secret set --vault-name vault-x --name evolink-api-key", output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.FullName, "calls")));
    }

    [Fact]
    public async Task A_vault_without_access_ends_the_hook_with_a_remedy()
    {
        (int exit, string output) = await RunAsync("postprovision", "exit 1", VaultOutputs());

        Assert.Equal(1, exit);
        Assert.Contains("Key Vault Secrets Officer", output, StringComparison.Ordinal);
        Assert.Equal(29, (await LinesAsync("sleeps")).Length);
    }

    private static (string Name, string Value)[] DeploymentOutputs() =>
    [
        ("AZURE_RESOURCE_GROUP", "group-x"),
        ("AZURE_FUNCTION_APP_NAME", "func-x"),
        ("AZURE_STORAGE_ACCOUNT_NAME", "storage-x"),
        ("AZURE_EVENT_GRID_TOPIC_NAME", "topic-x"),
        ("FLASHDROP_DEAD_LETTER_CONTAINER", "deadletters"),
    ];

    private static (string Name, string Value)[] VaultOutputs() => [("AZURE_KEY_VAULT_NAME", "vault-x"), ("FLASHDROP_KEY_NAME", "evolink-api-key")];

    private async Task<(int Exit, string Output)> RunAsync(string hook, string az, (string Name, string Value)[] environment)
    {
        await WriteToolAsync("az", $"echo \"$*\" >>\"$STATE/calls\"\n{az}");
        await WriteToolAsync("sleep", "echo \"$1\" >>\"$STATE/sleeps\"");
        ProcessStartInfo start = new("sh", [Repository.PathTo($"infra-bicep/hooks/{hook}.sh")])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string path = start.Environment["PATH"]!;
        start.Environment.Clear();
        start.Environment["PATH"] = $"{_folder.FullName}{Path.PathSeparator}{path}";
        start.Environment["STATE"] = _folder.FullName;
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync(Cancel);
        string output = await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        return (process.ExitCode, output + await errors);
    }

    private async Task WriteToolAsync(string name, string body)
    {
        string path = Path.Combine(_folder.FullName, name);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{body}\n", Cancel);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private Task<string> StateAsync(string name) => File.ReadAllTextAsync(Path.Combine(_folder.FullName, name), Cancel);

    private async Task<string[]> LinesAsync(string name) => await File.ReadAllLinesAsync(Path.Combine(_folder.FullName, name), Cancel);
}
