using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using FlashDrop.Simulator.Faults;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Simulator.Tests;

/// <summary>A simulator over real HTTP on loopback, with virtual time and a client that has a key.</summary>
internal sealed class Sim : IAsyncDisposable
{
    public const string Model = "gemini-2.5-flash";

    private Sim(SimulatorHost host, FakeTimeProvider time)
    {
        Host = host;
        Time = time;
        Http = new HttpClient { BaseAddress = host.BaseUrl, Timeout = TimeSpan.FromSeconds(60) };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "sk-test");
    }

    public SimulatorHost Host { get; }

    public FakeTimeProvider Time { get; }

    public HttpClient Http { get; }

    public static async Task<Sim> StartAsync(Func<SimulatorOptions, SimulatorOptions>? change = null)
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 11, 3, 9, 0, 0, TimeSpan.Zero));
        var options = new SimulatorOptions { Time = time };
        return new Sim(await SimulatorHost.StartAsync(change?.Invoke(options) ?? options), time);
    }

    public static Task<Sim> WithFaultAsync(FaultAction action, FaultMatch? match = null) =>
        StartAsync(o => o with { Faults = [new FaultRule { Match = match ?? new FaultMatch(), Action = action }] });

    public static JsonObject Ask(string text, params JsonObject[] media) => new()
    {
        ["contents"] = new JsonArray(new JsonObject
        {
            ["role"] = "user",
            ["parts"] = new JsonArray([.. media, new JsonObject { ["text"] = text }]),
        }),
    };

    public static JsonObject AskWith(string text, string generationConfig)
    {
        var ask = Ask(text);
        ask["generationConfig"] = JsonNode.Parse(generationConfig);
        return ask;
    }

    public static JsonObject Inline(string mimeType, byte[] bytes) => new()
    {
        ["inlineData"] = new JsonObject { ["mimeType"] = mimeType, ["data"] = Convert.ToBase64String(bytes) },
    };

    public static JsonObject Chat(string text) => new()
    {
        ["model"] = Model,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
    };

    public static HttpContent Json(JsonNode body) => new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");

    public Task<HttpResponseMessage> PostAsync(string path, JsonNode body, bool asynchronous = false, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body) };
        if (asynchronous)
        {
            request.Headers.Add("X-Async-Mode", "true");
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public Task<HttpResponseMessage> GenerateAsync(JsonNode body, string model = Model) => PostAsync($"/v1beta/models/{model}:generateContent", body);

    public Task<HttpResponseMessage> StreamAsync(JsonNode body) => PostAsync($"/v1beta/models/{Model}:streamGenerateContent?alt=sse", body);

    public async Task<JsonObject> AnswerAsync(JsonNode body, string model = Model)
    {
        using var response = await GenerateAsync(body, model);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        return await ReadAsync(response);
    }

    public async Task<string> SubmitTaskAsync(JsonNode body)
    {
        using var response = await PostAsync($"/v1beta/models/{Model}:generateContent", body, asynchronous: true);
        return (string)(await ReadAsync(response))["id"]!;
    }

    public async Task<JsonObject> ReadTaskAsync(string id)
    {
        using var response = await Http.GetAsync($"/v1/tasks/{id}");
        return await ReadAsync(response);
    }

    /// <summary>Submits, lets the task's time pass, and reads it.</summary>
    public async Task<JsonObject> FinishedTaskAsync(JsonNode body)
    {
        var id = await SubmitTaskAsync(body);
        Time.Advance(TimeSpan.FromSeconds(5));
        return await ReadTaskAsync(id);
    }

    public static async Task<JsonObject> ReadAsync(HttpResponseMessage response) =>
        (JsonObject)JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

    /// <summary>The events of a native stream, parsed.</summary>
    public async Task<List<JsonObject>> EventsAsync(JsonNode body)
    {
        using var response = await StreamAsync(body);
        return Events(await response.Content.ReadAsStringAsync(), "\r\n\r\n");
    }

    public static List<JsonObject> Events(string stream, string delimiter) =>
        [.. stream.Split(delimiter, StringSplitOptions.RemoveEmptyEntries)
            .Select(e => e["data: ".Length..])
            .Where(e => e is not "[DONE]")
            .Select(e => (JsonObject)JsonNode.Parse(e)!)];

    public static string Text(JsonNode answer) => string.Concat(
        ((answer["candidates"]?[0]?["content"]?["parts"] as JsonArray) ?? []).Where(p => (bool?)p!["thought"] != true).Select(p => (string?)p!["text"]));

    /// <summary>Waits, a bounded time, for something another thread does.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        for (var i = 0; i < 500 && !condition(); i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        Assert.True(condition(), "The condition did not come true in 10 s.");
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Host.DisposeAsync();
    }
}
