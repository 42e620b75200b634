using System.Text;
using FlashDrop.Core.Jobs;

namespace FlashDrop.Gateway.Tests;

/// <summary>What must be refused, each with the exact field and code it is refused with.</summary>
public sealed class HostileRequestTests
{
    private const string Png = "iVBORw0KGgo=";

    public static TheoryData<string, string, string> Fields => new()
    {
        // body, field, code
        { """{}""", "prompt", "missing_field" },
        { """{"inputs":[]}""", "prompt", "missing_field" },
        { """{"prompt":null}""", "prompt", "missing_field" },
        { """{"prompt":7}""", "prompt", "wrong_type" },
        { """{"prompt":" \n "}""", "prompt", "invalid_value" },
        { """{"promt":"x"}""", "promt", "unknown_field" },
        { """{"prompt":"x","model":"gemini"}""", "model", "unknown_field" },
        { """{"prompt":"x","profile":"../secrets"}""", "profile", "invalid_value" },
        { """{"prompt":"x","profile":"a/b"}""", "profile", "invalid_value" },
        { """{"prompt":"x","profile":"a\n"}""", "profile", "invalid_value" },
        { """{"prompt":"x","profile":""}""", "profile", "invalid_value" },
        { """{"prompt":"x","profile":["default"]}""", "profile", "wrong_type" },
        { """{"prompt":"x","tier":"gold"}""", "tier", "invalid_value" },
        { """{"prompt":"x","tier":"Standard"}""", "tier", "invalid_value" },
        { """{"prompt":"x","tier":1}""", "tier", "wrong_type" },
        { """{"prompt":"x","tags":[]}""", "tags", "wrong_type" },
        { """{"prompt":"x","tags":{"a":1}}""", "tags.a", "wrong_type" },
        { """{"prompt":"x","tags":{"":"v"}}""", "tags.", "invalid_value" },
        { """{"prompt":"x","tags":{"a":"line\nbreak"}}""", "tags.a", "invalid_value" },
        { """{"prompt":"x","tags":{"a":"$"}}""".Replace("$", new string('v', 257), StringComparison.Ordinal), "tags.a", "invalid_value" },
        { """{"prompt":"x","tags":{"$":"v"}}""".Replace("$", new string('n', 65), StringComparison.Ordinal), $"tags.{new string('n', 64)}…", "invalid_value" },
        { """{"prompt":"x","tags":{$}}""".Replace("$", string.Join(',', Enumerable.Range(0, 17).Select(i => $"\"t{i}\":\"v\"")), StringComparison.Ordinal), "tags", "invalid_value" },
        { """{"inputs":{}}""", "inputs", "wrong_type" },
        { $$"""{"inputs":[{{string.Join(',', Enumerable.Repeat("""{"kind":"text","text":"x"}""", 65))}}]}""", "inputs", "too_many_inputs" },
        { """{"inputs":["x"]}""", "inputs[0]", "wrong_type" },
        { """{"inputs":[{"text":"x"}]}""", "inputs[0].kind", "missing_field" },
        { """{"inputs":[{"kind":"file"}]}""", "inputs[0].kind", "invalid_value" },
        { """{"inputs":[{"kind":3}]}""", "inputs[0].kind", "wrong_type" },
        { """{"inputs":[{"kind":"text"}]}""", "inputs[0].text", "missing_field" },
        { """{"inputs":[{"kind":"text","text":"x","data":"y"}]}""", "inputs[0].data", "unknown_field" },
        { """{"inputs":[{"kind":"inline"}]}""", "inputs[0].data", "missing_field" },
        { """{"inputs":[{"kind":"inline","data":5}]}""", "inputs[0].data", "wrong_type" },
        { """{"inputs":[{"kind":"inline","data":""}]}""", "inputs[0].data", "invalid_value" },
        { """{"inputs":[{"kind":"inline","data":"a-b_"}]}""", "inputs[0].data", "invalid_base64" },
        { """{"inputs":[{"kind":"inline","data":"iVBORw0"}]}""", "inputs[0].data", "invalid_base64" },
        { $$"""{"inputs":[{"kind":"inline","data":"data:image/png;base64,{{Png}}"}]}""", "inputs[0].data", "invalid_base64" },
        { $$"""{"inputs":[{"kind":"inline","data":"{{Png}}","mimeType":"png"}]}""", "inputs[0].mimeType", "invalid_value" },
        { $$"""{"inputs":[{"kind":"inline","data":"{{Png}}","mimeType":"image/png\r\nx: y"}]}""", "inputs[0].mimeType", "invalid_value" },
        { $$"""{"inputs":[{"kind":"inline","data":"{{Png}}","name":"uploads/bob/x"}]}""", "inputs[0].name", "unknown_field" },
        { """{"inputs":[{"kind":"blob"}]}""", "inputs[0].name", "missing_field" },
        { """{"inputs":[{"kind":"blob","name":""}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"blob","name":"../results/a"}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"blob","name":"a/./b"}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"blob","name":"/a"}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"blob","name":"a\\b"}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"blob","name":"a\u0000b"}]}""", "inputs[0].name", "invalid_value" },
        { $$"""{"inputs":[{"kind":"blob","name":"{{new string('a', 1025)}}"}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"blob","container":"results","name":"a.json"}]}""", "inputs[0].name", "forbidden_blob" },
        { """{"inputs":[{"kind":"blob","container":"requests","name":"01/body.json"}]}""", "inputs[0].name", "forbidden_blob" },
        { """{"inputs":[{"kind":"blob","container":"requests","name":"uploads/bob/1/a.png"}]}""", "inputs[0].name", "forbidden_blob" },
        { """{"inputs":[{"kind":"blob","container":"requests","name":"uploads/alice2/1/a.png"}]}""", "inputs[0].name", "forbidden_blob" },
        { """{"inputs":[{"kind":"blob","container":"requests","name":"uploads/alice/../bob/a.png"}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"url"}]}""", "inputs[0].url", "missing_field" },
        { """{"inputs":[{"kind":"url","url":"http://example.com/a.png"}]}""", "inputs[0].url", "forbidden_url" },
        { """{"inputs":[{"kind":"url","url":"https://169.254.169.254/a.png"}]}""", "inputs[0].url", "forbidden_url" },
        { """{"inputs":[{"kind":"url","url":"https://example.com/noextension"}]}""", "inputs[0].url", "invalid_value" },
        { """{"inputs":[{"kind":"url","url":"https://alice:key@account.blob.core.windows.net/inbox/a.png?sig=x"}]}""", "inputs[0].url", "forbidden_url" },
        { """{"inputs":[{"kind":"url","url":"https://account.blob.core.windows.net@10.0.0.1/inbox/a.png?sig=x"}]}""", "inputs[0].url", "forbidden_url" },
        { """{"inputs":[{"kind":"blob","container":"requests","name":"https://account.blob.core.windows.net/requests/uploads/bob/1/a.png?sig=x"}]}""", "inputs[0].name", "invalid_value" },
        { """{"inputs":[{"kind":"blob","container":"requests","name":"uploads/bob/1/a.png?sv=2025&sig=x"}]}""", "inputs[0].name", "forbidden_blob" },
        { """{"inputs":[{"kind":"blob","container":"inbox?sv=2025&sig=x","name":"a.png"}]}""", "inputs[0].name", "forbidden_blob" },
        { $$"""{"inputs":[{{string.Join(',', Enumerable.Range(0, 33).Select(i => $$$"""{"kind":"url","url":"https://h{{{i}}}.example.com/a.png"}"""))}}]}""", "inputs[32].url", "too_many_hosts" },
        { """{"inputs":[{"kind":"text","text":"x"},{"kind":"url","url":"file:///etc/passwd"}]}""", "inputs[1].url", "forbidden_url" },
        { """{"prompt":"x","generationConfig":[]}""", "generationConfig", "wrong_type" },
        { """{"prompt":"x","generationConfig":{"temperature":"0.2"}}""", "generationConfig.temperature", "wrong_type" },
        { """{"prompt":"x","generationConfig":{"temperature":2.1}}""", "generationConfig.temperature", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"temperature":1e999}}""", "generationConfig.temperature", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"topP":-0.1}}""", "generationConfig.topP", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"topK":1.5}}""", "generationConfig.topK", "wrong_type" },
        { """{"prompt":"x","generationConfig":{"maxOutputTokens":0}}""", "generationConfig.maxOutputTokens", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"max_output_tokens":65537}}""", "generationConfig.maxOutputTokens", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"topK":1,"top_k":2}}""", "generationConfig.top_k", "duplicate_field" },
        { """{"prompt":"x","generationConfig":{"candidateCount":2}}""", "generationConfig.candidateCount", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"stopSequences":["a","b","c","d","e","f"]}}""", "generationConfig.stopSequences", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"stopSequences":[null]}}""", "generationConfig.stopSequences", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"thinkingConfig":{"thinkingBudget":-2}}}""", "generationConfig.thinkingConfig.thinkingBudget", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"thinkingConfig":{"thinkingLevel":"most"}}}""", "generationConfig.thinkingConfig.thinkingLevel", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"thinkingConfig":{"thinkingLevel":"low","thinkingBudget":1}}}""", "generationConfig.thinkingConfig.thinkingLevel", "conflicting_fields" },
        { """{"prompt":"x","generationConfig":{"responseSchema":{}}}""", "generationConfig.responseMimeType", "invalid_value" },
        { """{"prompt":"x","generationConfig":{"responseSchema":"s","responseMimeType":"application/json"}}""", "generationConfig.responseSchema", "wrong_type" },
        { """{"prompt":"x","generationConfig":{"responseSchema":{},"responseJsonSchema":{},"responseMimeType":"application/json"}}""", "generationConfig.responseJsonSchema", "conflicting_fields" },
        { """{"prompt":"x","native":{"contents":[{"parts":[{"text":"x"}]}]}}""", "prompt", "conflicting_fields" },
        { """{"native":"x"}""", "native", "wrong_type" },
        { """{"native":{}}""", "native.contents", "missing_field" },
        { """{"native":{"contents":[]}}""", "native.contents", "wrong_type" },
        { """{"contents":{}}""", "contents", "wrong_type" },
        { """{"contents":["x"]}""", "contents[0]", "wrong_type" },
        { """{"contents":[{"role":"user"}]}""", "contents[0].parts", "missing_field" },
        { """{"contents":[{"role":1,"parts":[{"text":"x"}]}]}""", "contents[0].role", "wrong_type" },
        { """{"contents":[{"parts":[]}]}""", "contents[0].parts", "wrong_type" },
        { """{"contents":[{"parts":["x"]}]}""", "contents[0].parts[0]", "wrong_type" },
        { """{"contents":[{"parts":[{"text":1}]}]}""", "contents[0].parts[0].text", "wrong_type" },
        { """{"contents":[{"parts":[{"inlineData":"x"}]}]}""", "contents[0].parts[0].inlineData", "wrong_type" },
        { """{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png"}}]}]}""", "contents[0].parts[0].inlineData.data", "missing_field" },
        { """{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"!"}}]}]}""", "contents[0].parts[0].inline_data.data", "invalid_base64" },
        { """{"contents":[{"parts":[{"inlineData":{"data":"iVBORw0KGgo=","input":0}}]}]}""", "contents[0].parts[0].inlineData.input", "unknown_field" },
        { """{"contents":[{"parts":[{"fileData":{"fileUri":"gs://bucket/a.png"}}]}]}""", "contents[0].parts[0].fileData.fileUri", "forbidden_url" },
        { """{"contents":[{"parts":[{"fileData":{"mimeType":"image/png"}}]}]}""", "contents[0].parts[0].fileData.fileUri", "missing_field" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"model":"gemini-2.5-pro"}""", "model", "unknown_field" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"tags":{}}""", "tags", "unknown_field" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"tools":{}}""", "tools", "wrong_type" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"system_instruction":"be brief"}""", "system_instruction", "wrong_type" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"generation_config":{"topP":2}}""", "generation_config.topP", "invalid_value" },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task UnusableField_IsNamedWithItsCodeAndARemedy(string body, string field, string code)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", body);

        Assert.Equal(400, reply.Status);
        Assert.Equal("application/problem+json", reply.MediaType);
        Assert.Equal("invalid_request", reply["code"]);
        var error = Assert.Single(reply.Json.GetProperty("errors").EnumerateArray());
        Assert.Equal((field, code), (error.GetProperty("field").GetString(), error.GetProperty("code").GetString()));
        Assert.NotEmpty(error.GetProperty("remedy").GetString()!);
        Assert.Empty(host.Jobs.Accepted);
    }

    public static TheoryData<string, string, string> InwardHosts => new()
    {
        // body, field, host
        { """{"inputs":[{"kind":"url","url":"https://inward.example.com/a.png?sig=SECRET"}]}""", "inputs[0].url", "inward.example.com" },
        { """{"inputs":[{"kind":"url","url":"https://files.example.com/a.png"},{"kind":"url","url":"https://INWARD.example.com/b.png"}]}""", "inputs[1].url", "inward.example.com" },
        { """{"prompt":"x","inputs":[{"kind":"url","url":"https://both.example.com/a.png"}]}""", "inputs[0].url", "both.example.com" },
        { """{"prompt":"x","inputs":[{"kind":"url","url":"https://metadata.example.com./a.png"}]}""", "inputs[0].url", "metadata.example.com." },
        { """{"prompt":"x","inputs":[{"kind":"url","url":"https://xn--bcher-kva.example/a.png"}]}""", "inputs[0].url", "xn--bcher-kva.example" },
        { """{"native":{"contents":[{"parts":[{"text":"x"},{"file_data":{"file_uri":"https://inward.example.com/a.png"}}]}]}}""", "native.contents[0].parts[1].file_data.file_uri", "inward.example.com" },
        { """{"contents":[{"parts":{"fileData":{"fileUri":"https://inward.example.com/a.png"}}}]}""", "contents[0].parts.fileData.fileUri", "inward.example.com" },
        { """{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{},"parts":[{"fileData":{"fileUri":"https://inward.example.com/a.png"}}]}}]}]}""", "contents[0].parts[0].functionResponse.parts[0].fileData.fileUri", "inward.example.com" },
        { """{"contents":[{"parts":[{"text":"x"}]}],"systemInstruction":{"parts":[{"fileData":{"fileUri":"https://inward.example.com/a.png"}}]}}""", "systemInstruction.parts[0].fileData.fileUri", "inward.example.com" },
    };

    [Theory]
    [MemberData(nameof(InwardHosts))]
    public async Task UrlWhoseHostResolvesInward_IsRefusedWithoutSayingWhereTo(string body, string field, string named)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Names.Has("inward.example.com", "10.0.0.8").Has("both.example.com", "93.184.215.14", "fd00::8")
            .Has("metadata.example.com.", "169.254.169.254").Has("xn--bcher-kva.example", "127.0.0.1");

        var reply = await host.SendAsync("POST", "api/jobs", body);

        const string remedy = "Send a URL whose host is reachable from the public internet only, or send the file itself: inline, or by POST /api/uploads.";
        var message = $"The host '{named}' has an address that is not a public one.";
        Assert.Equal(
            (400, "invalid_request", "The request cannot be accepted as it is", $"{field}: {message}", remedy), (reply.Status, reply["code"], reply["title"], reply["detail"], reply["remedy"]));
        var error = Assert.Single(reply.Json.GetProperty("errors").EnumerateArray());
        Assert.Equal(
            (field, "forbidden_url", message, remedy),
            (error.GetProperty("field").GetString(), error.GetProperty("code").GetString(), error.GetProperty("message").GetString(), error.GetProperty("remedy").GetString()));
        Assert.Empty(host.Jobs.Accepted);
        Assert.DoesNotContain(host.Logs.Lines, line => line.Contains("SECRET", StringComparison.Ordinal) || line.Contains("10.0.0.8", StringComparison.Ordinal));
    }

    [Fact]
    public async Task UrlWhoseHostNobodyKnows_IsTheUpstreamsBusiness()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Names.Misses("nowhere.example.com");

        var reply = await host.SendAsync("POST", "api/jobs", """{"inputs":[{"kind":"url","url":"https://nowhere.example.com/a.png"}]}""");

        Assert.Equal(202, reply.Status);
        Assert.Equal(["nowhere.example.com"], host.Names.Asked);
    }

    [Fact]
    public async Task RequestWithoutUrls_AsksForNoName()
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", """{"prompt":"Read https://inward.example.com/a.png","inputs":[{"kind":"url","url":"https://8.8.8.8/a.png"}]}""");

        Assert.Equal(202, reply.Status);
        Assert.Empty(host.Names.Asked);
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "", "The body is empty." },
        { "nonsense", "line 1, byte 2" },
        { """{"prompt":"x",}""", "line 1, byte 15" },
        { "{\n\"prompt\":\"x\"", "line 2, byte" },
        { """{"prompt":"x"} {}""", "line 1, byte 16" },
        { """{"prompt":"x"/*c*/}""", "line 1, byte" },
        { """[{"prompt":"x"}]""", "not a JSON object" },
        { "null", "not a JSON object" },
        { "\"text\"", "not a JSON object" },
        { """{"prompt":"x","prompt":"y"}""", "repeats a member" },
        { """{"prompt":"x","tags":{"a":"1","a":"2"}}""", "repeats a member" },
        { """{"prompt":"\ud800"}""", "surrogate" },
        { """{"\udc00":1}""", "surrogate" },
        { """{"prompt":"x","generationConfig":{"responseSchema":{"deep":"\ud800"}}}""", "surrogate" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task MalformedBody_IsRefusedWithItsPlace(string body, string detail)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", body);

        Assert.Equal((400, "invalid_json"), (reply.Status, reply["code"]));
        Assert.Contains(detail, reply["detail"], StringComparison.Ordinal);
        Assert.Empty(host.Jobs.Accepted);
    }

    [Fact]
    public async Task NestingBeyondTheLimit_IsRefused()
    {
        await using var host = await GatewayHost.StartAsync();
        var deep = $"{string.Concat(Enumerable.Repeat("{\"a\":", 5000))}1{new string('}', 5000)}";

        var reply = await host.SendAsync("POST", "api/jobs", deep);

        Assert.Equal((400, "invalid_json"), (reply.Status, reply["code"]));
    }

    [Fact]
    public async Task InvalidUtf8_IsRefused()
    {
        await using var host = await GatewayHost.StartAsync();
        using var client = host.Client();
        using var content = new ByteArrayContent([.. """{"prompt":"""u8, (byte)'"', 0xC3, 0x28, (byte)'"', (byte)'}']);

        var reply = await Reply.ReadAsync(await client.PostAsync("api/jobs", content, TestContext.Current.CancellationToken));

        Assert.Equal((400, "invalid_json", "The body is not valid UTF-8."), (reply.Status, reply["code"], reply["detail"]));
    }

    [Fact]
    public async Task ManyMistakes_AreReportedTogetherUpToABound()
    {
        await using var host = await GatewayHost.StartAsync();
        var body = $$"""{"tier":"gold",{{string.Join(',', Enumerable.Range(0, 100).Select(i => $"\"x{i}\":1"))}}}""";

        var reply = await host.SendAsync("POST", "api/jobs", body);

        Assert.Equal(20, reply.Json.GetProperty("errors").GetArrayLength());
        Assert.Equal("tier", reply.Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    public static TheoryData<string, string> Formats => new()
    {
        { "Content-Type", "text/plain" },
        { "Content-Type", "application/x-www-form-urlencoded" },
        { "Content-Type", "application/json; charset=utf-16" },
        { "Content-Type", ";;;" },
        { "Content-Encoding", "gzip" },
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task UnsupportedFormat_Is415(string header, string value)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""", headers: [(header, value)]);

        Assert.Equal((415, "unsupported_media_type"), (reply.Status, reply["code"]));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/json; charset=UTF-8")]
    [InlineData("application/vnd.example+json")]
    public async Task JsonInAnyGuise_IsTaken(string contentType)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""", headers: [("Content-Type", contentType)]);

        Assert.Equal(202, reply.Status);
    }

    [Theory]
    [InlineData(1024, 202)]
    [InlineData(1025, 413)]
    public async Task StatedLength_IsHeldAgainstTheLimit(int length, int status)
    {
        await using var host = await GatewayHost.StartAsync(new() { ["FlashDrop:Gateway:MaxRequestBytes"] = "1024" });

        var reply = await host.SendAsync("POST", "api/jobs", BodyOf(length));

        Assert.Equal(status, reply.Status);
    }

    [Theory]
    [InlineData(1024, 202)]
    [InlineData(1025, 413)]
    [InlineData(1_000_000, 413)]
    public async Task ChunkedBody_IsCountedWhileRead(int length, int status)
    {
        await using var host = await GatewayHost.StartAsync(new() { ["FlashDrop:Gateway:MaxRequestBytes"] = "1024" });
        using var client = host.Client();
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/jobs") { Content = new StreamContent(new Unsized(BodyOf(length))) };
        request.Headers.TransferEncodingChunked = true;

        var reply = await Reply.ReadAsync(await client.SendAsync(request, TestContext.Current.CancellationToken));

        Assert.Equal(status, reply.Status);
        if (status == 413)
        {
            Assert.Equal("payload_too_large", reply["code"]);
            Assert.Contains("1024", reply["detail"], StringComparison.Ordinal);
            Assert.Contains("/api/uploads", reply["remedy"], StringComparison.Ordinal);
        }
    }

    public static TheoryData<string, string, int, string> Paths => new()
    {
        // method, path, status, code
        { "GET", "api/jobs/%2e%2e%2f%2e%2e%2fetc", 404, "job_not_found" },
        { "GET", "api/jobs/..%5c..%5cresults", 404, "job_not_found" },
        { "GET", "api/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV%0d%0aX-Injected:%201", 404, "job_not_found" },
        { "GET", "api/jobs/8ZZZZZZZZZZZZZZZZZZZZZZZZZ", 404, "job_not_found" },
        { "GET", "api/jobs/job:01ARZ3NDEKTSV4RRFFQ69G5FAV", 404, "job_not_found" },
        { "GET", "api/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV'%20or%20'1'%20eq%20'1", 404, "job_not_found" },
        { "GET", "api/jobs/%EF%BC%90%EF%BC%91ARZ3NDEKTSV4RRFFQ69G5FA", 404, "job_not_found" },
        { "GET", $"api/jobs/{new string('0', 4000)}", 404, "job_not_found" },
        { "DELETE", "api/jobs/*", 404, "job_not_found" },
        { "GET", "api/jobs/%20/result", 404, "job_not_found" },
        { "GET", "api/jobs?cursor=..%2f..%2fusage", 400, "invalid_request" },
        { "GET", "api/jobs?caller=bob", 403, "forbidden" },
        { "GET", "api/usage?caller=bob", 403, "forbidden" },
        { "GET", "api/reports/daily/..%2f..%2frequests/summary.json", 403, "forbidden" },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task PathOrQueryThatReachesFurther_IsAnsweredLikeAnyOther(string method, string path, int status, string code)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Jobs.Add("bob");

        var reply = await host.SendAsync(method, path);

        Assert.Equal((status, code), (reply.Status, reply["code"]));
        Assert.Null(reply.Header("X-Injected"));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("GET", "/result")]
    [InlineData("DELETE", "")]
    [InlineData("DELETE", "?erase=true")]
    [InlineData("POST", "/retry")]
    [InlineData("POST", "/discard")]
    public async Task AnothersJob_IsAnsweredLikeOneThatDoesNotExist(string method, string suffix)
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("bob", state: JobState.Failed);

        foreach (var id in (string[])[job.Id.ToString(), job.Id.ToString().ToLowerInvariant(), "01ARZ3NDEKTSV4RRFFQ69G5FAV"])
        {
            var reply = await host.SendAsync(method, $"api/jobs/{id}{suffix}");

            Assert.Equal((404, "job_not_found", "application/problem+json"), (reply.Status, reply["code"], reply.MediaType));
            Assert.DoesNotContain("bob", reply.Text, StringComparison.Ordinal);
        }

        Assert.Equal(JobState.Failed, host.Jobs.Current(job.Id).State);
    }

    [Theory]
    [InlineData("Idempotency-Key", "two words", "header.Idempotency-Key")]
    [InlineData("Idempotency-Key", "caf\u00e9", "header.Idempotency-Key")]
    [InlineData("Idempotency-Key", null, "header.Idempotency-Key")]
    public async Task UnusableHeader_IsNamed(string header, string? value, string field)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""", headers: [(header, value ?? new string('k', 5000))]);

        Assert.Equal((400, "invalid_request"), (reply.Status, reply["code"]));
        Assert.Equal(field, reply.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Empty(host.Jobs.Accepted);
    }

    [Theory]
    [InlineData("X-Original-URL", "/api/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV")]
    [InlineData("X-HTTP-Method-Override", "DELETE")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Prefix", "//evil.example")]
    [InlineData("Prefer", "wait=99999999999999999999")]
    [InlineData("Prefer", "wait=-1, wait=\"")]
    [InlineData("traceparent", "00-zz-\u0041")]
    [InlineData("If-None-Match", "*\"")]
    public async Task HeaderThatIsNoneOfOurs_ChangesNothing(string header, string value)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", """{"prompt":"x"}""", headers: [(header, value)]);

        Assert.Equal(202, reply.Status);
        Assert.StartsWith("/api/jobs/", reply.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("alice", Assert.Single(host.Jobs.Accepted).Caller);
    }

    private static string BodyOf(int length) => $$"""{"prompt":"{{new string('x', length - 13)}}"}""";

    /// <summary>A stream that does not tell its length, so that the client sends chunks.</summary>
    private sealed class Unsized(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override bool CanSeek => false;
    }
}
