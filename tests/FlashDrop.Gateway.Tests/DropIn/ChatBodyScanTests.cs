using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Gateway.Urls;
using Microsoft.AspNetCore.Http;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>Whatever the order of a chat request's members and the pieces it arrives in, the upstream gets the same.</summary>
public sealed class ChatBodyScanTests
{
    private const string Upstreams = "upstream/model";

    private static readonly string Long = new('x', 9_000);

    /// <summary>What a member may be; an empty one is missing.</summary>
    private static readonly string[][] Members =
    [
        ["\"model\":\"gemini-2.5-flash\"", "\"mod\\u0065l\" : \"a\\\"b\"", $"\"model\":\"{Upstreams}\""],
        ["", "\"stream\":true", "\"stream\" :\n false", "\"stream\":true", "\"stream\":null", "\"stream\":[true]"],
        [
            "", "\"stream_options\":{}", "\"stream_options\": { \"include_usage\": false }", "\"stream_options\":{\"include_usage\":true}", "\"stream_options\":null",
            "\"stream_options\":{\"x\":[1,{}],\"include_usage\":null }", "\"stream_options\":{\"a\":{\"include_usage\":true}}", "\"stream_options\":[{}]",
            "\"stream_options\":{\"include_usage\":{\"x\":[]},\"y\":1}", "\"stream_options\":\"text\"",
        ],
        [
            "\"messages\":[{\"role\":\"user\",\"content\":\"hé \\\"model\\\"\"}]", $"\"messages\":[{{\"content\":[{{\"type\":\"text\",\"text\":\"{Long}\\\"{Long}\"}}]}}]",
            $"\"messages\":[{{\"content\":[{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"data:image/png;base64,{Long}{Long}{Long}\"}}}}]}}, 1]",
        ],
        ["", "\"tools\":[{\"model\":\"x\",\"stream\":true,\"stream_options\":{}}]", $"\"user\":\"{Long}\"", "\"max_tokens\":5"],
    ];

    private static readonly Gen<string> Bodies = Gen.Select(
        Gen.Int[0, 999].Array[Members.Length], Gen.Int[0, 1_000_000], (choices, seed) =>
        {
            var order = Members.Zip(choices, (member, choice) => member[choice % member.Length]).Where(member => member.Length > 0).ToArray();
            new Random(seed).Shuffle(order);
            return $" {{ {string.Join(seed % 2 == 0 ? "," : " ,\r\n", order)} }} ";
        });

    private static readonly Gen<int[]> Pieces = Gen.OneOf(Gen.Int[1, 40], Gen.Int[1, 9_000]).Array[1, 8];

    [Fact]
    public Task AnyOrderAndAnyPieces_TheUpstreamGetsTheSame() => Gen.Select(Bodies, Pieces).SampleAsync(async (text, pieces) =>
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var read = ChatBodyScan.Read(bytes, maxDepth: 64, Urls())!;
        using var whole = new EditedBody(bytes);
        var expected = await whole.Content(read.EditsFor(Upstreams)).ReadAsStringAsync();
        Assert.True(JsonNode.DeepEquals(Edited(text), JsonNode.Parse(expected)), expected);

        var scan = new ChatBodyScan(maxDepth: 64, Urls());
        using var arriving = new ArrivingBody(Request(bytes, pieces), limit: 1_000_000, scan);
        var reading = arriving.ReadAsync(CancellationToken.None);
        await Task.WhenAny(reading, arriving.Begun);
        var model = scan.Model!;
        using var early = arriving.Content(() => { }, model.For(Upstreams));
        using var sent = new MemoryStream();
        var sending = early.CopyToAsync(sent);
        Assert.Null(await reading);
        arriving.Release();
        await sending;

        Assert.Equal(expected, Encoding.UTF8.GetString(sent.ToArray()));
        Assert.Equal(read.Streams, scan.Streams);
        Assert.Equal(read.IncludesUsage, scan.IncludesUsage);
        Assert.Equal(read.TextBytes, scan.TextBytes);
        Assert.Equal(read.MediaBytes, scan.MediaBytes);
        Assert.Equal(read.MaxOutputTokens, scan.MaxOutputTokens);

        using var again = arriving.Content(() => { }, model.For(Upstreams));
        Assert.Equal(expected, await again.ReadAsStringAsync());
        Assert.Equal(Encoding.UTF8.GetByteCount(expected), again.Headers.ContentLength);
    }, iter: 1_000);

    [Theory]
    [InlineData("{\"type\":\"input_audio\"}")]
    [InlineData("{\"type\":\"file\"}")]
    [InlineData("{\"type\":\"video_url\"}")]
    [InlineData("{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:audio/wav;base64,AAAA\"}}")]
    [InlineData("{\"type\":\"image_url\",\"image_url\":\"data:application/pdf;base64,AAAA\"}")]
    public async Task PartThatIsNoImage_IsFoundInAnyPieces(string part)
    {
        var bytes = Encoding.UTF8.GetBytes($"{{\"model\":\"m\",\"messages\":[{{\"content\":[{{\"type\":\"text\",\"text\":\"x\"}},{part}]}}]}}");
        for (var size = 1; size <= bytes.Length; size++)
        {
            var scan = new ChatBodyScan(maxDepth: 64, Urls());
            using var arriving = new ArrivingBody(Request(bytes, [size]), limit: 1_000_000, scan);

            Assert.Null(await arriving.ReadAsync(CancellationToken.None));

            Assert.True(scan.NeedsNative);
            Assert.True(arriving.Withdrawn.IsCancellationRequested);
            using var whole = arriving.ToWhole();
            Assert.Equal(bytes, whole.Bytes);
        }
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("1")]
    public void OtherJson_IsNoRequest(string body) => Assert.Null(ChatBodyScan.Read(Encoding.UTF8.GetBytes(body), maxDepth: 64, Urls()));

    private static InputUrls Urls() => new(new UrlGuard([], allowLoopback: false));

    /// <summary>What has to come out, by way of objects.</summary>
    private static JsonObject Edited(string body)
    {
        var root = JsonNode.Parse(body)!.AsObject();
        root["model"] = Upstreams;
        if (root["stream"] is JsonValue stream && stream.TryGetValue<bool>(out var streams) && streams)
        {
            var isUsable = root["stream_options"] is JsonObject options && options["include_usage"] is null or JsonValue;
            if (!isUsable)
            {
                root["stream_options"] = new JsonObject();
            }

            root["stream_options"]!["include_usage"] = true;
        }

        return root;
    }

    private static HttpRequest Request(byte[] bytes, int[] pieces) => new DefaultHttpContext { Request = { Body = new PiecedStream(bytes, pieces) } }.Request;

    /// <summary>Gives as many bytes at a time as it is told.</summary>
    private sealed class PiecedStream(byte[] bytes, int[] pieces) : MemoryStream(bytes)
    {
        private int _reads;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return Read(buffer.Span[..Math.Min(buffer.Length, pieces[_reads++ % pieces.Length])]);
        }
    }
}
