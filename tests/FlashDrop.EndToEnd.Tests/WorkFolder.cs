namespace FlashDrop.EndToEnd.Tests;

/// <summary>A work folder for one test.</summary>
internal sealed class WorkFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("flashdrop-").FullName;

    public string this[string relative] => System.IO.Path.Combine(Path, relative);

    /// <summary>Puts a file into the inbox.</summary>
    public void Drop(string path, ReadOnlySpan<byte> content)
    {
        var file = this[$"inbox/{path}"];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
    }

    /// <summary>Waits until a file exists.</summary>
    public Task WaitForAsync(string relative, LocalHostProcess host) => Eventually.TrueAsync(
        () => File.Exists(this[relative]), TimeSpan.FromSeconds(90), () => $"{relative} never came.\n{host.Output}\n{host.Errors}");

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
