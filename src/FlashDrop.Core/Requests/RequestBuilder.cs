using System.Text;
using FlashDrop.Core.Drops;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Requests;

/// <summary>
/// Builds the upstream's request from a profile and inputs. The fixed text goes first, so that the upstream's implicit cache can
/// hit; media is streamed from its blob when the request is sent, or named by a signed URL when it is too large to go inline.
/// </summary>
internal sealed class RequestBuilder(
    IContentStore content,
    JobEstimates estimates,
    IOptions<MediaOptions> media,
    IOptions<UpstreamOptions> upstream,
    IOptions<PipelineOptions> pipeline)
{
    /// <summary>Stands for a native request, which has no profile to narrow it.</summary>
    private static readonly Profile AnyProfile = new() { Prompt = "" };

    /// <summary>Looks at an open blob's first bytes and checks type and size, without touching the rest.</summary>
    /// <param name="name">What to call it in errors.</param>
    /// <param name="length">Its size in bytes.</param>
    /// <param name="head">Its first bytes, <see cref="MediaSniffer.HeadLength"/> or all.</param>
    /// <exception cref="InputException">It cannot be used.</exception>
    public MediaType Inspect(string name, long length, ReadOnlySpan<byte> head)
    {
        if (length == 0)
        {
            throw new InputException(JobErrors.EmptyFile(name));
        }

        var type = MediaSniffer.Detect(head, whole: head.Length == length);
        if (!media.Value.Takes(type))
        {
            throw new InputException(JobErrors.UnsupportedType(name, type.Description, media.Value.Supported));
        }

        var limit = media.Value.LimitOf(type.Kind);
        return length <= limit ? type : throw new InputException(JobErrors.TooLarge(name, KindName(type.Kind), length, limit));
    }

    /// <summary>Checks what a profile asks of an input beyond the deployment's own limits.</summary>
    /// <exception cref="InputException">The profile does not take it.</exception>
    public static void Admit(Profile profile, string name, MediaType type, long length)
    {
        if (!AcceptList.Takes(profile.Accept, type))
        {
            throw new InputException(JobErrors.UnacceptedType(name, type.Description, profile.Name, string.Join(", ", profile.Accept!)));
        }

        if (length > profile.Limits?.MaxBytes)
        {
            throw new InputException(JobErrors.TooLarge(name, $"the profile '{profile.Name}'", length, profile.Limits.MaxBytes.Value));
        }
    }

    /// <summary>What the answer of a profile's request is held against.</summary>
    /// <exception cref="InputException">The settings cannot be used.</exception>
    public static AnswerCheck? CheckOf(Profile profile, GenerationConfig? overrides) =>
        RequestRules.Require(ProfileReader.SettingsOf(profile, overrides)).Check;

    /// <summary>
    /// Looks at an input through its first bytes: type, size, accepted by the profile, whole, not too long. Reads further, a few times at
    /// most, only when a limit depends on it.
    /// </summary>
    /// <exception cref="InputException">It cannot be used.</exception>
    public async Task<StoredInput> ExamineAsync(Profile profile, string name, BlobInfo info, ReadOnlyMemory<byte> head, CancellationToken cancellationToken)
    {
        var type = Inspect(name, info.Length, head.Span);
        Admit(profile, name, type, info.Length);
        var isLimited = type.Kind switch
        {
            MediaKind.Audio or MediaKind.Video => profile.Limits?.MaxSeconds is not null || media.Value.SecondsLimitOf(type.Kind) > 0,
            MediaKind.Document => profile.Limits?.MaxPages is not null || media.Value.MaxPages > 0,
            _ => false,
        };
        var file = new ByteWindow(head, info.Length, isLimited ? (offset, count, ct) => content.ReadRangeAsync(info.Address, offset, count, ct) : null);
        var facts = await MediaInspector.InspectAsync(type, file, cancellationToken);
        CheckLength(profile, name, type, facts);
        return new StoredInput(info, type) { Facts = facts };
    }

    /// <summary>The same for bytes in memory.</summary>
    /// <exception cref="InputException">They cannot be used.</exception>
    public async Task<(MediaType Type, MediaFacts Facts)> ExamineAsync(Profile? profile, string name, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var type = Inspect(name, data.Length, data.Span[..Math.Min(data.Length, MediaSniffer.HeadLength)]);
        if (profile is not null)
        {
            Admit(profile, name, type, data.Length);
        }

        var file = new ByteWindow(data[..Math.Min(data.Length, MediaSniffer.HeadLength)], data.Length, (offset, count, _) => Task.FromResult<ReadOnlyMemory<byte>?>(data.Slice((int)offset, count)));
        var facts = await MediaInspector.InspectAsync(type, file, cancellationToken);
        CheckLength(profile, name, type, facts);
        return (type, facts);
    }

    /// <summary>The first bytes of an open blob, as many as inspection looks at.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadHeadAsync(BlobContent blob, CancellationToken cancellationToken)
    {
        var head = new byte[Math.Min(MediaSniffer.HeadLength, blob.Info.Length)];
        await blob.Stream.ReadExactlyAsync(head, cancellationToken);
        return head;
    }

    /// <summary>The summary stored with a job: of the first input, with the sums of all.</summary>
    public static MediaSummary? Summarise(IReadOnlyList<(string? Name, MediaType Type, long Length, MediaFacts Facts)> inputs)
    {
        if (inputs.Count == 0)
        {
            return null;
        }

        var (name, type, _, facts) = inputs[0];
        return new MediaSummary
        {
            Kind = KindName(type.Kind),
            MimeType = type.MimeType,
            Bytes = inputs.Sum(i => i.Length),
            Seconds = inputs.Any(i => i.Facts.Seconds is not null) ? inputs.Sum(i => i.Facts.Seconds ?? 0) : null,
            Pages = inputs.Any(i => i.Facts.Pages is not null) ? inputs.Sum(i => i.Facts.Pages ?? 0) : null,
            Width = facts.Width,
            Height = facts.Height,
            Encoding = facts.Encoding,
            Files = inputs.Count > 1 ? inputs.Count : null,
            NamedAs = name is null ? null : MimeTypes.Mislabel(name, type),
        };
    }

    private void CheckLength(Profile? profile, string name, MediaType type, MediaFacts facts)
    {
        if (facts.Damage is { } damage)
        {
            throw new InputException(JobErrors.Damaged(name, damage));
        }

        var general = media.Value.SecondsLimitOf(type.Kind);
        var maxSeconds = Math.Min(general > 0 ? general : double.MaxValue, profile?.Limits?.MaxSeconds ?? double.MaxValue);
        if (facts.Seconds > maxSeconds)
        {
            throw new InputException(JobErrors.TooLong(name, FormattableString.Invariant($"{facts.Seconds:0.#} s"), FormattableString.Invariant($"{maxSeconds:0.#} s")));
        }

        var maxPages = Math.Min(media.Value.MaxPages > 0 ? media.Value.MaxPages : int.MaxValue, profile?.Limits?.MaxPages ?? int.MaxValue);
        if (facts.Pages > maxPages)
        {
            throw new InputException(JobErrors.TooLong(name, FormattableString.Invariant($"{facts.Pages:N0} pages"), FormattableString.Invariant($"{maxPages:N0}")));
        }
    }

    /// <summary>The request for a drop.</summary>
    public async Task<BuiltRequest> ForDropAsync(
        Job job, DropContent drop, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        var inlineLeft = upstream.Value.MaxInlineBytes;
        List<Part> parts = [];
        foreach (var input in drop.Inputs)
        {
            if (input.Label is { } label)
            {
                parts.Add(Part.FromText($"File: {PromptTemplate.Clean(label)}"));
            }

            var part = await PartOfAsync(input, inlineLeft, cancellationToken);
            inlineLeft -= part.Media?.Length ?? 0;
            parts.Add(part);
        }

        var values = new PromptValues(DropPath.Subject(job.Drop!.Path), job.AcceptedAt, metadata);
        return new BuiltRequest(Assemble(drop.Profile, drop.Profile.Prompt, values, parts, overrides: null));
    }

    /// <summary>The request for an HTTP job. Stored inputs are looked at here for the first time, so their tokens are counted here.</summary>
    /// <exception cref="InputException">An input cannot be used, or all of them are more than the model takes.</exception>
    public async Task<BuiltRequest> ForRequestAsync(Profile profile, Job job, JobRequest request, CancellationToken cancellationToken)
    {
        var inlineLeft = upstream.Value.MaxInlineBytes;
        var known = new KnownMedia();
        List<Part> parts = new(request.Inputs.Count);
        foreach (var input in request.Inputs)
        {
            var part = await PartOfAsync(request.Native is null ? profile : AnyProfile, input, inlineLeft, known, cancellationToken);
            inlineLeft -= part.Media?.Length ?? 0;
            parts.Add(part);
        }

        var body = request.Native is { } native ? Ruled(NativeRequestReader.Read(native, parts)) : OverProfile(profile, job, request, parts);
        return new BuiltRequest(body) { Media = Summarise(known.All), Estimate = estimates.Estimate(body, job.TierPolicy, known) };
    }

    private static GenerateContentRequest OverProfile(Profile profile, Job job, JobRequest request, IReadOnlyList<Part> parts)
    {
        var name = request.Inputs.Select(i => i switch
        {
            BlobInput blob => blob.Name,
            UrlInput url => url.Url.AbsolutePath,
            _ => null,
        }).FirstOrDefault(n => n is not null) ?? job.Id.ToString();
        var tags = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in job.Tags.Where(t => t.Key.Length > 0))
        {
            tags[BlobMetadata.NormalizeKey(key)] = value;
        }

        // A caller's own prompt is taken as it is: what looks like a placeholder in it is text.
        return request.Prompt is { } prompt
            ? Assemble(profile, (prompt, ""), parts, request.GenerationConfig)
            : Assemble(profile, profile.Prompt, new PromptValues(name, job.AcceptedAt, tags), parts, request.GenerationConfig);
    }

    private static GenerateContentRequest Assemble(
        Profile profile, string prompt, PromptValues values, IReadOnlyList<Part> inputs, GenerationConfig? overrides) =>
        Assemble(profile, PromptTemplate.Render(prompt, values), inputs, overrides);

    /// <summary>Fixed text, then inputs, then what varies: requests of one profile share as long a beginning as they can.</summary>
    private static GenerateContentRequest Assemble(
        Profile profile, (string Fixed, string Varying) prompt, IReadOnlyList<Part> inputs, GenerationConfig? overrides)
    {
        List<Part> parts = [.. inputs];
        if (prompt.Fixed.Length > 0)
        {
            parts.Insert(0, Part.FromText(prompt.Fixed));
        }

        if (prompt.Varying.Length > 0)
        {
            parts.Add(Part.FromText(prompt.Varying));
        }

        var settings = RequestRules.Require(ProfileReader.SettingsOf(profile, overrides)).Settings;
        return new GenerateContentRequest
        {
            SystemInstruction = profile.Instruction is { Length: > 0 } instruction ? Content.User(Part.FromText(instruction)) : null,
            Contents = [Content.User(parts)],
            GenerationConfig = settings.GenerationConfig,
            Tools = settings.Tools,
            ToolConfig = settings.ToolConfig,
            SafetySettings = profile.SafetySettings,
        };
    }

    private static GenerateContentRequest Ruled(GenerateContentRequest request) =>
        request with { GenerationConfig = RequestRules.Require(RequestSettings.Of(request, repair: false)).Settings.GenerationConfig };

    private async Task<Part> PartOfAsync(Profile profile, JobInput input, long inlineLeft, KnownMedia known, CancellationToken cancellationToken)
    {
        switch (input)
        {
            case TextInput text:
                return Part.FromText(text.Text);
            case UrlInput url:
                return new Part { FileData = new FileData(url.MimeType ?? MimeTypes.OfExtension(url.Url.AbsolutePath), url.Url) };
            case BlobInput blob:
                return await StoredAsync(new BlobAddress(blob.Container, blob.Name));
            case InlineInput { Name: { } name }:
                return await StoredAsync(new BlobAddress(Containers.Requests, name));
            default:
                throw new InputException(JobErrors.RequestUnreadable($"an input of kind {input.GetType().Name} has no content."));
        }

        async Task<Part> StoredAsync(BlobAddress address)
        {
            var stored = await OpenAsync(profile, address, cancellationToken);
            var part = await PartOfAsync(stored, inlineLeft, cancellationToken);
            known.Add(part, stored.Type, stored.Info.Length, stored.Facts);
            return part;
        }
    }

    private async Task<StoredInput> OpenAsync(Profile profile, BlobAddress address, CancellationToken cancellationToken)
    {
        await using var blob = await content.OpenAsync(address, ifMatch: null, cancellationToken)
            ?? throw new InputException(JobErrors.InputMissing(address.ToString()));
        return await ExamineAsync(profile, address.ToString(), blob.Info, await ReadHeadAsync(blob, cancellationToken), cancellationToken);
    }

    private async Task<Part> PartOfAsync(StoredInput input, long inlineLeft, CancellationToken cancellationToken)
    {
        var (info, type) = (input.Info, input.Type);
        if (type.Kind == MediaKind.Text)
        {
            return Part.FromText(await ReadTextAsync(input, cancellationToken));
        }

        if (info.Length <= inlineLeft)
        {
            return new Part { Media = new MediaSource(type.MimeType, info.Length, ct => input.OpenAsync(content, ct)) };
        }

        return new Part { FileData = new FileData(type.MimeType, await SignAsync(info, type, cancellationToken)) };
    }

    /// <summary>
    /// A signed URL whose path ends with the extension the type calls for: the upstream goes by it. A blob named otherwise is copied
    /// under a name that fits.
    /// </summary>
    private async Task<Uri> SignAsync(BlobInfo info, MediaType type, CancellationToken cancellationToken)
    {
        var address = info.Address;
        if (!MimeTypes.Fits(address.Name, type))
        {
            address = new BlobAddress(Containers.Requests, $"{RequestNames.Renamed}{info.ETag}{type.Extension}");
            await content.CopyAsync(info.Address, address, cancellationToken);
        }

        return await content.GetReadUrlAsync(address, pipeline.Value.SignedUrlLifetime, cancellationToken);
    }

    private async Task<string> ReadTextAsync(StoredInput input, CancellationToken cancellationToken)
    {
        await using var stream = await input.OpenAsync(content, cancellationToken);
        using var reader = new StreamReader(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true);
        try
        {
            return await reader.ReadToEndAsync(cancellationToken);
        }
        catch (DecoderFallbackException)
        {
            throw new InputException(JobErrors.UnsupportedType(
                input.Info.Address.Name, "text that is not valid UTF-8", media.Value.Supported + " (text as UTF-8, or UTF-16 with a byte order mark)"));
        }
    }

    private static string KindName(MediaKind kind) => kind switch
    {
        MediaKind.Image => "image",
        MediaKind.Audio => "audio",
        MediaKind.Video => "video",
        MediaKind.Document => "document",
        MediaKind.Text => "text",
        _ => "unknown",
    };
}

