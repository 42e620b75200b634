using System.Text;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Core.Tests.Media;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Pipeline;

public sealed class DropContentTests
{
    [Fact]
    public async Task MediaFactsAndEstimate_AreInTheEnvelope()
    {
        var bench = new PipelineBench();

        await bench.DropAsync("default/talk.mp3", TestMedia.Mp3(1_000));
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var result = bench.Result("default/talk.mp3");
        Assert.Equal(26.1, result.Input!.Seconds!.Value, 0.1);
        Assert.InRange(result.Estimate!.InputTokens, 834 + 100, 834 + 300);
        Assert.Equal(result.Estimate.InputTokens * 0.000001m, result.Estimate.InputUsd);
        Assert.Equal((result.Estimate.InputTokens + 8_192) * 0.000001m, result.Estimate.MaxUsd);
        Assert.Equal(26.1, Assert.Single(bench.Usage).MediaSeconds!.Value, 0.1);
    }

    public static TheoryData<string, byte[], string> Unusable => new()
    {
        { "default/long.mp4", TestMedia.Mp4(181), "too_long" },
        { "default/long-index-last.mp4", TestMedia.Mp4(181, 200_000, indexLast: true), "too_long" },
        { "default/long.mp3", TestMedia.Mp3(2, counted: 30_000), "too_long" },
        { "default/cut.jpg", TestMedia.Jpeg(10, 10)[..12], "damaged_file" },
        { "default/cut.pdf", TestMedia.Pdf(1)[..60], "damaged_file" },
        { "default/cut.mp4", TestMedia.Mp4(3)[..40], "damaged_file" },
        { "short/clip.mp4", TestMedia.Mp4(6), "too_long" },
        { "short/book.pdf", TestMedia.Pdf(3, padding: 100_000), "too_long" },
    };

