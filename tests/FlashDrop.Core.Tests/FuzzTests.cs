using System.Text;
using System.Text.Json;
using CsCheck;
using FlashDrop.Core.Drops;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Media;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Schemas;
using FlashDrop.Core.Structured;
using FlashDrop.Core.Tests.Media;
using FlashDrop.Core.Tests.Pipeline;
using FlashDrop.EvoLink.Json;
using FlashDrop.Testing;
using FlashDrop.Testing.Fuzzing;

namespace FlashDrop.Core.Tests;

/// <summary>What people and the model hand in, spoilt: it is taken, or refused with a reason, in bounded memory.</summary>
public sealed class FuzzTests
{
    private static readonly string[] Words =
    [
        "\"prompt\":", "\"tier\":", "\"type\":", "\"object\"", "\"properties\":", "\"required\":", "\"anyOf\":", "\"$ref\":", "\"#/$defs/a\"", "\"$defs\":", "\"enum\":",
        "\"pattern\":", "\"(a+)+$\"", "\"files\":", "\"tags\":", "\"generationConfig\":", "\"limits\":", "\"maxSeconds\":", "\"deadline\":", "{{file.name}}", "```json\n", "```",
    ];

    private static readonly string[] Schemas =
    [
        """{"type":"object","properties":{"total":{"type":"number","minimum":0},"lines":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"},"maxItems":9}},"required":["total"]}""",
        """{"$defs":{"a":{"type":"string","enum":["x","y"]}},"anyOf":[{"$ref":"#/$defs/a"},{"type":["integer","null"]}]}""",
        """{"type":"OBJECT","properties":{"when":{"type":"STRING","format":"date-time"}},"additionalProperties":false}""",
    ];

    private static readonly string[] Answers = ["""{"total":12.5,"lines":["a","b"]}""", "\"x\"", "7", "```json\n{\"total\":1}\n```", """{"when":"2026-01-01T00:00:00Z"}"""];

    private static readonly JobId Id = JobId.Create(TestJobs.Noon, new byte[10]);

    [Fact]
    public void Profile_WhateverItIs_IsReadOrToldWhatIsWrong() => Fuzz.Run(
        Fuzz.Spoilt(BuiltIn(), Words), bytesPerByte: 2_000, input => ProfileReader.Read("x", input) is var (profile, problems) && (profile is null) == (problems.Count > 0));

