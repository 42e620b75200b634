using System.Diagnostics;
using System.Net;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using FlashDrop.Gateway;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Testing.Keys;
using FlashDrop.Testing.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace FlashDrop.Benchmarks.Gateway;

/// <summary>The servers of a gateway run, on the same Kestrel with the same settings.</summary>
internal static class Servers
{
    public const string CallerKey = "fd_benchmark";

    /// <summary>Serves until the standard input ends.</summary>
    public static async Task<int> RunAsync(string name, Uri? upstream)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(server =>
        {
            server.Limits.MaxRequestBodySize = null;
            server.Listen(IPAddress.Loopback, 0);
        });
        await using var app = name switch
        {
            "upstream" => Upstream(builder),
            "yarp" => Yarp(builder, upstream!),
            _ => Gateway(builder, upstream!),
        };
        await app.StartAsync(CancellationToken.None);
        Console.WriteLine(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        await Console.In.ReadToEndAsync(CancellationToken.None);
        await app.StopAsync(CancellationToken.None);
        return 0;
    }

    private static WebApplication Upstream(WebApplicationBuilder builder)
    {
        var app = Measured(builder.Build());
        app.Run(StandIn.ServeAsync);
        return app;
    }

    /// <summary>A bare forwarder: no routes, no transforms of our own.</summary>
    private static WebApplication Yarp(WebApplicationBuilder builder, Uri upstream)
    {
        builder.Services.AddRouting().AddHttpForwarder();
        var app = Measured(builder.Build());
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            UseCookies = false,
            ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
            ConnectTimeout = TimeSpan.FromSeconds(10),
        });
        app.Run(async context => await forwarder.SendAsync(context, upstream.ToString(), client));
        return app;
    }

    /// <summary>The product's own endpoints; nothing is stored.</summary>
    private static WebApplication Gateway(WebApplicationBuilder builder, Uri upstream)
    {
        var storage = new InMemoryStorage(TimeProvider.System);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["FlashDrop:Callers:benchmark:KeyHashes:0"] = ApiKeys.Hash(CallerKey),
            ["FlashDrop:Upstream:GenerateBaseUrl"] = upstream.ToString(),
            ["FlashDrop:Upstream:TasksBaseUrl"] = upstream.ToString(),
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Services.AddRouting()
            .AddSingleton<IJobStore>(new Forgetful())
            .AddSingleton<IContentStore>(storage.Content)
            .AddSingleton<IWorkQueue>(storage.Queue)
            .AddSingleton<ICheckpointStore>(storage.Checkpoints)
            .AddSingleton<IIdempotencyStore>(storage.Idempotency)
            .AddSingleton<ICallerStore>(storage.Callers)
            .AddSingleton<IBudgetStore>(storage.Budgets)
            .AddSingleton<IKeyRing>(new FakeKeyRing("sk-benchmark"));
        builder.Services.AddFlashDropCore(builder.Configuration);
        builder.Services.AddEvoLink(builder.Configuration);
        builder.Services.AddFlashDropGateway(builder.Configuration);
        builder.Services.AddFlashDropDropIn(builder.Configuration);
        var app = Measured(builder.Build());
        app.UseRouting();
        app.MapPost(Routes.NativeModel, (HttpRequest request, NativeApi api, string rest) => api.PostAsync(request, rest));
        app.MapPost(Routes.ChatCompletions, (HttpRequest request, ChatApi api) => api.PostAsync(request));
        return app;
    }

    /// <summary>Says what the process has allocated in all, and what it holds, in bytes.</summary>
    private static WebApplication Measured(WebApplication app)
    {
        app.Use(next => context => context.Request.Path.Value switch
        {
            "/allocated" => context.Response.WriteAsync($"{GC.GetTotalAllocatedBytes()}"),
            "/heap" => context.Response.WriteAsync($"{GC.GetTotalMemory(forceFullCollection: false)}"),
            _ => next(context),
        });
        return app;
    }
}
