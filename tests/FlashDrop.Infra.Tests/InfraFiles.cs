using FlashDrop.Infra.Tests.Bicep;

namespace FlashDrop.Infra.Tests;

/// <summary>The repository's Bicep files, parsed once for all tests.</summary>
internal static class InfraFiles
{
    private static readonly Lazy<Task<IReadOnlyDictionary<string, BicepFile>>> ParsedFiles = new(() => BicepFile.ParseAsync(Sources(), CancellationToken.None));

    public static IReadOnlyDictionary<string, string> Sources() =>
        Repository.Files("infra-bicep", "*.bicep").ToDictionary(path => path, Repository.Read, StringComparer.Ordinal);

    public static Task<IReadOnlyDictionary<string, BicepFile>> ParseAsync(CancellationToken cancellationToken) => ParsedFiles.Value.WaitAsync(cancellationToken);

    public static string? Load(string path) => Repository.Exists(path) ? Repository.Read(path) : null;
}
