using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;
using FlashDrop.Gateway.Http;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Opens a request body as one JSON object whose every string can be read.</summary>
internal static class JsonText
{
    /// <summary>Parses the body. The document refers to <paramref name="body"/>, which must outlive it.</summary>
    public static (JsonDocument? Document, Problem? Problem) Parse(ReadOnlyMemory<byte> body, int maxDepth)
    {
        if (body.IsEmpty)
        {
            return (null, Problem.InvalidJson("The body is empty."));
        }

        if (!Utf8.IsValid(body.Span))
        {
            return (null, Problem.InvalidJson("The body is not valid UTF-8."));
        }

        JsonDocument? document = null;
        try
        {
            // First, because parsing compares member names, which may be among the unreadable.
            if (HasUnreadableText(body.Span, maxDepth))
            {
                return (null, Problem.InvalidJson("A string holds half of a surrogate pair (\\uD800 to \\uDFFF)."));
            }

            document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = maxDepth, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return (null, Problem.InvalidJson("The body is not a JSON object."));
            }

            var whole = document;
            document = null;
            return (whole, null);
        }
        catch (JsonException exception)
        {
            var place = exception is { LineNumber: { } line, BytePositionInLine: { } column }
                ? $"The body is not valid JSON at line {line + 1}, byte {column + 1}, or is nested deeper than {maxDepth} levels."
                : "The body repeats a member of an object.";
            return (null, Problem.InvalidJson(place));
        }
        finally
        {
            document?.Dispose();
        }
    }

    private static bool HasUnreadableText(ReadOnlySpan<byte> body, int maxDepth)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = maxDepth });
        char[]? buffer = null;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String) || !reader.ValueIsEscaped)
                {
                    continue;
                }

                if (buffer is null || buffer.Length < reader.ValueSpan.Length)
                {
                    if (buffer is not null)
                    {
                        ArrayPool<char>.Shared.Return(buffer);
                    }

                    buffer = ArrayPool<char>.Shared.Rent(reader.ValueSpan.Length);
                }

                try
                {
                    reader.CopyString(buffer);
                }
                catch (InvalidOperationException)
                {
                    return true;
                }
            }

            return false;
        }
        finally
        {
            if (buffer is not null)
            {
                ArrayPool<char>.Shared.Return(buffer);
            }
        }
    }
}
