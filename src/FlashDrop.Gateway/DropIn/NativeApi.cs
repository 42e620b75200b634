using System.Text.Json;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.Http;
using FlashDrop.Gateway.Urls;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.DropIn;

/// <summary>
/// Google's native endpoints. Every method writes the answer, flushed event by event on a stream, and returns an empty result. Safe for
/// concurrent use.
/// </summary>
public sealed class NativeApi
{
    private const WireFormat Format = WireFormat.Native;

    private static readonly TimeSpan CountPatience = TimeSpan.FromSeconds(10);

    private readonly DropInPipeline _pipeline;
    private readonly DropInRelay _relay;
    private readonly IUpstreamRelay _upstream;
    private readonly ModelCatalog _models;
    private readonly TasksApi _tasks;
    private readonly UrlGuard _guard;
    private readonly InputHosts _hosts;
    private readonly TimeProvider _time;
    private readonly GatewayOptions _options;

    internal NativeApi(
        DropInPipeline pipeline,
        DropInRelay relay,
        IUpstreamRelay upstream,
        ModelCatalog models,
        TasksApi tasks,
        UrlGuard guard,
        InputHosts hosts,
        TimeProvider time,
        IOptions<GatewayOptions> options)
    {
        (_pipeline, _relay, _upstream, _models, _tasks) = (pipeline, relay, upstream, models, tasks);
        (_guard, _hosts, _time, _options) = (guard, hosts, time, options.Value);
    }

    /// <summary><c>POST</c> <see cref="Routes.NativeModel"/> or <see cref="Routes.Model"/>: <c>{model}:generateContent</c>, <c>:streamGenerateContent</c> or <c>:countTokens</c>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="rest">What follows <c>models/</c>, decoded.</param>
    public Task<IResult> PostAsync(HttpRequest request, string rest) => _pipeline.RunAsync(request, Format, async call =>
    {
        // A model's name may hold slashes, and on some routes colons: the method follows the last one.
        var colon = rest.LastIndexOf(':');
        var (model, method) = colon < 0 ? (Plain(rest), "") : (Plain(rest[..colon]), rest[(colon + 1)..]);
        if (method is not ("generateContent" or "streamGenerateContent" or "countTokens"))
        {
            await call.RefuseAsync(new DropInError(
                StatusCodes.Status404NotFound, "unknown_method", "The methods here are generateContent, streamGenerateContent and countTokens."));
            return;
        }

        if (!_models.Knows(model))
        {
            await call.RefuseAsync(DropInError.UnknownModel(model));
            return;
        }

        if (_models.PolicyOf(model, call.Request.Headers[ModelCatalog.TierHeader], call.Caller) is not { } policy)
        {
            await call.RefuseAsync(ChatApi.UnknownTier());
            return;
        }

        var streams = method is "streamGenerateContent";
        var isAsync = TasksApi.IsAsync(request);
        var urls = new InputUrls(_guard);
        if (method is not "countTokens" && !isAsync && ArrivingBody.Suits(request))
        {
            var found = new NativeBodyScan(_options.MaxJsonDepth, urls);
            using var arriving = new ArrivingBody(request, _options.MaxRequestBytes, found);
            var plan = Plan(arriving, found, sent => arriving.Content(sent));
            await _relay.RunArrivingAsync(call, arriving, () => plan, _ => (plan, null));
            return;
        }

        var (read, problem) = await BodyReader.ReadJsonAsync(request, _options.MaxRequestBytes, call.Left);
        if (read is null)
        {
            await call.RefuseAsync(DropInError.Of(problem!));
            return;
        }

        using var body = new EditedBody(read.Bytes, read);
        if (NativeBodyScan.Read(body.Bytes, _options.MaxJsonDepth, urls, generates: method is not "countTokens") is not { } scan)
        {
            await call.RefuseAsync(DropInError.NoObject());
        }
        else if (method is "countTokens" && await _hosts.CheckAsync(urls, call.Left) is { } forbidden)
        {
            await call.RefuseAsync(DropInError.Of(Problem.InvalidRequest([forbidden])));
        }
        else if (method is "countTokens")
        {
            await CountAsync(call, ModelCatalog.TiersOf(policy)[^1], body, scan);
        }
        else if (isAsync)
        {
            await _tasks.AcceptAsync(call, body.Bytes, policy);
        }
        else
        {
            await _relay.RunAsync(call, Plan(body, scan, sent => body.Content(scan.Edits, sent)));
        }

        RelayPlan Plan(IDisposable memory, NativeBodyScan facts, Func<Action, HttpContent> content) => new()
        {
            Model = model,
            Tiers = ModelCatalog.TiersOf(policy),
            Streams = () => streams,
            Writer = () => request.Query["alt"] == "sse" || !streams ? new NativeEvents() : new NativeArray(),
            RequestTo = (tier, sent) => new RelayRequest(_models.PathOf(tier, streams), () => content(sent)),
            Estimate = () => new TokenCap(TokenEstimate.Cautious(facts), facts.MaxOutputTokens),
            Urls = urls,
            Body = memory,
        };
    });

