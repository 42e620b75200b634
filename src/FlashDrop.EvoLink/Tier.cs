using System.Text.Json.Serialization;

namespace FlashDrop.EvoLink;

/// <summary>
/// A price and reliability class of the upstream. Settings map each tier to a model id
/// (<see cref="UpstreamOptions.Models"/>) and to price rows.
/// </summary>
[JsonConverter(typeof(JsonStringEnumConverter<Tier>))]
public enum Tier
{
    /// <summary>Gemini 2.5 Flash at the standard price.</summary>
    [JsonStringEnumMemberName("standard")]
    Standard,

    /// <summary>Gemini 2.5 Flash (Beta): cheaper, best effort, retries expected.</summary>
    [JsonStringEnumMemberName("beta")]
    Beta,
}
