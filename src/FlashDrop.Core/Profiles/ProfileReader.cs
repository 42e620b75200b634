using System.Globalization;
using System.Text.Json;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Schemas;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.Core.Profiles;

/// <summary>
/// Reads a profile and reports everything that is wrong with it at once, each with its JSON path: somebody edits it by hand.
/// </summary>
internal static class ProfileReader
{
    private const int MaxTextLength = 200_000;
    private const int MaxAccepted = 50;

    private static readonly JsonDocumentOptions Tolerant = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    private static readonly Dictionary<string, Action<JsonElement, string, List<JsonProblem>>> Members = new(StringComparer.Ordinal)
    {
        ["$schema"] = Text,
        ["description"] = Text,
        ["instruction"] = Text,
        ["prompt"] = Prompt,
        ["accept"] = Accept,
        ["limits"] = Limits,
        ["generationConfig"] = Config,
        ["responseSchema"] = Object,
        ["repair"] = Flag,
        ["tools"] = Array,
        ["toolConfig"] = Object,
        ["safetySettings"] = Safety,
        ["sidecar"] = Flag,
        ["tier"] = (v, p, e) => OneOf(v, p, e, "standard", "beta", "beta-then-standard"),
        ["output"] = (v, p, e) => OneOf(v, p, e, "markdown", "text", "json"),
        ["maxAttempts"] = (v, p, e) => Number(v, p, e, 1, 20, whole: true),
        ["deadline"] = Duration,
    };

    /// <summary>Reads a profile.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="json">Its JSON, as UTF-8; a byte order mark, comments and trailing commas are allowed.</param>
    /// <returns>The profile, or null and every problem.</returns>
    public static (Profile? Profile, IReadOnlyList<JsonProblem> Problems) Read(string name, ReadOnlyMemory<byte> json)
    {
        if (json.Span.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        List<JsonProblem> problems = [];
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(ReadableJson.Of(json), Tolerant);
        }
        catch (JsonException e)
        {
            return (null, [new JsonProblem("$", $"it is not JSON: {e.Message}")]);
        }

        using (document)
        {
            Check(document.RootElement, problems);
            if (problems.Count > 0)
            {
                return (null, problems);
            }

            try
            {
                var profile = document.RootElement.Deserialize(ProfileJson.Default.Profile)! with { Name = name };
                CheckTogether(profile, problems);
                return problems.Count == 0 ? (profile with { Output = OutputOf(profile) }, problems) : (null, problems);
            }
            catch (JsonException e)
            {
                return (null, [new JsonProblem(e.Path ?? "$", e.Message)]);
            }
        }
    }

    /// <summary>The settings of a request made from a profile, with what a caller overrides.</summary>
    public static RequestSettings SettingsOf(Profile profile, GenerationConfig? overrides)
    {
        var config = profile.GenerationConfig;
        if (profile.ResponseSchema is { } schema)
        {
            config = (config ?? new GenerationConfig()) with { ResponseSchema = schema };
        }
        else if (profile.Output == OutputKind.Json && config?.ResponseMimeType is null && config is not { ResponseSchema: not null } and not { ResponseJsonSchema: not null } && profile.Tools is null)
        {
            config = (config ?? new GenerationConfig()) with { ResponseMimeType = StructuredAnswers.Json };
        }

        return new RequestSettings
        {
            GenerationConfig = GenerationConfigs.Merge(config, overrides),
            Tools = profile.Tools,
            ToolConfig = profile.ToolConfig,
            HasInstruction = profile.Instruction is { Length: > 0 },
            Repair = profile.Repair,
        };
    }

