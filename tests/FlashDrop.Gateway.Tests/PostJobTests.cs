using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Requests;

namespace FlashDrop.Gateway.Tests;

public sealed class PostJobTests
{
    private const string Minimal = """{"prompt":"What is this?"}""";

    [Fact]
    public async Task AcceptedJob_Is202WithLocationAndRetryAfter()
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", Minimal);

        Assert.Equal(202, reply.Status);
        Assert.Equal($"/api/jobs/{reply["id"]}", reply.Header("Location"));
        Assert.Equal("2", reply.Header("Retry-After"));
        Assert.Equal("Queued", reply["state"]);
        var links = reply.Json.GetProperty("links");
        Assert.Equal($"/api/jobs/{reply["id"]}", links.GetProperty("self").GetString());
        Assert.Equal($"/api/jobs/{reply["id"]}/result", links.GetProperty("result").GetString());
        Assert.Null(reply.Header("Idempotency-Replayed"));
    }

    [Fact]
    public async Task FullRequest_ReachesTheServiceAsItIs()
    {
        await using var host = await GatewayHost.StartAsync();
        var bytes = new byte[] { 0x89, 0x50, 0x4E, 0x47, 0xFB, 0xFF };
        var data = Convert.ToBase64String(bytes).Replace("/", "\\/", StringComparison.Ordinal);
        var body = $$$"""
            {
              "profile": "product-photo", "prompt": "Describe \ud83d\ude00", "tier": "beta-then-standard", "tags": {"order": "7"},
              "generationConfig": {"temperature": 0.2, "max_output_tokens": 100, "responseMimeType": "application/json",
                                   "responseSchema": {"type": "OBJECT", "property_names": 1}, "audioTimestamp": true,
                                   "thinking_config": {"thinking_budget": 0}},
              "inputs": [
                {"kind": "text", "text": "first"},
                {"kind": "inline", "data": "{{{data}}}", "mimeType": "image/png"},
                {"kind": "blob", "name": "meeting-notes/a..b.mp3"},
                {"kind": "blob", "container": "requests", "name": "uploads/alice/01/clip.mp4"},
                {"kind": "url", "url": "https://files.example.com/a/scan.pdf?sig=1"},
                {"kind": "url", "url": "https://files.example.com/a/scan", "mimeType": "application/pdf"}
              ]
            }
            """;

        var reply = await host.SendAsync("POST", "api/jobs", body, headers: [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]);

        Assert.Equal(202, reply.Status);
        var job = Assert.Single(host.Jobs.Accepted);
        Assert.Equal(("alice", JobOrigin.Api, "product-photo", TierPolicy.BetaThenStandard), (job.Caller, job.Origin, job.Profile, job.TierPolicy));
        Assert.Equal("7", job.Tags["order"]);
        Assert.Equal("Describe 😀", job.Request.Prompt);
        Assert.Contains("0af7651916cd43dd8448eb211c80319c", job.TraceParent, StringComparison.Ordinal);
        Assert.Null(job.IdempotencyKey);

        var config = job.Request.GenerationConfig!;
        Assert.Equal((0.2, 100, 0), (config.Temperature, config.MaxOutputTokens, config.ThinkingConfig!.ThinkingBudget));
        Assert.Equal("""{"type":"OBJECT","property_names":1}""", config.ResponseSchema!.Value.GetRawText());
        Assert.True(config.Other!["audioTimestamp"].GetBoolean());

        Assert.Equal(6, job.Request.Inputs.Count);
        Assert.Equal(new TextInput("first"), job.Request.Inputs[0]);
        var inline = Assert.IsType<InlineInput>(job.Request.Inputs[1]);
        Assert.Equal(bytes, inline.Data.ToArray());
        Assert.Equal("image/png", inline.MimeType);
        Assert.Equal(new BlobInput("inbox", "meeting-notes/a..b.mp3"), job.Request.Inputs[2]);
        Assert.Equal(new BlobInput("requests", "uploads/alice/01/clip.mp4"), job.Request.Inputs[3]);
        Assert.Equal(new UrlInput(new Uri("https://files.example.com/a/scan.pdf?sig=1"), null), job.Request.Inputs[4]);
        Assert.Equal(new UrlInput(new Uri("https://files.example.com/a/scan"), "application/pdf"), job.Request.Inputs[5]);
        Assert.Null(job.Request.Native);
    }

    [Theory]
    [InlineData("""{"native":$}""")]
    [InlineData("$")]
    public async Task NativeRequest_IsTakenWithItsMediaOutside(string form)
    {
        await using var host = await GatewayHost.StartAsync();
        const string native = """
            {"system_instruction":{"parts":[{"text":"Be brief."}]},
             "safetySettings":null,
             "contents":[
               {"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":"iVBORw0KGgo="}},{"text":"What?","fileData":null},{"inlineData":{"data":"AAEC"}}]},
               {"role":"model","parts":[{"functionCall":{"name":"look_up","args":{"inline_data":{"data":"kept"},"some_key":1}}}]},
               {"role":"user","parts":{"file_data":{"mime_type":"audio/mp3","file_uri":"https://files.example.com/a.mp3"}}}],
             "tools":[{"function_declarations":[{"name":"look_up"}]}],
             "generation_config":{"top_p":0.5,"response_mime_type":"application/json","responseJsonSchema":{"snake_case":true}}}
            """;

        var reply = await host.SendAsync("POST", "api/jobs", form.Replace("$", native, StringComparison.Ordinal));

        Assert.Equal(202, reply.Status);
        var request = Assert.Single(host.Jobs.Accepted).Request;
        Assert.Null(request.Prompt);
        Assert.Null(request.GenerationConfig);
        var expected = """
            {"systemInstruction":{"parts":[{"text":"Be brief."}]},
             "contents":[
               {"role":"user","parts":[{"inlineData":{"mimeType":"image/png","input":0}},{"text":"What?"},{"inlineData":{"input":1}}]},
               {"role":"model","parts":[{"functionCall":{"name":"look_up","args":{"inline_data":{"data":"kept"},"some_key":1}}}]},
               {"role":"user","parts":[{"fileData":{"mimeType":"audio/mp3","fileUri":"https://files.example.com/a.mp3"}}]}],
             "tools":[{"function_declarations":[{"name":"look_up"}]}],
             "generationConfig":{"topP":0.5,"responseMimeType":"application/json","responseJsonSchema":{"snake_case":true}}}
            """;
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(expected).RootElement, request.Native!.Value), request.Native.Value.GetRawText());
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], Assert.IsType<InlineInput>(request.Inputs[0]).Data.ToArray());
        Assert.Equal([0, 1, 2], Assert.IsType<InlineInput>(request.Inputs[1]).Data.ToArray());
    }

    [Fact]
    public async Task RequestsInSequence_DoNotDisturbEachOthersContent()
    {
        // Bodies share rented buffers; what was accepted must not refer to them.
        await using var host = await GatewayHost.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            var text = new string((char)('a' + i), 5000);
            await host.SendAsync(
                "POST", "api/jobs",
                $$$"""{"contents":[{"parts":[{"text":"{{{text}}}"},{"inlineData":{"data":"{{{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}}}"}}]}]}""");
        }

        for (var i = 0; i < 20; i++)
        {
            var request = host.Jobs.Accepted[i].Request;
            var text = new string((char)('a' + i), 5000);
            Assert.Equal(text, request.Native!.Value.GetProperty("contents")[0].GetProperty("parts")[0].GetProperty("text").GetString());
            Assert.Equal(text, Encoding.UTF8.GetString(Assert.IsType<InlineInput>(request.Inputs[0]).Data.Span));
        }
    }

    [Theory]
    [InlineData("""{"prompt":"x"}""", TierPolicy.Beta)] // the caller's
    [InlineData("""{"prompt":"x","profile":"transcript"}""", null)] // the profile's
    [InlineData("""{"prompt":"x","profile":"transcript","tier":"standard"}""", TierPolicy.Standard)]
    [InlineData("""{"contents":[{"parts":[{"text":"x"}]}]}""", TierPolicy.Beta)]
    public async Task Tier_IsTheRequestsElseTheProfilesElseTheCallers(string body, TierPolicy? expected)
    {
        await using var host = await GatewayHost.StartAsync();

        await host.SendAsync("POST", "api/jobs", body);

        Assert.Equal(expected, Assert.Single(host.Jobs.Accepted).TierPolicy);
    }

    [Fact]
    public async Task RepeatedKeyAndBody_IsTheSameJobAndSaysSo()
    {
        await using var host = await GatewayHost.StartAsync();
        var first = await host.SendAsync("POST", "api/jobs", Minimal, headers: [("Idempotency-Key", "k-1")]);

        var second = await host.SendAsync("POST", "api/jobs", Minimal, headers: [("Idempotency-Key", "k-1")]);

        Assert.Equal((202, "true", first["id"]), (second.Status, second.Header("Idempotency-Replayed"), second["id"]));
        var accepted = Assert.Single(host.Jobs.Accepted);
        Assert.Equal("k-1", accepted.IdempotencyKey);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Minimal))), accepted.Fingerprint);
    }

    [Fact]
    public async Task RepeatedKeyOfAFinishedJob_Is200WithTheJob()
    {
        await using var host = await GatewayHost.StartAsync();
        var first = await host.SendAsync("POST", "api/jobs", Minimal, headers: [("Idempotency-Key", "k-1")]);
        var id = JobId.Parse(first["id"]!);
        host.Jobs.Change(host.Jobs.Current(id) with { State = JobState.Succeeded });

        var second = await host.SendAsync("POST", "api/jobs", Minimal, headers: [("Idempotency-Key", "k-1")]);

        Assert.Equal((200, "true", "Succeeded"), (second.Status, second.Header("Idempotency-Replayed"), second["state"]));
        Assert.Null(second.Header("Retry-After"));
    }

    [Fact]
    public async Task RepeatedKeyWithAnotherBody_Is409NamingTheJob()
    {
        await using var host = await GatewayHost.StartAsync();
        var first = await host.SendAsync("POST", "api/jobs", Minimal, headers: [("Idempotency-Key", "k-1")]);

        var second = await host.SendAsync("POST", "api/jobs", """{"prompt":"Another?"}""", headers: [("Idempotency-Key", "k-1")]);
        var bobs = await host.SendAsync("POST", "api/jobs", """{"prompt":"Another?"}""", GatewayHost.BobKey, ("Idempotency-Key", "k-1"));

        Assert.Equal((409, "idempotency_key_reused"), (second.Status, second["code"]));
        Assert.Contains(first["id"]!, second["detail"], StringComparison.Ordinal);
        Assert.Equal(202, bobs.Status);
    }

    public static TheoryData<string> BadKeys => ["with space", "ümlaut", new string('k', 256), "tab\tbed"];

    [Theory]
    [MemberData(nameof(BadKeys))]
    public async Task UnusableIdempotencyKey_Is400(string key)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/jobs", Minimal, headers: [("Idempotency-Key", key)]);

        Assert.Equal(400, reply.Status);
        Assert.Equal("header.Idempotency-Key", reply.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Empty(host.Jobs.Accepted);
    }

    [Fact]
    public async Task RejectionByTheService_Is400WithItsCodeFieldAndRemedy()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Jobs.Rejection = new AcceptOutcome.Rejected(new JobError("unsupported_type", "It is a ZIP file.", "Send a PDF."), "inputs[0].data");

        var reply = await host.SendAsync("POST", "api/jobs", Minimal);

        Assert.Equal((400, "unsupported_type", "It is a ZIP file.", "Send a PDF."), (reply.Status, reply["code"], reply["detail"], reply["remedy"]));
        Assert.Equal("inputs[0].data", reply.Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task LogsOfARequest_HoldNeitherContentNorSecrets()
    {
        await using var host = await GatewayHost.StartAsync();

        await host.SendAsync("POST", "api/jobs", """{"prompt":"ZEBRA-PROMPT","tags":{"t":"ZEBRA-TAG"},"inputs":[{"kind":"url","url":"https://e.example.com/a.png?sig=ZEBRA-SIG"}]}""", headers: [("Idempotency-Key", "ZEBRA-IDEM")]);
        await host.SendAsync("POST", "api/jobs", """{"prompt":"x","ZEBRA-FIELD":1}""");
        await host.SendAsync("POST", "api/uploads", """{"fileName":"ZEBRA-FILE.mp3"}""");
        await host.SendAsync("GET", "api/jobs", key: "ZEBRA-KEY");
        host.Jobs.Failure = new InvalidOperationException("boom");
        await host.SendAsync("POST", "api/jobs", """{"prompt":"ZEBRA-PROMPT"}""");

        var ours = host.Logs.Lines.Where(line => line.Contains(" 40", StringComparison.Ordinal)).ToList();
        Assert.True(ours.Count >= 5);
        Assert.DoesNotContain(ours, line => line.Contains("ZEBRA", StringComparison.Ordinal) || line.Contains(GatewayHost.AliceKey, StringComparison.Ordinal));
    }
}