/// <summary>A request as it is sent, and what looking at its inputs told.</summary>
/// <param name="Body">The request.</param>
internal sealed record BuiltRequest(GenerateContentRequest Body)
{
    /// <summary>What the inputs are; null when there are none, or when it was told at acceptance.</summary>
    public MediaSummary? Media { get; init; }

    /// <summary>What it is expected to take; null when that cannot be told, or was at acceptance.</summary>
    public JobEstimate? Estimate { get; init; }
}

/// <summary>A blob whose type was told.</summary>
/// <param name="Info">The blob.</param>
/// <param name="Type">Its type.</param>
internal sealed record StoredInput(BlobInfo Info, MediaType Type)
{
    private Stream? _opened;

    /// <summary>What its bytes say about it.</summary>
    public MediaFacts Facts { get; init; } = new();

    /// <summary>Its name within the bundle it belongs to.</summary>
    public string? Label { get; init; }

    /// <summary>The bundle it belongs to; its loss is then the bundle's error.</summary>
    public string? Bundle { get; init; }

    /// <summary>Hands over a stream that is open already, at its start, to whoever opens the blob first.</summary>
    public StoredInput WithOpened(Stream stream)
    {
        _opened = stream;
        return this;
    }

    /// <summary>Opens the blob's bytes, this version only. The caller disposes the stream.</summary>
    /// <exception cref="InputException">The blob is gone or was replaced.</exception>
    public async Task<Stream> OpenAsync(IContentStore content, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _opened, null) is { } opened)
        {
            return opened;
        }

        try
        {
            var blob = await content.OpenAsync(Info.Address, Info.ETag, cancellationToken);
            return blob?.Stream ?? throw new InputException(Bundle is null ? JobErrors.InputMissing(Info.Address.Name) : JobErrors.BundleIncomplete(Bundle, Label ?? ""));
        }
        catch (BlobChangedException)
        {
            throw new InputException(Bundle is null ? JobErrors.InputChanged(Info.Address.Name) : JobErrors.BundleIncomplete(Bundle, Label ?? ""));
        }
    }
}

/// <summary>An input cannot be used; the job fails with <see cref="Error"/>.</summary>
internal sealed class InputException(JobError error) : Exception(error.Message)
{
    public JobError Error { get; } = error;
}
