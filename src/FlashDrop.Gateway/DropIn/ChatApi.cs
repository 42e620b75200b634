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
        var (read, problem) = await BodyReader.ReadJsonAsync(request, _options.MaxRequestBytes, call.Left);
        if (read is null)
        {
            await call.RefuseAsync(DropInError.Of(problem!));
            return;
        }

        using var body = new EditedBody(read.Bytes, read);
        var urls = new InputUrls(_guard);
        var scan = ChatBodyScan.Read(body.Bytes.Span, _options.MaxJsonDepth, urls);
        if (scan is null || Check(scan) is not null)
        {
            await call.RefuseAsync(scan is null ? DropInError.Invalid("The body has to be a JSON object.", code: "invalid_json") : Check(scan)!);
            return;
        }

        if (_models.PolicyOf(scan.Model!, request.Headers[ModelCatalog.TierHeader], call.Caller) is not { } policy)
        {
            await call.RefuseAsync(UnknownTier());
            return;
        }

        var plan = new RelayPlan
        {
            Model = scan.Model!,
            Tiers = ModelCatalog.TiersOf(policy),
            Streams = scan.Streams,
            Urls = urls,
            Body = body,
            RequestTo = (tier, sent) => new RelayRequest(RelayRequest.ChatPath, () => body.Content(scan.EditsFor(_models.IdOf(tier)), sent)),
            Writer = new ChatEvents(scan.IncludesUsage),
            Estimate = () => new TokenCap(TokenEstimate.Cautious(scan), scan.MaxOutputTokens),
        };
        var isAsync = TasksApi.IsAsync(request);
        if (!scan.NeedsNative && !isAsync)
        {
            await _relay.RunAsync(call, plan);
            return;
        }

        var (native, error) = ChatToNative.Translate(body.Bytes, _options.MaxJsonDepth);
        if (native is null)
        {
            await call.RefuseAsync(error!);
        }
        else if (isAsync)
        {
            await _tasks.AcceptAsync(call, native, policy);
        }
        else
        {
            var translated = new EditedBody(native);
            await _relay.RunAsync(call, plan with
            {
                RequestTo = (tier, sent) => new RelayRequest(_models.PathOf(tier, scan.Streams), () => translated.Content([], sent)),
                Writer = new NativeToChat(scan.IncludesUsage, _time.GetUtcNow(), call.Id.ToString()),
            });
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

    private DropInError? Check(ChatBodyScan scan) => scan switch
    {
        { Model: null } => DropInError.Invalid("'model' is missing.", "model"),
        { Model: { } model } when !_models.Knows(model) => DropInError.UnknownModel(model),
        { HasMessages: false } => DropInError.Invalid("'messages' has to be an array of at least one message.", "messages"),
        _ => null,
    };
}
