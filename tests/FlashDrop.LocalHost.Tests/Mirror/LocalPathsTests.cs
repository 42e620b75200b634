using CsCheck;
using FlashDrop.LocalHost.Mirror;

namespace FlashDrop.LocalHost.Tests.Mirror;

public sealed class LocalPathsTests
{
    private static readonly string Folder = Path.GetFullPath("results");

    [Theory]
    [InlineData("../secret")]
    [InlineData("a/../../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a\\..\\b")]
    [InlineData("C:/windows")]
    [InlineData("a/b\0c")]
    [InlineData("a/b\nc")]
    [InlineData("a/trailing.")]
    [InlineData("")]
    public void NameThatIsNoFile_IsRefused(string name) => Assert.Null(LocalPaths.Map(Folder, name));

    [Fact]
    public void OrdinaryName_IsAFileBelowTheFolder() => Assert.Equal(
        Path.Combine(Folder, "default", "år 1.jpg.result.json"), LocalPaths.Map(Folder, "default/år 1.jpg.result.json"));

    [Fact]
    public void AnyName_StaysBelowTheFolder() => Gen.String[Gen.OneOf(Gen.Char["./\\:~ ab"], Gen.Char), 0, 20].Sample(name =>
        LocalPaths.Map(Folder, name) is not { } path
        || Path.GetFullPath(path).StartsWith(Folder + Path.DirectorySeparatorChar, StringComparison.Ordinal));
}
