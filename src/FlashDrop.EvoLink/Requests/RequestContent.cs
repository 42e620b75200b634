using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink.Requests;

/// <summary>
/// Sends a <see cref="RequestBody"/>: media goes from its stream through one rented block of base64 at a time into the HTTP body,
/// whatever its size.
/// </summary>
internal sealed class RequestContent : HttpContent
{
    // A multiple of 3, so that only the last block is padded.
    private const int BlockBytes = 48 * 1024;

    private readonly RequestBody _body;

    public RequestContent(RequestBody body)
    {
        _body = body;
        Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
    }

    /// <summary>Whether any of the body was handed to the connection.</summary>
    public bool Started { get; private set; }

    /// <summary>Whether all of the body was handed to the connection: from then on the upstream may be at work.</summary>
    public bool Completed { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Started = true;
        Completed = false;
        var position = 0;
        foreach (var (offset, media) in _body.Media)
        {
            await stream.WriteAsync(_body.Json[position..offset], cancellationToken);
            await WriteMediaAsync(stream, media, cancellationToken);
            position = offset;
        }

        await stream.WriteAsync(_body.Json[position..], cancellationToken);
        Completed = true;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }

    private static async Task WriteMediaAsync(Stream destination, MediaSource media, CancellationToken cancellationToken)
    {
        await using var source = await OpenAsync(media, cancellationToken);
        var block = ArrayPool<byte>.Shared.Rent(BlockBytes);
        var encoded = ArrayPool<byte>.Shared.Rent((int)RequestBody.Base64Length(BlockBytes));
        try
        {
            var remaining = media.Length;
            while (remaining > 0)
            {
                var wanted = (int)Math.Min(BlockBytes, remaining);
                var read = await ReadAsync(source, media, block.AsMemory(0, wanted), cancellationToken);
                if (read < wanted)
                {
                    throw MediaException.WrongLength(media, $"ended after {media.Length - remaining + read}");
                }

                remaining -= read;
                if (remaining == 0)
                {
                    // Looked at before the last block leaves: a wrong length must never become a whole body.
                    await RefuseSurplusAsync(source, media, cancellationToken);
                }

                Base64.EncodeToUtf8(block.AsSpan(0, read), encoded, out _, out var written);
                await destination.WriteAsync(encoded.AsMemory(0, written), cancellationToken);
            }

            if (media.Length == 0)
            {
                await RefuseSurplusAsync(source, media, cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
            ArrayPool<byte>.Shared.Return(encoded);
        }
    }

    private static async Task<Stream> OpenAsync(MediaSource media, CancellationToken cancellationToken)
    {
        try
        {
            return await media.OpenAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw MediaException.Unreadable(media, exception);
        }
    }

    private static async ValueTask<int> ReadAsync(Stream source, MediaSource media, Memory<byte> block, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAtLeastAsync(block, block.Length, throwOnEndOfStream: false, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw MediaException.Unreadable(media, exception);
        }
    }

    private static async Task RefuseSurplusAsync(Stream source, MediaSource media, CancellationToken cancellationToken)
    {
        var probe = new byte[1];
        if (await ReadAsync(source, media, probe, cancellationToken) > 0)
        {
            throw MediaException.WrongLength(media, "has more");
        }
    }
}

/// <summary>The media of a request could not be read as announced; the request was cut off before it was whole.</summary>
internal sealed class MediaException : Exception
{
    private MediaException(string code, string message, Exception? innerException)
        : base(message, innerException) => Code = code;

    public string Code { get; }

    /// <summary>Whether a second look finds the same.</summary>
    public bool IsPermanent => InnerException is null;

    public static MediaException WrongLength(MediaSource media, string found) =>
        new("media_length_mismatch", $"Media of type {media.MimeType} was announced with {media.Length} bytes but {found}; the request was not completed.", null);

    public static MediaException Unreadable(MediaSource media, Exception cause) =>
        new("media_unreadable", $"Media of type {media.MimeType} could not be read: {cause.Message}", cause);

    /// <summary>Finds the media failure behind the exception an HTTP stack wraps it in.</summary>
    public static MediaException? Find(Exception? exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            if (current is MediaException media)
            {
                return media;
            }
        }

        return null;
    }
}
