using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FlashDrop.Gateway.Http;

/// <summary>Chooses among media types by <c>Accept</c>.</summary>
internal static class Negotiation
{
    /// <summary>The offer the request likes best, the first one when it does not say; null when it takes none of them.</summary>
    public static string? Best(HttpRequest request, IReadOnlyList<string> offered)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) || accepted.Count == 0)
        {
            return offered[0];
        }

        string? best = null;
        var bestQuality = 0.0;
        foreach (var offer in offered)
        {
            var type = new MediaTypeHeaderValue(offer);

            // The most specific range decides an offer's quality; the order of the offers breaks ties.
            var range = accepted.Where(type.IsSubsetOf).OrderBy(a => a.MatchesAllTypes ? 2 : a.MatchesAllSubTypes ? 1 : 0).FirstOrDefault();
            var quality = range is null ? 0 : range.Quality ?? 1;
            if (quality > bestQuality)
            {
                (best, bestQuality) = (offer, quality);
            }
        }

        return best;
    }
}
