using System.Text.Json;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.EvoLink.Tests;

/// <summary>What is read out of a task, to the field.</summary>
public sealed class TaskReaderTests
{
    private const string Link = "https://files.evolink.ai/r/1.json";

    private const string Own =
        """{"candidates":[{"content":{"parts":[{"text":"own"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":7},"usage":{"cost":{"usd":"0.1"}},"modelVersion":"own-model"}""";

    private const string Start = """{"candidates":[{"content":{"parts":[{"text":"st"}]}}]}""";

    private const string End = """{"candidates":[{"content":{"parts":[{"text":"art"}]},"finishReason":"STOP"}],"modelVersion":"m"}""";

    private const string Beside = """{"id":"t1","status":"completed","modelVersion":"task-model","usageMetadata":{"promptTokenCount":1},"usage":{"prompt_tokens":2,"cost":{"usd":"0.5"}},"results":[""";

    [Theory]
    [InlineData("completed", TaskState.Completed)]
    [InlineData("SUCCEEDED", TaskState.Completed)]
    [InlineData("Success", TaskState.Completed)]
    [InlineData("done", TaskState.Completed)]
    [InlineData("failed", TaskState.Failed)]
    [InlineData("failure", TaskState.Failed)]
    [InlineData("Error", TaskState.Failed)]
    [InlineData("cancelled", TaskState.Cancelled)]
    [InlineData("canceled", TaskState.Cancelled)]
    [InlineData("pending", TaskState.Running)]
    [InlineData("never seen", TaskState.Running)]
    internal void Status_IsReadInAnySpelling(string status, TaskState state) => Assert.Equal(state, TaskReader.StateOf(new UpstreamTask { Id = "t1", Status = status }));

    [Theory]
    [InlineData("""{"id":"t1","status":"pending"}""", true)]
    [InlineData("""{"id":"t1","status":"completed","candidates":[],"choices":null}""", true)]
    [InlineData("""{"code":200,"data":{"id":"t1","status":"pending"}}""", true)]
    [InlineData("""{"id":"t1","status":"completed","candidates":[{}]}""", false)]
    [InlineData("""{"id":"t1","status":"completed","choices":[{}]}""", false)]
    [InlineData("""{"data":{"id":"t1","status":"completed","choices":[{}]}}""", false)]
    [InlineData("""{"id":7,"status":"pending"}""", false)]
    [InlineData("""{"id":"t1","status":7}""", false)]
    [InlineData("""{"id":"t1"}""", false)]
    public void IdAndStatusWithoutAnAnswer_AreATask(string body, bool isTask)
    {
        Assert.Equal(isTask, TaskReader.TryReadTask(JsonElement.Parse(body), out var task, out _));
        Assert.Equal(isTask ? "t1" : null, task?.Id);
    }

    [Fact]
    public void IdOfTheLargestLength_IsOneAndOneCharacterMoreIsNot()
    {
        Assert.True(TaskReader.IsTaskId(new string('t', TaskReader.MaxIdLength)));
        Assert.False(TaskReader.IsTaskId(new string('t', TaskReader.MaxIdLength + 1)));
    }

