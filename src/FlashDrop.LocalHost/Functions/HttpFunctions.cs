using System.Text.RegularExpressions;

namespace FlashDrop.LocalHost.Functions;

/// <summary>Serves HTTP functions on ASP.NET Core's routing, which understands the same templates.</summary>
internal static partial class HttpFunctions
{
    /// <summary>Maps every HTTP function to its route.</summary>
    public static void MapHttpFunctions(this IEndpointRouteBuilder endpoints, FunctionCatalog catalog, FunctionInvoker invoker)
    {
        var stopping = endpoints.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        foreach (var function in catalog.All.OfType<HttpFunction>())
        {
            CheckRoute(function);
            RequestDelegate handle = context => HandleAsync(context, function, invoker, stopping);
            _ = function.Methods.Count == 0
                ? endpoints.Map(function.Route, handle)
                : endpoints.MapMethods(function.Route, function.Methods, handle);
        }
    }

    private static async Task HandleAsync(HttpContext context, HttpFunction function, FunctionInvoker invoker, CancellationToken stopping)
    {
        var result = await invoker.InvokeAsync(function, context.Request, bindingData: null, stopping);
        if (result is IResult response)
        {
            await response.ExecuteAsync(context);
        }
    }

    /// <summary>The Functions host keeps these two first segments to itself.</summary>
    private static void CheckRoute(HttpFunction function)
    {
        if (ReservedPrefix().IsMatch(function.Route))
        {
            throw new InvalidOperationException($"Function '{function.Name}': the Functions host reserves the route '{function.Route}'.");
        }
    }

    [GeneratedRegex("^(admin|runtime)(/|$)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex ReservedPrefix();
}
