using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlashDrop.EvoLink.Relay;

/// <summary>JSON of merged answers.</summary>
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class RelayJson : JsonSerializerContext;
