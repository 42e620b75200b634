using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;

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
                return (Negotiation.Best(request, Offered) is Markdown ? Markdown : Plain, null);
            default:
                var errors = new FieldErrors();
                errors.Invalid("query.format", "This is not a format.", "Send 'json' or 'text'.");
                return (null, Problem.InvalidRequest(errors.All));
        }

        return Negotiation.Best(request, Offered) is { } best ? (best, null) : (null, Problem.NotAcceptable(Offered));
    }
}
