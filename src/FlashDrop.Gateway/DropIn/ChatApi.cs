using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Urls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// OpenAI's endpoints. Text and images go upstream in the caller's own format; sound, clips and documents in the native one, and the answer
/// comes back translated. Every method writes the answer and returns an empty result. Safe for concurrent use.
/// </summary>
public sealed class ChatApi
{
    private const WireFormat Format = WireFormat.OpenAi;

    private readonly DropInPipeline _pipeline;
    private readonly DropInRelay _relay;
    private readonly ModelCatalog _models;
    private readonly TasksApi _tasks;
    private readonly UrlGuard _guard;
    private readonly TimeProvider _time;
    private readonly GatewayOptions _options;

    internal ChatApi(
        DropInPipeline pipeline, DropInRelay relay, ModelCatalog models, TasksApi tasks, UrlGuard guard, TimeProvider time, IOptions<GatewayOptions> options)
    {
        (_pipeline, _relay, _models, _tasks, _guard, _time, _options) = (pipeline, relay, models, tasks, guard, time, options.Value);
    }

    /// <summary><c>POST</c> <see cref="Routes.ChatCompletions"/>.</summary>
    public Task<IResult> PostAsync(HttpRequest request) => _pipeline.RunAsync(request, Format, async call =>
    {
        var isAsync = TasksApi.IsAsync(request);
        if (!isAsync && ArrivingBody.Suits(request))
        {
            await ForwardArrivingAsync(call);
            return;
        }

        var (read, problem) = await BodyReader.ReadJsonAsync(request, _options.MaxRequestBytes, call.Left);
        if (read is null)
        {
            await call.RefuseAsync(DropInError.Of(problem!));
            return;
        }

        using var body = new EditedBody(read.Bytes, read);
        var urls = new InputUrls(_guard);
        if (ChatBodyScan.Read(body.Bytes, _options.MaxJsonDepth, urls) is not { } scan)
        {
            await call.RefuseAsync(DropInError.NoObject());
            return;
        }

        var (policy, error) = Check(call, scan);
        byte[]? native = null;
        if (error is null && (scan.NeedsNative || isAsync))
        {
            (native, error) = ChatToNative.Translate(body.Bytes, _options.MaxJsonDepth);
        }

        if (error is not null)
        {
            await call.RefuseAsync(error);
        }
        else if (isAsync)
        {
            await _tasks.AcceptAsync(call, native, policy!.Value);
        }
        else
        {
            var plan = Plan(scan, urls, scan.Model!, policy!.Value, body, (id, sent) => body.Content(scan.EditsFor(id), sent));
            await _relay.RunAsync(call, native is null ? plan : Translated(call, scan, plan, native));
        }
    });

    /// <summary><c>GET</c> <see cref="Routes.Models"/>: the models callers may name.</summary>
    public Task<IResult> ListAsync(HttpRequest request) => _pipeline.RunAsync(request, Format, call => NativeApi.WriteAsync(call, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        foreach (var name in _models.Names)
        {
            WriteModel(writer, name);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }));

    /// <summary><c>GET</c> <see cref="Routes.Model"/>: one model.</summary>
    /// <param name="request">The request.</param>
    /// <param name="id">The model's name, decoded.</param>
    public Task<IResult> GetAsync(HttpRequest request, string id) => _pipeline.RunAsync(request, Format, call =>
        _models.Knows(id) ? NativeApi.WriteAsync(call, writer => WriteModel(writer, id)) : call.RefuseAsync(DropInError.UnknownModel(id)));

    internal static DropInError UnknownTier() =>
        DropInError.Invalid($"The header {ModelCatalog.TierHeader} has to be {Jobs.TierPolicies.Known}.", ModelCatalog.TierHeader);

