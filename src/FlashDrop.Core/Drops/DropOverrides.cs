using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Schemas;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Json;

namespace FlashDrop.Core.Drops;

/// <summary>
/// What one drop asks for instead of what its profile says: from its blob's metadata, its sidecar, or its bundle.
/// </summary>
internal sealed record DropOverrides
{
    private const int MaxPromptLength = 100_000;
    private const int MaxTags = 16;
    private const int MaxTagLength = 256;
    private const string TagPrefix = "tag_";
    private const string Known = "prompt, generationConfig, tier, output and tags";

    public static DropOverrides None { get; } = new();

    public string? Prompt { get; init; }

    public GenerationConfig? GenerationConfig { get; init; }

    public TierPolicy? Tier { get; init; }

    public OutputKind? Output { get; init; }

    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Reads a sidecar or bundle.</summary>
    /// <param name="root">The JSON.</param>
    /// <param name="besides">A further member that is read by somebody else.</param>
    /// <param name="problems">Where problems are added.</param>
    public static DropOverrides Read(JsonElement root, string? besides, List<JsonProblem> problems)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            problems.Add(new("$", "it must be an object."));
            return None;
        }

        var overrides = None;
        foreach (var member in root.EnumerateObject().Where(m => m.Name != besides && m.Value.ValueKind != JsonValueKind.Null))
        {
            var path = $"$.{member.Name}";
            switch (member.Name)
            {
                case "prompt" or "tier" or "output" when member.Value.ValueKind == JsonValueKind.String:
                    overrides = overrides.With(member.Name, member.Value.GetString()!, path, problems);
                    break;
                case "prompt" or "tier" or "output":
                    problems.Add(new(path, "it must be a string."));
                    break;
                case "generationConfig":
                    overrides = overrides with { GenerationConfig = Config(member.Value, path, problems) };
                    break;
                case "tags" when member.Value.ValueKind == JsonValueKind.Object && member.Value.EnumerateObject().All(t => t.Value.ValueKind == JsonValueKind.String):
                    foreach (var tag in member.Value.EnumerateObject())
                    {
                        overrides = overrides.WithTag(tag.Name, tag.Value.GetString()!, $"{path}.{tag.Name}", problems);
                    }

                    break;
                case "tags":
                    problems.Add(new(path, "it must be an object of strings."));
                    break;
                default:
                    problems.Add(new(path, $"there is no such member; the members are {Known}{(besides is null ? "" : $" and {besides}")}."));
                    break;
            }
        }

        return overrides;
    }

    /// <summary>Reads a blob's metadata: <c>prompt</c>, <c>tier</c>, <c>output</c>, <c>generationconfig</c> (JSON) and <c>tag_NAME</c>; other keys are not ours.</summary>
    public static DropOverrides Read(IReadOnlyDictionary<string, string> metadata, List<JsonProblem> problems)
    {
        var overrides = None;
        foreach (var (key, value) in metadata)
        {
            var path = $"metadata '{key}'";
            switch (BlobMetadata.NormalizeKey(key))
            {
                case "prompt" or "tier" or "output":
                    overrides = overrides.With(BlobMetadata.NormalizeKey(key), value, path, problems);
                    break;
                case "generationconfig":
                    overrides = overrides with { GenerationConfig = Config(value, path, problems) };
                    break;
                case var tag when tag.StartsWith(TagPrefix, StringComparison.Ordinal) && tag.Length > TagPrefix.Length:
                    overrides = overrides.WithTag(tag[TagPrefix.Length..], value, path, problems);
                    break;
                default:
                    break;
            }
        }

        return overrides;
    }

    /// <summary>These, and where they are silent the others.</summary>
    public DropOverrides Over(DropOverrides under)
    {
        var tags = new Dictionary<string, string>(under.Tags, StringComparer.Ordinal);
        foreach (var (key, value) in Tags)
        {
            tags[key] = value;
        }

        return new DropOverrides
        {
            Prompt = Prompt ?? under.Prompt,
            GenerationConfig = GenerationConfigs.Merge(under.GenerationConfig, GenerationConfig),
            Tier = Tier ?? under.Tier,
            Output = Output ?? under.Output,
            Tags = tags,
        };
    }

    /// <summary>The profile as this drop wants it.</summary>
    public Profile ApplyTo(Profile profile)
    {
        var hasShape = GenerationConfig is { ResponseSchema: not null } or { ResponseJsonSchema: not null } or { ResponseMimeType: not null };
        return profile with
        {
            Prompt = Prompt ?? profile.Prompt,
            GenerationConfig = GenerationConfigs.Merge(profile.GenerationConfig, GenerationConfig),
            ResponseSchema = hasShape ? null : profile.ResponseSchema,
            Tier = Tier ?? profile.Tier,
            Output = Output ?? profile.Output,
        };
    }

    private DropOverrides With(string name, string value, string path, List<JsonProblem> problems)
    {
        switch (name)
        {
            case "prompt":
                if (string.IsNullOrWhiteSpace(value) || value.Length > MaxPromptLength)
                {
                    problems.Add(new(path, $"a prompt has 1 to {MaxPromptLength:N0} characters."));
                }

                foreach (var unknown in PromptTemplate.UnknownIn(value))
                {
                    problems.Add(new(path, $"'{unknown}' is no placeholder; there are {PromptTemplate.Known}."));
                }

                return this with { Prompt = value };
            case "tier":
                return this with { Tier = Choice<TierPolicy>(value, path, problems, ("standard", TierPolicy.Standard), ("beta", TierPolicy.Beta), ("beta-then-standard", TierPolicy.BetaThenStandard)) };
            default:
                return this with { Output = Choice<OutputKind>(value, path, problems, ("markdown", OutputKind.Markdown), ("text", OutputKind.Text), ("json", OutputKind.Json)) };
        }
    }

    private DropOverrides WithTag(string name, string value, string path, List<JsonProblem> problems)
    {
        if (Tags.Count == MaxTags || name.Length is 0 or > MaxTagLength || value.Length > MaxTagLength)
        {
            problems.Add(new(path, $"there may be {MaxTags} tags, each name and value of at most {MaxTagLength} characters."));
            return this;
        }

        return this with { Tags = new Dictionary<string, string>(Tags, StringComparer.Ordinal) { [name] = value } };
    }

    private static T? Choice<T>(string value, string path, List<JsonProblem> problems, params (string Name, T Value)[] choices)
        where T : struct
    {
        foreach (var choice in choices.Where(c => c.Name == value))
        {
            return choice.Value;
        }

        problems.Add(new(path, $"'{PromptTemplate.Clean(value)}' is none of {string.Join(", ", choices.Select(c => c.Name))}."));
        return null;
    }

    private static GenerationConfig? Config(string json, string path, List<JsonProblem> problems)
    {
        try
        {
            using var document = JsonDocument.Parse(ReadableJson.Of(json));
            return Config(document.RootElement.Clone(), path, problems);
        }
        catch (JsonException)
        {
            problems.Add(new(path, "it is not JSON."));
            return null;
        }
    }

    private static GenerationConfig? Config(JsonElement element, string path, List<JsonProblem> problems)
    {
        try
        {
            if (element.ValueKind == JsonValueKind.Object)
            {
                return element.Deserialize(RequestJson.Default.GenerationConfig);
            }
        }
        catch (JsonException e)
        {
            problems.Add(new(e.Path is { Length: > 1 } inner ? path + inner[1..] : path, "the value has the wrong type."));
            return null;
        }

        problems.Add(new(path, "it must be an object."));
        return null;
    }
}
