using Microsoft.AspNetCore.Http;

namespace FlashDrop.Functions.Http;

/// <summary>Reads route parameters, decoded, from the request itself: both hosts route with ASP.NET Core.</summary>
internal static class RouteValues
{
    /// <summary>The value of a route parameter; empty when the route has none of that name.</summary>
    public static string RouteValue(this HttpRequest request, string name) => request.RouteValues[name] as string ?? string.Empty;
}
