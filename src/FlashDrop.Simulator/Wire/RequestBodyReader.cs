using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace FlashDrop.Simulator.Wire;

/// <summary>
/// Reads a JSON body with large base64 strings in it. The strings are decoded in place, inside the buffer the body was
/// read into, so 50 MB of video cost one buffer of the body's size and nothing more.
/// </summary>
internal static class RequestBodyReader
{
    private const int MaxDepth = 64;

    public static async Task<RequestBody> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = await ReadBytesAsync(request, cancellationToken);
        var sha = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        try
        {
            return Lift(body, sha);
        }
        catch (JsonException e)
        {
            throw RefusedException.Google($"Invalid JSON payload received. {e.Message}");
        }
    }

    internal static RequestBody Lift(Memory<byte> body, string sha)
    {
        var skeleton = new ArrayBufferWriter<byte>(Math.Min(body.Length, 64 * 1024) + 1);
        var media = new List<InlineMedium>();
        var prompt = new StringBuilder();
        var pending = new List<(int Start, int Length)>();
        var copied = 0;
        var owners = new string?[MaxDepth + 1];
        string? name = null;

        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = reader.GetString();
                    break;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    owners[reader.CurrentDepth] = name;
                    name = null;
                    break;
                case JsonTokenType.String:
                    var owner = reader.CurrentDepth > 0 ? owners[reader.CurrentDepth - 1] : null;
                    if (MediumPrefix(ref reader, owner, name) is { } prefix)
                    {
                        var start = checked((int)reader.TokenStartIndex);
                        var reference = $"media:{media.Count}";
                        skeleton.Write(body.Span[copied..start]);
                        skeleton.Write(Encoding.UTF8.GetBytes($"\"{reference}\""));
                        copied = checked((int)reader.BytesConsumed);
                        if (reader.ValueIsEscaped)
                        {
                            media.Add(new InlineMedium(reference, prefix.Type, DecodeEscaped(ref reader, prefix.Length)));
                            pending.Add((-1, 0));
                        }
                        else
                        {
                            media.Add(new InlineMedium(reference, prefix.Type, null));
                            pending.Add((start + 1 + prefix.Length, reader.ValueSpan.Length - prefix.Length));
                        }
                    }
                    else if (name is "text" or "content")
                    {
                        prompt.Append(reader.GetString()).Append('\n');
                    }

                    break;
            }
        }

        skeleton.Write(body.Span[copied..]);
        var root = JsonElement.Parse(skeleton.WrittenSpan, new JsonDocumentOptions { MaxDepth = MaxDepth });
        for (var i = 0; i < pending.Count; i++)
        {
            var (start, length) = pending[i];
            if (start >= 0 && Base64.DecodeFromUtf8InPlace(body.Span.Slice(start, length), out var written) == OperationStatus.Done)
            {
                media[i] = media[i] with { Bytes = body.Slice(start, written) };
            }
        }

        return new RequestBody { Root = root, Media = media, PromptText = prompt.ToString(), Sha256 = sha, Bytes = body.Length };
    }

    /// <summary>Recognises a string that carries base64; the prefix is what stands before it.</summary>
    private static (int Length, string? Type)? MediumPrefix(ref Utf8JsonReader reader, string? owner, string? name)
    {
        if (name is "data" && owner is "inlineData" or "inline_data" or "input_audio")
        {
            return (0, null);
        }

        if (name is "url" && owner is "image_url" && !reader.ValueIsEscaped && reader.ValueSpan.StartsWith("data:"u8))
        {
            var comma = reader.ValueSpan.IndexOf(","u8);
            var header = Encoding.UTF8.GetString(reader.ValueSpan[5..Math.Max(5, comma)]);
            return (comma + 1, header.Split(';')[0]);
        }

        return null;
    }

    private static ReadOnlyMemory<byte>? DecodeEscaped(ref Utf8JsonReader reader, int prefix)
    {
        var text = new byte[reader.ValueSpan.Length];
        var length = reader.CopyString(text);
        return Base64.DecodeFromUtf8InPlace(text.AsSpan(prefix, length - prefix), out var written) == OperationStatus.Done
            ? text.AsMemory(prefix, written)
            : null;
    }

    private static async Task<Memory<byte>> ReadBytesAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is { } length)
        {
            if (length > SimulatorHost.MaxBodyBytes)
            {
                throw TooLarge();
            }

            var exact = GC.AllocateUninitializedArray<byte>((int)length);
            await request.Body.ReadExactlyAsync(exact, cancellationToken);
            return exact;
        }

        var growing = new MemoryStream();
        try
        {
            await request.Body.CopyToAsync(growing, cancellationToken);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooLarge();
        }

        return growing.GetBuffer().AsMemory(0, (int)growing.Length);
    }

    private static RefusedException TooLarge() => RefusedException.EvoLink(413, ErrorBodies.UsualMessage(413), "content");
}
