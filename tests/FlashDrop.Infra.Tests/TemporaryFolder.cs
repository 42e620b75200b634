namespace FlashDrop.Infra.Tests;

/// <summary>A folder that goes when it is disposed.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("flashdrop-infra-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