    [Theory]
    [InlineData("""  "progress":"42","created":1793697164,"created_at":1,"model":"m","task_info":{"estimated_time":2.5}  """, 42, "2026-11-03T09:12:44Z", "m", "00:00:02.5")]
    [InlineData("""  "progress":-1,"created_at":1793697164  """, 0, "2026-11-03T09:12:44Z", null, null)]
    [InlineData("""  "progress":101,"created":"1793697164000"  """, 100, "2026-11-03T09:12:44Z", null, null)]
    [InlineData("""  "created":0,"task_info":{"estimated_time":0}  """, null, null, null, "00:00:00")]
    [InlineData("""  "created":1,"task_info":{"estimated_time":-1}  """, null, "1970-01-01T00:00:01Z", null, null)]
    [InlineData("""  "created":-1,"task_info":{"estimated_time":1000000}  """, null, null, null, null)]
    [InlineData("""  "created":100000000000,"task_info":5  """, null, "5138-11-16T09:46:40Z", null, null)]
    [InlineData("""  "created":100000000001  """, null, "1973-03-03T09:46:40.001Z", null, null)]
    [InlineData("""  "created":9999999999999  """, null, "2286-11-20T17:46:39.999Z", null, null)]
    [InlineData("""  "created":10000000000000  """, null, null, null, null)]
    public void EveryField_IsReadOrLeftOut(string fields, int? progress, string? created, string? model, string? estimated)
    {
        Assert.True(TaskReader.TryReadTask(JsonElement.Parse($$"""{"id":"t1","status":"Queued",{{fields}}}"""), out var task, out _));

        Assert.Equal(
            new UpstreamTask
            {
                Id = "t1",
                Status = "Queued",
                Progress = progress,
                Created = created is null ? null : DateTimeOffset.Parse(created, System.Globalization.CultureInfo.InvariantCulture),
                Model = model,
                EstimatedTime = estimated is null ? null : TimeSpan.Parse(estimated, System.Globalization.CultureInfo.InvariantCulture),
            },
            task);
    }

    /// <summary>What the answer says of itself goes before what the task says of it.</summary>
    [Theory]
    [InlineData(Beside + Own + "]}", "own", 7, "0.1", "own-model", Own)]
    [InlineData(Beside + "\"text\"]}", "text", 1, "0.5", "task-model", null)]
    [InlineData(Beside + Start + "]}", "st", 1, "0.5", "task-model", Start)]
    [InlineData("""{"usage":{"prompt_tokens":2},"modelVersion":"task-model","output":"text"}""", "text", 2, null, "task-model", null)]
    [InlineData("""{"output":"text"}""", "text", null, null, null, null)]
    public void CountsCostAndModel_AreTakenFromBesideTheAnswerOnlyIfItHasNone(string task, string text, int? prompt, string? usd, string? model, string? raw)
    {
        var answer = Assert.IsType<TaskResult.Found>(TaskReader.ReadResult(JsonElement.Parse(task), static _ => true)).Answer;

        Assert.Equal(
            (text, prompt, usd, model, raw ?? task),
            (answer.Text, (int?)answer.Usage?.PromptTokens, answer.ReportedCostUsd?.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.ModelVersion, answer.Raw!.Value.GetRawText()));
    }

    [Theory]
    [InlineData("results")]
    [InlineData("result_data")]
    [InlineData("result")]
    [InlineData("output")]
    [InlineData("response")]
    [InlineData("data")]
    public void EveryPlaceOfAResult_IsLookedAt(string field)
    {
        Assert.Equal("found own", Read($$"""{"{{field}}":{{Own}}}"""));
        Assert.Equal("found x", Read($$$"""{"results":[],"result":{"{{{field}}}":"x"}}"""));
    }

    [Theory]
    [InlineData($"[{Own}]", "found own")]
    [InlineData($"[{Own},\"x\"]", "found own")]
    [InlineData($"[{Start},{End}]", "found start")]
    [InlineData("""[[],"x"]""", "found x")]
    [InlineData("""["x",7,{"text":"y"},null,["z"]]""", "found xyz")]
    [InlineData($"""["See ","{Link}"]""", $"found See {Link}")]
    [InlineData($"""["{Link}","x"]""", $"linked {Link}")]
    [InlineData($$"""[{"url":"{{Link}}"},"x"]""", $"linked {Link}")]
    [InlineData($$"""{"url":"{{Link}}"}""", $"linked {Link}")]
    [InlineData("""{"url":"not a link","output":"x"}""", "found x")]
    [InlineData($$"""{"text":"{{Link}}"}""", $"found {Link}")]
    [InlineData($$"""{"content":["{{Link}}"]}""", $"linked {Link}")]
    [InlineData("""{"parts":[{"text":"x"},{"text":"y"}]}""", "found xy")]
    [InlineData("""{"text":null,"output":"x"}""", "found x")]
    [InlineData("7", "nothing")]
    public void Result_IsReadInAnyForm(string result, string expected) => Assert.Equal(expected, Read($$"""{"result":{{result}}}"""));

