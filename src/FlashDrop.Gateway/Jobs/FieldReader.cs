using System.Text.Json;
using System.Text.RegularExpressions;
using FlashDrop.Gateway.Urls;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Reads single values, reporting what is wrong with them.</summary>
internal static partial class FieldReader
{
    /// <summary>A string, or null after an error.</summary>
    public static string? Text(JsonElement value, string field, FieldErrors errors)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        errors.WrongType(field, "a string", value.ValueKind);
        return null;
    }

    /// <summary>The bytes of a base64 string, at least one; null after an error.</summary>
    public static ReadOnlyMemory<byte>? Base64(JsonElement value, string field, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            errors.WrongType(field, "a string in base64", value.ValueKind);
            return null;
        }

        if (!value.TryGetBytesFromBase64(out var bytes))
        {
            errors.Add(
                field, "invalid_base64", "The value is not base64.",
                "Encode the bytes in the standard alphabet (+ and /) with padding, without line breaks and without a 'data:' prefix.");
            return null;
        }

        if (bytes.Length == 0)
        {
            errors.Invalid(field, "There are no bytes.", "Send the file's bytes in base64.");
            return null;
        }

        return bytes;
    }

    /// <summary>A media type without parameters; null after an error.</summary>
    public static string? MediaType(JsonElement value, string field, FieldErrors errors)
    {
        var text = Text(value, field, errors);
        if (text is not null && !MediaTypePattern().IsMatch(text))
        {
            errors.Invalid(field, "This is not a media type.", "Send a type such as image/png or audio/mp3, without parameters.");
            return null;
        }

        return text;
    }

    /// <summary>A URL the upstream may fetch; null after an error.</summary>
    public static Uri? Url(JsonElement value, string field, InputUrls urls, FieldErrors errors)
    {
        if (Text(value, field, errors) is not { } text)
        {
            return null;
        }

        var (url, error) = urls.Take(text, field);
        if (error is not null)
        {
            errors.Add(error);
        }

        return url;
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,63}\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex MediaTypePattern();
}
