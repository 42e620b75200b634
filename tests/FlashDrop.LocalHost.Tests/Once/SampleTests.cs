using FlashDrop.LocalHost.Once;

namespace FlashDrop.LocalHost.Tests.Once;

public sealed class SampleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flashdrop-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void FilesInProfileFolders_AreDroppedIntoAFolderOfTheRun()
    {
        Write("README.md", "make.sh", "default/harbour.jpg", "default/deep/a.txt", "meeting-notes/standup.mp3", "default/.DS_Store");

        Assert.Equal(
            [
                ("default/deep/a.txt", "default/once-1/deep/a.txt"),
                ("default/harbour.jpg", "default/once-1/harbour.jpg"),
                ("meeting-notes/standup.mp3", "meeting-notes/once-1/standup.mp3"),
            ],
            Sample.Find(_folder, "once-1").Select(sample => (sample.Name, sample.DropPath)));
    }

    [Fact]
    public void FolderWithFilesAtItsRootOnly_SaysWhereTheyBelong()
    {
        Write("photo.jpg");
        var message = Assert.Throws<LocalHostException>(() => Sample.Find(_folder, "once-1")).Message;
        Assert.Contains("nothing to drop", message, StringComparison.Ordinal);
        Assert.Contains("default/photo.jpg", message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFolder_SaysSo() => Assert.Throws<LocalHostException>(() => Sample.Find(Path.Combine(_folder, "nowhere"), "once-1"));

    private void Write(params string[] names)
    {
        foreach (var path in names.Select(name => Path.Combine(_folder, name)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "x");
        }
    }
}
