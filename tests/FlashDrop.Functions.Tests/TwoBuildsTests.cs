using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FlashDrop.Functions.Tests;

/// <summary>The package build cannot be restored everywhere, so what it is made of is held here.</summary>
public sealed partial class TwoBuildsTests
{
    private const string Packages = "'$(UseFunctionsWorkerPackages)' == 'true'";
    private const string Surface = "'$(UseFunctionsWorkerPackages)' != 'true'";

    private static readonly XElement Project =
        XDocument.Load(Repository.PathOf("src", "FlashDrop.Functions", "FlashDrop.Functions.csproj")).Root!;

    [Fact]
    public void PackageBuild_AddsTheWorkerAndNothingElse() => Assert.Equal(
        [
            "AzureFunctionsVersion=v4",
            "NoWarn=$(NoWarn);CS1591",
            "None=local.settings.json",
            "OutputType=Exe",
            "PackageReference=Microsoft.Azure.Functions.Worker",
            "PackageReference=Microsoft.Azure.Functions.Worker.Extensions.Http.AspNetCore",
            "PackageReference=Microsoft.Azure.Functions.Worker.Extensions.Storage.Blobs",
            "PackageReference=Microsoft.Azure.Functions.Worker.Extensions.Storage.Queues",
            "PackageReference=Microsoft.Azure.Functions.Worker.Extensions.Timer",
            "PackageReference=Microsoft.Azure.Functions.Worker.Sdk",
            "TreatWarningsAsErrors=false",
        ],
        Under(Packages));

    [Fact]
    public void DefaultBuild_AddsTheSurfaceAndLeavesOutTheEntryPoint() => Assert.Equal(
        ["Compile=Program.cs", "ProjectReference=../FlashDrop.Functions.Surface/FlashDrop.Functions.Surface.csproj"], Under(Surface));

    [Fact]
    public void Publishing_TurnsThePackageBuildOn() => Assert.Equal(
        "'$(UseFunctionsWorkerPackages)' == '' and '$(_IsPublishing)' == 'true'",
        Project.Descendants("UseFunctionsWorkerPackages").Single().Attribute("Condition")!.Value);

    [Fact]
    public void Sources_BranchOnTheBlobTriggersSourceOnly() => Assert.Equal(
        ["BLOB_TRIGGER_BY_SCAN"],
        Directory.EnumerateFiles(Repository.PathOf("src", "FlashDrop.Functions"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .SelectMany(file => Condition().Matches(File.ReadAllText(file)).Select(match => match.Groups["symbol"].Value))
            .Distinct(StringComparer.Ordinal));

    [Theory]
    [InlineData("Microsoft.Azure.Functions.Worker", "2.52.0")]
    [InlineData("Microsoft.Azure.Functions.Worker.Sdk", "2.1.0")]
    [InlineData("Microsoft.Azure.Functions.Worker.Extensions.Http.AspNetCore", "2.1.1")]
    [InlineData("Microsoft.Azure.Functions.Worker.Extensions.Timer", "4.3.1")]
    [InlineData("Microsoft.Azure.Functions.Worker.Extensions.Storage.Blobs", "6.8.2")]
    [InlineData("Microsoft.Azure.Functions.Worker.Extensions.Storage.Queues", "5.5.5")]
    public void WorkerPackage_IsPinned(string package, string version) => Assert.Equal(
        version,
        XDocument.Load(Repository.PathOf("Directory.Packages.props")).Descendants("PackageVersion")
            .Single(element => element.Attribute("Include")!.Value == package).Attribute("Version")!.Value);

    [Fact]
    public void LocalSettings_HoldDevelopmentValuesOnly()
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("src", "FlashDrop.Functions", "local.settings.json")));
        var values = settings.RootElement.GetProperty("Values").EnumerateObject().ToDictionary(value => value.Name, value => value.Value.GetString());

        Assert.Equal("UseDevelopmentStorage=true", values["AzureWebJobsStorage"]);
        Assert.Equal("dotnet-isolated", values["FUNCTIONS_WORKER_RUNTIME"]);
        Assert.Equal(
            ["AzureWebJobsStorage", "DailyReportSchedule", "FUNCTIONS_WORKER_RUNTIME", "PollTasksSchedule", "PurgeSchedule", "SweepSchedule"],
            values.Keys.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Under(string condition) => Project.Elements()
        .Where(group => group.Attribute("Condition")?.Value == condition)
        .Elements()
        .Select(element => $"{element.Name}={element.Attribute("Include")?.Value ?? element.Attribute("Update")?.Value ?? element.Attribute("Remove")?.Value ?? element.Value}")
        .Order(StringComparer.Ordinal);

    [GeneratedRegex(@"^\s*#\s*(el)?if\s+(?<symbol>\S.*?)\s*$", RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Condition();
}
