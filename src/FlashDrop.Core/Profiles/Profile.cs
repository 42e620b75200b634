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

    /// <summary>Address of the JSON Schema that editors check the file with; not used.</summary>
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }

    /// <summary>One line for people.</summary>
    public string? Description { get; init; }

    /// <summary>Fixed system instruction.</summary>
    public string? Instruction { get; init; }

    /// <summary>
    /// What is asked about the inputs. Required. May hold <c>{{file.name}}</c>, <c>{{file.path}}</c>, <c>{{date}}</c> and
    /// <c>{{metadata.KEY}}</c>.
    /// </summary>
    public required string Prompt { get; init; }

    /// <summary>What is taken: kinds (<c>image</c>, <c>audio</c>, <c>video</c>, <c>document</c>, <c>text</c>) or media types; null takes everything.</summary>
    public IReadOnlyList<string>? Accept { get; init; }

    /// <summary>Limits below the deployment's own.</summary>
    public ProfileLimits? Limits { get; init; }

    /// <summary>Generation settings.</summary>
    public GenerationConfig? GenerationConfig { get; init; }

    /// <summary>
    /// Schema of the answer, as OpenAPI subset or JSON Schema; instead of the two schemas in <see cref="GenerationConfig"/>.
    /// </summary>
    public JsonElement? ResponseSchema { get; init; }

    /// <summary>Whether one answer that does not fit the schema is sent back to the model for repair. Default false.</summary>
    public bool Repair { get; init; }

    /// <summary>Tools, passed on as they are.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Tool choice, passed on as it is.</summary>
    public JsonElement? ToolConfig { get; init; }

    /// <summary>Safety thresholds, passed on as they are.</summary>
    public JsonElement? SafetySettings { get; init; }

    /// <summary>Whether a drop may have a <c>{file}.job.json</c> beside it; looking for it costs a storage operation. Default false.</summary>
    public bool Sidecar { get; init; }

    /// <summary>Which tiers its jobs may use. Default <c>standard</c>.</summary>
    public TierPolicy Tier { get; init; } = TierPolicy.Standard;

    /// <summary>How the bare answer is stored. Default <c>markdown</c>.</summary>
    public OutputKind Output { get; init; } = OutputKind.Markdown;

    /// <summary>Attempts its jobs may take, at most the pipeline's limit; null takes that limit.</summary>
    public int? MaxAttempts { get; init; }

    /// <summary>How long its jobs may take, at most the pipeline's deadline; null takes that deadline.</summary>
    public TimeSpan? Deadline { get; init; }
}

/// <summary>Limits of one profile; the deployment's own hold besides.</summary>
public sealed record ProfileLimits
{
    /// <summary>Largest file in bytes.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>Longest recording or clip in seconds.</summary>
    public double? MaxSeconds { get; init; }

    /// <summary>Most pages of a document.</summary>
    public int? MaxPages { get; init; }
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
