namespace FlashDrop.EvoLink.Pricing;

/// <summary>Reduces a model id to its family, so that versions and channels of one model compare equal.</summary>
internal static class ModelFamily
{
    /// <summary><c>models/gemini-2.5-flash-preview-09-2025</c>, <c>gemini-2.5-flash-001</c> and <c>gemini-2.5-flash-beta</c> are all <c>gemini-2.5-flash</c>.</summary>
    public static string Of(string modelId)
    {
        var name = modelId.Trim().ToLowerInvariant();
        name = name[(name.LastIndexOf('/') + 1)..];
        var cut = name.AsSpan().IndexOfAny('@', ':');
        if (cut > 0)
        {
            name = name[..cut];
        }

        var words = name.Split('-').AsSpan();
        while (words.Length > 2 && IsVersion(words[^1]))
        {
            words = words[..^1];
        }

        return string.Join('-', words!);
    }

    private static bool IsVersion(string word) =>
        word is "beta" or "latest" or "preview" or "exp" or "experimental" or "stable"
        || (word.Length >= 2 && word.All(char.IsAsciiDigit));
}
