using System.Text.Json.Serialization;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink.Json;

/// <summary>Source-generated JSON of the parts of a request that map one to one.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GenerationConfig))]
internal sealed partial class EvoLinkJson : JsonSerializerContext;
