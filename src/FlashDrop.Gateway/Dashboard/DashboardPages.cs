using System.Collections.Frozen;
using FlashDrop.Gateway.Http;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Dashboard;

/// <summary>
/// Serves the dashboard: static files that hold no data. What they show comes from the API, with the key a person signs in with. Safe for
/// concurrent use.
/// </summary>
public sealed class DashboardPages
{
    private const string Strict =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>A report carries its own style, and what is shown in a frame obeys the policy of the page around it; nothing else is let in.</summary>
    private const string ForReports =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FrozenDictionary<string, Asset> Assets = new Dictionary<string, Asset>(StringComparer.Ordinal)
    {
        [""] = Asset.Load("index.html", "text/html", Strict),
        ["report"] = Asset.Load("report.html", "text/html", ForReports),
        ["app.css"] = Asset.Load("app.css", "text/css", Strict),
        ["app.js"] = Asset.Load("app.js", "text/javascript", Strict),
        ["report.js"] = Asset.Load("report.js", "text/javascript", Strict),
        ["icon.svg"] = Asset.Load("icon.svg", "image/svg+xml", Strict),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly RequestPipeline _pipeline;

    internal DashboardPages(RequestPipeline pipeline) => _pipeline = pipeline;

    /// <summary><c>GET</c> <see cref="DashboardRoutes.Root"/>: leads to the dashboard.</summary>
    public Task<IResult> RootAsync(HttpRequest request) => _pipeline.RunAnonymousAsync(
        request, _ => Task.FromResult(Results.Redirect($"{request.PathBase}/dashboard")));

    /// <summary><c>GET</c> <see cref="DashboardRoutes.Page"/>: a page or one of its files; 304 when it has not changed.</summary>
    public Task<IResult> GetAsync(HttpRequest request, string page) => _pipeline.RunAnonymousAsync(request, _ =>
    {
        if (!Assets.TryGetValue(page, out var asset))
        {
            return Task.FromResult(Problem.PageNotFound().ToResult());
        }

        var headers = request.HttpContext.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.ETag = asset.Tag;
        headers.ContentSecurityPolicy = asset.Policy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        return Task.FromResult(EntityTags.IsUnchanged(request, asset.Tag)
            ? Results.StatusCode(StatusCodes.Status304NotModified)
            : new BytesResponse(asset.Bytes, $"{asset.ContentType}; charset=utf-8"));
    });

    private sealed record Asset(byte[] Bytes, string ContentType, string Policy, string Tag)
    {
        public static Asset Load(string name, string contentType, string policy)
        {
            using var stream = typeof(DashboardPages).Assembly.GetManifestResourceStream($"FlashDrop.Gateway.Dashboard.{name}")!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return new Asset(bytes, contentType, policy, EntityTags.Of(bytes));
        }
    }
}
