using System.Text.Json;
using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Media;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>A chat request, read: what is asked, and how the answer is to be sent.</summary>
internal sealed record ChatRequest(Ask Ask, bool Streams, bool IncludesUsage);

/// <summary>Reads a request in OpenAI's format; refusals are in the gateway's own words and envelope.</summary>
internal sealed class ChatRequestReader(MediaIntake intake)
{
    public async Task<ChatRequest> ReadAsync(RequestBody body, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadFieldsAsync(body, cancellationToken);
        }
        catch (RefusedException e) when (e.Error.Form == BodyForm.Google)
        {
            throw new RefusedException(e.Error with { Form = BodyForm.EvoLink });
        }
    }

    private async Task<ChatRequest> ReadFieldsAsync(RequestBody body, CancellationToken cancellationToken)
    {
        var fields = new FieldReader(
            body.Root, "", "model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature", "top_p",
            "top_k", "frequency_penalty", "presence_penalty", "stop", "n", "seed", "logprobs", "top_logprobs", "reasoning_effort", "tools",
            "tool_choice", "parallel_tool_calls", "response_format", "user", "store", "metadata");
        CheckRanges(fields);
        var system = new List<string>();
        var turns = new List<Turn>();
        var index = 0;
        foreach (var message in fields.Items("messages"))
        {
            await ReadMessageAsync(new FieldReader(
                message, $"messages[{index++}]", "role", "content", "name", "tool_calls", "tool_call_id", "refusal", "reasoning_content"));
        }

        if (turns.Count == 0)
        {
            throw FieldReader.Invalid("messages must hold at least one user message");
        }

        var streamOptions = fields.Optional("stream_options") is { } options ? new FieldReader(options, "stream_options", "include_usage") : null;
        var (kind, schema) = Format(fields);
        return new ChatRequest(
            new Ask
            {
                Model = fields.Text("model")!,
                System = string.Join('\n', system),
                Turns = turns,
                Tools = Tools(fields),
                Output = new OutputRules
                {
                    MaxTokens = Tokens(fields, "max_completion_tokens") ?? Tokens(fields, "max_tokens") ?? GenerationConfigReader.MostOutputTokens,
                    ThinkingBudget = Effort(fields),
                    Kind = kind,
                    Schema = schema,
                    StopSequences = Stops(fields),
                },
            },
            fields.Flag("stream"),
            streamOptions?.Flag("include_usage") ?? false);

        async Task ReadMessageAsync(FieldReader message)
        {
            var role = message.OneOf("role", "system", "developer", "user", "assistant", "tool") ?? throw FieldReader.Invalid($"{message.Path("role")} is missing");
            var pieces = await ReadContentAsync(message, body, cancellationToken);
            if (role is "system" or "developer")
            {
                system.AddRange(pieces.OfType<TextPiece>().Select(p => p.Text));
                return;
            }

            if (role is "tool")
            {
                var id = message.Text("tool_call_id") ?? throw FieldReader.Invalid($"{message.Path("tool_call_id")} is missing");
                pieces = [new FunctionPiece(id, string.Join('\n', pieces.OfType<TextPiece>().Select(p => p.Text)), IsResult: true)];
            }

            pieces.AddRange(message.Items("tool_calls").Select(c => new FunctionPiece("call", c.GetRawText(), IsResult: false)));
            turns.Add(new Turn(role is "assistant" ? "model" : "user", pieces));
        }
    }

    private async Task<List<Piece>> ReadContentAsync(FieldReader message, RequestBody body, CancellationToken cancellationToken)
    {
        if (message.Optional("content") is not { } content)
        {
            return [];
        }

        if (content.ValueKind == JsonValueKind.String)
        {
            return [new TextPiece(content.GetString()!)];
        }

        var pieces = new List<Piece>();
        foreach (var part in message.Items("content"))
        {
            var fields = new FieldReader(part, message.Path($"content[{pieces.Count}]"), "type", "text", "image_url", "input_audio");
            pieces.Add(fields.OneOf("type", "text", "image_url", "input_audio") switch
            {
                "text" => new TextPiece(fields.Text("text") ?? ""),
                "image_url" when fields.Optional("image_url") is { } image =>
                    Whole(await ReadImageAsync(new FieldReader(image, fields.Path("image_url"), "url", "detail"), body, cancellationToken)),
                "input_audio" when fields.Optional("input_audio") is { } audio =>
                    Whole(ReadAudio(new FieldReader(audio, fields.Path("input_audio"), "data", "format"), body)),
                _ => throw FieldReader.Invalid($"{fields.Path("type")} names no part that is there"),
            });
        }

        return pieces;
    }

    private async Task<Medium> ReadImageAsync(FieldReader fields, RequestBody body, CancellationToken cancellationToken)
    {
        var url = fields.Text("url") ?? throw FieldReader.Invalid($"{fields.Path("url")} is missing");
        if (body.Find(url) is { } inline)
        {
            return inline.Bytes is { } bytes
                ? MediaIntake.Accept(inline.DeclaredType ?? "", bytes, inline: true)
                : throw FieldReader.Invalid($"{fields.Path("url")} is not valid base64");
        }

        var path = Uri.TryCreate(url, UriKind.Absolute, out var link) ? link.AbsolutePath : "";
        return await intake.FetchAsync(path.EndsWith(".png", StringComparison.OrdinalIgnoreCase) ? "image/png" : "image/jpeg", url, cancellationToken);
    }

    private static Medium ReadAudio(FieldReader fields, RequestBody body)
    {
        var type = fields.OneOf("format", "wav", "mp3") is "wav" ? "audio/wav" : "audio/mp3";
        return body.Find(fields.Text("data") ?? "")?.Bytes is { } bytes
            ? MediaIntake.Accept(type, bytes, inline: true)
            : throw FieldReader.Invalid($"{fields.Path("data")} is not valid base64");
    }

    private static MediumPiece Whole(Medium medium) => new(medium, TimeSpan.Zero, null, 1);

    private static void CheckRanges(FieldReader fields)
    {
        fields.Number("temperature", 0, 2);
        fields.Number("top_p", 0, 1);
        fields.Number("frequency_penalty", -2, 2);
        fields.Number("presence_penalty", -2, 2);
        fields.Whole("n", 1, 1);
    }

    private static int? Tokens(FieldReader fields, string name) => fields.Whole(name, 1, GenerationConfigReader.MostOutputTokens);

    private static int Effort(FieldReader fields) => fields.OneOf("reasoning_effort", "none", "minimal", "low", "medium", "high") switch
    {
        "none" => 0,
        "minimal" or "low" => 1024,
        "medium" => 8192,
        "high" => 24_576,
        _ => -1,
    };

    private static List<string> Stops(FieldReader fields) => fields.Optional("stop") switch
    {
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } many => [.. many.EnumerateArray().Select(s => s.GetString()!)],
        _ => [],
    };

    private static (OutputKind Kind, JsonElement? Schema) Format(FieldReader request)
    {
        if (request.Optional("response_format") is not { } format)
        {
            return (OutputKind.Text, null);
        }

        var fields = new FieldReader(format, "response_format", "type", "json_schema");
        return fields.OneOf("type", "text", "json_object", "json_schema") switch
        {
            "json_object" => (OutputKind.Json, null),
            "json_schema" when fields.Optional("json_schema") is { } named =>
                (OutputKind.Json, new FieldReader(named, "response_format.json_schema", "name", "schema", "strict", "description").Optional("schema")),
            "json_schema" => throw FieldReader.Invalid("response_format.json_schema is missing"),
            _ => (OutputKind.Text, null),
        };
    }

    private static ToolRules Tools(FieldReader request)
    {
        var functions = request.Items("tools").Select((tool, i) =>
        {
            var fields = new FieldReader(tool, $"tools[{i}]", "type", "function");
            var function = new FieldReader(fields.Optional("function") ?? default, $"tools[{i}].function", "name", "description", "parameters", "strict");
            return new FunctionOffer(function.Text("name") ?? throw FieldReader.Invalid($"{function.Path("name")} is missing"), function.Optional("parameters"));
        }).ToList();
        var rules = new ToolRules { Functions = functions, Json = request.Optional("tools")?.GetRawText() ?? "" };
        return request.Optional("tool_choice") switch
        {
            { ValueKind: JsonValueKind.String } word => rules with
            {
                Mode = request.OneOf("tool_choice", "auto", "none", "required") switch
                {
                    "none" => CallMode.None,
                    "required" => CallMode.Any,
                    _ => CallMode.Auto,
                },
            },
            { ValueKind: JsonValueKind.Object } named => rules with
            {
                Mode = CallMode.Any,
                Functions = [functions.Find(f => string.Equals(f.Name, ChosenName(named), StringComparison.Ordinal))
                    ?? throw FieldReader.Invalid($"tool_choice names no function on offer: {ChosenName(named)}")],
            },
            _ => rules,
        };
    }

    private static string? ChosenName(JsonElement choice) =>
        new FieldReader(choice, "tool_choice", "type", "function").Optional("function") is { } function
            ? new FieldReader(function, "tool_choice.function", "name").Text("name")
            : null;
}