    private static void WriteModel(System.Text.Json.Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, name);
        writer.WriteString("object"u8, "model"u8);
        writer.WriteNumber("created"u8, 1_750_118_400);
        writer.WriteString("owned_by"u8, "google"u8);
        writer.WriteEndObject();
    }

    /// <summary>Sends a large request on while it arrives, from the moment its model is known until a part turns up that has to be translated.</summary>
    private async Task ForwardArrivingAsync(DropInCall call)
    {
        var urls = new InputUrls(_guard);
        var scan = new ChatBodyScan(_options.MaxJsonDepth, urls);
        using var body = new ArrivingBody(call.Request, _options.MaxRequestBytes, scan);
        await _relay.RunArrivingAsync(call, body, Begin, Finish);

        RelayPlan? Begin() =>
            scan.Model is { } model && _models.Knows(model.Value) && PolicyOf(call, model) is { } policy ? Arriving(model, policy) : null;

        (RelayPlan? Plan, DropInError? Error) Finish(RelayPlan? begun)
        {
            var (policy, error) = Check(call, scan);
            if (error is not null)
            {
                return (null, error);
            }

            var plan = begun ?? Arriving(scan.Model!, policy!.Value);
            if (!scan.NeedsNative)
            {
                return (plan, null);
            }

            using var whole = body.ToWhole();
            (var native, error) = ChatToNative.Translate(whole.Bytes, _options.MaxJsonDepth);
            return native is null ? (null, error) : (Translated(call, scan, plan, native), null);
        }

        RelayPlan Arriving(ModelName model, TierPolicy policy) => Plan(scan, urls, model, policy, body, (id, sent) => body.Content(sent, model.For(id)));
    }

    /// <summary>The plan for a request in the caller's own format.</summary>
    /// <param name="scan">What is asked for.</param>
    /// <param name="urls">What the upstream would fetch.</param>
    /// <param name="model">The model, as the caller names it.</param>
    /// <param name="policy">The tiers.</param>
    /// <param name="memory">The request's memory.</param>
    /// <param name="content">The body of a try for a model of the upstream.</param>
    private RelayPlan Plan(
        ChatBodyScan scan, InputUrls urls, ModelName model, TierPolicy policy, IDisposable memory, Func<string, Action, HttpContent> content) =>
        new()
        {
            Model = model.Value,
            Tiers = ModelCatalog.TiersOf(policy),
            Streams = () => scan.Streams,
            Urls = urls,
            Body = memory,
            RequestTo = (tier, sent) => new RelayRequest(RelayRequest.ChatPath, () => content(_models.IdOf(tier), sent)),
            Writer = () => new ChatEvents(scan.IncludesUsage),
            Estimate = () => new TokenCap(TokenEstimate.Cautious(scan), scan.MaxOutputTokens),
        };

    /// <summary>The same plan for the request in the native format.</summary>
    private RelayPlan Translated(DropInCall call, ChatBodyScan scan, RelayPlan plan, byte[] native)
    {
        var translated = new EditedBody(native);
        return plan with
        {
            RequestTo = (tier, sent) => new RelayRequest(_models.PathOf(tier, scan.Streams), () => translated.Content([], sent)),
            Writer = () => new NativeToChat(scan.IncludesUsage, _time.GetUtcNow(), call.Id.ToString()),
        };
    }

    /// <summary>The tiers a request may take, or what is wrong with it.</summary>
    private (TierPolicy? Policy, DropInError? Error) Check(DropInCall call, ChatBodyScan scan) => scan switch
    {
        { Model: null } => (null, DropInError.Invalid("'model' is missing.", "model")),
        { Model.Value: var model } when !_models.Knows(model) => (null, DropInError.UnknownModel(model)),
        { HasMessages: false } => (null, DropInError.Invalid("'messages' has to be an array of at least one message.", "messages")),
        _ => PolicyOf(call, scan.Model) is { } policy ? (policy, null) : (null, UnknownTier()),
    };

    private TierPolicy? PolicyOf(DropInCall call, ModelName model) => _models.PolicyOf(model.Value, call.Request.Headers[ModelCatalog.TierHeader], call.Caller);
}
