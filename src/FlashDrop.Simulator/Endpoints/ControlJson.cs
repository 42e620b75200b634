using System.Text.Json.Serialization;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>JSON of the control endpoints and of fault files. A misspelt field is an error, not a fault that never fires.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(FaultRule[]))]
[JsonSerializable(typeof(IReadOnlyList<FaultRule>))]
[JsonSerializable(typeof(IReadOnlyList<RequestRecord>))]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class ControlJson : JsonSerializerContext;
