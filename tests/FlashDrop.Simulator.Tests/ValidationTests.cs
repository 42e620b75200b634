using System.Net;
using System.Text.Json.Nodes;

namespace FlashDrop.Simulator.Tests;

public class ValidationTests
{
    private const string Turn = """ "contents":[{"role":"user","parts":[{"text":"x"}]}] """;

    [Theory]
    [InlineData("""{"contents":[{"parts":[{"text":"x"}]}]}""", "Please use a valid role: user, model.")]
    [InlineData("""{"contents":[{"role":"system","parts":[{"text":"x"}]}]}""", "Please use a valid role: user, model.")]
    [InlineData("{" + Turn + ""","systemInstruction":{"parts":[{"text":"x"}]}}""", "Please use a valid role: user, model.")]
    [InlineData("{" + Turn + ""","callback_url":"https://x"}""", "Unknown name \"callback_url\"")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":""}}]}]}""", "Unknown name \"inline_data\" at 'contents[0].parts[0]'")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"file_data":{}}]}]}""", "Unknown name \"file_data\"")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"@@@"}}]}]}""", "Base64 decoding failed")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]}]}""", "Unable to process input image")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/heic","data":"AAAA"}}]}]}""", "Unsupported MIME type: image/heic")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"http://127.0.0.1/a.jpg"}}]}]}""", "must end with .png")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"ftp://x/a.png"}}]}]}""", "not an http or https URL")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"http://127.0.0.1:1/a.png"}}]}]}""", "Cannot fetch content")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"text":"x","functionCall":{"name":"f"}}]}]}""", "required oneof field 'data'")]
    [InlineData("""{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":"text"}}]}]}""", "protobuf.Struct")]
    [InlineData("""{"contents":[{"role":"user","parts":[]}]}""", "at least one parts field")]
    [InlineData("""{"contents":[]}""", "contents is not specified")]
    [InlineData("""{"contents":[{"role":"model","parts":[{"text":"x"}]}]}""", "end with a user role")]
    [InlineData("{" + Turn + ""","generationConfig":{"maxOutputTokens":0}}""", "maxOutputTokens value of 0")]
    [InlineData("{" + Turn + ""","generationConfig":{"maxOutputTokens":65537}}""", "maxOutputTokens value of 65537")]
    [InlineData("{" + Turn + ""","generationConfig":{"temperature":2.5}}""", "temperature value of 2.5")]
    [InlineData("{" + Turn + ""","generationConfig":{"max_tokens":5}}""", "Unknown name \"max_tokens\" at 'generation_config'")]
    [InlineData("{" + Turn + ""","generationConfig":{"candidateCount":2}}""", "Multiple candidates")]
    [InlineData("{" + Turn + ""","generationConfig":{"thinkingConfig":{"thinkingBudget":30000}}}""", "thinkingBudget value of 30000")]
    [InlineData("{" + Turn + ""","generationConfig":{"thinkingConfig":{"thinkingLevel":"low"}}}""", "Thinking level is not supported")]
    [InlineData("{" + Turn + ""","generationConfig":{"thinkingConfig":{"thinkingLevel":"low","thinkingBudget":1}}}""", "only one of thinking budget")]
    [InlineData("{" + Turn + ""","generationConfig":{"responseSchema":{"type":"STRING"}}}""", "response_schema is only supported with")]
    [InlineData("{" + Turn + ""","generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","additionalProperties":false}}}""", "Unknown name \"additionalProperties\"")]
    [InlineData("{" + Turn + ""","generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"STRING","format":"uuid"}}}""", "only 'enum' and 'date-time'")]
    [InlineData("{" + Turn + ""","generationConfig":{"responseMimeType":"application/json"},"tools":[{"functionDeclarations":[{"name":"f"}]}]}""", "Function calling with a response mime type: 'application/json' is unsupported")]
    [InlineData("{" + Turn + ""","tools":[{"functionDeclarations":[{"name":"1f"}]}]}""", "Invalid function name")]
    [InlineData("{" + Turn + ""","tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"f"}]}]}""", "Multiple tools")]
    [InlineData("{" + Turn + ""","toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}""", "without function_declarations")]
    [InlineData("{" + Turn + ""","safetySettings":[{"category":"HARM_CATEGORY_X","threshold":"OFF"}]}""", "HARM_CATEGORY_X")]
    [InlineData("{" + Turn + ""","cachedContent":"cachedContents/1","tools":[]}""", "Tool config, tools and system instruction should not be set")]
    [InlineData("""{"contents":""", "Invalid JSON payload received")]
    public async Task WrongRequest_Is400AndSaysWhy(string body, string reason)
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.Http.PostAsync($"/v1beta/models/{Sim.Model}:generateContent", new StringContent(body));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await Sim.ReadAsync(response))["error"]!;
        Assert.Contains(reason, (string)error["message"]!, StringComparison.Ordinal);
        Assert.Equal(400, (int)error["code"]!);
        Assert.Equal(0, sim.Host.Usage.Count);
        Assert.Equal("refused", sim.Host.Requests[0].Outcome);
    }

    [Theory]
    [InlineData("""{"model":"gemini-2.5-flash","messages":[]}""", "messages")]
    [InlineData("""{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"x"}],"max_tokens":0}""", "max_tokens")]
    [InlineData("""{"model":"gemini-2.5-flash","messages":[{"role":"user","content":"x"}],"contents":[]}""", "Unknown name")]
    [InlineData("""{"model":"gemini-2.5-flash","messages":[{"role":"boss","content":"x"}]}""", "boss")]
    [InlineData("""{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"video_url"}]}]}""", "video_url")]
    [InlineData("""{"model":"gemini-2.5-flash","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,@"}}]}]}""", "not valid base64")]
    public async Task WrongChatRequest_Is400InTheGatewaysEnvelope(string body, string reason)
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.Http.PostAsync("/v1/chat/completions", new StringContent(body));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        var error = (await Sim.ReadAsync(response))["error"]!;
        Assert.Equal("invalid_request_error", (string)error["type"]!);
        Assert.Contains(reason, (string)error["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UnknownModelOrMethod_Is404()
    {
        await using var sim = await Sim.StartAsync();
        using var model = await sim.GenerateAsync(Sim.Ask("x"), "gemini-1.0");
        Assert.Equal(HttpStatusCode.NotFound, model.StatusCode);
        var error = (await Sim.ReadAsync(model))["error"]!;
        Assert.Equal(("not_found_error", "model"), ((string)error["type"]!, (string)error["param"]!));
        Assert.Equal(HttpStatusCode.NotFound, (await sim.PostAsync($"/v1beta/models/{Sim.Model}:embedContent", Sim.Ask("x"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await sim.PostAsync($"/v1beta/models/{Sim.Model}", Sim.Ask("x"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await sim.Http.GetAsync("/v1/nothing")).StatusCode);
    }

    [Theory]
    [InlineData("image/png", 10)]
    [InlineData("audio/mp3", 10)]
    [InlineData("application/pdf", 20)]
    [InlineData("video/mp4", 50)]
    public async Task MediumOverTheLimit_Is413(string mimeType, int megabytes)
    {
        await using var sim = await Sim.StartAsync();
        using var response = await sim.GenerateAsync(Sim.Ask("x", Sim.Inline(mimeType, new byte[(megabytes * 1024 * 1024) + 1])));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        var error = (await Sim.ReadAsync(response))["error"]!;
        Assert.Equal(("request_too_large_error", "content"), ((string)error["type"]!, (string)error["param"]!));
    }

    [Fact]
    public void FiftyMegabytesOfVideo_AreTakenInOneCopy()
    {
        byte[] head = MediaBytes.Mp4(30, 640, 360);
        var video = new byte[50 * 1024 * 1024];
        head.CopyTo(video, 0);
        var body = System.Text.Encoding.UTF8.GetBytes(Sim.Ask("Watch.", Sim.Inline("video/mp4", video)).ToJsonString());
        var before = GC.GetAllocatedBytesForCurrentThread();
        var lifted = Wire.RequestBodyReader.Lift(body, "");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 * 1024 * 1024);
        Assert.Equal(video.Length, lifted.Media[0].Bytes!.Value.Length);
        Assert.True(lifted.Media[0].Bytes!.Value.Span.SequenceEqual(video));
    }

    [Fact]
    public async Task Base64WithJsonEscapes_IsDecoded()
    {
        await using var sim = await Sim.StartAsync();
        byte[] png = [.. MediaBytes.Png(7, 5), 0xFB, 0xEF, 0xFF, 0xFF];
        var escaped = Convert.ToBase64String(png).Replace("+", "\\u002B", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal);
        Assert.Contains('\\', escaped);
        using var response = await sim.Http.PostAsync($"/v1beta/models/{Sim.Model}:generateContent", new StringContent(
            $$$"""{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"{{{escaped}}}"}},{"text":"x"}]}]}"""));
        Assert.Contains("7 x 5 pixels", Sim.Text(await Sim.ReadAsync(response)), StringComparison.Ordinal);
        Assert.Equal(png.Length, sim.Host.Requests[0].Media[0].Bytes);
    }

    [Fact]
    public async Task BodyWithoutLength_IsRead()
    {
        await using var sim = await Sim.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1beta/models/{Sim.Model}:generateContent")
        {
            Content = new StreamContent(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(Sim.Ask("chunked").ToJsonString()))),
        };
        request.Headers.TransferEncodingChunked = true;
        using var response = await sim.Http.SendAsync(request);
        Assert.Contains("chunked", Sim.Text(JsonNode.Parse(await response.Content.ReadAsStringAsync())!), StringComparison.Ordinal);
    }
}
