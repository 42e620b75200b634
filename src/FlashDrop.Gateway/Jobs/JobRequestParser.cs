using System.Text.Json;
using System.Text.RegularExpressions;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Urls;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Jobs;

/// <summary>A request for a job, read and checked.</summary>
internal sealed record ParsedJob(JobRequest Request, string? Profile, TierPolicy? Tier, IReadOnlyDictionary<string, string> Tags, InputUrls Urls);

/// <summary>
/// Reads the body of <c>POST /api/jobs</c>: our own form, our form around a native request (<c>native</c>), or a native request by itself,
/// told by its <c>contents</c>. What it returns refers to nothing in the body.
/// </summary>
internal sealed partial class JobRequestParser(UrlGuard guard, IOptions<GatewayOptions> options)
{
    /// <summary>Most inputs of a job.</summary>
    public const int MaxInputs = 64;

    private const int MaxTags = 16;
    private const int MaxTagName = 64;
    private const int MaxTagValue = 256;
    private const string KnownFields = "profile, prompt, inputs, generationConfig, tier, tags and native";
    private const string KnownKinds = "'text', 'inline', 'blob' or 'url'";

    public (ParsedJob? Job, Problem? Problem) Parse(ReadOnlyMemory<byte> body, Caller caller)
    {
        var (document, problem) = JsonText.Parse(body, options.Value.MaxJsonDepth);
        if (document is null)
        {
            return (null, problem);
        }

        using (document)
        {
            var errors = new FieldErrors();
            var urls = new InputUrls(guard);
            var root = document.RootElement;
            var job = root.TryGetProperty("contents", out _) ? Native(root, urls, errors) : Own(root, caller, urls, errors);
            return job is null || errors.Any ? (null, Problem.InvalidRequest(errors.All)) : (job, null);
        }
    }

    private static ParsedJob? Native(JsonElement root, InputUrls urls, FieldErrors errors) =>
        new NativeRequest(urls, errors).Parse(root, "") is { } request
            ? new ParsedJob(request, Profile: null, Tier: null, Tags: new Dictionary<string, string>(StringComparer.Ordinal), urls)
            : null;

    private static ParsedJob Own(JsonElement root, Caller caller, InputUrls urls, FieldErrors errors)
    {
        string? profile = null;
        string? prompt = null;
        TierPolicy? tier = null;
        GenerationConfig? generationConfig = null;
        List<JobInput> inputs = [];
        Dictionary<string, string> tags = new(StringComparer.Ordinal);
        JobRequest? native = null;
        var hasNative = false;
        List<string> besideNative = [];

        foreach (var member in root.EnumerateObject())
        {
            var (name, value) = (member.Name, member.Value);
            if (value.ValueKind == JsonValueKind.Null && IsKnown(name))
            {
                continue;
            }

            switch (name)
            {
                case "profile":
                    profile = Profile(value, errors);
                    break;
                case "prompt":
                    besideNative.Add(name);
                    prompt = Prompt(value, errors);
                    break;
                case "inputs":
                    besideNative.Add(name);
                    inputs = Inputs(value, caller, urls, errors);
                    break;
                case "generationConfig":
                    besideNative.Add(name);
                    generationConfig = GenerationSettings.Parse(value, name, errors);
                    break;
                case "tier":
                    tier = Tier(value, errors);
                    break;
                case "tags":
                    tags = Tags(value, errors);
                    break;
                case "native":
                    hasNative = true;
                    native = new NativeRequest(urls, errors).Parse(value, name);
                    break;
                default:
                    errors.Unknown(FieldErrors.Path("", name), KnownFields);
                    break;
            }
        }

        if (hasNative)
        {
            foreach (var name in besideNative)
            {
                errors.Add(name, "conflicting_fields", "A native request stands by itself.", "Put it inside 'native', or leave 'native' out.");
            }
        }
        else if (prompt is null && inputs.Count == 0 && !errors.Any)
        {
            errors.Missing("prompt", "a question, or at least one of 'inputs', or a whole 'native' request");
        }

        var request = native ?? new JobRequest { Prompt = prompt, Inputs = inputs, GenerationConfig = generationConfig };
        return new ParsedJob(request, profile, tier, tags, urls);
    }

    private static bool IsKnown(string name) =>
        name is "profile" or "prompt" or "inputs" or "generationConfig" or "tier" or "tags" or "native";

    private static string? Profile(JsonElement value, FieldErrors errors)
    {
        var text = FieldReader.Text(value, "profile", errors);
        if (text is not null && !ProfilePattern().IsMatch(text))
        {
            errors.Invalid("profile", "This is not a profile name.", "Send 1 to 64 letters, digits, '-', '_' and '.', starting with a letter or digit.");
            return null;
        }

        return text;
    }

    private static string? Prompt(JsonElement value, FieldErrors errors)
    {
        var text = FieldReader.Text(value, "prompt", errors);
        if (text is not null && string.IsNullOrWhiteSpace(text))
        {
            errors.Invalid("prompt", "The prompt is blank.", "Send a question, or leave the field out to use the profile's.");
            return null;
        }

        return text;
    }

    private static TierPolicy? Tier(JsonElement value, FieldErrors errors)
    {
        if (FieldReader.Text(value, "tier", errors) is not { } text)
        {
            return null;
        }

        if (TierPolicies.TryParse(text, out var tier))
        {
            return tier;
        }

        errors.Invalid("tier", "This is not a tier.", $"Send {TierPolicies.Known}.");
        return null;
    }

    private static Dictionary<string, string> Tags(JsonElement value, FieldErrors errors)
    {
        Dictionary<string, string> tags = new(StringComparer.Ordinal);
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType("tags", "an object of strings", value.ValueKind);
            return tags;
        }

