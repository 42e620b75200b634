namespace FlashDrop.LocalHost.Hosting;

/// <summary>Finds the folder to work in.</summary>
internal static class WorkFolder
{
    /// <summary>The repository around a folder, told by its <c>host.json</c>; the folder itself when there is none.</summary>
    public static string Find(string start)
    {
        for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "host.json")) && File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
            {
                return folder.FullName;
            }
        }

        return Path.GetFullPath(start);
    }
}
