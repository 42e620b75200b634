using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Pipeline;

public sealed class HttpJobTests
{
    [Fact]
    public async Task AcceptedJob_IsDurable_BeforeAnythingIsSentUpstream()
    {
        var bench = new PipelineBench();

        var outcome = await bench.Service.AcceptAsync(Ask("What is two and two?"), CancellationToken.None);

        var accepted = Assert.IsType<AcceptOutcome.Accepted>(outcome);
        Assert.False(accepted.Replayed);
        Assert.Equal(JobState.Queued, bench.Only.State);
        Assert.Single(bench.Storage.Jobs.AllActive());
        Assert.Single(bench.Storage.Queue.Peek(Queues.Submit));
        Assert.NotNull(bench.Storage.Content.Peek(Containers.Requests, accepted.Job.RequestName!));
        Assert.Empty(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task Job_IsAnswered_UnderApi_WithTheProfileAsFrame()
    {
        var bench = new PipelineBench();
        var job = Ask("How long is it?") with
        {
            Profile = "meeting-notes",
            Request = new JobRequest
            {
                Prompt = "How long is it?",
                Inputs = [new TextInput("A rope of three metres."), new InlineInput { Data = PipelineBench.Jpeg }],
            },
        };

        await bench.Service.AcceptAsync(job, CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var body = Assert.Single(bench.Upstream.Submissions).Body;
        Assert.Equal(["How long is it?", "A rope of three metres."], body.Contents[0].Parts.Select(p => p.Text).OfType<string>());
        Assert.Equal("image/jpeg", body.Contents[0].Parts[2].Media!.MimeType);
        Assert.NotNull(body.SystemInstruction);
        var stored = bench.Only;
        Assert.StartsWith("api/2026/11/03/", stored.ResultName, StringComparison.Ordinal);
        await using var result = await bench.Service.OpenResultAsync(stored, CancellationToken.None);
        using var json = await JsonDocument.ParseAsync(result!.Stream, cancellationToken: CancellationToken.None);
        Assert.Equal("Answer 1.", json.RootElement.GetProperty("answer").GetProperty("text").GetString());
    }

    [Fact]
    public async Task WholeNativeRequest_IsPassedOn_WithItsInlineMediaStreamed()
    {
        var bench = new PipelineBench();
        var native = JsonDocument.Parse("""
            {
              "contents": [{ "parts": [{ "inline_data": { "mime_type": "image/jpeg", "input": 0 } }, { "text": "What is this?" }] }],
              "system_instruction": { "parts": { "text": "Be brief." } },
              "generation_config": { "temperature": 0.5, "thinkingConfig": { "thinkingBudget": 0 } },
              "tools": [{ "functionDeclarations": [] }]
            }
            """).RootElement;

        await bench.Service.AcceptAsync(
            Ask(prompt: null) with { Request = new JobRequest { Native = native, Inputs = [new InlineInput { Data = PipelineBench.Jpeg }] } },
            CancellationToken.None);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        var body = Assert.Single(bench.Upstream.Submissions).Body;
        Assert.Equal("user", body.Contents[0].Role);
        Assert.Equal(PipelineBench.Jpeg.Length, body.Contents[0].Parts[0].Media!.Length);
        Assert.Equal("Be brief.", body.SystemInstruction!.Parts[0].Text);
        Assert.Equal(0, body.GenerationConfig!.ThinkingConfig!.ThinkingBudget);
        Assert.True(body.Tools.HasValue);
    }

    [Fact]
    public async Task SameIdempotencyKeyAndBody_IsTheFirstJob()
    {
        var bench = new PipelineBench();
        var job = Ask("Once.") with { IdempotencyKey = "k-1", Fingerprint = "aa" };

        var first = Assert.IsType<AcceptOutcome.Accepted>(await bench.Service.AcceptAsync(job, CancellationToken.None));
        var second = Assert.IsType<AcceptOutcome.Accepted>(await bench.Service.AcceptAsync(job, CancellationToken.None));

        Assert.Equal((first.Job.Id, true), (second.Job.Id, second.Replayed));
        Assert.Single(bench.Storage.Queue.Peek(Queues.Submit));
    }

    [Fact]
    public async Task SameIdempotencyKeyWithAnotherBody_IsRefused_ButNotForAnotherCaller()
    {
        var bench = new PipelineBench();
        var job = Ask("Once.") with { IdempotencyKey = "k-1", Fingerprint = "aa" };
        await bench.Service.AcceptAsync(job, CancellationToken.None);

        Assert.IsType<AcceptOutcome.KeyReused>(await bench.Service.AcceptAsync(job with { Fingerprint = "bb" }, CancellationToken.None));
        var other = await bench.Service.AcceptAsync(job with { Caller = "somebody-else", Fingerprint = "bb" }, CancellationToken.None);
        Assert.False(Assert.IsType<AcceptOutcome.Accepted>(other).Replayed);
    }

    [Fact]
    public async Task RequestThatDiedAfterItsClaim_IsCarriedOn_UnderTheSameId()
    {
        var bench = new PipelineBench();
        var job = Ask("Once.") with { IdempotencyKey = "k-1", Fingerprint = "aa" };
        bench.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.JobAdd);
        await Assert.ThrowsAsync<StorageUnavailableException>(() => bench.Service.AcceptAsync(job, CancellationToken.None));

        var again = Assert.IsType<AcceptOutcome.Accepted>(await bench.Service.AcceptAsync(job, CancellationToken.None));

        Assert.False(again.Replayed);
        Assert.Equal(again.Job.Id, bench.Only.Id);
    }

    [Fact]
    public async Task DeliveryAfterACrash_WritesTheAttemptOff_AndMakesTheNext()
    {
        var bench = new PipelineBench();
        await bench.Service.AcceptAsync(Ask("Once."), CancellationToken.None);
        var text = Assert.Single(bench.Storage.Queue.Peek(Queues.Submit));

        await bench.Pipeline.HandleSubmitAsync(text, deliveries: 2, CancellationToken.None);
        Assert.Empty(bench.Upstream.Submissions);
        await bench.RunAsync(TimeSpan.FromSeconds(20));

        Assert.Equal(["interrupted", null], bench.Only.Attempts.Select(a => a.ErrorCode));
        Assert.Single(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task DuplicateSubmitMessage_SubmitsOnce()
    {
        var bench = new PipelineBench();
        await bench.Service.AcceptAsync(Ask("Once."), CancellationToken.None);
        var text = Assert.Single(bench.Storage.Queue.Peek(Queues.Submit));

        await bench.Pipeline.HandleSubmitAsync(text, deliveries: 1, CancellationToken.None);
        await bench.Pipeline.HandleSubmitAsync(text, deliveries: 1, CancellationToken.None);

        Assert.Single(bench.Upstream.Submissions);
    }

    public static TheoryData<NewJob, string, string> Refused => new()
    {
        { Ask(prompt: null), "invalid_request", "prompt" },
        { Ask("x") with { Profile = "nowhere" }, "unknown_profile", "profile" },
        { Ask("x") with { Request = new JobRequest { Inputs = [new InlineInput { Data = new byte[] { 1, 2, 0 } }] } }, "unsupported_type", "inputs[0]" },
        { Ask("x") with { Request = new JobRequest { Inputs = [new InlineInput()] } }, "empty_file", "inputs[0]" },
        { Ask("x") with { Request = new JobRequest { Inputs = [new UrlInput(new Uri("https://files.example.com/a"), MimeType: null)] } }, "invalid_request", "inputs[0]" },
        { Ask("x") with { Request = new JobRequest { Native = JsonDocument.Parse("{}").RootElement } }, "invalid_request", "native" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task UnusableRequest_IsRefused_NamingTheField_AndNothingIsStored(NewJob job, string code, string field)
    {
        var bench = new PipelineBench();

        var rejected = Assert.IsType<AcceptOutcome.Rejected>(await bench.Service.AcceptAsync(job, CancellationToken.None));

        Assert.Equal((code, field), (rejected.Error.Code, rejected.Field));
        Assert.Empty(bench.Storage.Jobs.AllJobs());
        Assert.Empty(bench.Storage.Content.Names(Containers.Requests));
    }

    [Fact]
    public async Task InputBlobThatIsMissing_FailsTheJob_WithTheReason()
    {
        var bench = new PipelineBench();
        await bench.Service.AcceptAsync(
            Ask("x") with { Request = new JobRequest { Inputs = [new BlobInput(Containers.Inbox, "default/gone.jpg")] } }, CancellationToken.None);

        await bench.RunAsync(TimeSpan.FromSeconds(5));

        Assert.Equal((JobState.Failed, "input_missing"), (bench.Only.State, bench.Only.Error!.Code));
        Assert.Equal("input_missing", bench.Error(bench.Only.ResultName).Error!.Code);
    }

    [Fact]
    public async Task InputBlobThatGoesWhileItIsSent_FailsTheJob_WithTheReason()
    {
        var bench = new PipelineBench();
        var scan = await AcceptWithBlobAsync(bench);
        bench.Storage.Faults = new BeforeOpening(scan, time: 2, () => bench.Storage.Content.Remove(Containers.Inbox, "default/scan.jpg"));

        await bench.RunAsync(TimeSpan.FromSeconds(5));

        Assert.Equal((JobState.Failed, "input_missing"), (bench.Only.State, bench.Only.Error!.Code));
        Assert.Empty(bench.Only.Attempts);
        Assert.Empty(bench.Upstream.Submissions);
    }

    [Fact]
    public async Task InputBlobThatStorageRefusesWhileItIsSent_IsNoAttempt()
    {
        var bench = new PipelineBench(("Pipeline:MaxAttempts", "1"));
        var scan = await AcceptWithBlobAsync(bench);
        bench.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BlobOpen, target: scan, skip: 1);

        await bench.RunAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(JobState.Succeeded, bench.Only.State);
        Assert.Single(bench.Only.Attempts);
        Assert.Single(bench.Upstream.Submissions);
    }

    /// <summary>Accepts a job over a blob, and says what storage calls the blob.</summary>
    private static async Task<string> AcceptWithBlobAsync(PipelineBench bench)
    {
        bench.Put("default/scan.jpg");
        await bench.Service.AcceptAsync(
            Ask("x") with { Request = new JobRequest { Prompt = "x", Inputs = [new BlobInput(Containers.Inbox, "default/scan.jpg")] } }, CancellationToken.None);
        return $"{Containers.Inbox}/default/scan.jpg";
    }

    private static NewJob Ask(string? prompt) => new()
    {
        Caller = "tests",
        Origin = JobOrigin.Api,
        Request = new JobRequest { Prompt = prompt },
    };

    /// <summary>Does something right before a blob is opened for the so-many-eth time.</summary>
    private sealed class BeforeOpening(string target, int time, Action action) : IFaultPlan
    {
        private int _opened;

        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken)
        {
            if (effect == new StorageCall(StorageOperations.BlobOpen, target) && ++_opened == time)
            {
                action();
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
