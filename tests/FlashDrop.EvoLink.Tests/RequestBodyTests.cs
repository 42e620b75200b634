using System.Text;
using System.Text.Json;
using CsCheck;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Requests;

namespace FlashDrop.EvoLink.Tests;

public sealed class RequestBodyTests
{
    private static readonly Gen<byte[]> AnyMedia = Gen.Frequency(
        (5, Gen.Byte.Array[0, 200]),
        (1, Gen.Int[49_150, 49_156].SelectMany(size => Gen.Byte.Array[size])),
        (1, Gen.Int[98_302, 200_000].SelectMany(size => Gen.Byte.Array[size])));

    [Fact]
    public async Task AnyMediaInAnyPieces_BodyHoldsItsExactBase64AndItsLengthIsKnown() =>
        await Gen.Select(AnyMedia.Array[0, 3], Gen.Int[1, 70_000]).SampleAsync(
            async (media, piece) =>
            {
                var parts = media.Select(bytes => new Part { Media = Source(bytes, piece) }).Append(Part.FromText("Ünïcode \"quoted\" \n 日本"));
                using var content = new RequestContent(RequestBody.Write(new GenerateContentRequest { Contents = [new Content("user", [.. parts])] }));
                var body = await content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

                Assert.Equal(content.Headers.ContentLength, body.Length);
                var sent = JsonElement.Parse(body).GetProperty("contents")[0].GetProperty("parts");
                for (var index = 0; index < media.Length; index++)
                {
                    Assert.Equal(Convert.ToBase64String(media[index]), sent[index].GetProperty("inlineData").GetProperty("data").GetString());
                }

                Assert.Equal("Ünïcode \"quoted\" \n 日本", sent[media.Length].GetProperty("text").GetString());
            },
            iter: 60);

    [Theory]
    [InlineData(1_000, 999, "ended after 999")]
    [InlineData(1_000, 1_001, "has more")]
    [InlineData(0, 1, "has more")]
    [InlineData(49_152, 49_153, "has more")]
    [InlineData(49_152, 20, "ended after 20")]
    [InlineData(100_000, 60_000, "ended after 60000")]
    public async Task MediaOfAnotherLengthThanAnnounced_BodyIsNeverCompleted(int announced, int actual, string found)
    {
        var source = new MediaSource("image/png", announced, _ => Task.FromResult<Stream>(new MemoryStream(new byte[actual])));
        using var content = new RequestContent(RequestBody.Write(Request(source)));
        using var wire = new MemoryStream();

        var exception = await Assert.ThrowsAsync<MediaException>(() => content.CopyToAsync(wire, TestContext.Current.CancellationToken));

        Assert.Equal("media_length_mismatch", exception.Code);
        Assert.Equal($"Media of type image/png was announced with {announced} bytes but {found}; the request was not completed.", exception.Message);
        Assert.True(exception.IsPermanent);
        Assert.True(wire.Length < content.Headers.ContentLength);
        Assert.False(content.Completed);
    }

    [Theory]
    [InlineData(true, "Media of type image/png could not be read: no blob")]
    [InlineData(false, "Media of type image/png could not be read: The response ended prematurely.")]
    public async Task MediaThatCannotBeRead_IsNamedWithItsCauseAndWorthAnotherTry(bool onOpening, string message)
    {
        var source = new MediaSource(
            "image/png", 10, _ => onOpening ? throw new UnauthorizedAccessException("no blob") : Task.FromResult<Stream>(ScriptedStream.Of(TimeProvider.System, StreamEnd.Breaks, "abc")));
        using var content = new RequestContent(RequestBody.Write(Request(source)));

        var exception = await Assert.ThrowsAsync<MediaException>(() => content.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken));

