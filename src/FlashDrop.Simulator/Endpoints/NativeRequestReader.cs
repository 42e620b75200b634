using System.Globalization;
using System.Text.Json;
using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Media;
using FlashDrop.Simulator.Wire;

namespace FlashDrop.Simulator.Endpoints;

/// <summary>Reads a native request as strictly as the real servers do.</summary>
internal sealed class NativeRequestReader(MediaIntake intake)
{
    private const string RoleMessage = "Please use a valid role: user, model.";

    public async Task<Ask> ReadAsync(string model, JsonElement root, RequestBody body, CancellationToken cancellationToken)
    {
        var fields = new FieldReader(
            root, "", "contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "safetySettings", "cachedContent");
        if (fields.Has("cachedContent"))
        {
            throw fields.Has("systemInstruction") || fields.Has("tools") || fields.Has("toolConfig")
                ? RefusedException.Google("Tool config, tools and system instruction should not be set in the request when using cached content.")
                : RefusedException.Google("CachedContent not found (or permission denied)", 403);
        }

        var turns = new List<Turn>();
        foreach (var content in fields.Items("contents"))
        {
            turns.Add(await ReadContentAsync(content, $"contents[{turns.Count}]", body, cancellationToken));
        }

        if (turns.Count == 0)
        {
            throw FieldReader.Invalid("contents is not specified");
        }

        if (turns[^1].Role is not "user")
        {
            throw FieldReader.Invalid("Please ensure that multiturn requests end with a user role or a function response.");
        }

        CheckSafetySettings(fields);
        var tools = NativeToolReader.Read(fields);
        var output = GenerationConfigReader.Read(model, fields, tools);
        return new Ask
        {
            Model = model,
            System = fields.Optional("systemInstruction") is { } system ? await ReadSystemAsync(system, body, cancellationToken) : "",
            Turns = turns,
            Output = output,
            Tools = tools,
        };
    }

    private async Task<string> ReadSystemAsync(JsonElement system, RequestBody body, CancellationToken cancellationToken)
    {
        var turn = await ReadContentAsync(system, "system_instruction", body, cancellationToken);
        return string.Join('\n', turn.Pieces.OfType<TextPiece>().Select(p => p.Text));
    }

    private async Task<Turn> ReadContentAsync(JsonElement content, string path, RequestBody body, CancellationToken cancellationToken)
    {
        var fields = new FieldReader(content, path, "role", "parts");
        var role = fields.Text("role");
        if (role is not ("user" or "model" or "function"))
        {
            throw FieldReader.Invalid(RoleMessage);
        }

        var pieces = new List<Piece>();
        foreach (var part in fields.Items("parts"))
        {
            pieces.Add(await ReadPartAsync(part, $"{path}.parts[{pieces.Count}]", body, cancellationToken));
        }

        return pieces.Count == 0
            ? throw FieldReader.Invalid($"Unable to submit request because it must include at least one parts field at '{path}'.")
            : new Turn(role is "model" ? "model" : "user", pieces);
    }

    private async Task<Piece> ReadPartAsync(JsonElement part, string path, RequestBody body, CancellationToken cancellationToken)
    {
        var fields = new FieldReader(
            part, path, "text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult",
            "videoMetadata", "thought", "thoughtSignature");
        string[] data = ["text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode", "codeExecutionResult"];
        var given = data.Where(fields.Has).ToList();
        if (given.Count != 1)
        {
            throw FieldReader.Invalid($"{path}: required oneof field 'data' must have one initialized field");
        }

        switch (given[0])
        {
            case "text":
                return new TextPiece(fields.Text("text")!);
            case "inlineData":
                var inline = new FieldReader(fields.Optional("inlineData")!.Value, $"{path}.inline_data", "mimeType", "data");
                return Windowed(fields, ReadInline(inline, body));
            case "fileData":
                var file = new FieldReader(fields.Optional("fileData")!.Value, $"{path}.file_data", "mimeType", "fileUri");
                return Windowed(fields, await intake.FetchAsync(MimeType(file), file.Text("fileUri") ?? "", cancellationToken));
            case "functionCall":
                var call = new FieldReader(fields.Optional("functionCall")!.Value, $"{path}.function_call", "id", "name", "args");
                return new FunctionPiece(Name(call), Struct(call, "args"), IsResult: false);
            case "functionResponse":
                var result = new FieldReader(
                    fields.Optional("functionResponse")!.Value, $"{path}.function_response", "id", "name", "response", "willContinue", "scheduling", "parts");
                return new FunctionPiece(Name(result), Struct(result, "response"), IsResult: true);
            default:
                return new FunctionPiece(given[0], fields.Optional(given[0])!.Value.GetRawText(), IsResult: false);
        }
    }

    private static Medium ReadInline(FieldReader fields, RequestBody body)
    {
        var mimeType = MimeType(fields);
        var bytes = body.Find(fields.Text("data") ?? "")?.Bytes
            ?? throw FieldReader.Invalid($"Invalid value at '{fields.Path("data")}' (TYPE_BYTES), Base64 decoding failed");
        return MediaIntake.Accept(mimeType, bytes, inline: true);
    }

    private static string MimeType(FieldReader fields) =>
        fields.Text("mimeType") ?? throw FieldReader.Invalid($"Unable to submit request because it must have a mimeType parameter at '{fields.Path("mime_type")}'.");

    private static string Name(FieldReader fields) =>
        fields.Text("name") is { Length: > 0 } name ? name : throw FieldReader.Invalid($"{fields.Path("name")}: Name cannot be empty.");

    private static string Struct(FieldReader fields, string name) =>
        fields.Optional(name) is not { } value ? "{}"
        : value.ValueKind == JsonValueKind.Object ? value.GetRawText()
        : throw FieldReader.Invalid($"Invalid value at '{fields.Path(name)}' (type.googleapis.com/google.protobuf.Struct)");

    private static MediumPiece Windowed(FieldReader part, Medium medium)
    {
        if (part.Optional("videoMetadata") is not { } metadata)
        {
            return new MediumPiece(medium, TimeSpan.Zero, null, 1);
        }

        var fields = new FieldReader(metadata, part.Path("video_metadata"), "startOffset", "endOffset", "fps");
        return new MediumPiece(
            medium, Offset(fields, "startOffset") ?? TimeSpan.Zero, Offset(fields, "endOffset"), fields.Number("fps", double.Epsilon, 24) ?? 1);
    }

    private static TimeSpan? Offset(FieldReader fields, string name) =>
        fields.Text(name) is not { } text ? null
        : text.EndsWith('s') && double.TryParse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 0 and < 1_000_000 ? TimeSpan.FromSeconds(seconds)
        : throw FieldReader.Invalid($"Invalid value at '{fields.Path(name)}' (type.googleapis.com/google.protobuf.Duration)");

    private static void CheckSafetySettings(FieldReader fields)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var setting in fields.Items("safetySettings"))
        {
            var rule = new FieldReader(setting, "safety_settings", "category", "threshold");
            var category = rule.OneOf(
                "category", "HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT",
                "HARM_CATEGORY_DANGEROUS_CONTENT", "HARM_CATEGORY_CIVIC_INTEGRITY");
            rule.OneOf("threshold", "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF");
            if (category is null || !seen.Add(category))
            {
                throw FieldReader.Invalid("element predicate failed: $.category in (HarmCategory), each at most once");
            }
        }
    }
}
