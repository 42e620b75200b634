using System.Security.Cryptography;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Media;

/// <summary>Takes media in, from the request itself or from a link, and reports each to the request's record.</summary>
internal sealed class MediaIntake(HttpClient http)
{
    public static Medium Accept(string mimeType, ReadOnlyMemory<byte> bytes, bool inline) =>
        new(MediaRules.Inspect(mimeType, bytes), mimeType, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes.Span)), inline);

    /// <summary>Fetches what a link shows to anyone; no credentials are sent.</summary>
    public async Task<Medium> FetchAsync(string mimeType, string uri, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var link) || link.Scheme is not ("http" or "https"))
        {
            throw RefusedException.EvoLink(400, $"fileUri is not an http or https URL: {uri}", "content");
        }

        MediaRules.CheckLink(mimeType, link);
        try
        {
            using var response = await http.GetAsync(link, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            response.EnsureSuccessStatusCode();
            return Accept(mimeType, await ReadAsync(mimeType, response.Content, cancellationToken), inline: false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw RefusedException.Google("Cannot fetch content from the provided URL. Please ensure the URL is valid and accessible.");
        }
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(string mimeType, HttpContent content, CancellationToken cancellationToken)
    {
        MediaRules.CheckSize(mimeType, content.Headers.ContentLength ?? 0);
        var limit = MediaRules.Limit(mimeType);
        using var target = new MemoryStream(capacity: (int)(content.Headers.ContentLength ?? 0));
        await using var source = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await source.ReadAsync(buffer, cancellationToken)) > 0)
        {
            target.Write(buffer, 0, read);
            MediaRules.CheckSize(mimeType, Math.Min(target.Length, limit + 1));
        }

        return target.GetBuffer().AsMemory(0, (int)target.Length);
    }
}
