using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Reports;
using FlashDrop.EvoLink.Pricing;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.Dashboard;
using FlashDrop.Gateway.DeadLetters;
using FlashDrop.Gateway.Drops;
using FlashDrop.Gateway.Health;
using FlashDrop.Gateway.Jobs;
using FlashDrop.Gateway.OpenApi;
using FlashDrop.Gateway.Reports;
using FlashDrop.Gateway.Uploads;
using FlashDrop.Gateway.Usage;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.Tests;

/// <summary>
/// The gateway's services behind a web server in this process. Every answer is held against the OpenAPI document: its status has to
/// be documented, and a problem has to have a problem's members.
/// </summary>
internal sealed class GatewayHost : IAsyncDisposable
{
    public const string AliceKey = "fd_alice-key";
    public const string BobKey = "fd_bob-key";
    public const string AdminKey = "fd_admin-key";

    private readonly WebApplication _app;

    private GatewayHost(WebApplication app, SteppedTime time, FakeJobService jobs, InMemoryStorage storage, FakeContentStore content, FakeProbe[] probes, LogCollector logs, FakeHostNames names)
    {
        (_app, Time, Jobs, Storage, Content, Probes, Logs, Names) = (app, time, jobs, storage, content, probes, logs, names);
    }

    public SteppedTime Time { get; }

    public FakeJobService Jobs { get; }

    public InMemoryStorage Storage { get; }

    public FakeContentStore Content { get; }

    public FakeProbe[] Probes { get; }

    public LogCollector Logs { get; }

    public FakeHostNames Names { get; }

    public IServiceProvider Services => _app.Services;

    public Uri Address => new(_app.Urls.First());

    /// <summary>Every route with its methods, as the functions declare them.</summary>
    public static (string Method, string Route)[] Endpoints { get; } =
    [
        ("post", Routes.Jobs), ("get", Routes.Jobs), ("get", Routes.Job), ("delete", Routes.Job), ("get", Routes.JobResult),
        ("post", Routes.JobRetry), ("post", Routes.JobDiscard), ("get", Routes.DeadLetters), ("post", Routes.Drop), ("get", Routes.Usage),
        ("get", Routes.Callers), ("post", Routes.Callers), ("get", Routes.Caller), ("patch", Routes.Caller), ("delete", Routes.Caller),
        ("post", Routes.CallerRotate), ("post", Routes.CallerDisable), ("post", Routes.CallerEnable),
        ("get", Routes.Reports), ("get", Routes.Report), ("get", Routes.Me),
        ("post", Routes.Uploads), ("get", Routes.HealthLive), ("get", Routes.HealthReady), ("get", Routes.OpenApi),
    ];

