using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlashDrop.Simulator.Wire;

/// <summary>Enums as camelCase words, never as numbers.</summary>
internal sealed class CamelCaseEnum<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
