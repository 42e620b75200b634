using FlashDrop.Infra.Tests.Bicep;

namespace FlashDrop.Infra.Tests;

/// <summary>The Bicep files parse, and everything they name exists as they use it.</summary>
public sealed class BicepTests
{
    [Fact]
    public async Task Every_file_checks_without_a_finding()
    {
        IReadOnlyDictionary<string, BicepFile> files = await InfraFiles.ParseAsync(TestContext.Current.CancellationToken);

        Assert.True(files.Count >= 12, "the Bicep files were not found");
        Assert.Empty(BicepChecker.Check(files, InfraFiles.Load));
    }
}
