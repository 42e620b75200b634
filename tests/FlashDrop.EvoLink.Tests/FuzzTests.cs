using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Json;
using FlashDrop.EvoLink.Relay;
using FlashDrop.EvoLink.Responses;
using FlashDrop.EvoLink.Streaming;
using FlashDrop.EvoLink.Tasks;
using FlashDrop.Testing.Fuzzing;

namespace FlashDrop.EvoLink.Tests;

/// <summary>Everything the upstream may send, spoilt: each parser says something about it, in bounded memory, and never throws.</summary>
public sealed class FuzzTests
{
    private const int MaxFrame = 100_000;

    private static readonly ErrorContext Context = new(200, Secret: "sk-secret-key-of-the-test");

    private static readonly string[] Words =
    [
        "\"error\":", "\"code\":", "\"message\":", "\"candidates\":", "\"parts\":", "\"text\":", "\"usageMetadata\":", "\"promptTokenCount\":", "\"finishReason\":",
        "\"status\":", "\"completed\"", "\"failed\"", "\"results\":", "\"result_data\":", "\"data\":", "\"choices\":", "\"delta\":", "\"usage\":", "\"progress\":",
    ];

    private static readonly string[] Answers = [Fixtures.Native, Fixtures.OpenAi, Fixtures.Chunk1, Fixtures.Chunk2];

    private static readonly string[] Tasks =
    [
        Fixtures.PendingTask,
        $$"""{"id":"t1","status":"completed","progress":100,"results":[{{Fixtures.Native}}]}""",
        """{"id":"t1","status":"completed","results":["{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"x\"}]}}]}"]}""",
        """{"id":"t1","status":"completed","results":["https://example.com/results/t1.json"]}""",
        $$$"""{"id":"t1","status":"completed","result_data":{"response":{{{Fixtures.Native}}}},"usage":{"cost":"0.0123"}}""",
        """{"data":{"id":"t1","status":"failed","error":{"code":"service_error","message":"The provider failed"}}}""",
        """{"id":"t1","status":"completed","output":[{"text":"one"},{"text":"two"}]}""",
    ];

    private static readonly string[] Errors =
    [
        """{"error":{"code":429,"message":"Too many requests","type":"rate_limit","param":null,"fallback_suggestion":"wait"}}""",
        """[{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"},{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"PerDay"}]}]}}]""",
        """{"error":{"message":"no channel","type":"new_api_error","param":"","code":"no_available_channel","metadata":{"x":1}}}""",
        """{"error":"text","error_description":"more text"}""",
        """{"success":false,"code":"402","msg":"Not enough balance","data":null}""",
        "<html><head><title>502 Bad Gateway</title></head></html>",
        "data: {\"error\":{\"code\":503,\"message\":\"overloaded\"}}\n\n",
    ];

    private static readonly string[] Streams =
    [
        Fixtures.Sse(Fixtures.Chunk1, Fixtures.Chunk2),
        Fixtures.Sse(Fixtures.Chunk1, Fixtures.ErrorEvent),
        $"[{Fixtures.Chunk1},\n{Fixtures.Chunk2}]",
        $": ping\n\nevent: message\nid: 1\ndata: {Fixtures.Chunk1}\n\ndata: [DONE]\n\n",
        Fixtures.Sse("""{"id":"c","choices":[{"index":0,"delta":{"content":"Two "}}]}""", """{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":13}}""", "[DONE]"),
    ];

    [Fact]
    public void Stream_WhateverItIs_EndsInOneLastEvent() => Fuzz.Run(Fuzz.Spoilt(Streams, Words), bytesPerByte: 400, input =>
    {
        using var reading = new StreamReading(MaxFrame, long.MaxValue, Context);
        List<StreamEvent> events = [];
        var at = 0;
        while (at < input.Length && !reading.IsClosed)
        {
            var size = Math.Min(1 + (at * 7 % 61), input.Length - at);
            input.AsSpan(at, size).CopyTo(reading.GetMemory(size).Span);
            reading.Advance(input.AsSpan(at, size), events);
            at += size;
        }

        if (!reading.IsClosed)
        {
            reading.End(events);
        }

        // No more work than there are bytes, and exactly one end.
        return events.Count <= input.Length + 1 && events[^1] is StreamEvent.Finished or StreamEvent.Broken && events.Count(e => e is not StreamEvent.Chunk) == 1;
    });

    [Fact]
    public void RelayedStream_WhateverItIs_IsScannedToItsEnd() => Fuzz.Run(Fuzz.Spoilt(Streams, Words), bytesPerByte: 200, input =>
    {
        using var frames = new RelayFrames(MaxFrame);
        var scan = new AnswerScan();
        input.CopyTo(frames.GetMemory(input.Length));
        frames.Advance(input.Length);
        frames.Complete();
        var payloads = 0;
        while (frames.TryRead(out var frame))
        {
            scan.Take(frame.Payload.Span);
            payloads++;
        }

        return payloads <= input.Length + 1;
    });

    [Fact]
    public void RelayedBody_WhateverItIs_IsMergedOrLeft() => Fuzz.Run(
        Fuzz.Spoilt([.. Streams, .. Answers], Words), bytesPerByte: 400, input => AnswerScan.Merge(input, MaxFrame) is null or { Length: > 0 });

    [Fact]
    public void Body_WhateverItIs_IsATaskAnAnswerARefusalOrCut() => Fuzz.Run(
        Fuzz.Spoilt([.. Answers, .. Tasks, .. Errors, .. Streams], Words), bytesPerByte: 600, input => Reply.Classify(input, MaxFrame, Context) switch
        {
            Reply.Refusal { Error: var error } => IsTold(error),
            Reply.Cut { Error: var error } => IsTold(error),
            _ => true,
        });

    [Fact]
    public void Task_WhateverItIs_IsReadOrNot() => Fuzz.Run(Fuzz.Spoilt(Tasks, Words), bytesPerByte: 600, input =>
    {
        if (!JsonRead.TryParse(input, out var root))
        {
            return true;
        }

        if (TaskReader.TryReadTask(root, out var task, out var envelope))
        {
            _ = TaskReader.StateOf(task);
            return IsTold(ErrorReader.ReadTask(envelope, "unknown_error", Context.Secret, requestId: null));
        }

        return TaskReader.ReadResult(root, static _ => true) is TaskResult.Found or TaskResult.Linked or TaskResult.Nothing;
    });

    [Fact]
    public void TaskResult_WhateverItIs_IsAnAnswerALinkOrNothing() => Fuzz.Run(Fuzz.Spoilt(Tasks, Words), bytesPerByte: 600, input =>
        !JsonRead.TryParse(input, out var root) || TaskReader.ReadResult(root, static _ => true) is TaskResult.Found or TaskResult.Linked or TaskResult.Nothing);

    [Fact]
    public void Error_WhateverItIs_HasACodeAndAMessage_AndNoKey() => Fuzz.Run(
        Fuzz.Spoilt(Errors, [.. Words, Context.Secret!, "\"param\":", "\"request_id\":"]), bytesPerByte: 200, input => IsTold(ErrorReader.Read(input, Context)));

    /// <summary>What is kept of an error is short, and never the key.</summary>
    private static bool IsTold(UpstreamError error) =>
        IsClean(error.Code) && IsClean(error.Message) && (error.Param is null || IsClean(error.Param)) && (error.RequestId is null || IsClean(error.RequestId));

    private static bool IsClean(string text) => text.Length is > 0 and <= SecretMask.MaxMessage && !text.Contains(Context.Secret!, StringComparison.Ordinal);
}
