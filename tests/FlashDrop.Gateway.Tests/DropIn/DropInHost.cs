using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Keys;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Gateway.Callers;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Simulator;
using FlashDrop.Simulator.Faults;
using FlashDrop.Testing.Keys;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>The drop-in endpoints on a real socket, over the simulator on another one; storage in memory.</summary>
internal sealed class DropInHost : IAsyncDisposable
{
    public const string Key = "fd_client-key";
    public const string BetaKey = "fd_beta-key";
    public const string Ask = """{"contents":[{"role":"user","parts":[{"text":"What leaves the harbour?"}]}]}""";
    public const string Chat = """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"What leaves the harbour?"}]}""";
    public const string ChatStream = """{"model":"gemini-2.5-flash","stream":true,"messages":[{"role":"user","content":"What leaves the harbour?"}]}""";
    public const string Generate = "v1beta/models/gemini-2.5-flash:generateContent";
    public const string Stream = "v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";

    private readonly WebApplication _app;

    private DropInHost(WebApplication app, SimulatorHost upstream, InMemoryStorage storage, FakeHostNames names)
    {
        (_app, Upstream, Storage, Names) = (app, upstream, storage, names);
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public SimulatorHost Upstream { get; }

    public InMemoryStorage Storage { get; }

    public HttpClient Http { get; }

    public FakeHostNames Names { get; }

    public Uri Address => new(_app.Urls.First());

    public IServiceProvider Services => _app.Services;

    /// <summary>The model of each generation the upstream was asked for, in order.</summary>
    public IReadOnlyList<string?> Asked => [.. Upstream.Requests.Where(r => r.Kind is RequestKind.Generate or RequestKind.Stream or RequestKind.Chat).Select(r => r.Model)];

    public static Task<DropInHost> StartAsync(Dictionary<string, string?>? settings = null, params FaultRule[] faults) => StartAsync(TimeProvider.System, settings, faults);

    /// <summary>With a clock of its own; the upstream keeps the system's.</summary>
    public static async Task<DropInHost> StartAsync(TimeProvider time, Dictionary<string, string?>? settings = null, params FaultRule[] faults)
    {
        var upstream = await SimulatorHost.StartAsync(new SimulatorOptions { Faults = faults }, TestContext.Current.CancellationToken);
        var storage = new InMemoryStorage(time);
        var names = new FakeHostNames();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["FlashDrop:Callers:client:KeyHashes:0"] = ApiKeys.Hash(Key),
            ["FlashDrop:Callers:thrifty:KeyHashes:0"] = ApiKeys.Hash(BetaKey),
            ["FlashDrop:Callers:thrifty:TierPolicy"] = "beta-then-standard",
            ["FlashDrop:Upstream:GenerateBaseUrl"] = upstream.BaseUrl.ToString(),
            ["FlashDrop:Upstream:TasksBaseUrl"] = upstream.BaseUrl.ToString(),
        });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services
            .AddSingleton(time)
            .AddSingleton<IJobStore>(storage.Jobs)
            .AddSingleton<IContentStore>(storage.Content)
            .AddSingleton<IWorkQueue>(storage.Queue)
            .AddSingleton<ICheckpointStore>(storage.Checkpoints)
            .AddSingleton<IIdempotencyStore>(storage.Idempotency)
            .AddSingleton<ICallerStore>(storage.Callers)
            .AddSingleton<IBudgetStore>(storage.Budgets)
            .AddSingleton<IKeyRing>(new FakeKeyRing("sk-upstream-secret"))
            .AddSingleton<IHostNames>(names)
            .AddSingleton<IHostLifetime, Quiet>();
        builder.Services.AddFlashDropCore(builder.Configuration);
        builder.Services.AddEvoLink(builder.Configuration);
        builder.Services.AddFlashDropGateway(builder.Configuration);
        builder.Services.AddFlashDropDropIn(builder.Configuration);

        var app = builder.Build();
        app.UseRouting();
        app.MapPost(Routes.NativeModel, (HttpRequest request, NativeApi api, string rest) => api.PostAsync(request, rest));
        app.MapPost(Routes.Model, (HttpRequest request, NativeApi api, string id) => api.PostAsync(request, id));
        app.MapGet(Routes.NativeModels, (HttpRequest request, NativeApi api) => api.ListAsync(request));
        app.MapGet(Routes.NativeModel, (HttpRequest request, NativeApi api, string rest) => api.GetAsync(request, rest));
        foreach (var route in (string[])[Routes.NativeCaches, Routes.NativeBatches, Routes.NativeFiles, Routes.NativeUploads])
        {
            app.Map(route, (HttpRequest request, NativeApi api) => api.UnsupportedAsync(request));
        }

        app.MapPost(Routes.ChatCompletions, (HttpRequest request, ChatApi api) => api.PostAsync(request));
        app.MapGet(Routes.Models, (HttpRequest request, ChatApi api) => api.ListAsync(request));
        app.MapGet(Routes.Model, (HttpRequest request, ChatApi api, string id) => api.GetAsync(request, id));
        app.MapGet(Routes.Task, (HttpRequest request, TasksApi api, string id) => api.GetAsync(request, id));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new DropInHost(app, upstream, storage, names);
    }

    /// <summary>Settings under which nothing waits long.</summary>
    public static Dictionary<string, string?> Fast(params (string Name, string Value)[] more)
    {
        Dictionary<string, string?> settings = new(StringComparer.Ordinal) { ["FlashDrop:Gateway:Relay:BaseDelay"] = "00:00:00.02" };
        foreach (var (name, value) in more)
        {
            settings[$"FlashDrop:Gateway:Relay:{name}"] = value;
        }

        return settings;
    }

    public async Task<Answer> PostAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await SendAsync(request, headers);
    }

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public async Task<Answer> SendAsync(HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        return await SendAsync(request);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request, params (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Waits until as many usage rows are stored.</summary>
    public async Task<IReadOnlyList<Core.Metering.UsageRecord>> UsageAsync(int count)
    {
        for (var i = 0; i < 1000 && Storage.Jobs.AllUsage().Count < count; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        return Storage.Jobs.AllUsage();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await Upstream.DisposeAsync();
    }

    private sealed class Quiet : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>An answer of the drop-in endpoints.</summary>
internal sealed record Answer(HttpStatusCode StatusCode, HttpResponseHeaders Headers, string? MediaType, string Text)
{
    public int Status => (int)StatusCode;

    public JsonElement Json => JsonDocument.Parse(Text).RootElement;

    /// <summary>The payloads of an event stream.</summary>
    public IReadOnlyList<string> Events =>
        [.. Text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => line["data: ".Length..])];

    public string? Header(string name) => Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
