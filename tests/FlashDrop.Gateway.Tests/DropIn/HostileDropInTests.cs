using System.Text;
using System.Text.Json;
using FlashDrop.Simulator.Faults;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>A host whose upstream must never be asked; several names point inward.</summary>
public sealed class HostileDropInHost : IAsyncLifetime
{
    public const int MaxRequestBytes = 64 * 1024;

    internal DropInHost Host { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Host = await DropInHost.StartAsync(new(StringComparer.Ordinal) { ["FlashDrop:Gateway:MaxRequestBytes"] = $"{MaxRequestBytes}" });
        Host.Names.Has("inward.example.com", "10.0.0.8").Has("both.example.com", "93.184.215.14", "fd00::8").Has("metadata.example.com", "169.254.169.254");
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>What the drop-in endpoints must refuse, each with its exact answer in both formats, and without asking the upstream.</summary>
public sealed class HostileDropInTests(HostileDropInHost fixture) : IClassFixture<HostileDropInHost>
{
    private const string Chat = "v1/chat/completions";
    private const string Count = "v1beta/models/gemini-2.5-flash:countTokens";
    private const string PublicUrl = "Send a public https URL that is readable without credentials, for example https://files.example.com/a/standup.mp3.";
    private const string PublicHost =
        "Send a URL whose host is reachable from the public internet only, or send the file itself: inline, or by POST /api/uploads.";

    public static TheoryData<string, string> ForbiddenUrls => new()
    {
        // url, what is said of it
        { "https://127.0.0.1/a.png", $"The host '127.0.0.1' is not a public one. {PublicUrl}" },
        { "https://127.1/a.png", $"The host '127.0.0.1' is not a public one. {PublicUrl}" },
        { "https://2130706433/a.png", $"The host '127.0.0.1' is not a public one. {PublicUrl}" },
        { "https://10.1.2.3/a.png", $"The host '10.1.2.3' is not a public one. {PublicUrl}" },
        { "https://172.16.0.1/a.png", $"The host '172.16.0.1' is not a public one. {PublicUrl}" },
        { "https://192.168.1.1/a.png", $"The host '192.168.1.1' is not a public one. {PublicUrl}" },
        { "https://100.64.0.1/a.png", $"The host '100.64.0.1' is not a public one. {PublicUrl}" },
        { "https://169.254.169.254/latest/meta-data.png", $"The host '169.254.169.254' is not a public one. {PublicUrl}" },
        { "https://168.63.129.16/a.png", $"The host '168.63.129.16' is not a public one. {PublicUrl}" },
        { "https://[::1]/a.png", $"The host '::1' is not a public one. {PublicUrl}" },
        { "https://[::ffff:10.0.0.1]/a.png", $"The host '::ffff:10.0.0.1' is not a public one. {PublicUrl}" },
        { "https://[fd00::1]/a.png", $"The host 'fd00::1' is not a public one. {PublicUrl}" },
        { "https://localhost/a.png", $"The host 'localhost' is not a public one. {PublicUrl}" },
        { "https://metadata.google.internal/a.png", $"The host 'metadata.google.internal' is not a public one. {PublicUrl}" },
        { "https://intranet/a.png", $"The host 'intranet' is not a public one. {PublicUrl}" },
        { "http://files.example.com/a.png", $"The URL's scheme is 'http'; only https is taken. {PublicUrl}" },
        { "file:///etc/passwd", $"The URL's scheme is 'file'; only https is taken. {PublicUrl}" },
        { "gs://bucket/a.png", $"The URL's scheme is 'gs'; only https is taken. {PublicUrl}" },
        { "https://files.example.com:8443/a.png", "Port 8443 is not allowed. Use one of these ports: 443." },
        { "https://files.example.com\\\\@10.0.0.1/a.png", $"This is not an absolute URL. {PublicUrl}" },
        { "//10.0.0.1/a.png", $"The URL's scheme is 'file'; only https is taken. {PublicUrl}" },

        // Signed URLs: what is signed is repeated to nobody.
        { "https://user:pass@files.example.com/a.png?sig=SECRET", "The URL holds credentials. Remove them; use a signed URL or upload the file instead." },
        { "https://account.blob.core.windows.net@10.0.0.1/a.png?sig=SECRET", "The URL holds credentials. Remove them; use a signed URL or upload the file instead." },
        { "https://10.0.0.1/a.png?sv=2025&sig=SECRET", $"The host '10.0.0.1' is not a public one. {PublicUrl}" },

        // Names that resolve inward, however many public addresses they have beside.
        { "https://inward.example.com/a.png?sig=SECRET", $"The host 'inward.example.com' has an address that is not a public one. {PublicHost}" },
        { "https://both.example.com/a.png", $"The host 'both.example.com' has an address that is not a public one. {PublicHost}" },
        { "https://METADATA.example.com/a.png", $"The host 'metadata.example.com' has an address that is not a public one. {PublicHost}" },
    };

    [Theory]
    [MemberData(nameof(ForbiddenUrls))]
    public async Task ForbiddenUrl_IsRefusedInBothFormats(string url, string said)
    {
        var native = await fixture.Host.PostAsync(DropInHost.Generate, $$$"""{"contents":[{"parts":[{"text":"x"},{"fileData":{"mimeType":"image/png","fileUri":"{{{url}}}"}}]}]}""");
        var chat = await fixture.Host.PostAsync(
            Chat, $$$"""{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"{{{url}}}"}}]}]}""");

        AssertNative(native, 400, "INVALID_ARGUMENT", "invalid_request", $"contents[0].parts[1].fileData.fileUri: {said}");
        AssertChat(chat, 400, "invalid_request_error", "invalid_request", "messages[0].content[0].image_url.url", $"messages[0].content[0].image_url.url: {said}");
        AssertNothingWasAsked();
    }

    public static TheoryData<string, string, string, bool> Places => new()
    {
        // path, body with {0} for the URL, field, as a job
        { DropInHost.Generate, """{"contents":[{"parts":[{"file_data":{"file_uri":"{0}"}}]}]}""", "contents[0].parts[0].fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":[{"parts":{"fileData":{"fileUri":"{0}"}}}]}""", "contents[0].parts.fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":{"parts":[{"fileData":{"fileUri":"{0}"}}]}}""", "contents.parts[0].fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":[{"parts":[{"text":"x"}]}],"systemInstruction":{"parts":[{"fileData":{"fileUri":"{0}"}}]}}""", "systemInstruction.parts[0].fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":[{"parts":[{"fileData":{"f\u0069leUri":"{0}"}}]}]}""", "contents[0].parts[0].fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":[{"parts":[{"fileData":{"fileUri":"https://files.example.com/a.png","fileUri":"{0}"}}]}]}""", "contents[0].parts[0].fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":[{"parts":[{"fileData":{"fileUri":"https://files.example.com/a.png"}}]},{"parts":[{"text":"x"},{"fileData":{"fileUri":"{0}"}}]}]}""", "contents[1].parts[1].fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{},"parts":[{"fileData":{"fileUri":"{0}"}}]}}]}]}""", "contents[0].parts[0].functionResponse.parts[0].fileData.fileUri", false },
        { DropInHost.Stream, """{"contents":[{"parts":[{"fileData":{"fileUri":"{0}"}}]}]}""", "contents[0].parts[0].fileData.fileUri", false },
        { Count, """{"contents":[{"parts":[{"fileData":{"fileUri":"{0}"}}]}]}""", "contents[0].parts[0].fileData.fileUri", false },
        { Count, """{"generateContentRequest":{"contents":[{"parts":[{"fileData":{"fileUri":"{0}"}}]}]}}""", "generateContentRequest.contents[0].parts[0].fileData.fileUri", false },
        { DropInHost.Generate, """{"contents":[{"parts":[{"fileData":{"fileUri":"{0}"}}]}]}""", "contents[0].parts[0].fileData.fileUri", true },
        { DropInHost.Generate, """{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{},"parts":[{"file_data":{"file_uri":"{0}"}}]}}]}]}""", "contents[0].parts[0].functionResponse.parts[0].file_data.file_uri", true },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":"{0}"}]}]}""", "messages[0].content[0].image_url", false },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","im\u0061ge_url":{"u\u0072l":"{0}"}}]}]}""", "messages[0].content[0].image_url.url", false },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA","url":"{0}"}}]}]}""", "messages[0].content[0].image_url.url", false },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"system","content":"x"},{"role":"user","content":[{"type":"text","text":"x"},{"type":"video_url","video_url":{"url":"{0}"}}]}]}""", "messages[1].content[1].video_url.url", false },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"audio_url","audio_url":{"url":"{0}"}}]}]}""", "messages[0].content[0].audio_url.url", false },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"file","file":{"file_url":"{0}"}}]}]}""", "messages[0].content[0].file.file_url", false },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"{0}"}}]}]}""", "messages[0].content[0].file.file_data", false },
        { Chat, """{"model":"gemini-2.5-flash","stream":true,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"{0}"}}]}]}""", "messages[0].content[0].image_url.url", false },
        { Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"{0}"}}]}]}""", "contents[0].parts[0].fileData.fileUri", true },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public async Task ForbiddenUrl_IsFoundWhereverTheUpstreamWouldFetchIt(string path, string body, string field, bool isJob)
    {
        foreach (var (url, said) in ((string, string)[])
        [
            ("https://10.0.0.8/a.png", $"The host '10.0.0.8' is not a public one. {PublicUrl}"),
            ("https://inward.example.com/a.png", $"The host 'inward.example.com' has an address that is not a public one. {PublicHost}"),
        ])
        {
            // Escapes hide nothing.
            foreach (var written in (string[])[url, url.Replace("https:", "\\u0068ttps\\u003a", StringComparison.Ordinal), url.Replace("/", "\\/", StringComparison.Ordinal)])
            {
                var answer = await fixture.Host.PostAsync(
                    path, body.Replace("{0}", written, StringComparison.Ordinal), isJob ? [("X-Async-Mode", "true")] : []);

                if (path == Chat)
                {
                    AssertChat(answer, 400, "invalid_request_error", "invalid_request", field, $"{field}: {said}");
                }
                else
                {
                    AssertNative(answer, 400, "INVALID_ARGUMENT", "invalid_request", $"{field}: {said}");
                }
            }
        }

        AssertNothingWasAsked();
    }

    [Fact]
    public async Task TooManyHosts_AreRefused()
    {
        var parts = string.Join(',', Enumerable.Range(0, 33).Select(i => $$$"""{"fileData":{"fileUri":"https://h{{{i}}}.example.com/a.png"}}"""));

        AssertNative(
            await fixture.Host.PostAsync(DropInHost.Generate, $$$"""{"contents":[{"parts":[{{{parts}}}]}]}"""), 400, "INVALID_ARGUMENT", "invalid_request",
            "contents[0].parts[32].fileData.fileUri: The URLs of the request name more than 32 hosts. Name at most 32 in one request, or send the files inline.");
        AssertNothingWasAsked();
    }

    [Theory]
    [InlineData("nowhere.example.com")]
    [InlineData("files.example.com")]
    public async Task NameThatIsPublicOrUnknown_IsTheUpstreamsBusiness(string name)
    {
        await using var host = await DropInHost.StartAsync(null, new FaultRule { Action = new FaultAction { Status = 400 } });
        host.Names.Misses("nowhere.example.com");

        await host.PostAsync(DropInHost.Generate, $$$"""{"contents":[{"parts":[{"fileData":{"fileUri":"https://{{{name}}}/a.png"}}]}]}""");
        await host.PostAsync(Chat, $$$"""{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://{{{name}}}/a.png"}}]}]}""");

        Assert.Equal(2, host.Upstream.Requests.Count);
        Assert.Equal([name, name], host.Names.Asked);
    }

    [Fact]
    public async Task RequestWithoutUrls_AsksForNoName()
    {
        await using var host = await DropInHost.StartAsync();

        await host.PostAsync(DropInHost.Generate, DropInHost.Ask);
        await host.PostAsync(Chat, """{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"Read https://inward.example.com/a.png"}]}""");

        Assert.Equal(2, host.Asked.Count);
        Assert.Empty(host.Names.Asked);
    }

    public static TheoryData<string, string?, string, int, string> Bodies => new()
    {
        // content type, content encoding, body, status, code
        { "text/plain", null, DropInHost.Ask, 415, "unsupported_media_type" },
        { "application/x-www-form-urlencoded", null, DropInHost.Ask, 415, "unsupported_media_type" },
        { "application/json; charset=utf-16", null, DropInHost.Ask, 415, "unsupported_media_type" },
        { "application/json", "gzip", DropInHost.Ask, 415, "unsupported_media_type" },
        { "application/json", "br, identity", DropInHost.Ask, 415, "unsupported_media_type" },
        { "application/json", null, $"{{\"x\":\"{new string('x', HostileDropInHost.MaxRequestBytes)}\"}}", 413, "payload_too_large" },
        { "application/json", null, "", 400, "invalid_json" },
        { "application/json", null, "nonsense", 400, "invalid_json" },
        { "application/json", null, "[]", 400, "invalid_json" },
        { "application/json", null, "null", 400, "invalid_json" },
        { "application/json", null, """{"contents":[],"messages":[]} {}""", 400, "invalid_json" },
        { "application/json", null, """{"contents":[],/*c*/"messages":[]}""", 400, "invalid_json" },
        { "application/json", null, """{"\ud800":1}""", 400, "invalid_json" },
        { "application/json", null, $"{{\"contents\":{new string('[', 5000)}{new string(']', 5000)}}}", 400, "invalid_json" },
        { "application/json", null, $"{{\"messages\":{string.Concat(Enumerable.Repeat("{\"a\":", 5000))}1{new string('}', 5000)}}}", 400, "invalid_json" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task BodyOfAnotherSizeEncodingOrNesting_IsRefusedInBothFormats(string type, string? encoding, string body, int status, string code)
    {
        foreach (var statesLength in (bool[])[true, false])
        {
            // A native request of unstated length is forwarded while it is read (ArrivingBodyTests), unless its head is refused already.
            if (statesLength || status == 415)
            {
                var native = await SendAsync(DropInHost.Generate, Encoding.UTF8.GetBytes(body), type, encoding, statesLength);
                AssertNative(native, status, "INVALID_ARGUMENT", code, message: null);
            }

            var chat = await SendAsync(Chat, Encoding.UTF8.GetBytes(body), type, encoding, statesLength);
            AssertChat(chat, status, "invalid_request_error", code, param: null, message: null);
        }

        AssertNothingWasAsked();
    }

    [Fact]
    public async Task InvalidUtf8_IsRefusedInBothFormats()
    {
        const string said = "The body is not usable JSON in UTF-8, or is nested too deeply.";
        byte[] native = [.. """{"contents":[{"parts":[{"fileData":{"fileUri":"""u8, (byte)'"', 0xC3, 0x28, (byte)'"', .. "}}]}]}"u8];
        byte[] chat = [.. """{"model":"""u8, (byte)'"', 0xC3, 0x28, (byte)'"', .. ""","messages":[]}"""u8];

        AssertNative(await SendAsync(DropInHost.Generate, native), 400, "INVALID_ARGUMENT", "invalid_json", said);
        AssertChat(await SendAsync(Chat, chat), 400, "invalid_request_error", "invalid_json", null, said);
        AssertNothingWasAsked();
    }

    [Theory]
    [InlineData(DropInHost.Generate)]
    [InlineData(Chat)]
    public async Task BodyBeyondTheLimit_IsToldTheLimitAndAnotherWay(string path)
    {
        const string said = "The body may have at most 65536 bytes. POST /api/uploads gives a URL to upload large media to; name the uploaded blob as an input.";
        var answer = await SendAsync(path, new byte[HostileDropInHost.MaxRequestBytes + 1]);

        Assert.Equal((413, said), (answer.Status, answer.Json.GetProperty("error").GetProperty("message").GetString()));
        AssertNothingWasAsked();
    }

    public static TheoryData<string, string, string, string> NativePaths => new()
    {
        // method, path, code, message
        { "POST", "v1beta/models/%2e%2e%2f%2e%2e%2fadmin:generateContent", "model_not_found", "The model '..%2f..%2fadmin' is not known here: GET the list of models for the names that are." },
        { "POST", "v1beta/models/gemini-2.5-flash%2f..%2fother:generateContent", "model_not_found", "The model 'gemini-2.5-flash%2f..%2fother' is not known here: GET the list of models for the names that are." },
        { "POST", "v1beta/models/gemini-2.5-flash%3Fkey=x:generateContent", "model_not_found", "The model 'gemini-2.5-flash?key=x' is not known here: GET the list of models for the names that are." },
        { "POST", "v1beta/models/gemini-2.5-flash%0d%0aX-Injected:%201:generateContent", "model_not_found", "The model 'gemini-2.5-flash\r\nX-Injected: 1' is not known here: GET the list of models for the names that are." },
        { "POST", $"v1beta/models/{new string('m', 2000)}:generateContent", "model_not_found", $"The model '{new string('m', 100)}…' is not known here: GET the list of models for the names that are." },
        { "POST", "v1beta/models/gemini-2.5-flash:deleteContent", "unknown_method", "The methods here are generateContent, streamGenerateContent and countTokens." },
        { "POST", "v1beta/models/gemini-2.5-flash:generateContent%2f..%2fx", "unknown_method", "The methods here are generateContent, streamGenerateContent and countTokens." },
        { "POST", "v1beta/models/gemini-2.5-flash", "unknown_method", "The methods here are generateContent, streamGenerateContent and countTokens." },
        { "GET", "v1beta/models/..%2f..%2fetc%2fpasswd", "model_not_found", "The model '..%2f..%2fetc%2fpasswd' is not known here: GET the list of models for the names that are." },
    };

    [Theory]
    [MemberData(nameof(NativePaths))]
    public async Task PathThatReachesFurther_IsNotFoundInGooglesShape(string method, string path, string code, string message)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "POST" ? new StringContent(DropInHost.Ask, Encoding.UTF8, "application/json") : null;

        var answer = await SendAsync(request);

        AssertNative(answer, 404, "NOT_FOUND", code, message);
        Assert.Null(answer.Header("X-Injected"));
        AssertNothingWasAsked();
    }

    [Theory]
    [InlineData("v1/models/..%2f..%2fetc%2fpasswd", "model_not_found", "model", "The model '..%2f..%2fetc%2fpasswd' is not known here: GET the list of models for the names that are.")]
    [InlineData("v1/tasks/..%2f..%2fapi%2fjobs", "resource_not_found", null, "No task of this caller has this id.")]
    [InlineData("v1/tasks/task-fd-%2A", "resource_not_found", null, "No task of this caller has this id.")]
    [InlineData("v1/tasks/task-fd-01ARZ3NDEKTSV4RRFFQ69G5FAV", "resource_not_found", null, "No task of this caller has this id.")]
    public async Task PathThatReachesFurther_IsNotFoundInOpenAisShape(string path, string code, string? param, string message) =>
        AssertChat(await fixture.Host.GetAsync(path), 404, "invalid_request_error", code, param, message);

    [Fact]
    public async Task AnothersTask_IsAnsweredLikeOneThatDoesNotExist()
    {
        await using var host = await DropInHost.StartAsync();
        var accepted = await host.PostAsync(DropInHost.Generate, DropInHost.Ask, ("X-Async-Mode", "true"), ("Authorization", $"Bearer {DropInHost.BetaKey}"));
        var id = accepted.Json.GetProperty("id").GetString()!;

        foreach (var written in (string[])[id, id["task-fd-".Length..], id.ToLowerInvariant()])
        {
            AssertChat(await host.GetAsync($"v1/tasks/{written}"), 404, "invalid_request_error", "resource_not_found", null, "No task of this caller has this id.");
        }
    }

    [Theory]
    [InlineData(DropInHost.Generate, DropInHost.Ask)]
    [InlineData(Chat, DropInHost.Chat)]
    public async Task UnknownTier_IsRefused(string path, string body)
    {
        var answer = await fixture.Host.PostAsync(path, body, ("x-flashdrop-tier", "gold, standard"));

        Assert.Equal(
            (400, "The header x-flashdrop-tier has to be 'standard', 'beta' or 'beta-then-standard'."), (answer.Status, answer.Json.GetProperty("error").GetProperty("message").GetString()));
        AssertNothingWasAsked();
    }

    [Theory]
    [InlineData("Bearer ", "The key sent is not a valid caller key.", "fd_nobody")]
    [InlineData("Basic ", "No caller key was sent.", DropInHost.Key)]
    public async Task KeyThatIsNone_OrSentAnotherWay_IsRefusedInBothFormats(string scheme, string detail, string key)
    {
        var said = $"{detail} Send the key as 'Authorization: Bearer', 'x-api-key', 'x-goog-api-key' or 'api-key'.";

        // A key in the query is none: URLs end in logs.
        var native = await fixture.Host.PostAsync($"{DropInHost.Generate}?key={DropInHost.Key}", DropInHost.Ask, ("Authorization", scheme + key));
        var chat = await fixture.Host.PostAsync($"{Chat}?api-key={DropInHost.Key}", DropInHost.Chat, ("Authorization", scheme + key));

        AssertNative(native, 401, "UNAUTHENTICATED", "invalid_api_key", said);
        AssertChat(chat, 401, "authentication_error", "invalid_api_key", null, said);
        AssertNothingWasAsked();
    }

    [Theory]
    [InlineData("X-HTTP-Method-Override", "DELETE")]
    [InlineData("X-Original-URL", "/v1beta/models/other:generateContent")]
    [InlineData("X-Forwarded-Host", "evil.example")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Async-Mode", "yes")]
    [InlineData("Host", "169.254.169.254")]
    [InlineData("traceparent", "00-zz-A")]
    public async Task HeaderThatIsNoneOfOurs_ChangesNothing(string name, string value)
    {
        await using var host = await DropInHost.StartAsync();

        var native = await host.PostAsync(DropInHost.Generate, DropInHost.Ask, (name, value));
        var chat = await host.PostAsync(Chat, DropInHost.Chat, (name, value));

        Assert.Equal((200, 200), (native.Status, chat.Status));
        Assert.Equal(["gemini-2.5-flash", "gemini-2.5-flash"], host.Asked);
        Assert.All(await host.UsageAsync(2), usage => Assert.Equal("client", usage.Caller));
    }

    private static void AssertNative(Answer answer, int status, string googleStatus, string reason, string? message)
    {
        Assert.Equal("application/json", answer.MediaType);
        var error = answer.Json.GetProperty("error");
        var detail = Assert.Single(error.GetProperty("details").EnumerateArray());
        Assert.Equal(
            (status, status, googleStatus, reason, "flashdrop"),
            (answer.Status, error.GetProperty("code").GetInt32(), error.GetProperty("status").GetString(), detail.GetProperty("reason").GetString(), detail.GetProperty("domain").GetString()));
        AssertMessage(message, error);
    }

    private static void AssertChat(Answer answer, int status, string type, string code, string? param, string? message)
    {
        Assert.Equal("application/json", answer.MediaType);
        var error = answer.Json.GetProperty("error");
        Assert.Equal(
            (status, type, code, param), (answer.Status, error.GetProperty("type").GetString(), error.GetProperty("code").GetString(), error.GetProperty("param").GetString()));
        AssertMessage(message, error);
    }

    private static void AssertMessage(string? message, JsonElement error)
    {
        var said = error.GetProperty("message").GetString()!;
        Assert.NotEmpty(said);
        if (message is not null)
        {
            Assert.Equal(message, said);
        }
    }

    private void AssertNothingWasAsked() => Assert.Empty(fixture.Host.Upstream.Requests);

    private async Task<Answer> SendAsync(string path, byte[] body, string type = "application/json", string? encoding = null, bool statesLength = true)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
        if (encoding is not null)
        {
            request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        }

        request.Headers.TransferEncodingChunked = !statesLength;
        return await SendAsync(request);
    }

    private async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using var response = await fixture.Host.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(
            response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
