using FlashDrop.Gateway.Callers;
using FlashDrop.LocalHost.Hosting;

namespace FlashDrop.LocalHost.Tests.Hosting;

public sealed class LocalFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flashdrop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void DevelopmentKey_IsMadeOnceAndReadableByItsOwnerOnly()
    {
        var key = DevelopmentKey.GetOrCreate(_folder);

        Assert.StartsWith(ApiKeys.Prefix, key, StringComparison.Ordinal);
        Assert.Equal(key, DevelopmentKey.GetOrCreate(_folder));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "development-key")));
        }
    }

    [Fact]
    public void DevelopmentKey_IsConfiguredAsAHash()
    {
        var settings = DevelopmentKey.Settings("fd_secret").ToDictionary(StringComparer.Ordinal);
        Assert.Equal(ApiKeys.Hash("fd_secret"), settings["FlashDrop:Callers:local:KeyHashes:0"]);
        Assert.DoesNotContain(settings.Values, value => value!.Contains("fd_secret", StringComparison.Ordinal));
    }

    [Fact]
    public void SecondHostInAFolder_IsToldWhatToDo()
    {
        using (FolderLock.Take(_folder))
        {
            var message = Assert.Throws<LocalHostException>(() => FolderLock.Take(_folder)).Message;
            Assert.Contains("Another LocalHost works in", message, StringComparison.Ordinal);
            Assert.Contains("--work-folder", message, StringComparison.Ordinal);
        }

        using var again = FolderLock.Take(_folder);
    }

    [Fact]
    public void WorkFolder_IsTheRepositoryAroundAFolder()
    {
        var deep = Directory.CreateDirectory(Path.Combine(_folder, "src", "deep")).FullName;
        Assert.Equal(deep, WorkFolder.Find(deep));

        File.WriteAllText(Path.Combine(_folder, "host.json"), "{}");
        File.WriteAllText(Path.Combine(_folder, "Functions.sln"), string.Empty);
        Assert.Equal(_folder, WorkFolder.Find(deep));
    }
}
