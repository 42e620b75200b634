namespace FlashDrop.Core.Media;

/// <summary>What the bytes of a file say about it; null is not told, or not told within the bytes that may be read.</summary>
internal sealed record MediaFacts
{
    public int? Width { get; init; }

    public int? Height { get; init; }

    public double? Seconds { get; init; }

    public int? Pages { get; init; }

    /// <summary>Name of a text's encoding.</summary>
    public string? Encoding { get; init; }

    /// <summary>What is broken, for a person; null when nothing was found to be.</summary>
    public string? Damage { get; init; }

    public static MediaFacts Damaged(string what) => new() { Damage = what };
}
