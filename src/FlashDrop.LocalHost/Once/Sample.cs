using FlashDrop.LocalHost.Mirror;

namespace FlashDrop.LocalHost.Once;

/// <summary>A file to drop once.</summary>
/// <param name="Name">Path below the folder, with <c>/</c>; its first segment is the profile.</param>
/// <param name="File">The file.</param>
/// <param name="DropPath">Its name in <c>inbox</c>, with a folder of its own for this run: a second run is not taken for the first.</param>
internal sealed record Sample(string Name, string File, string DropPath)
{
    /// <summary>The files of a folder. Those at its root belong to the folder, not to a profile, and are left out.</summary>
    /// <exception cref="LocalHostException">There is none.</exception>
    public static IReadOnlyList<Sample> Find(string folder, string run)
    {
        var samples = Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Select(file => (File: file, Name: Path.GetRelativePath(folder, file).Replace('\\', '/')))
                .Where(found => found.Name.Contains('/', StringComparison.Ordinal) && !StableFiles.IsIgnored(found.Name))
                .OrderBy(found => found.Name, StringComparer.Ordinal)
                .Select(found => new Sample(found.Name, found.File, found.Name.Insert(found.Name.IndexOf('/', StringComparison.Ordinal), $"/{run}")))
                .ToList()
            : [];
        return samples.Count > 0
            ? samples
            : throw new LocalHostException(
                $"There is nothing to drop in {folder}.", "Put files into sub-folders named after profiles, for example default/photo.jpg.");
    }
}
