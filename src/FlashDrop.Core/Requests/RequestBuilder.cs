using System.Text;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
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
    IOptions<MediaOptions> media,
    IOptions<UpstreamOptions> upstream,
    IOptions<PipelineOptions> pipeline)
{
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

    /// <summary>The summary stored with a job.</summary>
    public static MediaSummary Summarise(MediaType type, long bytes) => new() { Kind = KindName(type.Kind), MimeType = type.MimeType, Bytes = bytes };

    /// <summary>The request for a drop.</summary>
    public async Task<GenerateContentRequest> ForDropAsync(Profile profile, StoredInput drop, CancellationToken cancellationToken)
    {
        var part = await PartOfAsync(drop, inlineLeft: upstream.Value.MaxInlineBytes, cancellationToken);
        return Assemble(profile, profile.Prompt, [part], overrides: null);
    }

    /// <summary>The request for an HTTP job.</summary>
    /// <exception cref="InputException">An input cannot be used.</exception>
    public async Task<GenerateContentRequest> ForRequestAsync(Profile profile, JobRequest request, CancellationToken cancellationToken)
    {
        var inlineLeft = upstream.Value.MaxInlineBytes;
        List<Part> parts = new(request.Inputs.Count);
        foreach (var input in request.Inputs)
        {
            var part = await PartOfAsync(input, inlineLeft, cancellationToken);
            inlineLeft -= part.Media?.Length ?? 0;
            parts.Add(part);
        }

        return request.Native is { } native
            ? NativeRequestReader.Read(native, parts)
            : Assemble(profile, request.Prompt ?? profile.Prompt, parts, request.GenerationConfig);
    }

    private static GenerateContentRequest Assemble(Profile profile, string prompt, IReadOnlyList<Part> inputs, GenerationConfig? overrides) => new()
    {
        SystemInstruction = profile.Instruction is { Length: > 0 } instruction ? Content.User(Part.FromText(instruction)) : null,
        Contents = [Content.User([Part.FromText(prompt), .. inputs])],
        GenerationConfig = GenerationConfigs.Merge(profile.GenerationConfig, overrides),
    };

    private async Task<Part> PartOfAsync(JobInput input, long inlineLeft, CancellationToken cancellationToken)
    {
        switch (input)
        {
            case TextInput text:
                return Part.FromText(text.Text);
            case UrlInput url:
                return new Part { FileData = new FileData(url.MimeType ?? MimeTypes.OfExtension(url.Url.AbsolutePath), url.Url) };
            case BlobInput blob:
                return await PartOfAsync(await OpenAsync(new BlobAddress(blob.Container, blob.Name), cancellationToken), inlineLeft, cancellationToken);
            case InlineInput { Name: { } name }:
                return await PartOfAsync(await OpenAsync(new BlobAddress(Containers.Requests, name), cancellationToken), inlineLeft, cancellationToken);
            default:
                throw new InputException(JobErrors.RequestUnreadable($"an input of kind {input.GetType().Name} has no content."));
        }
    }

    private async Task<StoredInput> OpenAsync(BlobAddress address, CancellationToken cancellationToken)
    {
        await using var blob = await content.OpenAsync(address, ifMatch: null, cancellationToken)
            ?? throw new InputException(JobErrors.InputMissing(address.ToString()));
        var head = new byte[Math.Min(MediaSniffer.HeadLength, blob.Info.Length)];
        await blob.Stream.ReadExactlyAsync(head, cancellationToken);
        return new StoredInput(blob.Info, Inspect(address.ToString(), blob.Info.Length, head));
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

/// <summary>A blob whose type was told.</summary>
/// <param name="Info">The blob.</param>
/// <param name="Type">Its type.</param>
internal sealed record StoredInput(BlobInfo Info, MediaType Type)
{
    private Stream? _opened;

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
            return blob?.Stream ?? throw new InputException(JobErrors.InputMissing(Info.Address.Name));
        }
        catch (BlobChangedException)
        {
            throw new InputException(JobErrors.InputChanged(Info.Address.Name));
        }
    }
}

/// <summary>An input cannot be used; the job fails with <see cref="Error"/>.</summary>
internal sealed class InputException(JobError error) : Exception(error.Message)
{
    public JobError Error { get; } = error;
}