    private static void Check(JsonElement root, List<JsonProblem> problems)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new("$", "a profile must be an object."));
            return;
        }

        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var member in root.EnumerateObject())
        {
            var path = $"$.{member.Name}";
            if (!seen.Add(member.Name))
            {
                problems.Add(new(path, "the member is there twice."));
            }
            else if (!Members.TryGetValue(member.Name, out var check))
            {
                problems.Add(new(path, $"there is no such member; the members are {string.Join(", ", Members.Keys)}."));
            }
            else if (member.Value.ValueKind == JsonValueKind.Null)
            {
                if (member.Name is "prompt" or "tier" or "output" or "repair" or "sidecar")
                {
                    problems.Add(new(path, "it must not be null."));
                }
            }
            else
            {
                check(member.Value, path, problems);
            }
        }

        if (!seen.Contains("prompt"))
        {
            problems.Add(new("$.prompt", "it is required and must not be empty."));
        }
    }

    private static void CheckTogether(Profile profile, List<JsonProblem> problems)
    {
        if (profile.ResponseSchema is not null && profile.GenerationConfig is { ResponseSchema: not null } or { ResponseJsonSchema: not null })
        {
            problems.Add(new("$.responseSchema", "generationConfig has a schema too; give one of them."));
            return;
        }

        List<JsonProblem> found = [];
        var (_, check) = RequestRules.Apply(SettingsOf(profile, overrides: null), "$", found);
        problems.AddRange(profile.ResponseSchema is null
            ? found
            : found.Select(p => p with { Path = p.Path.Replace("$.generationConfig.responseSchema", "$.responseSchema", StringComparison.Ordinal) }));
        if (profile.Repair && check is null && problems.Count == 0)
        {
            problems.Add(new("$.repair", "there is nothing to repair without a schema or a JSON answer."));
        }
    }

    /// <summary>A JSON answer is stored as JSON, whatever else is said.</summary>
    private static OutputKind OutputOf(Profile profile) =>
        RequestRules.Apply(SettingsOf(profile, overrides: null), "$", []).Check is { MimeType: StructuredAnswers.Json } ? OutputKind.Json : profile.Output;

    private static void Text(JsonElement value, string path, List<JsonProblem> problems)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            problems.Add(new(path, "it must be a string."));
        }
        else if (value.GetString()!.Length > MaxTextLength)
        {
            problems.Add(new(path, $"it has {value.GetString()!.Length:N0} characters; the limit is {MaxTextLength:N0}."));
        }
    }

    private static void Prompt(JsonElement value, string path, List<JsonProblem> problems)
    {
        Text(value, path, problems);
        if (value.ValueKind == JsonValueKind.String)
        {
            if (string.IsNullOrWhiteSpace(value.GetString()))
            {
                problems.Add(new(path, "it is required and must not be empty."));
            }

            foreach (var unknown in PromptTemplate.UnknownIn(value.GetString()!))
            {
                problems.Add(new(path, $"'{unknown}' is no placeholder; there are {PromptTemplate.Known}."));
            }
        }
    }

    private static void Accept(JsonElement value, string path, List<JsonProblem> problems)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > MaxAccepted)
        {
            problems.Add(new(path, $"it must be an array of 1 to {MaxAccepted} kinds or media types."));
            return;
        }

        var i = 0;
        foreach (var entry in value.EnumerateArray())
        {
            var text = entry.ValueKind == JsonValueKind.String ? entry.GetString()! : "";
            if (!AcceptList.IsKind(text) && !(text.Contains('/', StringComparison.Ordinal) && text.Length <= 100))
            {
                problems.Add(new($"{path}[{i}]", $"'{text}' is neither a media type nor one of {AcceptList.Kinds}."));
            }

            i++;
        }
    }

    private static void Limits(JsonElement value, string path, List<JsonProblem> problems)
    {
        Object(value, path, problems);
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var member in value.EnumerateObject().Where(m => m.Value.ValueKind != JsonValueKind.Null))
        {
            var at = $"{path}.{member.Name}";
            switch (member.Name)
            {
                case "maxBytes":
                    Number(member.Value, at, problems, 1, 1_000_000_000_000, whole: true);
                    break;
                case "maxSeconds":
                    Number(member.Value, at, problems, 0.001, 1_000_000, whole: false);
                    break;
                case "maxPages":
                    Number(member.Value, at, problems, 1, 1_000_000, whole: true);
                    break;
                default:
                    problems.Add(new(at, "there is no such limit; the limits are maxBytes, maxSeconds and maxPages."));
                    break;
            }
        }
    }

    private static void Config(JsonElement value, string path, List<JsonProblem> problems)
    {
        Object(value, path, problems);
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        try
        {
            value.Deserialize(RequestJson.Default.GenerationConfig);
        }
        catch (JsonException e)
        {
            problems.Add(new(e.Path is { Length: > 1 } inner ? path + inner[1..] : path, "the value has the wrong type."));
        }
    }

    private static void Safety(JsonElement value, string path, List<JsonProblem> problems)
    {
        Array(value, path, problems);
        if (value.ValueKind == JsonValueKind.Array)
        {
            var i = 0;
            foreach (var setting in value.EnumerateArray())
            {
                if (setting.ValueKind != JsonValueKind.Object || !setting.TryGetProperty("category", out _) || !setting.TryGetProperty("threshold", out _))
                {
                    problems.Add(new($"{path}[{i}]", "it must be an object with 'category' and 'threshold'."));
                }

                i++;
            }
        }
    }

    private static void Object(JsonElement value, string path, List<JsonProblem> problems) => Kind(value, path, problems, JsonValueKind.Object, "an object");

    private static void Array(JsonElement value, string path, List<JsonProblem> problems) => Kind(value, path, problems, JsonValueKind.Array, "an array");

    private static void Kind(JsonElement value, string path, List<JsonProblem> problems, JsonValueKind kind, string words)
    {
        if (value.ValueKind != kind)
        {
            problems.Add(new(path, $"it must be {words}."));
        }
    }

    private static void Flag(JsonElement value, string path, List<JsonProblem> problems)
    {
        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            problems.Add(new(path, "it must be true or false."));
        }
    }

    private static void OneOf(JsonElement value, string path, List<JsonProblem> problems, params string[] allowed)
    {
        if (value.ValueKind != JsonValueKind.String || !allowed.Contains(value.GetString(), StringComparer.Ordinal))
        {
            var text = value.GetRawText();
            problems.Add(new(path, $"{(text.Length > 60 ? text[..60] + "…" : text)} is none of {string.Join(", ", allowed)}."));
        }
    }

    private static void Number(JsonElement value, string path, List<JsonProblem> problems, double min, double max, bool whole)
    {
        if (value.ValueKind != JsonValueKind.Number || !(value.GetDouble() >= min && value.GetDouble() <= max)
            || (whole && !value.TryGetInt64(out _)))
        {
            problems.Add(new(path, FormattableString.Invariant($"it must be a {(whole ? "whole " : "")}number from {min} to {max}.")));
        }
    }

    private static void Duration(JsonElement value, string path, List<JsonProblem> problems)
    {
        if (value.ValueKind != JsonValueKind.String
            || !TimeSpan.TryParseExact(value.GetString(), "c", CultureInfo.InvariantCulture, out var time)
            || time <= TimeSpan.Zero)
        {
            problems.Add(new(path, "it must be a time above zero, as \"hh:mm:ss\"."));
        }
    }
}
