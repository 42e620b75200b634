using System.Security.Cryptography;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Tests.Media;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Pipeline;

public sealed class DropTests
{
    [Fact]
    public async Task Drop_IsAnswered_WithResultAnswerUsageAndCost()
    {
        var bench = new PipelineBench();

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var job = bench.Only;
        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal("drop:default", job.Caller);
        var result = bench.Result("default/harbour.jpg");
        Assert.Equal("Answer 1.", result.Answer!.Text);
        Assert.Equal(1_000, result.Usage!.PromptTokens);
        Assert.Equal(0.00158m, result.Cost.Usd);
        Assert.Equal(job.Id, result.JobId);
        Assert.Equal("image", result.Input!.Kind);
        Assert.Equal("Answer 1.", bench.Text("default/harbour.jpg.md"));
        var usage = Assert.Single(bench.Usage);
        Assert.Equal(("task-unified-0001", 0.00158m, job.Id), (usage.Id, usage.CostUsd!.Value, usage.JobId));
        Assert.Empty(bench.Storage.Jobs.AllActive());
        Assert.Empty(bench.Storage.Queue.Peek(Queues.Poll));
    }

    [Fact]
    public async Task Drop_SendsItsOwnBytesOnce_FromOneDownload()
    {
        var bench = new PipelineBench();
        var image = PipelineBench.Jpeg.Concat(new byte[100_000]).ToArray();

        await bench.DropAsync("default/harbour.jpg", image);

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(image)), Assert.Single(Assert.Single(bench.Upstream.Submissions).MediaHashes));
        Assert.Equal(1, bench.Storage.Operations.Of(StorageOperations.BlobOpen) - ProfileLookups);
    }

    [Fact]
    public async Task Drop_SameEventTwice_IsOneJobAndOneSubmission()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");

        await bench.Pipeline.HandleDropAsync("default/harbour.jpg", CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));
        await bench.Pipeline.HandleDropAsync("default/harbour.jpg", CancellationToken.None);

        Assert.Single(bench.Upstream.Submissions);
        Assert.Equal(JobState.Succeeded, bench.Only.State);
    }

    [Fact]
    public async Task Drop_AtTheRoot_UsesTheDefaultProfile()
    {
        var bench = new PipelineBench();

        await bench.DropAsync("harbour.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal("default", bench.Only.Profile);
        Assert.Equal("Answer 1.", bench.Text("default/harbour.jpg.md"));
    }

    [Theory]
    [InlineData("default/empty.jpg", "", "empty_file")]
    [InlineData("default/archive.zip", "PK\u0003\u0004 and so on", "unsupported_type")]
    [InlineData("default/program.bin", "\u0001\u0002\u0003\0\0", "unsupported_type")]
    [InlineData("nowhere/notes.txt", "text", "unknown_profile")]
    [InlineData("bad name!/notes.txt", "text", "unknown_profile")]
    public async Task UnusableDrop_GetsAnErrorBlob_AndNoUpstreamCall(string path, string content, string code)
    {
        var bench = new PipelineBench();

        await bench.DropAsync(path, System.Text.Encoding.Latin1.GetBytes(content));

        var error = bench.Error(path);
        Assert.Equal(code, error.Error!.Code);
        Assert.Equal(JobState.Failed, error.State);
        Assert.NotEmpty(error.Error.Remedy);
        Assert.Equal((true, 0m), (error.Cost.Known, error.Cost.Usd));
        Assert.Empty(bench.Upstream.Submissions);
        Assert.Equal(JobState.Failed, bench.Only.State);
        Assert.Empty(bench.Storage.Jobs.AllActive());
    }

    [Fact]
    public async Task OversizedDrop_GetsAnErrorBlob_NamingTheLimit()
    {
        var bench = new PipelineBench(("Media:MaxImageBytes", "20"));

        await bench.DropAsync("default/harbour.jpg", [.. PipelineBench.Jpeg, .. new byte[20]]);

        var error = bench.Error("default/harbour.jpg").Error!;
        Assert.Equal("too_large", error.Code);
        Assert.Contains("the limit for image is 20", error.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task TextDrop_IsSentAsText()
    {
        var bench = new PipelineBench();

        await bench.DropAsync("default/notes.txt", "Grüße aus 東京"u8.ToArray());

        var parts = Assert.Single(bench.Upstream.Submissions).Body.Contents[0].Parts;
        Assert.Equal("Grüße aus 東京", parts[^1].Text);
    }

    [Fact]
    public async Task DropLargerThanTheInlineLimit_GoesAsASignedUrl_EndingInItsExtension()
    {
        var bench = new PipelineBench();
        var clip = TestMedia.Mp4(3, data: 15 * 1024 * 1024);

        await bench.DropAsync("default/clip", clip);

        var file = Assert.Single(bench.Upstream.Submissions).Body.Contents[0].Parts[^1].FileData!;
        Assert.Equal("video/mp4", file.MimeType);
        Assert.EndsWith(".mp4", file.FileUri.AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task UpstreamThatIgnoresTheAsyncHeader_CompletesTheJobAtOnce()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(new SubmitOutcome.Answered(Answers.Text("Now.")));

        await bench.DropAsync("default/harbour.jpg");

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Equal("Now.", bench.Text("default/harbour.jpg.md"));
        Assert.Single(bench.Usage);
        Assert.Equal(0, bench.Upstream.Reads);
    }

    [Fact]
    public async Task TransientFailures_AreRetriedWithGrowingDelay_AndSucceed()
    {
        var bench = new PipelineBench();
        bench.Upstream
            .Next(new SubmitOutcome.Failed(Errors.ServiceError(500)))
            .Next(new SubmitOutcome.Failed(Errors.ServiceError()));

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(2));

        var result = bench.Result("default/harbour.jpg");
        Assert.Equal([1, 2, 3], result.Attempts.Select(a => a.Number));
        var first = result.Attempts[1].StartedAt - result.Attempts[0].StartedAt;
        var second = result.Attempts[2].StartedAt - result.Attempts[1].StartedAt;
        Assert.InRange(first.TotalSeconds, 8, 13);
        Assert.InRange(second.TotalSeconds, 24, 37);
        Assert.Equal(3, bench.Upstream.Submissions.Count);
    }

    [Fact]
    public async Task RetryAfter_IsHonoured()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.RateLimited(TimeSpan.FromMinutes(2))));

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(118));
        Assert.Single(bench.Upstream.Submissions);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(2, bench.Upstream.Submissions.Count);
        Assert.Equal(JobState.Succeeded, bench.Only.State);
    }

    [Fact]
    public async Task FailuresWithoutEnd_EndTheJob_WithTheLastReason()
    {
        var bench = new PipelineBench(("Pipeline:MaxAttempts", "3"));
        for (var i = 0; i < 10; i++)
        {
            bench.Upstream.Next(new SubmitOutcome.Failed(Errors.ServiceError(500)));
        }

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromHours(1), TimeSpan.FromSeconds(5));

        var error = bench.Error("default/harbour.jpg").Error!;
        Assert.Equal(("attempts_exhausted", "service_error"), (error.Code, error.UpstreamCode));
        Assert.Equal(3, bench.Upstream.Submissions.Count);
        Assert.Empty(bench.Usage);
    }

    public static TheoryData<UpstreamError, string> FinalErrors => new()
    {
        { Errors.InvalidRequest, "upstream_rejected" },
        { Errors.ContentRefused, "refused" },
        { Errors.Unauthorized, "upstream_unauthorized" },
        { Errors.ModelGone, "model_retired" },
    };

    [Theory]
    [MemberData(nameof(FinalErrors))]
    public async Task FinalUpstreamErrors_EndTheJob_WithoutAnotherAttempt(UpstreamError error, string expected)
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(new SubmitOutcome.Failed(error));

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(expected, bench.Error("default/harbour.jpg").Error!.Code);
        Assert.Single(bench.Upstream.Submissions);
    }

    public static TheoryData<string, Answer, string> BrokenAnswers => new()
    {
        { "cut at the limit", Answers.Text("The harb", "MAX_TOKENS"), "truncated" },
        { "thinking ate the limit", Answers.Text("", "MAX_TOKENS"), "output_limit" },
        { "safety", Answers.Text("", "SAFETY"), "refused" },
        { "prompt blocked", Answers.Blocked("PROHIBITED_CONTENT"), "refused" },
    };

    [Theory]
    [MemberData(nameof(BrokenAnswers))]
    public async Task BrokenAnswer_IsNeverASuccess_ButItsUsageCounts(string what, Answer answer, string code)
    {
        Assert.NotEmpty(what);
        var bench = new PipelineBench();
        bench.Upstream.Finish = _ => new EvoLink.Tasks.TaskReading.Completed(new EvoLink.Tasks.UpstreamTask { Id = "t", Status = "completed" }, answer);

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        var error = bench.Error("default/harbour.jpg");
        Assert.Equal(code, error.Error!.Code);
        Assert.Null(bench.Text("default/harbour.jpg.md"));
        Assert.Null(bench.Text("default/harbour.jpg.result.json"));
        var usage = Assert.Single(bench.Usage);
        Assert.Equal(usage.CostUsd, error.Cost.Usd);
        Assert.True(error.Cost.Usd > 0);
    }

    [Fact]
    public async Task AnswerWithoutAnyText_IsTriedAgain_AndBothAnswersArePaid()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(new SubmitOutcome.Answered(Answers.Text("", "OTHER")));

        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromMinutes(2));

        var result = bench.Result("default/harbour.jpg");
        Assert.Equal(2, result.Attempts.Count);
        Assert.Equal(2, bench.Usage.Count);
        Assert.Equal(bench.Usage.Sum(u => u.CostUsd), result.Cost.Usd);
    }

    [Fact]
    public async Task UnknownUsage_IsMarkedUnknown_NeverZero()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(new SubmitOutcome.Answered(Answers.Text("Hello.") with { Usage = null }));

        await bench.DropAsync("default/harbour.jpg");

        var result = bench.Result("default/harbour.jpg");
        Assert.Null(result.Usage);
        Assert.Null(result.Cost.Usd);
        Assert.False(result.Cost.Known);
        Assert.Null(Assert.Single(bench.Usage).CostUsd);
    }

    [Fact]
    public async Task ReplacedDrop_OlderAnswerNeverOverwritesTheNewer()
    {
        var bench = new PipelineBench();
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(60);
        await bench.DropAsync("default/harbour.jpg");
        bench.Time.Advance(TimeSpan.FromSeconds(5));
        bench.Upstream.TaskTime = TimeSpan.FromSeconds(3);
        await bench.DropAsync("default/harbour.jpg", [.. PipelineBench.Jpeg, 1]);

        await bench.RunAsync(TimeSpan.FromMinutes(3));

        Assert.Equal(2, bench.Storage.Jobs.AllJobs().Count(j => j.State == JobState.Succeeded));
        Assert.Equal("Answer 2.", bench.Text("default/harbour.jpg.md"));
        Assert.Equal("Answer 2.", bench.Result("default/harbour.jpg").Answer!.Text);
    }

    [Fact]
    public async Task ReplacedDrop_NewerAnswerReplacesTheOlder()
    {
        var bench = new PipelineBench();
        await bench.DropAsync("default/harbour.jpg");
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        await bench.DropAsync("default/harbour.jpg", [.. PipelineBench.Jpeg, 1]);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal("Answer 2.", bench.Text("default/harbour.jpg.md"));
        Assert.Equal("Answer 2.", bench.Result("default/harbour.jpg").Answer!.Text);
    }

    [Fact]
    public async Task DropDeletedBeforeItsRetry_EndsCancelled_WithoutAnErrorBlob()
    {
        var bench = new PipelineBench();
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.ServiceError(500)));
        await bench.DropAsync("default/harbour.jpg");
        await bench.Storage.Content.DeleteAsync(new BlobAddress(Containers.Inbox, "default/harbour.jpg"), ifMatch: null, CancellationToken.None);

        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Cancelled, bench.Only.State);
        Assert.Empty(bench.Storage.Content.Names(Containers.Results));
    }

    /// <summary>Every test's first drop looks its profile up once; then it is remembered.</summary>
    private const int ProfileLookups = 1;
}
