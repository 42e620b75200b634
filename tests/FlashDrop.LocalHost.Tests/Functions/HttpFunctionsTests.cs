using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Http.Json;
using FlashDrop.LocalHost.Functions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.LocalHost.Tests.Functions;

/// <summary>Routes behave as on the Functions host, over real HTTP.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "Functions are instance methods.")]
public sealed class HttpFunctionsTests
{
    [Theory]
    [InlineData("GET", "/things/7", "thing 7")]
    [InlineData("POST", "/v1beta/models/gemini-2.5-flash:generateContent", "rest gemini-2.5-flash:generateContent")]
    [InlineData("POST", "/v1beta/models/gemini-2.5-flash%3AgenerateContent", "rest gemini-2.5-flash:generateContent")]
    [InlineData("POST", "/v1beta/models/google/gemini:streamGenerateContent", "rest google/gemini:streamGenerateContent")]
    [InlineData("GET", "/", "root")]
    public async Task Route_ReachesItsFunction(string method, string path, string answer) => Assert.Equal(answer, await AskAsync(method, path));

    [Theory]
    [InlineData("POST", "/things/7", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/nothing", HttpStatusCode.NotFound)]
    [InlineData("GET", "/things//7", HttpStatusCode.NotFound)]
    public async Task OtherRequests_AreRefused(string method, string path, HttpStatusCode status)
    {
        await using var app = await StartAsync();
        using var http = Client(app);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        Assert.Equal(status, (await http.SendAsync(request)).StatusCode);
    }

    [Fact]
    public async Task ReservedRoute_IsRefusedAtStart()
    {
        await using var app = Build();
        var catalog = FunctionCatalog.Discover([typeof(Reserved)], string.Empty, new SettingExpressions(new ConfigurationBuilder().Build()));
        Assert.Throws<InvalidOperationException>(() => app.MapHttpFunctions(catalog, app.Services.GetRequiredService<FunctionInvoker>()));
    }

    private static async Task<string?> AskAsync(string method, string path)
    {
        await using var app = await StartAsync();
        using var http = Client(app);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await http.SendAsync(request);
        return await response.Content.ReadFromJsonAsync<string>();
    }

    private static HttpClient Client(WebApplication app) =>
        new() { BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };

    private static WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server => server.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRouting().AddSingleton<FunctionInvoker>();
        return builder.Build();
    }

    private static async Task<WebApplication> StartAsync()
    {
        var app = Build();
        var catalog = FunctionCatalog.Discover([typeof(Target)], string.Empty, new SettingExpressions(new ConfigurationBuilder().Build()));
        app.MapHttpFunctions(catalog, app.Services.GetRequiredService<FunctionInvoker>());
        await app.StartAsync();
        return app;
    }

    public sealed class Target
    {
        [Function("Thing")]
        public Task<IResult> Thing([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "things/{id}")] HttpRequest request) =>
            Task.FromResult(Results.Json($"thing {request.RouteValues["id"]}"));

        [Function("Rest")]
        public Task<IResult> Rest([HttpTrigger(AuthorizationLevel.Anonymous, "post", Route = "v1beta/models/{*rest}")] HttpRequest request) =>
            Task.FromResult(Results.Json($"rest {request.RouteValues["rest"]}"));

        [Function("Root")]
        public Task<IResult> Root([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "{ignored:maxlength(0)?}")] HttpRequest request) =>
            Task.FromResult(Results.Json(request.Method == "GET" ? "root" : "?"));
    }

    public sealed class Reserved
    {
        [Function("Taken")]
        public Task<IResult> Taken([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "admin/keys")] HttpRequest request) =>
            Task.FromResult(Results.Json(request.Method));
    }
}
