using FlashDrop.Core.Requests;

namespace FlashDrop.Gateway.Tests;

public sealed class UploadsTests
{
    [Fact]
    public async Task Upload_IsAWriteUrlInTheCallersOwnFolder()
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/uploads", """{"fileName":"Stand-up (1).mp3","contentType":"audio/mpeg"}""");

        Assert.Equal(201, reply.Status);
        var (address, lifetime) = Assert.Single(host.Content.WriteUrls);
        Assert.Equal(("requests", TimeSpan.FromMinutes(15)), (address.Container, lifetime));
        Assert.Matches("^uploads/alice/[0-9A-Z]{26}/Stand-up \\(1\\)\\.mp3$", address.Name);
        Assert.Equal(address.Name, reply.Json.GetProperty("input").GetProperty("name").GetString());
        Assert.EndsWith("?sig=signed", reply["url"], StringComparison.Ordinal);
        Assert.Equal("BlockBlob", reply.Json.GetProperty("headers").GetProperty("x-ms-blob-type").GetString());
        Assert.Equal("audio/mpeg", reply.Json.GetProperty("headers").GetProperty("Content-Type").GetString());
        Assert.Equal(host.Time.GetUtcNow().AddMinutes(15), reply.Json.GetProperty("expiresAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task UploadsInput_IsTakenByAJobOfItsCallerOnly()
    {
        await using var host = await GatewayHost.StartAsync();
        var input = (await host.SendAsync("POST", "api/uploads", """{"fileName":"a.mp3"}""")).Json.GetProperty("input").GetRawText();

        var own = await host.SendAsync("POST", "api/jobs", $$"""{"inputs":[{{input}}]}""");
        var others = await host.SendAsync("POST", "api/jobs", $$"""{"inputs":[{{input}}]}""", GatewayHost.BobKey);
        var admins = await host.SendAsync("POST", "api/jobs", $$"""{"inputs":[{{input}}]}""", GatewayHost.AdminKey);

        Assert.Equal((202, 400, 400), (own.Status, others.Status, admins.Status));
        Assert.IsType<BlobInput>(Assert.Single(Assert.Single(host.Jobs.Accepted).Request.Inputs));
    }

    [Fact]
    public async Task SameFileTwice_IsTwoBlobs()
    {
        await using var host = await GatewayHost.StartAsync();

        await host.SendAsync("POST", "api/uploads", """{"fileName":"a.mp3"}""");
        await host.SendAsync("POST", "api/uploads", """{"fileName":"a.mp3"}""");

        Assert.NotEqual(host.Content.WriteUrls[0].Address, host.Content.WriteUrls[1].Address);
    }

    public static TheoryData<string, string, string> Hostile => new()
    {
        { """{}""", "fileName", "missing_field" },
        { """{"fileName":null}""", "fileName", "wrong_type" },
        { """{"fileName":""}""", "fileName", "invalid_value" },
        { """{"fileName":".."}""", "fileName", "invalid_value" },
        { """{"fileName":"../bob/a.mp3"}""", "fileName", "invalid_value" },
        { """{"fileName":"a/b.mp3"}""", "fileName", "invalid_value" },
        { """{"fileName":"a\\b.mp3"}""", "fileName", "invalid_value" },
        { """{"fileName":"a\u0000.mp3"}""", "fileName", "invalid_value" },
        { """{"fileName":"a."}""", "fileName", "invalid_value" },
        { $$"""{"fileName":"{{new string('a', 201)}}"}""", "fileName", "invalid_value" },
        { """{"fileName":"a.mp3","contentType":"audio/mpeg\r\nx: y"}""", "contentType", "invalid_value" },
        { """{"fileName":"a.mp3","caller":"bob"}""", "caller", "unknown_field" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task UnusableUpload_IsRefused(string body, string field, string code)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/uploads", body);

        Assert.Equal(400, reply.Status);
        var error = Assert.Single(reply.Json.GetProperty("errors").EnumerateArray());
        Assert.Equal((field, code), (error.GetProperty("field").GetString(), error.GetProperty("code").GetString()));
        Assert.Empty(host.Content.WriteUrls);
    }
}
