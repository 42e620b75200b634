using System.Text.Json.Nodes;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>What there is and what it costs: models, credits, prices.</summary>
internal sealed class CatalogEndpoints(SimulatorOptions options, UsageLedger ledger, FaultBook faults, Replies replies)
{
    private const string ModelsPrefix = "/v1beta/models/";
    private const int InputLimit = 1_048_576;

    public Task ServeModelsAsync(Exchange exchange) => ServeAsync(exchange, () => new JsonObject
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. options.Models.Select(m => new JsonObject
        {
            ["id"] = m,
            ["object"] = "model",
            ["owned_by"] = "google",
            ["supported_endpoint_types"] = new JsonArray("gemini", "openai"),
        })]),
    });

    public Task ServeNativeModelsAsync(Exchange exchange) => ServeAsync(exchange, () => new JsonObject
    {
        ["models"] = new JsonArray([.. options.Models.Select(NativeModel)]),
    });

    public Task ServeNativeModelAsync(Exchange exchange)
    {
        var model = exchange.Request.Path.Value![ModelsPrefix.Length..];
        exchange.Note(r => r with { Model = model });
        return ServeAsync(exchange, () => options.Models.Contains(model, StringComparer.Ordinal)
            ? NativeModel(model)
            : throw RefusedException.EvoLink(404, $"The model '{model}' does not exist", "model"));
    }

    public Task ServeCreditsAsync(Exchange exchange) => ServeAsync(exchange, () =>
    {
        var used = Math.Round(ledger.Report().CostUsd * Prices.CreditsPerUsd, 6);
        return new JsonObject
        {
            ["success"] = true,
            ["message"] = "",
            ["data"] = new JsonObject
            {
                ["user"] = new JsonObject { ["remaining_credits"] = options.Credits - used, ["used_credits"] = used },
                ["token"] = new JsonObject { ["remaining_credits"] = 0, ["used_credits"] = used, ["unlimited_credits"] = true },
            },
        };
    });

    /// <summary>Prices per 1,000 tokens, as the public catalogue has them.</summary>
    public Task ServePricingAsync(Exchange exchange) => ServeAsync(exchange, () => new JsonObject
    {
        ["success"] = true,
        ["data"] = new JsonArray([.. options.Models.SelectMany(m => Skus(m, Prices.Of(m)))]),
    });

    private async Task ServeAsync(Exchange exchange, Func<JsonObject> body)
    {
        exchange.Meet(faults.Pick(exchange.Record.Kind, exchange.Record.Model, prompt: null));
        if (!await replies.PlayAsync(exchange))
        {
            await replies.SendJsonAsync(exchange, body(), "answered");
        }
    }

    private static JsonObject NativeModel(string model) => new()
    {
        ["name"] = $"models/{model}",
        ["version"] = "001",
        ["displayName"] = model,
        ["inputTokenLimit"] = InputLimit,
        ["outputTokenLimit"] = GenerationConfigReader.MostOutputTokens,
        ["supportedGenerationMethods"] = new JsonArray("generateContent", "countTokens"),
    };

    private static IEnumerable<JsonObject> Skus(string model, Prices prices) =>
    [
        Sku(model, "input", prices.Input), Sku(model, "output", prices.Output), Sku(model, "cache_read", prices.Cached),
    ];

    private static JsonObject Sku(string model, string kind, decimal perMillion) => new()
    {
        ["sku_id"] = $"{model}-{kind}",
        ["sku_name"] = $"{model} {kind}",
        ["model_name"] = model,
        ["model_type"] = "text",
        ["billing_rule"] = "per_token",
        ["price_range"] = new JsonObject { ["min_usd"] = perMillion / 1000, ["max_usd"] = perMillion / 1000 },
        ["min_charge_uc"] = 0,
    };
}
