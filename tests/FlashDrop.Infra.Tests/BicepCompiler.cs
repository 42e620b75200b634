using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace FlashDrop.Infra.Tests;

/// <summary>The Bicep compiler, which comes as a package: its findings, the templates it makes, and what they would deploy.</summary>
internal static class BicepCompiler
{
    private static readonly string Executable = typeof(BicepCompiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "BicepPath").Value!;

    /// <summary>Compiles and lints the files of a folder that match the pattern. Warnings are findings, too.</summary>
    public static async Task<IReadOnlyList<Finding>> LintAsync(string folder, string pattern, CancellationToken cancellationToken)
    {
        // One SARIF document for each file.
        using MemoryStream documents = new(Encoding.UTF8.GetBytes(await RunAsync(folder, ["lint", "--pattern", pattern, "--diagnostics-format", "sarif"], isFailureAnAnswer: true, cancellationToken)));
        List<Finding> findings = [];
        await foreach (JsonElement sarif in JsonSerializer.DeserializeAsyncEnumerable<JsonElement>(documents, topLevelValues: true, cancellationToken: cancellationToken))
        {
            findings.AddRange(sarif.GetProperty("runs")[0].GetProperty("results").EnumerateArray().Select(result => ToFinding(folder, result)));
        }

        return findings;
    }

    /// <summary>The template made from a file, given relative to the repository.</summary>
    public static async Task<JsonElement> BuildAsync(string path, CancellationToken cancellationToken) =>
        Parse(await RunAsync(Repository.Root, ["build", path, "--stdout"], isFailureAnAnswer: false, cancellationToken));

    /// <summary>Every resource that <c>main.bicep</c> would deploy with these parameters, evaluated as far as it can be without Azure, and the outputs.</summary>
    public static async Task<JsonElement> PredictAsync(IReadOnlyDictionary<string, string> parameters, CancellationToken cancellationToken)
    {
        using TemporaryFolder folder = new();
        CopySources(folder.Path);
        string values = string.Concat(parameters.Select(parameter => $"param {parameter.Key} = {parameter.Value}\n"));
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "test.bicepparam"), $"using 'main.bicep'\n{values}", cancellationToken);
        string nobody = Guid.Empty.ToString();
        await RunAsync(folder.Path, ["snapshot", "test.bicepparam", "--mode", "overwrite", "--subscription-id", nobody, "--tenant-id", nobody, "--location", "westeurope"], isFailureAnAnswer: false, cancellationToken);
        return Parse(await File.ReadAllTextAsync(Path.Combine(folder.Path, "test.snapshot.json"), cancellationToken));
    }

    /// <summary>Formats every file in a folder.</summary>
    public static Task FormatAsync(string folder, CancellationToken cancellationToken) =>
        RunAsync(folder, ["format", "--pattern", "**/*.bicep"], isFailureAnAnswer: false, cancellationToken);

    /// <summary>Copies what the compiler reads: the Bicep files, their configuration and the files they load.</summary>
    public static void CopySources(string folder)
    {
        foreach (string file in Repository.Files("infra-bicep", "*.bicep").Concat(Repository.Files("infra-bicep", "*.json")))
        {
            string copy = Path.Combine(folder, Path.GetRelativePath("infra-bicep", file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(Repository.PathTo(file), copy);
        }
    }

    private static Finding ToFinding(string folder, JsonElement result)
    {
        JsonElement place = result.GetProperty("locations")[0].GetProperty("physicalLocation");
        return new Finding(
            Path.GetRelativePath(folder, new Uri(place.GetProperty("artifactLocation").GetProperty("uri").GetString()!).LocalPath).Replace('\\', '/'),
            place.GetProperty("region").GetProperty("startLine").GetInt32(),
            result.GetProperty("ruleId").GetString()!,
            result.GetProperty("message").GetProperty("text").GetString()!);
    }

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>What the compiler prints. Where <paramref name="isFailureAnAnswer"/>, exit code 1 means that it found mistakes.</summary>
    private static async Task<string> RunAsync(string folder, IEnumerable<string> arguments, bool isFailureAnAnswer, CancellationToken cancellationToken)
    {
        ProcessStartInfo start = new(Executable, arguments) { WorkingDirectory = folder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{Executable} did not start.");
        Task<string> output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        Task<string> errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 || (isFailureAnAnswer && process.ExitCode == 1)
            ? await output
            : throw new InvalidOperationException($"bicep {string.Join(' ', arguments)} ended with {process.ExitCode}: {await errors}");
    }
}
