using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace FlashDrop.Gateway.Http;

/// <summary>A request body in a rented buffer.</summary>
internal sealed class PooledBody(byte[] buffer, int length) : IDisposable
{
    private byte[]? _buffer = buffer;

    public ReadOnlyMemory<byte> Bytes => (_buffer ?? throw new ObjectDisposedException(nameof(PooledBody))).AsMemory(0, length);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } rented)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}

/// <summary>Reads bounded bodies.</summary>
internal static class BodyReader
{
    private const int FirstBuffer = 16 * 1024;

    /// <summary>
    /// Reads the whole body, which has to be JSON, or says why not. A body that states a length beyond the limit is not read at all.
    /// </summary>
    /// <exception cref="BadHttpRequestException">The framing is broken or the client went away.</exception>
    public static async Task<(PooledBody? Body, Problem? Problem)> ReadJsonAsync(
        HttpRequest request, long limit, CancellationToken cancellationToken)
    {
        return OpenJson(request, limit) is { } problem ? (null, problem) : await ReadAsync(request, limit, cancellationToken);
    }

    /// <summary>Makes ready to read a body that has to be JSON, or says what is wrong with it before a byte of it is read.</summary>
    public static Problem? OpenJson(HttpRequest request, long limit) => request.ContentLength > limit ? Problem.TooLarge(limit) : CheckFormat(request) ?? Open(request, limit);

    /// <summary>Reads the whole body, whatever it is, or says why not.</summary>
    /// <exception cref="BadHttpRequestException">The framing is broken or the client went away.</exception>
    public static async Task<(PooledBody? Body, Problem? Problem)> ReadAsync(
        HttpRequest request, long limit, CancellationToken cancellationToken)
    {
        if (Open(request, limit) is { } problem)
        {
            return (null, problem);
        }

        // One byte beyond the stated length, so that the end is seen without growing.
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(limit + 1, request.ContentLength + 1 ?? FirstBuffer));
        var length = 0;
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(limit + 1, buffer.Length * 2L));
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                var read = await request.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
                if (read == 0)
                {
                    var body = new PooledBody(buffer, length);
                    buffer = null;
                    return (body, null);
                }

                length += read;
                if (length > limit)
                {
                    return (null, Problem.TooLarge(limit));
                }
            }
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }

    private static Problem? Open(HttpRequest request, long limit)
    {
        if (request.ContentLength > limit)
        {
            return Problem.TooLarge(limit);
        }

        if (IsEncoded(request))
        {
            return Problem.UnsupportedMediaType("The body has a Content-Encoding.");
        }

        // Whoever reads counts; the server's own limit (smaller by default) would answer in another shape.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = null;
        }

        return null;
    }

    private static Problem? CheckFormat(HttpRequest request)
    {
        if (IsEncoded(request) || string.IsNullOrEmpty(request.ContentType))
        {
            return null;
        }

        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !(type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
                || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase)))
        {
            return Problem.UnsupportedMediaType("The body's Content-Type is not JSON.");
        }

        return !type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase)
            ? null
            : Problem.UnsupportedMediaType("The body's charset is not UTF-8.");
    }

    private static bool IsEncoded(HttpRequest request) =>
        request.Headers.ContentEncoding.Count > 0
        && !string.Equals(request.Headers.ContentEncoding, "identity", StringComparison.OrdinalIgnoreCase);
}