        var count = 0;
        foreach (var member in value.EnumerateObject())
        {
            if (++count > MaxTags)
            {
                errors.Invalid("tags", $"There are more than {MaxTags} tags.", $"Send at most {MaxTags}.");
                break;
            }

            var field = FieldErrors.Path("tags", member.Name);
            if (member.Name.Length is 0 or > MaxTagName || member.Name.Any(char.IsControl))
            {
                errors.Invalid(field, "The tag's name is empty, too long or holds control characters.", $"Send 1 to {MaxTagName} characters.");
            }
            else if (FieldReader.Text(member.Value, field, errors) is { } text)
            {
                if (text.Length > MaxTagValue || text.Any(char.IsControl))
                {
                    errors.Invalid(field, "The tag's value is too long or holds control characters.", $"Send at most {MaxTagValue} characters.");
                }

                tags[member.Name] = text;
            }
        }

        return tags;
    }

    private static List<JobInput> Inputs(JsonElement value, Caller caller, InputUrls urls, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            errors.WrongType("inputs", "an array of objects", value.ValueKind);
            return [];
        }

        if (value.GetArrayLength() > MaxInputs)
        {
            errors.Add("inputs", "too_many_inputs", $"There are {value.GetArrayLength()} inputs.", $"Send at most {MaxInputs}.");
            return [];
        }

        List<JobInput> inputs = [];
        var i = 0;
        foreach (var element in value.EnumerateArray())
        {
            if (Input(element, $"inputs[{i++}]", caller, urls, errors) is { } input)
            {
                inputs.Add(input);
            }
        }

        return inputs;
    }

    private static JobInput? Input(JsonElement element, string path, Caller caller, InputUrls urls, FieldErrors errors)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.WrongType(path, "an object with 'kind'", element.ValueKind);
            return null;
        }

        if (!element.TryGetProperty("kind", out var kind))
        {
            errors.Missing($"{path}.kind", KnownKinds);
            return null;
        }

        switch (FieldReader.Text(kind, $"{path}.kind", errors))
        {
            case null:
                return null;
            case "text":
                var text = new Members(element, path, errors, required: ["text"], optional: []);
                return text.Read("text", FieldReader.Text) is { } words ? new TextInput(words) : null;
            case "inline":
                var inline = new Members(element, path, errors, required: ["data"], optional: ["mimeType"]);
                var claimed = inline.Read("mimeType", FieldReader.MediaType);
                return inline.Read("data", FieldReader.Base64) is { } data ? new InlineInput { MimeType = claimed, Data = data } : null;
            case "blob":
                return Blob(new Members(element, path, errors, required: ["name"], optional: ["container"]), path, caller, errors);
            case "url":
                return Url(new Members(element, path, errors, required: ["url"], optional: ["mimeType"]), path, urls, errors);
            default:
                errors.Invalid($"{path}.kind", "This kind of input is not known.", $"Send {KnownKinds}.");
                return null;
        }
    }

    private static BlobInput? Blob(Members members, string path, Caller caller, FieldErrors errors)
    {
        var container = members.Read("container", FieldReader.Text) ?? Containers.Inbox;
        if (members.Read("name", FieldReader.Text) is not { } name)
        {
            return null;
        }

        if (!BlobNames.IsSafe(name))
        {
            errors.Invalid(
                $"{path}.name", "This is not a usable blob name.",
                $"Send 1 to {BlobNames.MaxLength} characters without empty, '.' or '..' segments, backslashes or control characters.");
            return null;
        }

        if (!BlobNames.IsAllowed(caller.Name, container, name))
        {
            errors.Add(
                $"{path}.name", "forbidden_blob", "This blob may not be used as an input.",
                $"Name a drop in 'inbox', or an upload of your own in 'requests' ({BlobNames.UploadPrefix(caller.Name)}…; POST /api/uploads makes one).");
            return null;
        }

        return new BlobInput(container, name);
    }

    private static UrlInput? Url(Members members, string path, InputUrls urls, FieldErrors errors)
    {
        var mimeType = members.Read("mimeType", FieldReader.MediaType);
        var url = members.Read("url", (value, field, all) => FieldReader.Url(value, field, urls, all));
        if (url is null)
        {
            return null;
        }

        if (mimeType is null && !Path.HasExtension(url.AbsolutePath))
        {
            errors.Invalid($"{path}.url", "The URL's path has no extension to tell the media type from.", "Use a URL whose path ends with the file's extension.");
            return null;
        }

        return new UrlInput(url, mimeType);
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex ProfilePattern();

    /// <summary>The members of one input: reports unknown and missing ones when made.</summary>
    private sealed class Members
    {
        private readonly JsonElement _element;
        private readonly string _path;
        private readonly FieldErrors _errors;

        public Members(JsonElement element, string path, FieldErrors errors, string[] required, string[] optional)
        {
            (_element, _path, _errors) = (element, path, errors);
            foreach (var member in element.EnumerateObject())
            {
                if (member.Name is not "kind" && !required.Contains(member.Name) && !optional.Contains(member.Name))
                {
                    errors.Unknown(FieldErrors.Path(path, member.Name), string.Join(", ", ["kind", .. required, .. optional]));
                }
            }

            foreach (var name in required)
            {
                if (!element.TryGetProperty(name, out _))
                {
                    errors.Missing($"{path}.{name}", "an input of this kind needs it");
                }
            }
        }

        public T? Read<T>(string name, Func<JsonElement, string, FieldErrors, T?> read) =>
            _element.TryGetProperty(name, out var value) ? read(value, $"{_path}.{name}", _errors) : default;
    }
}
