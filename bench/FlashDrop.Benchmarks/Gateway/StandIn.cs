using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Benchmarks.Gateway;

/// <summary>An upstream that costs next to nothing: reads the request to its end and answers with bytes it has ready.</summary>
internal static class StandIn
{
    public const int Events = 200;

    /// <summary>In a request: pause between the events of its stream.</summary>
    public const string Paced = "PACED";

    private const string Words = "The ferry leaves the harbour at nine and comes back before the evening tide sets in.";

    /// <summary>Tokens of an event's text.</summary>
    private const int EventTokens = 20;

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(4);
    private static readonly byte[] Answer = Chunk(Words + Words + Words + Words, 4 * EventTokens, isLast: true);

    /// <summary>Every event has another text and counts what came before, as Google's do.</summary>
    private static readonly byte[][] Stream = [.. Enumerable.Range(1, Events).Select(i => Event($"{Words[(i % 20)..]} Ferry {i}.\n", i))];

    public static async Task ServeAsync(HttpContext context)
    {
        var (buffer, isPaced, read) = (new byte[16 * 1024], false, 0);
        while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            isPaced |= buffer.AsSpan(0, read).IndexOf("PACED"u8) >= 0;
        }

        var response = context.Response;
        if (!context.Request.Path.Value!.EndsWith("streamGenerateContent", StringComparison.Ordinal))
        {
            response.ContentType = "application/json";
            response.ContentLength = Answer.Length;
            await response.Body.WriteAsync(Answer, context.RequestAborted);
            return;
        }

        response.ContentType = "text/event-stream";
        for (var i = 1; i <= Events; i++)
        {
            if (isPaced)
            {
                await Task.Delay(Pace, TimeProvider.System, context.RequestAborted);
            }

            await response.Body.WriteAsync(isPaced && i < Events ? Stamped(i) : Stream[i - 1], context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static byte[] Stamped(int number) => Event($"t={Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture)}; {Words}", number);

    private static byte[] Event(string text, int number) => [.. "data: "u8, .. Chunk(text, number * EventTokens, number == Events), .. "\r\n\r\n"u8];

    private static byte[] Chunk(string text, int tokens, bool isLast) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        candidates = new[] { new Candidate(new { parts = new[] { new { text } }, role = "model" }, isLast ? "STOP" : null, 0) },
        usageMetadata = new
        {
            promptTokenCount = 12,
            candidatesTokenCount = tokens,
            totalTokenCount = 12 + tokens,
            promptTokensDetails = new[] { new { modality = "TEXT", tokenCount = 12 } },
        },
        modelVersion = "gemini-2.5-flash",
        responseId = "bench",
    });

    private sealed record Candidate(
        [property: JsonPropertyName("content")] object Content,
        [property: JsonPropertyName("finishReason"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? FinishReason,
        [property: JsonPropertyName("index")] int Index);
}
