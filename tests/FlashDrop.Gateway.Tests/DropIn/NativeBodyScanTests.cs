using System.Buffers;
using System.Text;
using System.Text.Json;
using FlashDrop.Gateway.DropIn;
using FlashDrop.Gateway.Urls;

namespace FlashDrop.Gateway.Tests.DropIn;

/// <summary>Whatever the pieces a request arrives in, the same is found in it.</summary>
public sealed class NativeBodyScanTests
{
    public static TheoryData<string, string> Bodies => new()
    {
        {
            """{"contents":[{"parts":[{"text":"hé \"quoted\" {\"role\"}"}]}]}""",
            """{"contents":[{"parts":[{"text":"hé \"quoted\" {\"role\"}"}],"role":"user"}],"generationConfig":{"maxOutputTokens":65535}}"""
        },
        {
            """{ "system_instruction" : {"role":"system","parts":[{"text":"x"}]}, "contents":{"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":"AAAA"}}]},"generation_config":{"temperature":0.5} }""",
            """{ "systemInstruction" : {"role":"user","parts":[{"text":"x"}]}, "contents":{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]},"generationConfig":{"temperature":0.5,"maxOutputTokens":65535} }"""
        },
        {
            """{"contents":[{"role":"user","parts":[{"function_response":{"name":"f","response":{"snake_name":[1,{"role":2}]}}}]}],"generationConfig":{"max_output_tokens":7,"response_schema":{"properties":{"a_b":{}}}}}""",
            """{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"snake_name":[1,{"role":2}]}}}]}],"generationConfig":{"maxOutputTokens":7,"responseSchema":{"properties":{"a_b":{}}}}}"""
        },
        { "{}", """{"generationConfig":{"maxOutputTokens":65535}}""" },
        { """{"contents":[{}],"generationConfig":{}}""", """{"contents":[{"role":"user"}],"generationConfig":{"maxOutputTokens":65535}}""" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public void Edits_AreTheSameInPiecesOfEverySize(string body, string expected)
    {
        expected = expected.Replace("65535", $"{EvoLink.Generation.GenerationConfig.OutputTokenLimit}", StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(body);
        for (var size = 1; size <= bytes.Length; size++)
        {
            var scan = new NativeBodyScan(maxDepth: 64, Urls());
            for (var arrived = size; arrived < bytes.Length; arrived += size)
            {
                Assert.True(scan.Read(Unread(arrived), isLast: false));
            }

            Assert.True(scan.Read(Unread(bytes.Length), isLast: true));
            Assert.Equal(expected, Apply(body, scan.Edits));
            Assert.Equal(bytes.Length, scan.Position);

            ReadOnlySequence<byte> Unread(int arrived) => new(bytes.AsMemory((int)scan.Position, arrived - (int)scan.Position));
        }

        JsonDocument.Parse(expected).Dispose();
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("1")]
    public void OtherJson_IsNoRequest(string body) => Assert.Null(NativeBodyScan.Read(Encoding.UTF8.GetBytes(body), maxDepth: 64, Urls()));

    private static InputUrls Urls() => new(new UrlGuard([], allowLoopback: false));

    private static string Apply(string body, IReadOnlyList<Edit> edits)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var (result, position) = (new List<byte>(), 0);
        foreach (var edit in edits)
        {
            result.AddRange(bytes[position..(int)edit.Offset]);
            result.AddRange(edit.Replacement);
            position = (int)(edit.Offset + edit.Length);
        }

        result.AddRange(bytes[position..]);
        return Encoding.UTF8.GetString([.. result]);
    }
}
