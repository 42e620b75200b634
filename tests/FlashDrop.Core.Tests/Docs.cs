namespace FlashDrop.Core.Tests;

/// <summary>The repository's documents, found upwards from where the tests run.</summary>
internal static class Docs
{
    public static string Read(string name) => Source($"docs/{name}");

    public static string Source(string path) => File.ReadAllText(PathOf(path));

    /// <summary>A file of the repository.</summary>
    public static string PathOf(string path)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
            {
                return Path.Combine(folder.FullName, path);
            }
        }

        throw new FileNotFoundException($"No folder above {AppContext.BaseDirectory} holds Functions.sln.");
    }
}
