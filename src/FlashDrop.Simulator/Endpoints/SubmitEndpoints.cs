using System.Text.Json;
using System.Text.Json.Nodes;
using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Recording;
using FlashDrop.Simulator.Tasks;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>The calls that make the model work: native, streamed, counting and chat; each may become a task.</summary>
internal sealed class SubmitEndpoints(
    SimulatorOptions options,
    FaultBook faults,
    NativeRequestReader nativeReader,
    ChatRequestReader chatReader,
    AnswerComposer composer,
    TaskStore tasks,
    UsageLedger ledger,
    IdempotencyStore idempotency,
    Replies replies,
    StreamReplies streams)
{
    private const string ModelsPrefix = "/v1beta/models/";

    public async Task ServeNativeAsync(Exchange exchange)
    {
        var (model, kind) = ParsePath(exchange.Request.Path.Value!);
        exchange.Note(r => r with { Kind = kind, Model = model });
        var body = await ReadBodyAsync(exchange);
        exchange.Meet(faults.Pick(kind, model, body.PromptText));
        if (await replies.PlayAsync(exchange))
        {
            return;
        }

        RequireModel(model);
        if (kind == RequestKind.CountTokens)
        {
            await CountAsync(exchange, model, body);
            return;
        }

        if (await IsReplayAsync(exchange, body))
        {
            return;
        }

        var ask = await nativeReader.ReadAsync(model, body.Root, body, exchange.CancellationToken);
        var framing = string.Equals(exchange.Request.Query["alt"], "sse", StringComparison.Ordinal) ? StreamFraming.NativeEvents : StreamFraming.NativeArray;
        await AnswerAsync(exchange, ask, new Delivery(kind == RequestKind.Stream, IsChat: false, IncludesUsage: true, framing));
    }

    public async Task ServeChatAsync(Exchange exchange)
    {
        var body = await ReadBodyAsync(exchange);
        var model = body.Root.ValueKind == JsonValueKind.Object && body.Root.TryGetProperty("model", out var named) && named.ValueKind == JsonValueKind.String
            ? named.GetString()!
            : "";
        exchange.Note(r => r with { Model = model });
        exchange.Meet(faults.Pick(RequestKind.Chat, model, body.PromptText));
        if (await replies.PlayAsync(exchange))
        {
            return;
        }

        RequireModel(model);
        if (await IsReplayAsync(exchange, body))
        {
            return;
        }

        var chat = await chatReader.ReadAsync(body, exchange.CancellationToken);
        await AnswerAsync(exchange, chat.Ask, new Delivery(chat.Streams, IsChat: true, chat.IncludesUsage, StreamFraming.ChatEvents));
    }

    private async Task AnswerAsync(Exchange exchange, Ask ask, Delivery delivery)
    {
        var fault = exchange.Fault;
        var answer = composer.Compose(ask, fault);
        exchange.Note(r => r with
        {
            AnswerId = answer.Id,
            Media = [.. ask.Media.Select(m => new MediumRecord(m.MimeType, m.Bytes, m.Sha256, m.Inline))],
        });
        if (exchange.Record.Async && fault?.IgnoreAsync is null)
        {
            var task = CreateTask(ask, answer, delivery.IsChat, fault);
            exchange.Note(r => r with { TaskId = task.Id });
            await SendAndKeepAsync(exchange, TaskWriter.Created(task), "task");
            return;
        }

        ledger.Charge(answer.Id, ask.Model, answer, answer.CreatedAt);
        if (delivery.Streams || (exchange.Record.Async && fault?.IgnoreAsync == IgnoreAsyncKind.Sse))
        {
            var chunks = delivery.IsChat
                ? ChatAnswerWriter.Chunks(answer, delivery.IncludesUsage)
                : NativeAnswerWriter.Chunks(answer, fault?.UsageEveryChunk == true);
            var framing = delivery is { Streams: false, IsChat: false } ? StreamFraming.NativeEvents : delivery.Framing;
            await streams.SendAsync(exchange, chunks, framing);
            return;
        }

        await SendAndKeepAsync(exchange, TaskResults.Whole(answer, delivery.IsChat), "answered");
    }

    private SimulatedTask CreateTask(Ask ask, ModelAnswer answer, bool isChat, FaultAction? fault)
    {
        var task = tasks.Create(ask, answer, isChat, fault);
        if (task.FailedCode is null)
        {
            ledger.Charge(task.Id, ask.Model, answer, task.CompletesAt, fault?.LostTask == true);
        }

        return task;
    }

    private async Task CountAsync(Exchange exchange, string model, RequestBody body)
    {
        var fields = new FieldReader(body.Root, "", "contents", "generateContentRequest");
        var request = fields.Optional("generateContentRequest") is { } full ? WithoutModel(full) : body.Root;
        var ask = await nativeReader.ReadAsync(model, request, body, exchange.CancellationToken);
        var tokens = PromptBlocks.Sum(PromptBlocks.Of(ask));
        await replies.SendJsonAsync(
            exchange, new JsonObject { ["totalTokens"] = tokens.Values.Sum(), ["promptTokensDetails"] = NativeAnswerWriter.Details(tokens) }, "answered");
    }

    private static JsonElement WithoutModel(JsonElement request)
    {
        var fields = JsonObject.Create(request) ?? throw FieldReader.Invalid("Invalid value at 'generate_content_request', an object is expected");
        fields.Remove("model");
        return JsonElement.Parse(fields.ToJsonString());
    }

    private async Task<bool> IsReplayAsync(Exchange exchange, RequestBody body)
    {
        if (!options.ReplaysIdempotencyKeys || exchange.Record.IdempotencyKey is not { } key)
        {
            return false;
        }

        switch (idempotency.Claim(key, body.Sha256))
        {
            case KeyState.OtherBody:
                throw Conflict("The idempotency key was used with another body");
            case KeyState.InProgress:
                throw Conflict("A request with this idempotency key is still running, or its answer was not kept");
            case KeyState.Answered answered:
                exchange.Response.Headers["idempotency-replayed"] = "true";
                await replies.SendJsonAsync(exchange, answered.Body, "replayed");
                return true;
            default:
                return false;
        }
    }

    private Task SendAndKeepAsync(Exchange exchange, JsonObject body, string outcome)
    {
        if (options.ReplaysIdempotencyKeys && exchange.Record.IdempotencyKey is { } key)
        {
            idempotency.Keep(key, body);
        }

        return replies.SendJsonAsync(exchange, body, outcome);
    }

    private static RefusedException Conflict(string message) =>
        new(new ApiError(409, message) { Code = "idempotency_conflict" });

    private void RequireModel(string model)
    {
        if (!options.Models.Contains(model, StringComparer.Ordinal))
        {
            throw RefusedException.EvoLink(404, $"The model '{model}' does not exist", "model");
        }
    }

    private static async Task<RequestBody> ReadBodyAsync(Exchange exchange)
    {
        var body = await RequestBodyReader.ReadAsync(exchange.Request, exchange.CancellationToken);
        exchange.Note(r => r with { BodySha256 = body.Sha256, BodyBytes = body.Bytes });
        return body;
    }

    /// <summary>Model names hold slashes, so the method is what follows the last colon.</summary>
    private static (string Model, RequestKind Kind) ParsePath(string path)
    {
        var rest = path[ModelsPrefix.Length..].Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        var colon = rest.LastIndexOf(':');
        var kind = (colon < 0 ? "" : rest[(colon + 1)..]) switch
        {
            "generateContent" => RequestKind.Generate,
            "streamGenerateContent" => RequestKind.Stream,
            "countTokens" => RequestKind.CountTokens,
            _ => throw RefusedException.EvoLink(404, $"No such method: {path}"),
        };
        return (rest[..colon], kind);
    }

    /// <summary>How the caller wants the answer delivered.</summary>
    private sealed record Delivery(bool Streams, bool IsChat, bool IncludesUsage, StreamFraming Framing);
}
