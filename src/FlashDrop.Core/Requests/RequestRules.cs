using System.Text.Json;
using System.Text.RegularExpressions;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Schemas;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Requests;

/// <summary>
/// What the upstream is known to refuse, refused here first with the reason; and the forms it wants, made from the ones people write.
/// </summary>
internal static partial class RequestRules
{
    /// <summary>Largest schema, so that a job with it still fits a queue message.</summary>
    private const int MaxSchemaBytes = 16 * 1024;

    private const int MaxStopSequences = 5;
    private const int MaxFunctions = 128;

    private static readonly string[] Modes = ["AUTO", "ANY", "NONE", "VALIDATED", "MODE_UNSPECIFIED"];
    private static readonly string[] BuiltInTools = ["googleSearch", "google_search", "codeExecution", "code_execution", "urlContext", "url_context", "googleSearchRetrieval", "google_search_retrieval"];

    /// <summary>Checks settings and brings them into the upstream's form.</summary>
    /// <param name="settings">The settings of a profile or request.</param>
    /// <param name="root">Path before their members, for the problems.</param>
    /// <param name="problems">Where problems are added.</param>
    /// <returns>The settings as they are sent, and what the answer is held against.</returns>
    public static (RequestSettings Settings, AnswerCheck? Check) Apply(RequestSettings settings, string root, List<JsonProblem> problems)
    {
        var config = settings.GenerationConfig;
        var functions = CheckTools(settings, root, problems);
        AnswerCheck? check = null;
        if (config is not null)
        {
            CheckRanges(config, $"{root}.generationConfig", problems);
            (config, check) = WithSchema(config, $"{root}.generationConfig", problems);
            if (functions && check is { MimeType: StructuredAnswers.Json })
            {
                problems.Add(new($"{root}.tools", "the model refuses function calling together with a JSON answer; remove the functions, or the schema and responseMimeType."));
            }
        }

        if (settings.CachedContent && (settings.HasInstruction || settings.Tools is not null || settings.ToolConfig is not null))
        {
            problems.Add(new($"{root}.cachedContent", "a cache excludes systemInstruction, tools and toolConfig: they belong into the cache."));
        }

        return (settings with { GenerationConfig = config }, check is null ? null : check with { Repair = settings.Repair });
    }

    /// <summary>The same, for a request that has been accepted: problems are an error of the job.</summary>
    /// <exception cref="InputException">The settings cannot be used.</exception>
    public static (RequestSettings Settings, AnswerCheck? Check) Require(RequestSettings settings)
    {
        List<JsonProblem> problems = [];
        var applied = Apply(settings, "$", problems);
        return problems.Count == 0 ? applied : throw new InputException(JobErrors.RequestUnreadable(string.Join(" ", problems)));
    }

    private static void CheckRanges(GenerationConfig config, string path, List<JsonProblem> problems)
    {
        Range("temperature", config.Temperature, 0, 2);
        Range("topP", config.TopP, 0, 1);
        Range("topK", config.TopK, 1, int.MaxValue);
        Range("maxOutputTokens", config.MaxOutputTokens, 1, GenerationConfig.OutputTokenLimit);
        Range("candidateCount", config.CandidateCount, 1, 1);
        Range("presencePenalty", config.PresencePenalty, -2, 2);
        Range("frequencyPenalty", config.FrequencyPenalty, -2, 2);
        Range("thinkingConfig.thinkingBudget", config.ThinkingConfig?.ThinkingBudget, -1, ThinkingConfig.MaxBudget);
        if (config.ThinkingConfig is { ThinkingLevel: { } level } thinking)
        {
            if (!ThinkingConfig.Levels.Contains(level, StringComparer.Ordinal))
            {
                problems.Add(new($"{path}.thinkingConfig.thinkingLevel", $"'{level}' is none of {string.Join(", ", ThinkingConfig.Levels)}."));
            }

            if (thinking.ThinkingBudget is not null)
            {
                problems.Add(new($"{path}.thinkingConfig.thinkingLevel", "it excludes thinkingBudget; give one of them."));
            }
        }

        if (config.StopSequences is { Count: > MaxStopSequences } stops)
        {
            problems.Add(new($"{path}.stopSequences", $"there are {stops.Count}; at most {MaxStopSequences} are taken."));
        }

        void Range(string name, double? value, double min, double max)
        {
            if (value is { } number && !(number >= min && number <= max))
            {
                problems.Add(new($"{path}.{name}", FormattableString.Invariant($"{number} is outside {min} to {max}.")));
            }
        }
    }

