namespace FlashDrop.Core.Ports;

/// <summary>Metadata keys as every implementation of <see cref="IContentStore"/> stores them.</summary>
public static class BlobMetadata
{
    /// <summary>
    /// Lower case; every character a metadata key cannot have becomes <c>_</c>, and one that begins with a digit gets a leading <c>_</c>.
    /// </summary>
    /// <exception cref="ArgumentException">The key is empty.</exception>
    public static string NormalizeKey(string key)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        var text = string.Create(key.Length, key, static (target, source) =>
        {
            for (var index = 0; index < source.Length; index++)
            {
                target[index] = char.IsAsciiLetterOrDigit(source[index]) ? char.ToLowerInvariant(source[index]) : '_';
            }
        });
        return char.IsAsciiDigit(text[0]) ? "_" + text : text;
    }
}
