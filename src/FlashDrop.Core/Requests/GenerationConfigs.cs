using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Requests;

/// <summary>Lays one set of generation settings over another, field by field.</summary>
internal static class GenerationConfigs
{
    public static GenerationConfig? Merge(GenerationConfig? under, GenerationConfig? over)
    {
        if (under is null || over is null)
        {
            return over ?? under;
        }

        // One answer has one shape: whoever names a schema or media type names all of it.
        var hasShape = over.ResponseSchema is not null || over.ResponseJsonSchema is not null || over.ResponseMimeType is not null;
        var shape = hasShape ? over : under;
        return new GenerationConfig
        {
            Temperature = over.Temperature ?? under.Temperature,
            TopP = over.TopP ?? under.TopP,
            TopK = over.TopK ?? under.TopK,
            MaxOutputTokens = over.MaxOutputTokens ?? under.MaxOutputTokens,
            CandidateCount = over.CandidateCount ?? under.CandidateCount,
            StopSequences = over.StopSequences ?? under.StopSequences,
            Seed = over.Seed ?? under.Seed,
            ResponseMimeType = shape.ResponseMimeType,
            ResponseSchema = shape.ResponseSchema,
            ResponseJsonSchema = shape.ResponseJsonSchema,
            PresencePenalty = over.PresencePenalty ?? under.PresencePenalty,
            FrequencyPenalty = over.FrequencyPenalty ?? under.FrequencyPenalty,
            MediaResolution = over.MediaResolution ?? under.MediaResolution,
            ThinkingConfig = over.ThinkingConfig ?? under.ThinkingConfig,
            Other = over.Other ?? under.Other,
        };
    }
}
