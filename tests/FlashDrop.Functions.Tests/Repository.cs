using System.Reflection;

namespace FlashDrop.Functions.Tests;

/// <summary>The sources these tests look at.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(
        typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(data => data.Key == "SourceRoot").Value!);

    public static string PathOf(params string[] segments) => Path.Combine([Root, .. segments]);
}