    [Fact]
    public void Overrides_WhateverTheyAre_AreReadOrToldWhatIsWrong() => Fuzz.Run(
        Fuzz.Spoilt(["""{"prompt":"Only page 1 of {{file.name}}.","generationConfig":{"temperature":0},"tier":"standard","output":"text","tags":{"case":"4711"}}"""], Words),
        bytesPerByte: 1_000,
        input =>
        {
            List<JsonProblem> problems = [];
            if (TryParse(input, out var root))
            {
                _ = DropOverrides.Read(root, "files", problems);
            }

            var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["generationconfig"] = Encoding.UTF8.GetString(input), ["tag_a"] = "b" };
            return DropOverrides.Read(metadata, problems) is not null && problems.TrueForAll(p => p.ToString().Length > 0);
        });

    [Fact]
    public async Task Bundle_WhateverItIs_EndsAsAJobWithAReason()
    {
        // Each case is a whole drop, so there are fewer of them.
        var bundles = Fuzz.Spoilt(["""{"files":["page-1.jpg","letter.pdf"],"prompt":"What changed?","tier":"beta","tags":{"a":"b"}}"""], Words);
        await bundles.SampleAsync(
            async input =>
            {
                var bench = new PipelineBench();
                await bench.DropAsync("default/case.bundle/bundle.json", input);
                var job = bench.Only;
                return job.State == JobState.Failed && job.Error is { Code: "invalid_bundle" or "bundle_incomplete" or "invalid_overrides" or "empty_file", Remedy.Length: > 0 };
            },
            iter: 500,
            threads: 1);
    }

    [Fact]
    public void Schema_WhateverItIs_IsReadOrToldWhatIsWrong_AndJudgesAnyAnswer() => Fuzz.Run(
        Gen.Select(Fuzz.Spoilt(Schemas, Words), Fuzz.Spoilt(Answers, Words)).Select((schema, answer) => (byte[])[.. schema, (byte)'\u0001', .. answer]),
        bytesPerByte: 4_000,
        input =>
        {
            var split = Array.LastIndexOf(input, (byte)1);
            if (!TryParse(input.AsMemory(0, split), out var root))
            {
                return true;
            }

            List<JsonProblem> problems = [];
            if (SchemaReader.Read(root, "$", problems) is null)
            {
                return problems.Count > 0;
            }

            var text = Encoding.UTF8.GetString(input.AsSpan(split + 1));
            var check = new AnswerCheck { MimeType = StructuredAnswers.Json, Schema = root };
            return StructuredAnswers.Misfits(check, text).Count <= SchemaValidator.MaxMisfits && (StructuredAnswers.Read(check, text) is not null || StructuredAnswers.Misfits(check, text).Count > 0);
        });

    [Fact]
    public void QueueMessage_WhateverItIs_IsReadOrNot() => Fuzz.Run(
        Fuzz.Spoilt(
            [
                PortJson.Write(new SubmitMessage(Id, 1, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
                PortJson.Write(new PollMessage(TestJobs.Job(Id) with { State = JobState.Submitted, TaskId = "t" }, "v", 2, null)),
            ],
            Words),
        bytesPerByte: 1_000,
        input =>
        {
            var text = Encoding.UTF8.GetString(input);
            return PortJson.TryReadSubmit(text, out var submit) == submit is not null && PortJson.TryReadPoll(text, out var poll) == poll is not null;
        });

    [Fact]
    public void File_WhateverItIs_IsInspectedWithinTheReads() => Fuzz.Run(
        Fuzz.Spoilt([.. Samples(), TestMedia.Jpeg(30, 20, 2), TestMedia.Mp4(3, 90_000, indexLast: true), TestMedia.Pdf(3, 90_000), TestMedia.Mp3(3, 90_000)]),
        bytesPerByte: 60,
        input =>
        {
            var head = input.AsMemory(0, Math.Min(input.Length, MediaSniffer.HeadLength));
            var told = MediaSniffer.Detect(head.Span, input.Length <= MediaSniffer.HeadLength);
            foreach (var type in new[] { told, MediaType.Jpeg, MediaType.Png, MediaType.Mp3, MediaType.Mp4, MediaType.Pdf })
            {
                var window = new ByteWindow(head, input.Length, (offset, count, _) => Task.FromResult<ReadOnlyMemory<byte>?>(input.AsMemory((int)offset, count)));
                var reading = MediaInspector.InspectAsync(type, window, CancellationToken.None);
                if (!reading.IsCompletedSuccessfully || window.Reads > ByteWindow.MaxReads || reading.Result is { Seconds: < 0 } or { Pages: < 1 } or { Width: < 1 } or { Height: < 1 })
                {
                    return false;
                }

                TokenArithmetic.Of(type, input.Length, reading.Result, resolution: null);
            }

            return true;
        });

    private static bool TryParse(ReadOnlyMemory<byte> json, out JsonElement root)
    {
        try
        {
            root = JsonElement.Parse(ReadableJson.Of(json).Span);
            return true;
        }
        catch (JsonException)
        {
            root = default;
            return false;
        }
    }

    private static IEnumerable<string> BuiltIn()
    {
        var assembly = typeof(ProfileReader).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith("profiles/", StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            yield return reader.ReadToEnd();
        }

        yield return """{"prompt":"Read {{file.name}}.","accept":["image"],"limits":{"maxBytes":5,"maxPages":1,"maxSeconds":2.5},"tier":"beta-then-standard","maxAttempts":2,"deadline":"01:00:00","sidecar":true}""";
    }

    private static IEnumerable<byte[]> Samples() =>
        ((string[])["default/harbour.jpg", "default/chart.png", "default/clip.mp4", "default/invoice.pdf", "meeting-notes/standup.mp3", "default/notes.txt"])
            .Select(name => File.ReadAllBytes(Docs.PathOf($"samples/{name}")));
}
