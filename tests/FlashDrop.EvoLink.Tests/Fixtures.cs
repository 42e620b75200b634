namespace FlashDrop.EvoLink.Tests;

/// <summary>Bodies in the documented forms.</summary>
internal static class Fixtures
{
    public const string Native =
        """
        {"candidates":[{"finishReason":"STOP","index":0,"content":{"role":"model","parts":[{"text":"thinking","thought":true},{"text":"Two "},{"text":"ships."}]}}],
         "usageMetadata":{"promptTokenCount":13120,"cachedContentTokenCount":2048,"candidatesTokenCount":640,"thoughtsTokenCount":1210,"totalTokenCount":14970,
         "promptTokensDetails":[{"modality":"TEXT","tokenCount":3520},{"modality":"AUDIO","tokenCount":9600}],"cacheTokensDetails":[{"modality":"TEXT","tokenCount":2048}],"trafficType":"ON_DEMAND"},
         "modelVersion":"gemini-2.5-flash","responseId":"Qk3m","createTime":"2026-11-03T09:12:44.120Z"}
        """;

    public const string OpenAi =
        """
        {"id":"chatcmpl-7f3a","object":"chat.completion","created":1793697164,"model":"gemini-2.5-flash","choices":[{"index":0,"finish_reason":"length",
         "message":{"role":"assistant","content":"Two ships.","reasoning_content":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"find","arguments":"{\"id\":7}"}}]}}],
         "usage":{"prompt_tokens":13,"completion_tokens":1891,"total_tokens":1904,"prompt_tokens_details":{"cached_tokens":4,"text_tokens":13,"audio_tokens":0},
         "completion_tokens_details":{"reasoning_tokens":1480},"input_tokens":0,"output_tokens":0,"input_tokens_details":null}}
        """;

    public const string PendingTask =
        """
        {"id":"task-unified-1793697164-k3v9x2ab","object":"text.generation.task","type":"text","model":"gemini-2.5-flash","status":"pending","progress":"0",
         "created":"1793697164","task_info":{"can_cancel":true,"estimated_time":20},"usage":{"billing_rule":"per_token","credits_reserved":0.42}}
        """;

    public const string Chunk1 =
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"The clip "}]},"index":0}],"usageMetadata":{"trafficType":"ON_DEMAND"},"modelVersion":"gemini-2.5-flash","responseId":"Qk3m"}""";

    public const string Chunk2 =
        """{"candidates":[{"content":{"role":"model","parts":[{"text":"shows a harbour — {\"q\"}."}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1806,"candidatesTokenCount":9,"thoughtsTokenCount":220,"totalTokenCount":2035},"modelVersion":"gemini-2.5-flash"}""";

    public const string StreamText = "The clip shows a harbour — {\"q\"}.";

    public const string ErrorEvent = """{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}""";

    public static string Sse(params IReadOnlyList<string> chunks) => string.Concat(chunks.Select(chunk => $"data: {chunk}\r\n\r\n"));
}
