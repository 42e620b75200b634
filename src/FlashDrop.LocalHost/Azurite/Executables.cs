namespace FlashDrop.LocalHost.Azurite;

/// <summary>Finds programs the way a shell does.</summary>
internal static class Executables
{
    /// <summary>The full path of a program, or null when no folder of <paramref name="path"/> has it.</summary>
    /// <param name="name">Its name, without an extension.</param>
    /// <param name="path">The value of <c>PATH</c>.</param>
    public static string? Find(string name, string? path)
    {
        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat"] : [string.Empty];
        return (path ?? string.Empty)
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => endings.Select(ending => Path.Combine(folder, name + ending)))
            .FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string file) =>
        File.Exists(file)
        && (OperatingSystem.IsWindows()
            || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None);
}
