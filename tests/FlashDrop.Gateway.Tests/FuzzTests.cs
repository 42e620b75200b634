using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using FlashDrop.Core.Callers;
using FlashDrop.EvoLink.Relay;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Gateway.Jobs;
using FlashDrop.Gateway.Urls;
using FlashDrop.Testing.Fuzzing;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.Tests;

/// <summary>Request bodies, spoilt: each is taken, or refused with what is wrong, in bounded memory; no answer of the upstream breaks a translation.</summary>
public sealed class FuzzTests
{
    private const int MaxDepth = 64;

    private static readonly UrlGuard Guard = new([], allowLoopback: false);

    private static readonly string[] Words =
    [
        "\"prompt\":", "\"inputs\":", "\"kind\":", "\"url\"", "\"https://127.0.0.1/a.png\"", "\"data\":", "\"native\":", "\"contents\":", "\"parts\":", "\"inlineData\":",
        "\"fileData\":", "\"file_uri\":", "\"messages\":", "\"role\":", "\"system\"", "\"tool_calls\":", "\"image_url\":", "\"data:image/png;base64,AAAA\"", "\"response_format\":", "\"stream\":true",
        "\"tools\":", "\"candidates\":", "\"text\":", "\"functionCall\":", "\"usageMetadata\":", "\"tokenCount\":",
    ];

    private static readonly string[] Jobs =
    [
        """{"profile":"default","prompt":"What is the total?","tier":"beta","tags":{"a":"b"},"inputs":[{"kind":"blob","container":"inbox","name":"default/invoice.pdf"},{"kind":"text","text":"x"}]}""",
        """{"inputs":[{"kind":"inline","data":"iVBORw0KGgo=","mimeType":"image/png"},{"kind":"url","url":"https://files.example.com/a/standup.mp3"}],"generationConfig":{"temperature":0.5,"responseMimeType":"application/json","responseSchema":{"type":"OBJECT"}}}""",
        """{"contents":[{"role":"user","parts":[{"text":"x"},{"inlineData":{"mimeType":"image/png","data":"iVBORw0KGgo="}},{"fileData":{"fileUri":"https://files.example.com/a.pdf"}}]}],"tools":[{"functionDeclarations":[{"name":"f"}]}],"systemInstruction":{"parts":[{"text":"be brief"}]}}""",
        """{"native":{"contents":[{"parts":[{"text":"x"}]}]},"tags":{"a":"b"}}""",
    ];

    private static readonly string[] Chats =
    [
        """{"model":"gemini-2.5-flash","messages":[{"role":"system","content":"be brief"},{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0KGgo="}},{"type":"input_audio","input_audio":{"data":"AAAA","format":"mp3"}}]}],"stream":true,"stream_options":{"include_usage":true},"max_tokens":100}""",
        """{"model":"gemini-2.5-flash","messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},{"role":"tool","tool_call_id":"c","content":"7"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],"response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}},"n":1,"stop":["a"]}""",
    ];

    private static readonly string[] Answers =
    [
        """{"candidates":[{"finishReason":"STOP","index":0,"content":{"role":"model","parts":[{"text":"thinking","thought":true},{"text":"Two ships."},{"functionCall":{"name":"f","args":{"a":1}}}]}}],"usageMetadata":{"promptTokenCount":13120,"candidatesTokenCount":640,"thoughtsTokenCount":1210,"promptTokensDetails":[{"modality":"TEXT","tokenCount":3520},{"modality":"AUDIO","tokenCount":9600}]},"modelVersion":"gemini-2.5-flash","responseId":"Qk3m"}""",
        """{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":812}}""",
    ];

    [Fact]
    public void JobRequest_WhateverItIs_IsTakenOrToldWhatIsWrong()
    {
        var parser = new JobRequestParser(Guard, Options.Create(new GatewayOptions()));
        var alice = new Caller { Name = "alice" };
        Fuzz.Run(Fuzz.Spoilt(Jobs, Words), bytesPerByte: 400, input =>
        {
            var (job, problem) = parser.Parse(input, alice);
            return (job is null) == (problem is not null) && problem is null or { Status: 400, Code: "invalid_json" or "invalid_request", Remedy.Length: > 0 };
        });
    }

    [Fact]
    public void NativeRequest_WhateverItIs_IsScannedOrNoJson() => Fuzz.Run(
        Fuzz.Spoilt(Jobs[2..3], Words), bytesPerByte: 400, input => IsReadOrNoJson(() => _ = NativeBodyScan.Read(input, MaxDepth, new InputUrls(Guard))));

    [Fact]
    public void ChatRequest_WhateverItIs_IsTranslatedOrToldWhatIsWrongAndReadAlikeInPieces() => Fuzz.Run(
        Fuzz.Spoilt(Chats, Words),
        bytesPerByte: 600,
        input => IsReadOrNoJson(() =>
        {
            if (ChatBodyScan.Read(input, MaxDepth, new InputUrls(Guard)) is { } scan)
            {
                var pieces = new ChatBodyScan(MaxDepth, new InputUrls(Guard));
                pieces.Read(new ReadOnlySequence<byte>(input, 0, input.Length / 2), isLast: false);
                pieces.Read(new ReadOnlySequence<byte>(input).Slice(pieces.Position), isLast: true);
                Assert.Equivalent(scan.EditsFor("another"), pieces.EditsFor("another"), strict: true);
                Assert.Equal(scan.NeedsNative, pieces.NeedsNative);
                var (native, error) = ChatToNative.Translate(input, MaxDepth);
                Assert.True((native is null) == (error is not null));
            }
        }));

    [Fact]
    public void AnswerToAChat_WhateverItIs_IsTranslated() => Fuzz.Run(Fuzz.Spoilt(Answers, Words), bytesPerByte: 600, input =>
    {
        var scan = new AnswerScan();
        if (scan.Take(input) != PayloadKind.Chunk)
        {
            return true;
        }

        var pipe = new Pipe();
        var streamed = new NativeToChat(includesUsage: true, TimeProvider.System.GetUtcNow(), "id");
        streamed.Chunk(pipe.Writer, input, scan);
        streamed.End(pipe.Writer);
        var whole = new NativeToChat(includesUsage: true, TimeProvider.System.GetUtcNow(), "id").Whole(input, scan);
        return JsonElement.Parse(whole.Span).ValueKind == JsonValueKind.Object;
    });

    /// <summary>As the drop-in pipeline takes it: anything but these is a failure of ours.</summary>
    private static bool IsReadOrNoJson(Action read)
    {
        try
        {
            read();
        }
        catch (Exception exception) when (exception is JsonException || (exception is InvalidOperationException && exception.Source?.StartsWith("System.Text.Json", StringComparison.Ordinal) == true))
        {
            // Answered 400.
        }

        return true;
    }
}