    public static async Task<GatewayHost> StartAsync(
        Dictionary<string, string?>? settings = null,
        Action<IServiceCollection>? services = null,
        Action<IWebHostBuilder>? server = null,
        bool realProbes = false)
    {
        var time = new SteppedTime(new DateTimeOffset(2026, 3, 5, 12, 0, 0, TimeSpan.Zero));
        var jobs = new FakeJobService(time);
        var storage = new InMemoryStorage(time);
        var content = new FakeContentStore(storage.Content);
        FakeProbe[] probes = [new("first"), new("second")];
        var logs = new LogCollector();
        var names = new FakeHostNames();

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["FlashDrop:Callers:alice:KeyHashes:0"] = ApiKeys.Hash(AliceKey),
            ["FlashDrop:Callers:alice:TierPolicy"] = "beta",
            ["FlashDrop:Callers:bob:KeyHashes:0"] = ApiKeys.Hash(BobKey),
            ["FlashDrop:Callers:root:KeyHashes:0"] = ApiKeys.Hash(AdminKey),
            ["FlashDrop:Callers:root:Admin"] = "true",
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        if (server is null)
        {
            builder.WebHost.UseTestServer();
        }
        else
        {
            server(builder.WebHost);
        }

        builder.Logging.AddProvider(logs).SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddRouting();
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.Services.AddSingleton<IJobService>(jobs);
        builder.Services.AddSingleton<IContentStore>(content);
        builder.Services.AddSingleton<IDeadLetters>(new FakeDeadLetters(jobs));
        builder.Services.AddSingleton<IProfileNames, FakeProfileNames>();
        builder.Services.AddSingleton<IJobStore>(storage.Jobs);
        builder.Services.AddSingleton<ICallerStore>(storage.Callers);
        builder.Services.AddSingleton<IPriceBook, FlatPrices>();
        builder.Services.AddSingleton<IHostNames>(names);
        builder.Services.AddSingleton<UsageQuery>();
        services?.Invoke(builder.Services);
        builder.Services.AddFlashDropGateway(builder.Configuration);
        if (!realProbes)
        {
            builder.Services.RemoveAll<IHealthProbe>();
            foreach (var probe in probes)
            {
                builder.Services.AddSingleton<IHealthProbe>(probe);
            }
        }

        var app = builder.Build();
        app.UseRouting();
        app.MapPost(Routes.Jobs, (HttpRequest request, JobsApi api) => api.PostAsync(request));
        app.MapGet(Routes.Jobs, (HttpRequest request, JobsApi api) => api.ListAsync(request));
        app.MapGet(Routes.Job, (HttpRequest request, JobsApi api, string id) => api.GetAsync(request, id));
        app.MapDelete(Routes.Job, (HttpRequest request, JobsApi api, string id) => api.DeleteAsync(request, id));
        app.MapGet(Routes.JobResult, (HttpRequest request, JobsApi api, string id) => api.ResultAsync(request, id));
        app.MapPost(Routes.JobRetry, (HttpRequest request, DeadLettersApi api, string id) => api.RetryAsync(request, id));
        app.MapPost(Routes.JobDiscard, (HttpRequest request, DeadLettersApi api, string id) => api.DiscardAsync(request, id));
        app.MapGet(Routes.DeadLetters, (HttpRequest request, DeadLettersApi api) => api.ListAsync(request));
        app.MapPost(Routes.Drop, (HttpRequest request, DropsApi api, string profile, string name) => api.PostAsync(request, profile, name));
        app.MapGet(Routes.Usage, (HttpRequest request, UsageApi api) => api.GetAsync(request));
        app.MapGet(Routes.Reports, (HttpRequest request, ReportsApi api) => api.ListAsync(request));
        app.MapGet(Routes.Report, (HttpRequest request, ReportsApi api, string kind, string period, string file) => api.GetAsync(request, kind, period, file));
        app.MapGet(Routes.Callers, (HttpRequest request, CallersApi api) => api.ListAsync(request));
        app.MapPost(Routes.Callers, (HttpRequest request, CallersApi api) => api.PostAsync(request));
        app.MapGet(Routes.Caller, (HttpRequest request, CallersApi api, string name) => api.GetAsync(request, name));
        app.MapPatch(Routes.Caller, (HttpRequest request, CallersApi api, string name) => api.PatchAsync(request, name));
        app.MapDelete(Routes.Caller, (HttpRequest request, CallersApi api, string name) => api.DeleteAsync(request, name));
        app.MapPost(Routes.CallerRotate, (HttpRequest request, CallersApi api, string name) => api.RotateAsync(request, name));
        app.MapPost(Routes.CallerDisable, (HttpRequest request, CallersApi api, string name) => api.DisableAsync(request, name));
        app.MapPost(Routes.CallerEnable, (HttpRequest request, CallersApi api, string name) => api.EnableAsync(request, name));
        app.MapGet(Routes.Me, (HttpRequest request, MeApi api) => api.GetAsync(request));
        app.MapGet(DashboardRoutes.Root, (HttpRequest request, DashboardPages pages) => pages.RootAsync(request));
        app.MapGet(DashboardRoutes.Page, (HttpRequest request, DashboardPages pages) => pages.GetAsync(request, request.RouteValues["page"] as string ?? ""));
        app.MapPost(Routes.Uploads, (HttpRequest request, UploadsApi api) => api.PostAsync(request));
        app.MapGet(Routes.HealthLive, (HttpRequest request, HealthApi api) => api.LiveAsync(request));
        app.MapGet(Routes.HealthReady, (HttpRequest request, HealthApi api) => api.ReadyAsync(request));
        app.MapGet(Routes.OpenApi, (HttpRequest request, OpenApiDocument api) => api.GetAsync(request));
        await app.StartAsync(TestContext.Current.CancellationToken);

        // The first reading of the callers sets a timer: a test that steps to the timer set last would step to that one instead of its own.
        await app.Services.GetRequiredService<CallerDirectory>().ListAsync(TestContext.Current.CancellationToken);
        time.Forget();
        jobs.Observers.AddRange(app.Services.GetServices<IJobObserver>());
        return new GatewayHost(app, time, jobs, storage, content, probes, logs, names);
    }