        Assert.Equal(("media_unreadable", message, false), (exception.Code, exception.Message, exception.IsPermanent));
        Assert.False(content.Completed);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CancelledMedia_IsACancellation(bool onOpening)
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var source = new MediaSource(
            "image/png", 10, _ => onOpening ? throw new OperationCanceledException() : Task.FromResult<Stream>(ScriptedStream.Of(TimeProvider.System, StreamEnd.GoesSilent)));
        using var content = new RequestContent(RequestBody.Write(Request(source)));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => content.CopyToAsync(Stream.Null, cancelled.Token));
    }

    [Fact]
    public void ImpossibleMediaLength_IsRefusedBeforeAnythingIsSent()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => RequestBody.Write(Request(OfLength(-1))));
        Assert.Throws<OverflowException>(() => RequestBody.Write(Request(OfLength(long.MaxValue))));
        Assert.Throws<OverflowException>(() => RequestBody.Write(Request(OfLength(long.MaxValue / 2), OfLength(long.MaxValue / 2))));

        static MediaSource OfLength(long length) => new("image/png", length, _ => Task.FromResult(Stream.Null));
    }

    [Fact]
    public void Media_IsWrittenInline() => Assert.Equal(
        """[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":""}}]}]""",
        Written(Request(Source([1, 2, 3], 3))).GetProperty("contents").GetRawText());

    [Fact]
    public void RawPart_KeepsNamesThatAreNoWords() => Assert.Equal(
        """[{"role":"user","parts":[{"_":{"__":1,"":2},"someName":{"otherName":{"deep_name":3}}}]}]""",
        Written(new GenerateContentRequest
        {
            Contents = [Content.User(new Part { Raw = JsonElement.Parse("""{"_":{"__":1,"":2},"some_name":{"_other__name":{"deep_name":3}}}""") })],
        }).GetProperty("contents").GetRawText());

    [Fact]
    public async Task LargeMedia_AllocationsDoNotGrowWithItsSize()
    {
        await Allocated(1_000_000);
        var small = await Allocated(1_000_000);
        var large = await Allocated(40_000_000);

        Assert.True(large < small + 200_000, $"1 MB allocated {small} bytes, 40 MB allocated {large}.");

        static async Task<long> Allocated(long size)
        {
            var source = new MediaSource("video/mp4", size, _ => Task.FromResult<Stream>(new ZeroStream(size)));
            using var content = new RequestContent(RequestBody.Write(Request(source)));
            var before = GC.GetAllocatedBytesForCurrentThread();
            await content.CopyToAsync(Stream.Null, TestContext.Current.CancellationToken);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void RolesAndOutputLimit_AreAlwaysWritten()
    {
        var json = Written(new GenerateContentRequest
        {
            SystemInstruction = new Content("system", [Part.FromText("Be brief.")]),
            Contents = [new Content("", [Part.FromText("Hi")]), new Content("model", [Part.FromText("Yes?")]), new Content("function", [Part.FromText("x")])],
        });

        Assert.Equal("user", json.GetProperty("systemInstruction").GetProperty("role").GetString());
        Assert.Equal("user model user", string.Join(' ', json.GetProperty("contents").EnumerateArray().Select(turn => turn.GetProperty("role").GetString())));
        Assert.Equal(65_536, json.GetProperty("generationConfig").GetProperty("maxOutputTokens").GetInt32());
    }

    [Fact]
    public void EverySetting_IsWrittenInCamelCaseAndNothingElse()
    {
        var json = Written(new GenerateContentRequest
        {
            Contents =
            [
                Content.User(
                    new Part { FileData = new FileData("audio/mp3", new Uri("https://files.example.com/a/b.mp3?sig=1")), VideoMetadata = JsonElement.Parse("""{"fps":2}""") },
                    new Part { Raw = JsonElement.Parse("""{"inline_data":{"mime_type":"image/png","data":"AA=="},"thought_signature":"s"}""") },
                    new Part { Raw = JsonElement.Parse("""{"function_call":{"name":"f","args":{"snake_case":1}}}""") }),
            ],
            GenerationConfig = new GenerationConfig
            {
                Temperature = 0.2,
                TopP = 0.9,
                TopK = 3,
                MaxOutputTokens = 8192,
                StopSequences = ["x"],
                Seed = 7,
                ResponseMimeType = "application/json",
                ThinkingConfig = new ThinkingConfig { ThinkingBudget = 0, IncludeThoughts = false },
                Other = new Dictionary<string, JsonElement>(StringComparer.Ordinal) { ["logprobs"] = JsonElement.Parse("3") },
            },
            Tools = JsonElement.Parse("""[{"googleSearch":{}}]"""),
            ToolConfig = JsonElement.Parse("{}"),
            SafetySettings = JsonElement.Parse("[]"),
            CachedContent = "cachedContents/1",
        });

        Assert.Equal(
            """{"cachedContent":"cachedContents/1","contents":[{"role":"user","parts":[{"fileData":{"mimeType":"audio/mp3","fileUri":"https://files.example.com/a/b.mp3?sig=1"},"videoMetadata":{"fps":2}},{"inlineData":{"mimeType":"image/png","data":"AA=="},"thoughtSignature":"s"},{"functionCall":{"name":"f","args":{"snake_case":1}}}]}],"tools":[{"googleSearch":{}}],"toolConfig":{},"safetySettings":[],"generationConfig":{"temperature":0.2,"topP":0.9,"topK":3,"maxOutputTokens":8192,"stopSequences":["x"],"seed":7,"responseMimeType":"application/json","thinkingConfig":{"thinkingBudget":0,"includeThoughts":false},"logprobs":3}}""",
            json.GetRawText());
    }

    [Fact]
    public void GenerationConfig_KeepsUnknownSettingsWhenReadByGeneratedCode()
    {
        var config = JsonSerializer.Deserialize("""{"temperature":0.5,"speechRate":2}""", Json.EvoLinkJson.Default.GenerationConfig)!;

        Assert.Equal(0.5, config.Temperature);
        Assert.Equal(2, config.Other!["speechRate"].GetInt32());
    }

    [Fact]
    public void PartWithTwoKindsOfData_IsRefused() =>
        Assert.Throws<ArgumentException>(() => Written(new GenerateContentRequest
        {
            Contents = [Content.User(new Part { Text = "a", FileData = new FileData("a/b", new Uri("https://x.example")) })],
        }));

    [Fact]
    public void SystemText_MovesInFrontOfTheFirstUserTurn()
    {
        var merged = RequestBody.MergeSystemText(new GenerateContentRequest
        {
            SystemInstruction = new Content("user", [Part.FromText("one")]),
            Contents = [new Content("system", [Part.FromText("two")]), new Content("model", [Part.FromText("m")]), Content.User(Part.FromText("three"))],
        });

        Assert.NotNull(merged);
        Assert.Null(merged.SystemInstruction);
        Assert.Equal("model user", string.Join(' ', merged.Contents.Select(turn => turn.Role)));
        Assert.Equal("one two three", string.Join(' ', merged.Contents[1].Parts.Select(part => part.Text)));
        Assert.Null(RequestBody.MergeSystemText(Upstream.Ask().Body));
    }

    [Theory]
    [InlineData("user", "user: be brief hi")]
    [InlineData("", "user: be brief hi")]
    [InlineData("model", "user: be brief, model: hi")]
    public void SystemText_JoinsTheFirstUserTurnOrBecomesIt(string role, string turns)
    {
        var merged = RequestBody.MergeSystemText(new GenerateContentRequest
        {
            SystemInstruction = new Content("system", [Part.FromText("be brief")]),
            Contents = [new Content(role, [Part.FromText("hi")])],
        });

        Assert.Equal(turns, string.Join(", ", merged!.Contents.Select(turn => $"{turn.Role}: {string.Join(' ', turn.Parts.Select(part => part.Text))}")));
    }

    [Fact]
    public void SignedFileUrl_IsNotInTheTextForm() =>
        Assert.DoesNotContain("sig=", new FileData("a/b", new Uri("https://x.example/a?sig=secret")).ToString(), StringComparison.Ordinal);

    private static JsonElement Written(GenerateContentRequest request) => JsonElement.Parse(Encoding.UTF8.GetString(RequestBody.Write(request).Json.Span));

    private static GenerateContentRequest Request(params IEnumerable<MediaSource> media) => new() { Contents = [Content.User([.. media.Select(source => new Part { Media = source })])] };

    private static MediaSource Source(byte[] bytes, int piece) =>
        new("image/png", bytes.Length, _ => Task.FromResult<Stream>(new PiecewiseStream(bytes, piece)));

    private sealed class PiecewiseStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }

    private sealed class ZeroStream(long length) : MemoryStream
    {
        private long _remaining = length;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = (int)Math.Min(buffer.Length, _remaining);
            buffer.Span[..count].Clear();
            _remaining -= count;
            return ValueTask.FromResult(count);
        }
    }
}
