using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Requests;

/// <summary>
/// The question of an HTTP job, as stored in <c>requests</c>: either a prompt with inputs over a profile, or a whole native request.
/// Inline media is never in it: it is taken out and handed over as <see cref="InlineInput"/>s.
/// </summary>
public sealed record JobRequest
{
    /// <summary>The question; null takes the profile's.</summary>
    public string? Prompt { get; init; }

    /// <summary>Inputs in the order the model sees them, at most 64.</summary>
    public IReadOnlyList<JobInput> Inputs { get; init; } = [];

    /// <summary>Generation settings that override the profile's, field by field.</summary>
    public GenerationConfig? GenerationConfig { get; init; }

    /// <summary>
    /// A whole request in Google's native format instead of prompt and inputs. Each <c>inlineData</c> in it holds
    /// <c>"input": n</c>, an index into <see cref="Inputs"/>, in place of <c>data</c>.
    /// </summary>
    public JsonElement? Native { get; init; }
}

/// <summary>One input of a job: a closed set.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(TextInput), "text")]
[JsonDerivedType(typeof(BlobInput), "blob")]
[JsonDerivedType(typeof(UrlInput), "url")]
[JsonDerivedType(typeof(InlineInput), "inline")]
public abstract record JobInput
{
    private protected JobInput()
    {
    }
}

/// <summary>Text.</summary>
/// <param name="Text">The text.</param>
public sealed record TextInput(string Text) : JobInput;

/// <summary>A blob in our own storage.</summary>
/// <param name="Container"><c>inbox</c> or <c>requests</c>.</param>
/// <param name="Name">Name in the container.</param>
public sealed record BlobInput(string Container, string Name) : JobInput;

/// <summary>Media the upstream fetches by itself.</summary>
/// <param name="Url">Public https URL whose path ends with the extension that matches the type.</param>
/// <param name="MimeType">Media type; null tells it from the extension.</param>
public sealed record UrlInput(Uri Url, string? MimeType) : JobInput;

/// <summary>
/// Media sent inline with the request. The bytes are stored as a blob of the job at acceptance and never serialised with the request.
/// </summary>
public sealed record InlineInput : JobInput
{
    /// <summary>Media type as claimed; the bytes decide.</summary>
    public string? MimeType { get; init; }

    /// <summary>The bytes, at acceptance only.</summary>
    [JsonIgnore]
    public ReadOnlyMemory<byte> Data { get; init; }

    /// <summary>Name of the stored blob in <c>requests</c>; set by the pipeline.</summary>
    public string? Name { get; init; }

    /// <summary>Size in bytes; set by the pipeline.</summary>
    public long Length { get; init; }
}
