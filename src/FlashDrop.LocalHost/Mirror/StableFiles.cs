namespace FlashDrop.LocalHost.Mirror;

/// <summary>A file as one look saw it.</summary>
/// <param name="Path">Path below the folder, with <c>/</c>.</param>
/// <param name="Length">Size in bytes.</param>
/// <param name="Modified">Last modification, UTC.</param>
internal readonly record struct SeenFile(string Path, long Length, DateTime Modified);

/// <summary>
/// Decides which files are complete: those that two looks in a row saw with the same size and time, and that were not taken before.
/// </summary>
/// <param name="taken">The files taken before, by path.</param>
internal sealed class StableFiles(IEnumerable<SeenFile> taken)
{
    private static readonly string[] Unfinished = [".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp"];

    private readonly Dictionary<string, SeenFile> _taken = taken.ToDictionary(file => file.Path, StringComparer.Ordinal);
    private Dictionary<string, SeenFile> _last = [];

    /// <summary>Every file taken, as it was then.</summary>
    public IEnumerable<SeenFile> Taken => _taken.Values;

    /// <summary>Takes one look.</summary>
    /// <param name="files">Every file there is.</param>
    /// <returns>The files that are complete and were not taken as they are.</returns>
    public IReadOnlyList<SeenFile> Look(IEnumerable<SeenFile> files)
    {
        var now = files.Where(file => !IsIgnored(file.Path)).ToDictionary(file => file.Path, StringComparer.Ordinal);
        var ready = now.Values
            .Where(file => _last.TryGetValue(file.Path, out var before) && before == file)
            .Where(file => !_taken.TryGetValue(file.Path, out var earlier) || earlier != file)
            .OrderBy(file => file.Path, StringComparer.Ordinal)
            .ToList();
        foreach (var path in _taken.Keys.Where(path => !now.ContainsKey(path)).ToList())
        {
            _taken.Remove(path);
        }

        _last = now;
        return ready;
    }

    /// <summary>Notes that a file was taken as it was seen.</summary>
    public void Take(SeenFile file) => _taken[file.Path] = file;

    /// <summary>Whether a file is no drop: hidden, in a hidden folder, or still being written by its program.</summary>
    public static bool IsIgnored(string path)
    {
        var segments = path.Split('/');
        var name = segments[^1];
        return segments.Any(segment => segment.StartsWith('.'))
            || name.StartsWith("~$", StringComparison.Ordinal)
            || name.EndsWith('~')
            || name.Equals("Thumbs.db", StringComparison.OrdinalIgnoreCase)
            || name.Equals("desktop.ini", StringComparison.OrdinalIgnoreCase)
            || Unfinished.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
    }
}
