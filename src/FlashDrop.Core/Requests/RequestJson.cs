using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Requests;

/// <summary>JSON of the parts of a request that callers write.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GenerationConfig))]
internal sealed partial class RequestJson : JsonSerializerContext;
