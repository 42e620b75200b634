using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Profiles;

/// <summary>A named recipe for requests. Stored as <c>profiles/{name}.json</c> or built in.</summary>
public sealed record Profile
{
    /// <summary>Name; from the blob's name, never from its content.</summary>
    [JsonIgnore]
    public string Name { get; init; } = "";

    /// <summary>One line for people.</summary>
    public string? Description { get; init; }

    /// <summary>Fixed system instruction.</summary>
    public string? Instruction { get; init; }

    /// <summary>What is asked about the inputs. Required.</summary>
    public required string Prompt { get; init; }

    /// <summary>Generation settings.</summary>
    public GenerationConfig? GenerationConfig { get; init; }

    /// <summary>Which tiers its jobs may use. Default <c>standard</c>.</summary>
    public TierPolicy Tier { get; init; } = TierPolicy.Standard;

    /// <summary>How the bare answer is stored. Default <c>markdown</c>.</summary>
    public OutputKind Output { get; init; } = OutputKind.Markdown;

    /// <summary>Attempts its jobs may take, at most the pipeline's limit; null takes that limit.</summary>
    public int? MaxAttempts { get; init; }

    /// <summary>How long its jobs may take, at most the pipeline's deadline; null takes that deadline.</summary>
    public TimeSpan? Deadline { get; init; }
}

/// <summary>How a bare answer is stored beside its envelope.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OutputKind>))]
public enum OutputKind
{
    /// <summary>Markdown, <c>.md</c>.</summary>
    [JsonStringEnumMemberName("markdown")]
    Markdown,

    /// <summary>Plain text, <c>.txt</c>.</summary>
    [JsonStringEnumMemberName("text")]
    Text,

    /// <summary>JSON, <c>.json</c>.</summary>
    [JsonStringEnumMemberName("json")]
    Json,
}

/// <summary>JSON of profiles: comments and trailing commas are allowed, because people write them; unknown members are errors.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    AllowTrailingCommas = true,
    ReadCommentHandling = JsonCommentHandling.Skip,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Profile))]
internal sealed partial class ProfileJson : JsonSerializerContext;
