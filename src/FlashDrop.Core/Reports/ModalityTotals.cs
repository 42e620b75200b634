using System.Text.Json.Serialization;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Reports;

/// <summary>Prompt tokens by modality. Not safe for concurrent use.</summary>
public sealed class ModalityTotals
{
    /// <summary>Text.</summary>
    [JsonInclude]
    public long Text { get; internal set; }

    /// <summary>Images.</summary>
    [JsonInclude]
    public long Image { get; internal set; }

    /// <summary>Audio.</summary>
    [JsonInclude]
    public long Audio { get; internal set; }

    /// <summary>Video.</summary>
    [JsonInclude]
    public long Video { get; internal set; }

    /// <summary>Documents.</summary>
    [JsonInclude]
    public long Document { get; internal set; }

    /// <summary>Modalities that are new to us.</summary>
    [JsonInclude]
    public long Other { get; internal set; }

    /// <summary>Prompt tokens the upstream did not break down.</summary>
    [JsonInclude]
    public long Unspecified { get; internal set; }

    /// <summary>Adds the prompt of one answer.</summary>
    internal void Add(TokenUsage usage)
    {
        long told = 0;
        for (var i = 0; i < usage.PromptDetails.Count; i++)
        {
            var (modality, tokens) = usage.PromptDetails[i];
            told += tokens;
            switch (modality)
            {
                case "TEXT":
                    Text += tokens;
                    break;
                case "IMAGE":
                    Image += tokens;
                    break;
                case "AUDIO":
                    Audio += tokens;
                    break;
                case "VIDEO":
                    Video += tokens;
                    break;
                case "DOCUMENT":
                    Document += tokens;
                    break;
                default:
                    Other += tokens;
                    break;
            }
        }

        Unspecified += Math.Max(0, usage.PromptTokens - told);
    }

    /// <summary>Adds what another one has summed.</summary>
    internal void Merge(ModalityTotals other)
    {
        Text += other.Text;
        Image += other.Image;
        Audio += other.Audio;
        Video += other.Video;
        Document += other.Document;
        Other += other.Other;
        Unspecified += other.Unspecified;
    }

    /// <summary>Names and counts, in the order reports show them.</summary>
    internal IEnumerable<(string Name, long Tokens)> All() =>
        [("text", Text), ("image", Image), ("audio", Audio), ("video", Video), ("document", Document), ("other", Other), ("not specified", Unspecified)];
}
