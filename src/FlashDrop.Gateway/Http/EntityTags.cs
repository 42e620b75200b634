using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FlashDrop.Gateway.Http;

/// <summary>Entity tags made from storage versions, which have their own quotes and shapes.</summary>
internal static class EntityTags
{
    /// <summary>A strong tag for a stored version in one representation.</summary>
    public static string Of(string version, string representation)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{representation}\n{version}"), hash);
        return $"\"{Base64Url.EncodeToString(hash[..16])}\"";
    }

    /// <summary>A strong tag for bytes.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Of(Convert.ToHexStringLower(SHA256.HashData(bytes)), "bytes");

    /// <summary>Whether <c>If-Match</c> is sent and names neither the tag nor any.</summary>
    public static bool IsOutdated(HttpRequest request, string tag) =>
        request.Headers.IfMatch.Count > 0
        && !(EntityTagHeaderValue.TryParseStrictList(request.Headers.IfMatch, out var wanted)
            && wanted.Any(candidate => candidate.Tag == "*" || (!candidate.IsWeak && candidate.Tag == tag)));

    /// <summary>Whether <c>If-None-Match</c> names the tag (weak comparison) or any.</summary>
    public static bool IsUnchanged(HttpRequest request, string tag) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var known)
        && known.Any(candidate => candidate.Tag == "*" || candidate.Tag == tag);
}
