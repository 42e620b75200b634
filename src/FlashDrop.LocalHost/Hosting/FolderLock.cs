namespace FlashDrop.LocalHost.Hosting;

/// <summary>Makes sure that one host at a time works in a folder. The system releases the lock of a killed one.</summary>
internal sealed class FolderLock : IDisposable
{
    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes the lock.</summary>
    /// <exception cref="LocalHostException">Another host has it, or the folder cannot be written.</exception>
    public static FolderLock Take(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return new FolderLock(new FileStream(Path.Combine(folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new LocalHostException($"{folder} cannot be written.", "Choose a folder of your own with --work-folder.", exception);
        }
        catch (IOException exception)
        {
            throw new LocalHostException(
                $"Another LocalHost works in {Path.GetDirectoryName(folder)}.", "Stop it, or choose another folder with --work-folder.", exception);
        }
    }

    /// <summary>Releases the lock.</summary>
    public void Dispose() => _file.Dispose();
}
