using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Requests;

/// <summary>JSON of requests, as stored and as callers write parts of them.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GenerationConfig))]
[JsonSerializable(typeof(JobRequest))]
internal sealed partial class RequestJson : JsonSerializerContext;
