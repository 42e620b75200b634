using FlashDrop.LocalHost.Mirror;

namespace FlashDrop.LocalHost.Tests.Mirror;

public sealed class StableFilesTests
{
    private static readonly DateTime Noon = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void File_IsReadyOnceTwoLooksAgree()
    {
        StableFiles files = new([]);
        Assert.Empty(files.Look([File("a", 10)]));
        Assert.Equal([File("a", 10)], files.Look([File("a", 10)]));
    }

    [Fact]
    public void GrowingFile_WaitsUntilItStopsGrowing()
    {
        StableFiles files = new([]);
        Assert.Empty(files.Look([File("a", 10)]));
        Assert.Empty(files.Look([File("a", 20)]));
        Assert.Empty(files.Look([File("a", 20, Noon.AddSeconds(1))]));
        Assert.Single(files.Look([File("a", 20, Noon.AddSeconds(1))]));
    }

    [Fact]
    public void TakenFile_IsReadyAgainOnlyWhenItChanges()
    {
        StableFiles files = new([]);
        files.Look([File("a", 10)]);
        files.Take(files.Look([File("a", 10)])[0]);
        Assert.Empty(files.Look([File("a", 10)]));

        files.Look([File("a", 11)]);
        Assert.Equal([File("a", 11)], files.Look([File("a", 11)]));
    }

    [Fact]
    public void UntakenFile_StaysReady()
    {
        StableFiles files = new([]);
        files.Look([File("a", 10)]);
        Assert.Single(files.Look([File("a", 10)]));
        Assert.Single(files.Look([File("a", 10)]));
    }

    [Fact]
    public void FilesTakenByAnEarlierRun_AreNotReady()
    {
        StableFiles files = new([File("a", 10)]);
        files.Look([File("a", 10), File("b", 1)]);
        Assert.Equal([File("b", 1)], files.Look([File("a", 10), File("b", 1)]));
    }

    [Fact]
    public void DeletedFile_IsForgotten()
    {
        StableFiles files = new([File("a", 10)]);
        files.Look([]);
        Assert.Empty(files.Taken);
        files.Look([File("a", 10)]);
        Assert.Single(files.Look([File("a", 10)]));
    }

    [Theory]
    [InlineData(".DS_Store")]
    [InlineData("default/.hidden.jpg")]
    [InlineData(".git/config")]
    [InlineData("default/~$letter.docx")]
    [InlineData("default/notes.txt~")]
    [InlineData("default/film.mp4.part")]
    [InlineData("default/film.crdownload")]
    [InlineData("default/FILM.TMP")]
    [InlineData("Thumbs.db")]
    [InlineData("default/desktop.ini")]
    public void ScratchFile_IsNoDrop(string path) => Assert.True(StableFiles.IsIgnored(path));

    [Theory]
    [InlineData("default/harbour.jpg")]
    [InlineData("photo.jpg")]
    [InlineData("default/a.b.c/notes.txt")]
    [InlineData("meeting-notes/2026/stand up.mp3")]
    public void OrdinaryFile_IsADrop(string path) => Assert.False(StableFiles.IsIgnored(path));

    private static SeenFile File(string path, long length, DateTime? modified = null) => new(path, length, modified ?? Noon);
}