    /// <summary>A client with a key, or none.</summary>
    public HttpClient Client(string? key = AliceKey)
    {
        var client = new HttpClient(new DocumentedAnswers(_app.GetTestServer().CreateHandler())) { BaseAddress = new Uri("http://gateway/") };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return client;
    }

    /// <summary>A client for the pages, which are no part of the documented API; redirects are not followed.</summary>
    public HttpClient Browser() => new(_app.GetTestServer().CreateHandler()) { BaseAddress = new Uri("http://gateway/") };

    /// <summary>Sends one request.</summary>
    public async Task<Reply> SendAsync(
        string method, string path, string? body = null, string? key = AliceKey, params (string Name, string Value)[] headers)
    {
        using var client = Client(key);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        foreach (var (name, value) in headers)
        {
            if (name is "Content-Type" or "Content-Encoding")
            {
                request.Content!.Headers.Remove(name);
                request.Content.Headers.TryAddWithoutValidation(name, value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await Reply.ReadAsync(await client.SendAsync(request, TestContext.Current.CancellationToken));
    }

    /// <summary>Lets the server side run for a moment.</summary>
    public static Task Settle() => Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>An answer, read.</summary>
internal sealed record Reply(HttpStatusCode StatusCode, HttpResponseHeaders Headers, string? MediaType, string Text)
{
    public int Status => (int)StatusCode;

    public JsonElement Json { get; } = MediaType?.EndsWith("json", StringComparison.Ordinal) == true ? JsonDocument.Parse(Text).RootElement : default;

    public string? this[string member] => Json.TryGetProperty(member, out var value) ? value.ToString() : null;

    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;

    public static async Task<Reply> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            return new Reply(response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType, text);
        }
    }
}

/// <summary>Holds every answer against the document.</summary>
internal sealed class DocumentedAnswers(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        var operation = ApiDocument.Find(request.Method.Method, request.RequestUri!.AbsolutePath);
        Assert.Contains(((int)response.StatusCode).ToString(), ApiDocument.StatusesOf(operation));
        Assert.Equal("nosniff", string.Join(',', response.Headers.GetValues("X-Content-Type-Options")));
        Assert.True(response.Headers.CacheControl?.NoStore);
        var mediaType = response.Content.Headers.ContentType?.MediaType;
        var documented = ApiDocument.MediaTypesOf(operation, (int)response.StatusCode);
        Assert.True(mediaType is null ? documented.Length == 0 : documented.Contains(mediaType), $"{mediaType} is not documented.");
        if (mediaType?.EndsWith("json", StringComparison.Ordinal) == true)
        {
            var body = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)).RootElement;
            ApiDocument.AssertMatches(body, ApiDocument.SchemaOf(operation, (int)response.StatusCode, mediaType), "$");
        }

        return response;
    }
}
