using System.Reflection;

namespace FlashDrop.Core.Profiles;

/// <summary>
/// Starter profiles that need no blob. A blob of the same name replaces one. They are files of the same form as anybody's, under
/// <c>Profiles/BuiltIn</c>, and read the same way.
/// </summary>
internal static class BuiltInProfiles
{
    private const string Prefix = "profiles/";

    private static readonly Lazy<Dictionary<string, Profile>> All = new(ReadAll);

    /// <summary>Names of the built-in profiles, in order.</summary>
    public static IEnumerable<string> Names => All.Value.Keys.Order(StringComparer.Ordinal);

    public static Profile? Find(string name) => All.Value.GetValueOrDefault(name);

    private static Dictionary<string, Profile> ReadAll()
    {
        var assembly = Assembly.GetExecutingAssembly();
        Dictionary<string, Profile> profiles = new(StringComparer.Ordinal);
        foreach (var resource in assembly.GetManifestResourceNames().Where(r => r.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(resource)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var name = Path.GetFileNameWithoutExtension(resource[Prefix.Length..]);
            var (profile, problems) = ProfileReader.Read(name, bytes);
            profiles[name] = profile ?? throw new InvalidOperationException($"The built-in profile '{name}' is broken: {string.Join(" ", problems)}");
        }

        return profiles;
    }
}
