using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Reads and checks <c>generationConfig</c>, in camel or snake case. Settings not named by <see cref="GenerationConfig"/> pass through.</summary>
internal static class GenerationSettings
{
    private const double MaxTemperature = 2;
    private const double MaxPenalty = 2;
    private const int MaxStopSequences = 5;

    public static GenerationConfig? Parse(JsonElement element, string path, FieldErrors errors)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType(path, "an object", element.ValueKind);
            return null;
        }

        GenerationConfig? config;
        try
        {
            using var normalised = Normalise(element, path, errors);
            config = normalised?.RootElement.Deserialize(GenerationJsonContext.Default.GenerationConfig);
        }
        catch (JsonException exception)
        {
            var field = exception.Path is { Length: > 2 } inner ? FieldErrors.Path(path, inner[2..]) : path;
            errors.Add(field, "wrong_type", "The value has the wrong type.", "Send it as the Gemini API documents it: numbers as JSON numbers, integers without a fraction.");
            return null;
        }

        if (config is not null)
        {
            Check(config, path, errors);
        }

        return config;
    }

    /// <summary>Writes a <c>generationConfig</c> object with its own and the thinking settings' names in camel case.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement element, string path, FieldErrors errors) =>
        NativeNames.WriteObject(writer, element, path, errors, (name, value, field) =>
        {
            if (name is "thinkingConfig" && value.ValueKind == JsonValueKind.Object)
            {
                NativeNames.WriteObject(writer, value, field, errors, (_, inner, _) => inner.WriteTo(writer));
            }
            else
            {
                value.WriteTo(writer);
            }
        });

    private static JsonDocument? Normalise(JsonElement element, string path, FieldErrors errors)
    {
        var before = errors.All.Count;
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, element, path, errors);
        }

        return errors.All.Count == before ? JsonDocument.Parse(buffer.WrittenMemory) : null;
    }

    private static void Check(GenerationConfig config, string path, FieldErrors errors)
    {
        Range("temperature", config.Temperature, 0, MaxTemperature);
        Range("topP", config.TopP, 0, 1);
        Range("topK", config.TopK, 1, int.MaxValue);
        Range("maxOutputTokens", config.MaxOutputTokens, 1, GenerationConfig.OutputTokenLimit);
        Range("candidateCount", config.CandidateCount, 1, 1);
        Range("presencePenalty", config.PresencePenalty, -MaxPenalty, MaxPenalty);
        Range("frequencyPenalty", config.FrequencyPenalty, -MaxPenalty, MaxPenalty);
        Range("thinkingConfig.thinkingBudget", config.ThinkingConfig?.ThinkingBudget, -1, ThinkingConfig.MaxBudget);
        if (config.ThinkingConfig is { ThinkingLevel: { } level } thinking)
        {
            if (!ThinkingConfig.Levels.Contains(level, StringComparer.Ordinal))
            {
                errors.Invalid($"{path}.thinkingConfig.thinkingLevel", "It is no level.", $"Send {string.Join(", ", ThinkingConfig.Levels)}.");
            }

            if (thinking.ThinkingBudget is not null)
            {
                errors.Add($"{path}.thinkingConfig.thinkingLevel", "conflicting_fields", "thinkingBudget and thinkingLevel exclude each other.", "Send one of them.");
            }
        }

        if (config.StopSequences is { } stops && (stops.Count > MaxStopSequences || stops.Any(string.IsNullOrEmpty)))
        {
            errors.Invalid($"{path}.stopSequences", $"There are {stops.Count} stop sequences, or one is empty.", $"Send at most {MaxStopSequences}, none of them empty.");
        }

        Schema("responseSchema", config.ResponseSchema);
        Schema("responseJsonSchema", config.ResponseJsonSchema);
        if (config.ResponseSchema is not null && config.ResponseJsonSchema is not null)
        {
            errors.Add($"{path}.responseJsonSchema", "conflicting_fields", "responseSchema and responseJsonSchema exclude each other.", "Send one of them.");
        }

        if ((config.ResponseSchema is not null || config.ResponseJsonSchema is not null)
            && config.ResponseMimeType is not ("application/json" or "text/x.enum"))
        {
            errors.Invalid($"{path}.responseMimeType", "A response schema needs a media type that follows it.", "Set it to application/json or text/x.enum.");
        }

        void Range(string name, double? value, double min, double max)
        {
            if (value is { } number && !(number >= min && number <= max))
            {
                errors.Invalid($"{path}.{name}", $"{number} is outside the range.", $"Send {min} to {max}.");
            }
        }

        void Schema(string name, JsonElement? schema)
        {
            if (schema is { ValueKind: not JsonValueKind.Object } wrong)
            {
                errors.WrongType($"{path}.{name}", "an object", wrong.ValueKind);
            }
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GenerationConfig))]
internal sealed partial class GenerationJsonContext : JsonSerializerContext;
