using System.Text.Json;
using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>Reads <c>generationConfig</c>: names, ranges and combinations.</summary>
internal static class GenerationConfigReader
{
    public const int MostOutputTokens = 65_536;
    private const int MostThinking = 24_576;

    public static OutputRules Read(string model, FieldReader request, ToolRules tools)
    {
        if (request.Optional("generationConfig") is not { } config)
        {
            return new OutputRules();
        }

        var fields = new FieldReader(
            config, "generation_config", "temperature", "topP", "topK", "maxOutputTokens", "candidateCount", "stopSequences", "seed",
            "responseMimeType", "responseSchema", "responseJsonSchema", "_responseJsonSchema", "presencePenalty", "frequencyPenalty",
            "responseLogprobs", "logprobs", "mediaResolution", "thinkingConfig");
        fields.Number("temperature", 0, 2);
        fields.Number("topP", 0, 1);
        fields.Whole("topK", 1, int.MaxValue);
        fields.Whole("seed", int.MinValue, int.MaxValue);
        fields.Number("presencePenalty", -2, 2);
        fields.Number("frequencyPenalty", -2, 2);
        fields.Flag("responseLogprobs");
        fields.Whole("logprobs", 0, 20);
        if (fields.Whole("candidateCount", 1, 8) > 1)
        {
            throw FieldReader.Invalid("Multiple candidates is not enabled for this model");
        }

        var stops = fields.Items("stopSequences").Select(s => s.GetString() ?? "").Where(s => s.Length > 0).ToList();
        if (stops.Count > 5)
        {
            throw FieldReader.Invalid($"Unable to submit request because it has {stops.Count} stopSequences; at most 5 are supported.");
        }

        var kind = Kind(fields.OneOf("responseMimeType", "text/plain", "application/json", "text/x.enum"));
        if (kind == OutputKind.Json && tools.Functions.Count > 0)
        {
            throw FieldReader.Invalid("Function calling with a response mime type: 'application/json' is unsupported");
        }

        var rules = new OutputRules
        {
            MaxTokens = fields.Whole("maxOutputTokens", 1, MostOutputTokens) ?? MostOutputTokens,
            Kind = kind,
            Schema = Schema(fields, kind),
            StopSequences = stops,
            Detail = fields.OneOf("mediaResolution", "MEDIA_RESOLUTION_UNSPECIFIED", "MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH") switch
            {
                "MEDIA_RESOLUTION_LOW" => MediaDetail.Low,
                "MEDIA_RESOLUTION_MEDIUM" => MediaDetail.Medium,
                _ => MediaDetail.High,
            },
        };
        return fields.Optional("thinkingConfig") is { } thinking
            ? WithThinking(model, rules, new FieldReader(thinking, "generation_config.thinking_config", "thinkingBudget", "thinkingLevel", "includeThoughts"))
            : rules;
    }

    private static OutputRules WithThinking(string model, OutputRules rules, FieldReader thinking)
    {
        var budget = thinking.Whole("thinkingBudget", -1, MostThinking);
        var level = thinking.OneOf("thinkingLevel", "minimal", "low", "medium", "high");
        if (level is not null && budget is not null)
        {
            throw FieldReader.Invalid("You can only set only one of thinking budget and thinking level.");
        }

        if (level is not null && model.Contains("gemini-2", StringComparison.Ordinal))
        {
            throw FieldReader.Invalid("Thinking level is not supported for this model.");
        }

        return rules with
        {
            ThinkingBudget = level is "minimal" ? 0 : budget ?? -1,
            IncludeThoughts = thinking.Flag("includeThoughts"),
        };
    }

    private static OutputKind Kind(string? mimeType) => mimeType switch
    {
        "application/json" => OutputKind.Json,
        "text/x.enum" => OutputKind.Enum,
        _ => OutputKind.Text,
    };

    private static JsonElement? Schema(FieldReader fields, OutputKind kind)
    {
        var openApi = fields.Optional("responseSchema");
        var json = fields.Optional("responseJsonSchema") ?? fields.Optional("_responseJsonSchema");
        if (openApi is not null && json is not null)
        {
            throw FieldReader.Invalid("Only one of response_schema and response_json_schema may be set.");
        }

        if ((openApi is not null || json is not null) && kind == OutputKind.Text)
        {
            throw FieldReader.Invalid($"{(openApi is not null ? "response_schema" : "response_json_schema")} is only supported with response_mime_type application/json or text/x.enum");
        }

        if (openApi is { } subset)
        {
            OpenApiSchema.Check(subset, "generation_config.response_schema");
        }

        return openApi ?? json;
    }
}
