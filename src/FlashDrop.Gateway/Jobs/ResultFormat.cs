using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Chooses the form a result is given in.</summary>
internal static class ResultFormat
{
    public const string Json = "application/json";
    public const string Plain = "text/plain";
    public const string Markdown = "text/markdown";

    private static readonly string[] Offered = [Json, Plain, Markdown];

    /// <summary>One of the three media types: by <c>?format=json|text</c>, else by <c>Accept</c>, else JSON.</summary>
    public static (string? MediaType, Problem? Problem) Choose(HttpRequest request)
    {
        switch (request.Query["format"].ToString())
        {
            case "":
                break;
            case "json":
                return (Json, null);
            case "text":
                return (Best(request) is Markdown ? Markdown : Plain, null);
            default:
                var errors = new FieldErrors();
                errors.Invalid("query.format", "This is not a format.", "Send 'json' or 'text'.");
                return (null, Problem.InvalidRequest(errors.All));
        }

        return Best(request) is { } best ? (best, null) : (null, Problem.NotAcceptable());
    }

    private static string? Best(HttpRequest request)
    {
        if (!MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var accepted) || accepted.Count == 0)
        {
            return Json;
        }

        string? best = null;
        var bestQuality = 0.0;
        foreach (var offer in Offered)
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
