using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Schemas;
using FlashDrop.EvoLink.Json;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Drops;

/// <summary>
/// Reads what a drop consists of: one file, or the files of a bundle in their order; and what it asks for instead of its profile.
/// </summary>
internal sealed class DropReader(IContentStore content, RequestBuilder requests, IOptions<MediaOptions> media)
{
    /// <summary>Metadata key of a drop that has a sidecar, with the value <c>true</c>.</summary>
    public const string SidecarMetadata = "sidecar";

    private const int MaxJsonBytes = 64 * 1024;

    private static readonly JsonDocumentOptions Tolerant = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Reads a drop whose blob is open and of which the first bytes were read.</summary>
    /// <exception cref="InputException">It cannot be used.</exception>
    public async Task<DropContent> ReadAsync(Profile profile, BlobInfo info, ReadOnlyMemory<byte> head, CancellationToken cancellationToken)
    {
        var path = info.Address.Name;
        List<JsonProblem> problems = [];
        var overrides = DropOverrides.Read(info.Metadata, problems);
        if (DropPath.IsBundle(path))
        {
            return await ReadBundleAsync(profile, info, head, overrides, problems, cancellationToken);
        }

        overrides = (await ReadSidecarAsync(profile, info, problems, cancellationToken)).Over(overrides);
        if (problems.Count > 0)
        {
            throw new InputException(JobErrors.InvalidOverrides(path, string.Join(" ", problems)));
        }

        var wanted = overrides.ApplyTo(profile);
        return new DropContent(wanted, [await requests.ExamineAsync(wanted, path, info, head, cancellationToken)], overrides.Tags);
    }

    private async Task<DropOverrides> ReadSidecarAsync(Profile profile, BlobInfo info, List<JsonProblem> problems, CancellationToken cancellationToken)
    {
        var announced = info.Metadata.TryGetValue(SidecarMetadata, out var flag) && string.Equals(flag, "true", StringComparison.OrdinalIgnoreCase);
        if (!announced && !profile.Sidecar)
        {
            return DropOverrides.None;
        }

        var name = DropPath.Sidecar(info.Address.Name);
        await using var blob = await content.OpenAsync(new BlobAddress(Containers.Inbox, name), ifMatch: null, cancellationToken);
        if (blob is null)
        {
            return announced
                ? throw new InputException(JobErrors.InvalidOverrides(name, "the file's metadata says that it exists, but it does not; drop it before the file."))
                : DropOverrides.None;
        }

        if (blob.Info.Length > MaxJsonBytes)
        {
            throw new InputException(JobErrors.InvalidOverrides(name, $"it has {blob.Info.Length:N0} bytes; the limit is {MaxJsonBytes:N0}."));
        }

        var bytes = new byte[blob.Info.Length];
        await blob.Stream.ReadExactlyAsync(bytes, cancellationToken);
        using var document = Parse(bytes) ?? throw new InputException(JobErrors.InvalidOverrides(name, "it is not JSON."));
        return DropOverrides.Read(document.RootElement, besides: null, problems);
    }

    private async Task<DropContent> ReadBundleAsync(
        Profile profile, BlobInfo info, ReadOnlyMemory<byte> head, DropOverrides overrides, List<JsonProblem> problems, CancellationToken cancellationToken)
    {
        var path = info.Address.Name;
        if (info.Length > Math.Min(MaxJsonBytes, MediaSniffer.HeadLength))
        {
            throw new InputException(JobErrors.InvalidBundle(path, $"it has {info.Length:N0} bytes; the limit is {MaxJsonBytes:N0}."));
        }

        using var document = Parse(head) ?? throw new InputException(JobErrors.InvalidBundle(path, "it is not JSON."));
        overrides = DropOverrides.Read(document.RootElement, "files", problems).Over(overrides);
        var files = Files(document.RootElement, problems);
        if (problems.Count > 0)
        {
            throw new InputException(JobErrors.InvalidBundle(path, string.Join(" ", problems)));
        }

        var wanted = overrides.ApplyTo(profile);
        var folder = DropPath.Subject(path);
        List<StoredInput> inputs = new(files.Count);
        long total = 0;
        foreach (var file in files)
        {
            var address = new BlobAddress(Containers.Inbox, $"{folder}/{file}");
            await using var blob = await content.OpenAsync(address, ifMatch: null, cancellationToken)
                ?? throw new InputException(JobErrors.BundleIncomplete(path, file));
            total += blob.Info.Length;
            if (total > media.Value.MaxBundleBytes)
            {
                throw new InputException(JobErrors.TooLarge(folder, "a bundle", total, media.Value.MaxBundleBytes));
            }

            var bytes = await RequestBuilder.ReadHeadAsync(blob, cancellationToken);
            inputs.Add((await requests.ExamineAsync(wanted, address.Name, blob.Info, bytes, cancellationToken)) with { Label = file, Bundle = path });
        }

        return new DropContent(wanted, inputs, overrides.Tags);
    }

    private List<string> Files(JsonElement root, List<JsonProblem> problems)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return [];
        }

        if (!root.TryGetProperty("files", out var list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0
            || list.GetArrayLength() > media.Value.MaxBundleFiles)
        {
            problems.Add(new("$.files", $"it must be an array of 1 to {media.Value.MaxBundleFiles} file names, in the order the model sees them."));
            return [];
        }

        List<string> files = [];
        foreach (var entry in list.EnumerateArray())
        {
            var path = $"$.files[{files.Count}]";
            var name = entry.ValueKind == JsonValueKind.String ? entry.GetString()! : "";
            if (name.Length is 0 or > 500 || name.Contains('\\', StringComparison.Ordinal) || name.Any(char.IsControl)
                || name.Split('/').Any(s => s is "" or "." or "..") || name == "bundle.json")
            {
                problems.Add(new(path, $"'{PromptTemplate.Clean(name)}' is not the name of a file inside the bundle."));
            }
            else if (files.Contains(name, StringComparer.Ordinal))
            {
                problems.Add(new(path, $"'{PromptTemplate.Clean(name)}' is there twice."));
            }

            files.Add(name);
        }

        return files;
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return JsonDocument.Parse(ReadableJson.Of(bytes.Span.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes), Tolerant);
        }
        catch (JsonException)
        {
            // The caller says which file it was.
            return null;
        }
    }
}

/// <summary>A drop, read.</summary>
/// <param name="Profile">Its profile with its overrides applied.</param>
/// <param name="Inputs">Its files in order.</param>
/// <param name="Tags">Its labels.</param>
internal sealed record DropContent(Profile Profile, IReadOnlyList<StoredInput> Inputs, IReadOnlyDictionary<string, string> Tags);
