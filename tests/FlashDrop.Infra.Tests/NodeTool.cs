using System.Diagnostics;

namespace FlashDrop.Infra.Tests;

/// <summary>One thing a check does not like.</summary>
internal sealed record Finding(string File, int Line, string Code, string Message)
{
    public override string ToString() => $"{File}({Line}): {Code}: {Message}";
}

/// <summary>Runs <c>tools/check.mjs</c>, which wraps the parsers that exist for Node only.</summary>
internal static class NodeTool
{
    public static async Task<Dictionary<string, T>> RunAsync<T>(string check, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new("node", ["check.mjs", check])
        {
            WorkingDirectory = Repository.PathTo("tests/FlashDrop.Infra.Tests/tools"),
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException("Node did not start; Node 20 or later must be on the path.");
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardInput.WriteAsync(JsonSerializer.Serialize(files).AsMemory(), cancellationToken);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"check.mjs {check} failed: {await errors}");
        }

        return JsonSerializer.Deserialize<Dictionary<string, T>>(await output, Json)!;
    }

    public static async Task<IReadOnlyList<Finding>> LintAsync(string check, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        Dictionary<string, List<ToolFinding>> found = await RunAsync<List<ToolFinding>>(check, files, cancellationToken);
        return [.. found.SelectMany(file => file.Value.Select(finding => new Finding(file.Key, finding.Line, finding.Code, finding.Message)))];
    }

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { MaxDepth = 512 };

    private sealed record ToolFinding(int Line, string Code, string Message);
}