    /// <summary>The merged chunks are the raw answer of several; the raw answer of one is itself.</summary>
    [Theory]
    [InlineData($"[{Own}]", Own)]
    [InlineData($"[{Start},{End}]", """{"candidates":[{"content":{"role":"model","parts":[{"text":"start"}]},"finishReason":"STOP"}],"modelVersion":"m"}""")]
    public void RawAnswer_IsTheUpstreamsOwnOrTheMergedOne(string results, string raw)
    {
        foreach (var form in (string[])[results, JsonSerializer.Serialize(results)])
        {
            var found = Assert.IsType<TaskResult.Found>(TaskReader.ReadResult(JsonElement.Parse($$"""{"result":{{form}}}"""), static _ => true));

            Assert.Equal(raw, found.Answer.Raw!.Value.GetRawText());
        }
    }

    [Theory]
    [InlineData($" {Own} ", "found own")]
    [InlineData($"[{Own}]", "found own")]
    [InlineData($"[{Start},{End}]", "found start")]
    [InlineData($"[{Own},7]", $"found [{Own},7]")]
    [InlineData("[]", "found []")]
    [InlineData("{}", "found {}")]
    [InlineData("[x", "found [x")]
    [InlineData(" \n", "nothing")]
    [InlineData(Link, $"linked {Link}")]
    [InlineData("HTTPS://files.evolink.ai/R", "linked https://files.evolink.ai/R")]
    [InlineData("http://files.evolink.ai/r", "linked http://files.evolink.ai/r")]
    [InlineData("https://files.evolink.ai/r and more", "found https://files.evolink.ai/r and more")]
    [InlineData(" https://files.evolink.ai/r", "found  https://files.evolink.ai/r")]
    [InlineData("ftp://files.evolink.ai/r", "found ftp://files.evolink.ai/r")]
    [InlineData("/r/1.json", "found /r/1.json")]
    [InlineData("https:", "found https:")]
    public void Text_IsTheAnswerUnlessItIsOneInFullOrALink(string text, string expected)
    {
        Assert.Equal(expected, Read($$"""{"result":{{JsonSerializer.Serialize(text)}}}"""));
        Assert.Equal(
            expected.StartsWith("linked", StringComparison.Ordinal) ? $"found {text}" : expected,
            Read($$"""{"result":{{JsonSerializer.Serialize(text)}}}""", isLink: false));
    }

    [Theory]
    [InlineData(4_096, "linked")]
    [InlineData(4_097, "found")]
    public void LinkOfTheLargestLength_IsOneAndOneCharacterMoreIsNot(int length, string expected)
    {
        var text = Link.PadRight(length, 'x');

        Assert.Equal($"{expected} {text}", Read($$"""{"result":"{{text}}"}"""));
    }

    /// <summary>Nesting is followed a few levels, whichever way it goes: a deeper one is no result.</summary>
    [Theory]
    [InlineData("""{"result":""", "}", 4)]
    [InlineData("""{"content":""", "}", 5)]
    [InlineData("[", "]", 4)]
    public void NestedResult_IsFoundUpToADepth(string open, string close, int deepest)
    {
        Assert.Equal("found x", Read($$"""{"result":{{Nested(deepest)}}}"""));
        Assert.Equal("nothing", Read($$"""{"result":{{Nested(deepest + 1)}}}"""));

        string Nested(int levels) => string.Concat(Enumerable.Repeat(open, levels)) + "\"x\"" + string.Concat(Enumerable.Repeat(close, levels));
    }

    [Fact]
    public void NestedListOfTexts_IsJoinedUpToADepth() => Assert.Equal("found abcd", Read("""{"result":["a",["b",["c",["d",["e",["f","g"]]]]]]}"""));

    private static string Read(string task, bool isLink = true) => TaskReader.ReadResult(JsonElement.Parse(task), _ => isLink) switch
    {
        TaskResult.Found { Answer: Answer answer } => $"found {answer.Text}",
        TaskResult.Linked linked => $"linked {linked.Link}",
        _ => "nothing",
    };
}
