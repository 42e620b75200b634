using System.Text.Json;

namespace FlashDrop.Simulator.Wire;

/// <summary>A request body whose media were lifted out of the JSON: one copy of the bytes exists, however large.</summary>
internal sealed record RequestBody
{
    /// <summary>The JSON, each inline medium replaced by a reference (<see cref="InlineMedium.Reference"/>).</summary>
    public required JsonElement Root { get; init; }

    /// <summary>Decoded inline media in the order of the body.</summary>
    public required IReadOnlyList<InlineMedium> Media { get; init; }

    /// <summary>All prompt text of the body in one string, for matching.</summary>
    public required string PromptText { get; init; }

    /// <summary>SHA-256 of the body as received, hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size of the body as received.</summary>
    public required long Bytes { get; init; }

    /// <summary>Finds the medium a string of the JSON refers to.</summary>
    public InlineMedium? Find(string reference) =>
        Media.FirstOrDefault(m => string.Equals(m.Reference, reference, StringComparison.Ordinal));
}

/// <summary>Bytes that came inside the JSON.</summary>
/// <param name="Reference">What stands in the JSON instead.</param>
/// <param name="DeclaredType">MIME type of a data URL; null where it is named elsewhere.</param>
/// <param name="Bytes">The decoded bytes, or null when they were not base64.</param>
internal sealed record InlineMedium(string Reference, string? DeclaredType, ReadOnlyMemory<byte>? Bytes);
