namespace FlashDrop.LocalHost.Mirror;

/// <summary>Maps blob names to files, and never outside the folder: names come from people and from the upstream.</summary>
internal static class LocalPaths
{
    private static readonly char[] Unsafe = ['\\', ':', '*', '?', '"', '<', '>', '|'];

    /// <summary>The file for a blob, or null when its name cannot be one on every system.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="name">The blob's name.</param>
    public static string? Map(string folder, string name)
    {
        var segments = name.Split('/');
        return segments.All(IsSafe) ? Path.Combine([folder, .. segments]) : null;
    }

    private static bool IsSafe(string segment) =>
        segment.Length is > 0 and <= 240
        && segment is not ("." or "..")
        && !segment.Any(character => char.IsControl(character) || Unsafe.Contains(character))
        && segment[^1] is not (' ' or '.');
}
