using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>The levers behind the scenes: faults, keys, the log and the ledger. No key is asked for; nothing here is part of the upstream.</summary>
internal sealed class ControlEndpoints(Simulation simulation)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/control/faults", c => WriteAsync(c, simulation.Faults.Rules, ControlJson.Default.IReadOnlyListFaultRule));
        routes.MapPost("/control/faults", c => ReadAsync(c, ControlJson.Default.FaultRuleArray, rules => simulation.Faults.Replace(rules)));
        routes.MapDelete("/control/faults", c => DoAsync(c, () => simulation.Faults.Replace([])));
        routes.MapGet("/control/log", c => WriteAsync(c, simulation.Log.Snapshot(), ControlJson.Default.IReadOnlyListRequestRecord));
        routes.MapGet("/control/usage", c => WriteAsync(c, simulation.Ledger.Report(), ControlJson.Default.UsageReport));
        routes.MapPost("/control/keys", c => ReadAsync(c, ControlJson.Default.StringArray, simulation.Keys.Replace));
        routes.MapPost("/control/reset", c => DoAsync(c, simulation.Reset));
    }

    private static Task WriteAsync<T>(HttpContext context, T value, JsonTypeInfo<T> type) =>
        context.Response.WriteAsJsonAsync(value, type, cancellationToken: context.RequestAborted);

    private static Task DoAsync(HttpContext context, Action action)
    {
        action();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static async Task ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, Action<T> apply)
        where T : class
    {
        try
        {
            apply(await JsonSerializer.DeserializeAsync(context.Request.Body, type, context.RequestAborted) ?? throw new JsonException("The body is null."));
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync(e.Message, context.RequestAborted);
        }
    }
}