    [Theory]
    [MemberData(nameof(Unusable))]
    public async Task FileThatIsTooLongOrBroken_IsRefused_BeforeAnythingIsPaid(string path, byte[] file, string code)
    {
        var bench = new PipelineBench();
        bench.Storage.Content.Put(Containers.Profiles, "short.json", """{"prompt":"x","limits":{"maxSeconds":5,"maxPages":2}}"""u8.ToArray());

        await bench.DropAsync(path, file);

        Assert.Equal(code, bench.Error(path).Error!.Code);
        Assert.Empty(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task LimitsOnLength_CanBeLifted()
    {
        var bench = new PipelineBench(("Media:MaxVideoSeconds", "0"));

        await bench.DropAsync("default/long.mp4", TestMedia.Mp4(500));

        Assert.Single(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task InputLongerThanTheModelTakes_IsRefused_ByTheEstimate()
    {
        var bench = new PipelineBench(("Media:MaxVideoSeconds", "0"), ("Media:MaxTextBytes", "9000000"));

        await bench.DropAsync("default/long.mp4", TestMedia.Mp4(3_600));
        var rejected = await bench.Service.AcceptAsync(
            new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = new JobRequest { Inputs = [new InlineInput { Data = Encoding.UTF8.GetBytes(new string('a', 4_000_000)) }] } },
            CancellationToken.None);

        Assert.Equal("too_long", bench.Only.Error!.Code);
        Assert.Contains("1,048,576", bench.Only.Error.Message, StringComparison.Ordinal);
        Assert.Equal("too_long", Assert.IsType<AcceptOutcome.Rejected>(rejected).Error.Code);
    }

    [Fact]
    public async Task NativeRequest_HasAnEstimate_OfItsTextAndInlineMedia()
    {
        var bench = new PipelineBench();

        var job = Assert.IsType<AcceptOutcome.Accepted>(await AskAsync(bench, Native(
            """{"contents":[{"parts":[{"inlineData":{"input":0}},{"text":"What is this? How many of them?"}]}],"systemInstruction":{"parts":[{"text":"Be brief."}]}}""",
            TestMedia.Png(960, 540)))).Job;

        Assert.Equal((6 * 258) + 14, job.Estimate!.InputTokens);
    }

    [Theory]
    [InlineData("""{"contents":[{"parts":[{"fileData":{"fileUri":"https://example.com/a.mp4","mimeType":"video/mp4"}}]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"inlineData":{"input":0},"videoMetadata":{"fps":5}}]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"text":"And?"}]}],"cachedContent":"cachedContents/1"}""")]
    public async Task NativeRequest_WithAPartThatCannotBeTold_HasNoEstimate(string native)
    {
        var bench = new PipelineBench();

        var job = Assert.IsType<AcceptOutcome.Accepted>(await AskAsync(bench, Native(native, TestMedia.Mp4(3)))).Job;

        Assert.Null(job.Estimate);
    }

    [Theory]
    [InlineData("""{"contents":[{"parts":[{"text":"TEXT"}]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"fileData":{"fileUri":"https://example.com/a.mp4","mimeType":"video/mp4"}},{"text":"TEXT"}]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"text":"x"}]}],"systemInstruction":{"parts":[{"text":"TEXT"}]}}""")]
    [InlineData("""{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{"text":"TEXT"}}}]}]}""")]
    [InlineData("""{"contents":[{"parts":[{"inlineData":{"input":0}},{"inlineData":{"input":0}}]}]}""")]
    public async Task NativeRequestLongerThanTheModelTakes_IsRefused_EvenByWhatIsKnownOfIt(string native)
    {
        var bench = new PipelineBench(("Media:MaxVideoSeconds", "0"));

        var rejected = Assert.IsType<AcceptOutcome.Rejected>(await AskAsync(
            bench, Native(native.Replace("TEXT", new string('a', 3_200_000), StringComparison.Ordinal), TestMedia.Mp4(2_000))));

        Assert.Equal(("too_long", "native"), (rejected.Error.Code, rejected.Field));
        Assert.Empty(bench.Storage.Jobs.AllJobs());
    }

    [Fact]
    public async Task TextBesideAUrl_IsCounted_ThoughTheUrlCannotBe()
    {
        var bench = new PipelineBench();
        var url = new UrlInput(new Uri("https://example.com/a.mp4"), MimeType: null);

        var rejected = await AskAsync(bench, new JobRequest { Inputs = [url, new TextInput(new string('a', 3_200_000))] });
        var accepted = await AskAsync(bench, new JobRequest { Inputs = [url] });

        Assert.Equal("too_long", Assert.IsType<AcceptOutcome.Rejected>(rejected).Error.Code);
        Assert.Null(Assert.IsType<AcceptOutcome.Accepted>(accepted).Job.Estimate);
    }

    [Fact]
    public async Task StoredInputsLongerThanTheModelTakes_AreRefused_BeforeTheyAreSent()
    {
        var bench = new PipelineBench(("Media:MaxVideoSeconds", "0"));
        bench.Storage.Content.Put(Containers.Requests, "uploads/tests/long.mp4", TestMedia.Mp4(3_600));

        await AskAsync(bench, new JobRequest { Prompt = "What happens?", Inputs = [new BlobInput(Containers.Requests, "uploads/tests/long.mp4")] });
        await bench.DeliverAsync();

        Assert.Equal("too_long", bench.Only.Error!.Code);
        Assert.Empty(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task StoredInputs_AreDescribedAndEstimated_WhenTheyAreSent()
    {
        var bench = new PipelineBench();
        bench.Storage.Content.Put(Containers.Requests, "uploads/tests/talk.mp3", TestMedia.Mp3(1_000));
        var request = new JobRequest { Prompt = "Who speaks?", Inputs = [new BlobInput(Containers.Requests, "uploads/tests/talk.mp3"), new InlineInput { Data = PipelineBench.Jpeg }] };

        var accepted = Assert.IsType<AcceptOutcome.Accepted>(await AskAsync(bench, request)).Job;
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Null(accepted.Estimate);
        var job = bench.Only;
        Assert.Equal(("audio", 2), (job.Media!.Kind, job.Media.Files));
        Assert.Equal(26.1, job.Media.Seconds!.Value, 0.1);
        Assert.InRange(job.Estimate!.InputTokens, 834 + 258, 834 + 258 + 300);
        Assert.Equal(26.1, Assert.Single(bench.Usage).MediaSeconds!.Value, 0.1);
    }

    private static JobRequest Native(string native, byte[] inline) =>
        new() { Native = JsonDocument.Parse(native).RootElement, Inputs = [new InlineInput { Data = inline }] };

    private static Task<AcceptOutcome> AskAsync(PipelineBench bench, JobRequest request) => bench.Service.AcceptAsync(
        new NewJob { Caller = "tests", Origin = JobOrigin.Api, Request = request }, CancellationToken.None);

    [Fact]
    public async Task MislabelledFile_IsProcessedByItsBytes_AndNoted()
    {
        var bench = new PipelineBench();

        await bench.DropAsync("default/voice.mp3", TestMedia.Png(10, 10));
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var input = bench.Result("default/voice.mp3").Input!;
        Assert.Equal((".mp3", "image/png", 10), (input.NamedAs, input.MimeType, input.Width));
        Assert.Equal("image/png", bench.Upstream.Submissions[0].Body.Contents[0].Parts[^1].Media!.MimeType);
    }

    [Fact]
    public async Task OrdinaryDrops_CostNoReadBeyondTheirDownload()
    {
        var bench = new PipelineBench();

        await bench.DropAsync("default/a.jpg", TestMedia.Jpeg(10, 10, segments: 3));
        await bench.DropAsync("default/b.pdf", TestMedia.Pdf(3, padding: 200_000));
        await bench.DropAsync("default/c.mp3", TestMedia.Mp3(1_000));
        await bench.DropAsync("default/d.mp4", TestMedia.Mp4(3, 200_000));

        Assert.Equal(0, bench.Storage.Operations.Of(StorageOperations.BlobReadRange));
        Assert.Equal(4, bench.Upstream.Submissions.Count);
    }

    [Fact]
    public async Task Metadata_OverridesTheProfile()
    {
        var bench = new PipelineBench();
        bench.Storage.Content.Put(Containers.Inbox, "default/a.jpg", PipelineBench.Jpeg, metadata: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["prompt"] = "What colour is it?",
            ["tier"] = "beta",
            ["output"] = "text",
            ["generationConfig"] = """{"temperature":1.5}""",
            ["tag_case"] = "4711",
        });

        await bench.Pipeline.HandleDropAsync("default/a.jpg", CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var submission = Assert.Single(bench.Upstream.Submissions);
        Assert.Equal(("What colour is it?", Tier.Beta, 1.5, 8_192), (submission.Body.Contents[0].Parts[0].Text, submission.Tier, submission.Body.GenerationConfig!.Temperature, submission.Body.GenerationConfig.MaxOutputTokens));
        Assert.NotNull(bench.Text("default/a.jpg.txt"));
        Assert.Equal("4711", bench.Only.Tags["case"]);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task Sidecar_OverridesTheProfile_AlsoWhenTriedAgain_AndIsNoDrop(bool announced, bool inProfile)
    {
        var bench = new PipelineBench();
        bench.Storage.Content.Put(Containers.Profiles, "p.json", Encoding.UTF8.GetBytes($$"""{"prompt":"Usual.","sidecar":{{(inProfile ? "true" : "false")}}}"""));
        bench.Put("p/a.jpg.job.json", """{"prompt":"Special.","tags":{"k":"v"}}"""u8.ToArray());
        await bench.Pipeline.HandleDropAsync("p/a.jpg.job.json", CancellationToken.None);
        bench.Storage.Content.Put(Containers.Inbox, "p/a.jpg", PipelineBench.Jpeg, metadata: announced ? new Dictionary<string, string>(StringComparer.Ordinal) { ["sidecar"] = "true" } : null);
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.ServiceError(500)));

        await bench.Pipeline.HandleDropAsync("p/a.jpg", CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(["Special.", "Special."], bench.Upstream.Submissions.Select(s => s.Body.Contents[0].Parts[0].Text));
        Assert.Equal((JobState.Succeeded, "v"), (bench.Only.State, bench.Only.Tags["k"]));
    }

    [Fact]
    public async Task Sidecar_ThatNobodyAnnounced_IsNotLookedFor()
    {
        var bench = new PipelineBench();
        bench.Put("default/a.jpg.job.json", "{}"u8.ToArray());

        await bench.DropAsync("default/a.jpg");

        Assert.Equal(2, bench.Storage.Operations.Of(StorageOperations.BlobOpen));
    }

    [Theory]
    [InlineData("""{"promt":"x"}""", "$.promt")]
    [InlineData("""{"tier":"gold"}""", "$.tier")]
    [InlineData("""{"tags":{"a":1}}""", "$.tags")]
    [InlineData("""{"prompt":"{{file.size}}"}""", "{{file.size}}")]
    [InlineData("""{"generationConfig":{"topK":"many"}}""", "$.generationConfig.topK")]
    [InlineData("[]", "$:")]
    [InlineData("{", "not JSON")]
    [InlineData(null, "but it does not")]
    public async Task SidecarThatCannotBeUsed_IsAnError_NamingThePlace(string? sidecar, string place)
    {
        var bench = new PipelineBench();
        if (sidecar is not null)
        {
            bench.Put("default/a.jpg.job.json", Encoding.UTF8.GetBytes(sidecar));
        }

        bench.Storage.Content.Put(Containers.Inbox, "default/a.jpg", PipelineBench.Jpeg, metadata: new Dictionary<string, string>(StringComparer.Ordinal) { ["sidecar"] = "true" });
        await bench.Pipeline.HandleDropAsync("default/a.jpg", CancellationToken.None);

        var error = bench.Error("default/a.jpg").Error!;
        Assert.Equal("invalid_overrides", error.Code);
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("default/2026/trip.bundle", "default")]
    [InlineData("trip.bundle", "default")]
    public async Task Bundle_IsOneJob_OverItsFilesInOrder(string folder, string profile)
    {
        var bench = new PipelineBench();
        bench.Put($"{folder}/b.txt", "Second."u8.ToArray());
        bench.Put($"{folder}/sub/a.jpg");
        await bench.Pipeline.HandleDropAsync($"{folder}/b.txt", CancellationToken.None);
        await bench.Pipeline.HandleDropAsync($"{folder}/sub/a.jpg", CancellationToken.None);
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.ServiceError(500)));

        await bench.DropAsync($"{folder}/bundle.json", """{"files":["sub/a.jpg","b.txt"],"prompt":"Compare {{file.name}}.","tags":{"k":"v"}}"""u8.ToArray());
        bench.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(0, (await bench.Pipeline.SweepAsync(CancellationToken.None)).DropsFound);
        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal((JobState.Succeeded, profile), (bench.Only.State, bench.Only.Profile));
        var parts = bench.Upstream.Submissions[1].Body.Contents[0].Parts;
        Assert.Equal(["File: sub/a.jpg", null, "File: b.txt", "Second.", "Compare trip.bundle."], parts.Select(p => p.Text));
        Assert.NotNull(parts[1].Media);
        var name = folder.StartsWith("default/", StringComparison.Ordinal) ? folder : $"default/{folder}";
        Assert.Equal((2, PipelineBench.Jpeg.Length + 7), (bench.Result(name).Input!.Files, bench.Result(name).Input!.Bytes));
        Assert.NotNull(bench.Text($"{name}.md"));
    }

    [Theory]
    [InlineData("""{"files":["a.jpg","gone.jpg"]}""", "bundle_incomplete", "gone.jpg")]
    [InlineData("""{"files":[]}""", "invalid_bundle", "$.files")]
    [InlineData("""{}""", "invalid_bundle", "$.files")]
    [InlineData("""{"files":["../a.jpg"]}""", "invalid_bundle", "$.files[0]")]
    [InlineData("""{"files":["a.jpg","a.jpg"]}""", "invalid_bundle", "twice")]
    [InlineData("""{"files":["a.jpg"],"order":1}""", "invalid_bundle", "$.order")]
    [InlineData("""{"files":["a.jpg","b.jpg","c.jpg"]}""", "invalid_bundle", "1 to 2")]
    [InlineData("""{"files":["a.jpg","big.jpg"]}""", "too_large", "limit for a bundle")]
    [InlineData("nonsense", "invalid_bundle", "not JSON")]
    [InlineData("[]", "invalid_bundle", "$:")]
    public async Task BundleThatCannotBeUsed_IsAnError_NamingWhatIsWrong(string bundle, string code, string place)
    {
        var bench = new PipelineBench(("Media:MaxBundleFiles", "2"), ("Media:MaxBundleBytes", "300"));
        bench.Put("default/x.bundle/a.jpg");
        bench.Put("default/x.bundle/big.jpg", [.. PipelineBench.Jpeg, .. new byte[400]]);

        await bench.DropAsync("default/x.bundle/bundle.json", Encoding.UTF8.GetBytes(bundle));

        var error = bench.Error("default/x.bundle").Error!;
        Assert.Equal(code, error.Code);
        Assert.Contains(place, error.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task BundleThatLostAFileBeforeItsRetry_EndsWithAnError()
    {
        var bench = new PipelineBench();
        bench.Put("default/x.bundle/a.jpg");
        bench.Upstream.Next(new SubmitOutcome.Failed(Errors.ServiceError(500)));
        await bench.DropAsync("default/x.bundle/bundle.json", """{"files":["a.jpg"]}"""u8.ToArray());
        await bench.Storage.Content.DeleteAsync(new BlobAddress(Containers.Inbox, "default/x.bundle/a.jpg"), ifMatch: null, CancellationToken.None);

        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal("bundle_incomplete", bench.Error("default/x.bundle").Error!.Code);
    }
}
