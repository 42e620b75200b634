using System.Security.Cryptography;
using FlashDrop.Gateway.Callers;

namespace FlashDrop.LocalHost.Hosting;

/// <summary>A caller key for this machine, made once and kept beside the local data.</summary>
internal static class DevelopmentKey
{
    /// <summary>Name of the caller it belongs to.</summary>
    public const string Caller = "local";

    /// <summary>The key, made now if there is none yet.</summary>
    public static string GetOrCreate(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "development-key");
        if (File.Exists(path) && File.ReadAllText(path).Trim() is { Length: > 0 } known)
        {
            return known;
        }

        using var random = RandomNumberGenerator.Create();
        var key = ApiKeys.Create(random);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var writer = new StreamWriter(path, options);
        writer.WriteLine(key);
        return key;
    }

    /// <summary>The settings that let the key in, as an admin.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Settings(string key) =>
    [
        new($"{CallersOptions.Section}:{Caller}:KeyHashes:0", ApiKeys.Hash(key)),
        new($"{CallersOptions.Section}:{Caller}:Admin", "true"),
    ];
}
