using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FlashDrop.LocalHost;

/// <summary>Small JSON files this host remembers things in. A damaged one counts as missing: all of it can be found out again.</summary>
internal static class StateFile
{
    /// <summary>Reads a file, or returns null when there is none that can be read.</summary>
    public static T? Read<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, type);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Replaces a file, never leaving half of it.</summary>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> type)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = path + ".tmp";
        File.WriteAllBytes(draft, JsonSerializer.SerializeToUtf8Bytes(value, type));
        File.Move(draft, path, overwrite: true);
    }
}