    private static (GenerationConfig Config, AnswerCheck? Check) WithSchema(GenerationConfig config, string path, List<JsonProblem> problems)
    {
        // Some clients write the member with an underscore in front.
        var jsonSchema = config.ResponseJsonSchema ?? (config.Other?.TryGetValue("_responseJsonSchema", out var other) == true ? other : null);
        if (config.ResponseSchema is not null && jsonSchema is not null)
        {
            problems.Add(new($"{path}.responseJsonSchema", "it excludes responseSchema; give one of them."));
            return (config, null);
        }

        var (written, name) = config.ResponseSchema is { } openApi ? (openApi, "responseSchema") : (jsonSchema, "responseJsonSchema");
        if (written is not { } schema)
        {
            return config.ResponseMimeType switch
            {
                StructuredAnswers.Json => (config, new AnswerCheck { MimeType = StructuredAnswers.Json }),
                StructuredAnswers.Choice => Fail("text/x.enum needs a responseSchema that lists the choices."),
                null or "text/plain" => (config, null),
                var unknown => Fail($"'{unknown}' is none of text/plain, application/json and text/x.enum."),
            };
        }

        var mimeType = config.ResponseMimeType ?? StructuredAnswers.Json;
        if (mimeType is not (StructuredAnswers.Json or StructuredAnswers.Choice))
        {
            return Fail($"'{mimeType}' does not go with a schema; use application/json or text/x.enum.");
        }

        if (SchemaReader.Read(schema, $"{path}.{name}", problems) is not { } node)
        {
            return (config, null);
        }

        if (mimeType == StructuredAnswers.Choice && node is not { Type: SchemaType.String, Enum: not null })
        {
            problems.Add(new($"{path}.{name}", "text/x.enum needs a string with an enum."));
            return (config, null);
        }

        var (sent, whole) = (SchemaWriter.ForUpstream(node), SchemaWriter.Whole(node));
        var size = Math.Max(sent.GetRawText().Length, whole.GetRawText().Length);
        if (size > MaxSchemaBytes)
        {
            problems.Add(new($"{path}.{name}", $"it has {size:N0} characters with its references in place; the limit is {MaxSchemaBytes:N0}."));
            return (config, null);
        }

        var remaining = config.Other?.Where(o => o.Key != "_responseJsonSchema").ToDictionary(StringComparer.Ordinal);
        return (
            config with { ResponseMimeType = mimeType, ResponseSchema = sent, ResponseJsonSchema = null, Other = remaining is { Count: > 0 } ? remaining : null },
            new AnswerCheck { MimeType = mimeType, Schema = whole });

        (GenerationConfig, AnswerCheck?) Fail(string reason)
        {
            problems.Add(new($"{path}.responseMimeType", reason));
            return (config, null);
        }
    }

    /// <summary>Whether functions are declared.</summary>
    private static bool CheckTools(RequestSettings settings, string root, List<JsonProblem> problems)
    {
        HashSet<string> functions = new(StringComparer.Ordinal);
        var builtIn = false;
        if (settings.Tools is { } tools)
        {
            if (tools.ValueKind != JsonValueKind.Array || tools.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.Object))
            {
                problems.Add(new($"{root}.tools", "it must be an array of objects."));
                return false;
            }

            var i = 0;
            foreach (var tool in tools.EnumerateArray())
            {
                builtIn |= BuiltInTools.Any(name => tool.TryGetProperty(name, out _));
                if (tool.TryGetProperty("functionDeclarations", out var declared) || tool.TryGetProperty("function_declarations", out declared))
                {
                    CheckFunctions(declared, $"{root}.tools[{i}].functionDeclarations", functions, problems);
                }

                i++;
            }

            if (builtIn && functions.Count > 0)
            {
                problems.Add(new($"{root}.tools", "the model refuses built-in tools together with functionDeclarations; keep one kind."));
            }
        }