    /// <summary><c>GET</c> <see cref="Routes.NativeModels"/>: the models callers may name.</summary>
    public Task<IResult> ListAsync(HttpRequest request) => _pipeline.RunAsync(request, Format, call =>
        WriteAsync(call, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("models"u8);
            foreach (var name in _models.Names)
            {
                WriteModel(writer, name);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }));

    /// <summary><c>GET</c> <see cref="Routes.NativeModel"/>: one model.</summary>
    /// <param name="request">The request.</param>
    /// <param name="rest">What follows <c>models/</c>, decoded.</param>
    public Task<IResult> GetAsync(HttpRequest request, string rest) => _pipeline.RunAsync(request, Format, call =>
        _models.Knows(Plain(rest)) ? WriteAsync(call, writer => WriteModel(writer, Plain(rest))) : call.RefuseAsync(DropInError.UnknownModel(Plain(rest))));

    /// <summary>Calls of Google's clients for which there is nothing here, such as <see cref="Routes.NativeCaches"/>: 501, saying what to do instead.</summary>
    /// <param name="request">The request.</param>
    public Task<IResult> UnsupportedAsync(HttpRequest request) => _pipeline.RunAsync(request, Format, call => call.RefuseAsync(new DropInError(
        StatusCodes.Status501NotImplemented,
        "unsupported",
        "This gateway has no caches, batches or stored files. Send media inline or as an https URL (POST /api/uploads takes large ones), and X-Async-Mode: true for work that may take its time.")));

    internal static async Task WriteAsync(DropInCall call, Action<Utf8JsonWriter> write)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        await using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer);
        }

        call.Response.ContentType = "application/json; charset=utf-8";
        call.Response.ContentLength = buffer.WrittenCount;
        await call.Response.Body.WriteAsync(buffer.WrittenMemory, call.Left);
    }

    private static string Plain(string name)
    {
        var trimmed = name.Trim('/');
        return trimmed.StartsWith("models/", StringComparison.Ordinal) ? trimmed["models/".Length..] : trimmed;
    }

    private static void WriteModel(Utf8JsonWriter writer, string name)
    {
        writer.WriteStartObject();
        writer.WriteString("name"u8, $"models/{name}");
        writer.WriteString("version"u8, "001"u8);
        writer.WriteString("displayName"u8, name);
        writer.WriteNumber("inputTokenLimit"u8, 1_048_576);
        writer.WriteNumber("outputTokenLimit"u8, EvoLink.Generation.GenerationConfig.OutputTokenLimit);
        writer.WriteStartArray("supportedGenerationMethods"u8);
        writer.WriteStringValue("generateContent"u8);
        writer.WriteStringValue("streamGenerateContent"u8);
        writer.WriteStringValue("countTokens"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>The upstream's count when it gives one, which it does not promise; else ours, which says that it is one.</summary>
    private async Task CountAsync(DropInCall call, Tier tier, EditedBody body, NativeBodyScan scan)
    {
        if (await AskAsync(call, tier, body, scan) is { } count)
        {
            call.Response.ContentType = "application/json; charset=utf-8";
            call.Response.ContentLength = count.Length;
            await call.Response.Body.WriteAsync(count, call.Left);
            return;
        }

        call.Response.Headers["x-flashdrop-estimate"] = "true";
        await WriteAsync(call, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("totalTokens"u8, TokenEstimate.Likely(scan));
            writer.WriteBoolean("estimated"u8, true);
            writer.WriteEndObject();
        });
    }

    private async Task<byte[]?> AskAsync(DropInCall call, Tier tier, EditedBody body, NativeBodyScan scan)
    {
        using var patience = new Patience(_time, CountPatience, call.Left);
        try
        {
            var attempt = await _upstream.SendAsync(
                new RelayRequest(RelayRequest.NativePath(_models.IdOf(tier), "countTokens"), () => body.Content(scan.Edits)), patience.Token);
            using var response = attempt.Response;
            if (response is null)
            {
                return null;
            }

            await using var stream = await response.OpenAsync(patience.Token);
            var buffer = new byte[64 * 1024];
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, patience.Token);
            using var answer = JsonDocument.Parse(buffer.AsMemory(0, length));
            return answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty("totalTokens", out _) ? buffer[..length] : null;
        }
        catch (Exception exception) when (
            exception is IOException or HttpRequestException or JsonException
            || (exception is OperationCanceledException && !call.Left.IsCancellationRequested))
        {
            // The estimate serves as well.
            return null;
        }
    }
}
