using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Benchmarks.Gateway;

/// <summary>An upstream that costs next to nothing: reads the request to its end and answers with bytes it has ready.</summary>
internal static class StandIn
{
    public const int Events = 200;

    /// <summary>In a request: pause between the events of its stream.</summary>
    public const string Paced = "PACED";

    private const string Words = "The ferry leaves the harbour at nine and comes back before the evening tide sets in.";

    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(4);
    private static readonly byte[] Answer = Chunk(Words + Words + Words + Words, "\"finishReason\":\"STOP\",");
    private static readonly byte[] Event = [.. "data: "u8, .. Chunk(Words, ""), .. "\r\n\r\n"u8];
    private static readonly byte[] LastEvent = [.. "data: "u8, .. Chunk(Words, "\"finishReason\":\"STOP\","), .. "\r\n\r\n"u8];

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

            await response.Body.WriteAsync(i == Events ? LastEvent : isPaced ? Stamped() : Event, context.RequestAborted);
            await response.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static byte[] Stamped() =>
        [.. "data: "u8, .. Chunk($"t={Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture)}; {Words}", ""), .. "\r\n\r\n"u8];

    private static byte[] Chunk(string text, string finish) => Encoding.UTF8.GetBytes(
        $$$"""{"candidates":[{"content":{"parts":[{"text":"{{{text}}}"}],"role":"model"},{{{finish}}}"index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":20,"totalTokenCount":32,"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]},"modelVersion":"gemini-2.5-flash","responseId":"bench"}""");
}
