namespace FlashDrop.Core.Drops;

/// <summary>What a name in <c>inbox</c> stands for.</summary>
internal static class DropPath
{
    public const string SidecarSuffix = ".job.json";

    private const string BundleFolder = ".bundle/";
    private const string BundleFile = "bundle.json";

    /// <summary>Whether a blob is a drop by itself: not what lies beside one or inside a bundle.</summary>
    public static bool IsDrop(string path) =>
        IsBundle(path) || (!path.Contains(BundleFolder, StringComparison.Ordinal) && !path.EndsWith(SidecarSuffix, StringComparison.Ordinal));

    /// <summary>Whether a blob stands for a bundle: <c>bundle.json</c> right below the first folder that ends in <c>.bundle</c>.</summary>
    public static bool IsBundle(string path) =>
        path.IndexOf(BundleFolder, StringComparison.Ordinal) is var at and > 0
        && path.AsSpan(at + BundleFolder.Length).SequenceEqual(BundleFile)
        && path[at - 1] != '/';

    /// <summary>The drop as people see it: the bundle's folder, else the file.</summary>
    public static string Subject(string path) => IsBundle(path) ? path[..^(BundleFile.Length + 1)] : path;

    /// <summary>Name of the sidecar of a file.</summary>
    public static string Sidecar(string path) => path + SidecarSuffix;

    /// <summary>The drop a blob belongs to: itself, the file it is a sidecar of, or the bundle it lies in.</summary>
    public static string Owner(string path) => path switch
    {
        _ when IsDrop(path) => path,
        _ when path.IndexOf(BundleFolder, StringComparison.Ordinal) is var at and > 0 => path[..(at + BundleFolder.Length)] + BundleFile,
        _ => path[..^SidecarSuffix.Length],
    };

    /// <summary>What the names of all that belongs to a drop beside itself begin with.</summary>
    public static string Prefix(string path) => IsBundle(path) ? path[..^BundleFile.Length] : Sidecar(path);
}