        CheckToolConfig(settings.ToolConfig, functions, root, problems);
        return functions.Count > 0;
    }

    private static void CheckFunctions(JsonElement declared, string path, HashSet<string> names, List<JsonProblem> problems)
    {
        if (declared.ValueKind != JsonValueKind.Array || declared.GetArrayLength() > MaxFunctions)
        {
            problems.Add(new(path, $"it must be an array of at most {MaxFunctions} functions."));
            return;
        }

        var i = 0;
        foreach (var function in declared.EnumerateArray())
        {
            var at = $"{path}[{i++}]";
            if (function.ValueKind != JsonValueKind.Object || !function.TryGetProperty("name", out var name)
                || name.ValueKind != JsonValueKind.String || !FunctionName().IsMatch(name.GetString()!))
            {
                problems.Add(new($"{at}.name", "a function needs a name of at most 64 letters, digits, '_', ':', '.' or '-' that starts with a letter or '_'."));
            }
            else if (!names.Add(name.GetString()!))
            {
                problems.Add(new($"{at}.name", $"'{name.GetString()}' is declared twice."));
            }
            else if (function.TryGetProperty("parameters", out _) && function.TryGetProperty("parametersJsonSchema", out _))
            {
                problems.Add(new($"{at}.parametersJsonSchema", "it excludes parameters; give one of them."));
            }
        }
    }

    private static void CheckToolConfig(JsonElement? toolConfig, HashSet<string> functions, string root, List<JsonProblem> problems)
    {
        var path = $"{root}.toolConfig";
        if (toolConfig is not { } config)
        {
            return;
        }

        if (config.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new(path, "it must be an object."));
            return;
        }

        if (!config.TryGetProperty("functionCallingConfig", out var calling) && !config.TryGetProperty("function_calling_config", out calling))
        {
            return;
        }

        path += ".functionCallingConfig";
        if (calling.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new(path, "it must be an object."));
            return;
        }

        var mode = calling.TryGetProperty("mode", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString()! : "AUTO";
        if (!Modes.Contains(mode, StringComparer.OrdinalIgnoreCase))
        {
            problems.Add(new($"{path}.mode", $"'{mode}' is none of AUTO, ANY, NONE and VALIDATED."));
        }

        if (!calling.TryGetProperty("allowedFunctionNames", out var allowed) && !calling.TryGetProperty("allowed_function_names", out allowed))
        {
            return;
        }

        if (allowed.ValueKind != JsonValueKind.Array || allowed.EnumerateArray().Any(a => a.ValueKind != JsonValueKind.String))
        {
            problems.Add(new($"{path}.allowedFunctionNames", "it must be an array of names."));
            return;
        }

        if (mode.ToUpperInvariant() is not ("ANY" or "VALIDATED"))
        {
            problems.Add(new($"{path}.allowedFunctionNames", "it needs the mode ANY or VALIDATED."));
        }

        foreach (var unknown in allowed.EnumerateArray().Select(a => a.GetString()!).Where(a => !functions.Contains(a)))
        {
            problems.Add(new($"{path}.allowedFunctionNames", $"'{unknown}' is not declared in tools."));
        }
    }

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_:.-]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex FunctionName();
}

/// <summary>The parts of a request that rules apply to.</summary>
internal sealed record RequestSettings
{
    public GenerationConfig? GenerationConfig { get; init; }

    public JsonElement? Tools { get; init; }

    public JsonElement? ToolConfig { get; init; }

    public bool HasInstruction { get; init; }

    public bool CachedContent { get; init; }

    /// <summary>Whether an answer that does not fit may be repaired.</summary>
    public bool Repair { get; init; }

    public static RequestSettings Of(GenerateContentRequest request, bool repair) => new()
    {
        GenerationConfig = request.GenerationConfig,
        Tools = request.Tools,
        ToolConfig = request.ToolConfig,
        HasInstruction = request.SystemInstruction is not null,
        CachedContent = request.CachedContent is not null,
        Repair = repair,
    };
}
