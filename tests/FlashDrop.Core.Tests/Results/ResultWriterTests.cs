using System.Text;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Results;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing;
using FlashDrop.Testing.Storage;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Core.Tests.Results;

public sealed class ResultWriterTests
{
    private const string Name = "meeting-notes/2026/stand up – März.mp3";
    private const string Result = Name + ResultNames.ResultSuffix;
    private const string Error = Name + ResultNames.ErrorSuffix;
    private const string Bare = Name + ".md";

    private static readonly DateTimeOffset Noon = TestJobs.Noon;
    private static readonly JobId Older = TestJobs.Id(Noon.AddMinutes(-1), 1);
    private static readonly JobId Newer = TestJobs.Id(Noon.AddMinutes(1), 2);
    private static readonly JobId SameSecond = TestJobs.Id(Noon, 3);

    private static readonly Job Answered = TestJobs.Job(TestJobs.Id(Noon, 4), JobState.Succeeded);
    private static readonly Job Failed = Answered with
    {
        State = JobState.Failed,
        Error = new JobError("no_answer", "There was no answer.", "Try again."),
    };

    private static readonly Answer Hello = Answers.Text("Hello.");

    private readonly InMemoryStorage _storage = new(new FakeTimeProvider(Noon));
    private readonly ResultWriter _writer;
    private readonly ResultClaim _claim = new();

    public ResultWriterTests() => _writer = new ResultWriter(_storage.Content);

    [Theory]
    [InlineData(OutputKind.Markdown, ".md", "text/markdown; charset=utf-8")]
    [InlineData(OutputKind.Text, ".txt", "text/plain; charset=utf-8")]
    [InlineData(OutputKind.Json, ".json", "application/json")]
    public async Task AnsweredDrop_GetsItsAnswerAndItsEnvelope_WithTheirMediaTypes(OutputKind output, string extension, string mediaType)
    {
        Assert.Null(await WriteAsync(Answered with { Output = output }, Hello));

        Assert.Equal(
            [(Name + extension, mediaType, Answered.Id), (Result, "application/json", Answered.Id)],
            Stored().OrderBy(blob => blob.Name == Result));
        Assert.Equal("Hello.", Text(Name + extension));
        Assert.Equal([Own(Name + extension), Own(Result)], _claim.Own);
    }

    [Fact]
    public async Task AnswerThatWasAskedForAsJson_IsIndented_AndFreeOfItsFence()
    {
        var job = Answered with { Output = OutputKind.Json, Check = new AnswerCheck { MimeType = "application/json" } };

        Assert.Null(await WriteAsync(job, Answers.Text("```json\n{\"Ort\":\"Köln\"}\n```")));

        Assert.Equal("{\n  \"Ort\": \"Köln\"\n}", Text(Name + ".json").ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task FailedDrop_GetsItsErrorAlone()
    {
        Assert.Null(await WriteAsync(Failed, Hello));

        Assert.Equal([(Error, "application/json", Failed.Id)], Stored());
        Assert.Equal([Own(Error)], _claim.Own);
    }

    [Fact]
    public async Task CancelledJob_GetsNothing()
    {
        Assert.Null(await WriteAsync(Answered with { State = JobState.Cancelled }, Hello));

        Assert.Empty(Stored());
    }

    [Fact]
    public async Task AnswerWithoutWords_IsInTheEnvelopeOnly()
    {
        Assert.Null(await WriteAsync(Answered, Answers.Text("")));

        Assert.Equal([Result], _storage.Content.Names(Containers.Results));
    }

    [Fact]
    public async Task JobOverHttp_GetsItsEnvelopeOnly()
    {
        Assert.Null(await WriteAsync(Answered with { Drop = null }, Hello));

        Assert.Equal([Result], _storage.Content.Names(Containers.Results));
    }

    [Theory]
    [InlineData(Bare)]
    [InlineData(Result)]
    public async Task OlderDropsBlob_StaysUntilItMayBeReplaced(string name)
    {
        var older = Put(name, Older);

        Assert.Equal(new BlobInTheWay(older, IsOwn: false), await WriteAsync(Answered, Hello));
        Assert.Equal("before", Text(name));

        _claim.MayReplaceOlder = true;
        Assert.Null(await WriteAsync(Answered, Hello));
        Assert.Equal([(Bare, Answered.Id), (Result, Answered.Id)], Writers());
    }

    [Fact]
    public async Task BlobThatNamesNoJob_IsReplacedAsAnOlderOne()
    {
        var foreign = Put(Result, writer: null);

        Assert.Equal(new BlobInTheWay(foreign, IsOwn: false), await WriteAsync(Answered, Hello));

        _claim.MayReplaceOlder = true;
        Assert.Null(await WriteAsync(Answered, Hello));
        Assert.Equal([(Bare, Answered.Id), (Result, Answered.Id)], Writers());
    }

    [Fact]
    public async Task NewerDropsBlob_IsNeverReplaced()
    {
        _claim.MayReplaceOlder = true;
        var newer = Put(Error, Newer);

        Assert.Equal(new BlobInTheWay(newer, IsOwn: false) { Newer = Newer }, await WriteAsync(Failed));

        _claim.GivesWay = true;
        Assert.Null(await WriteAsync(Failed));
        Assert.Equal("before", Text(Error));
        Assert.Empty(_claim.Own);
    }

    [Fact]
    public async Task BlobThatNoRowWillStandFor_IsReplacedThoughItIsNewer()
    {
        _claim.Own.Add(Put(Error, Newer));

        Assert.Null(await WriteAsync(Failed));

        Assert.Equal([(Error, Failed.Id)], Writers());
    }

    [Fact]
    public async Task BlobOfTheSameJob_IsReplacedOnlyByWhoWroteIt()
    {
        _claim.MayReplaceOlder = true;
        var written = Put(Error, Failed.Id);

        Assert.Equal(new BlobInTheWay(written, IsOwn: true), await WriteAsync(Failed));
        Assert.Equal("before", Text(Error));

        _claim.Own.Add(written);
        Assert.Null(await WriteAsync(Failed));
        Assert.Contains("There was no answer.", Text(Error), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OfTwoDropsInTheSameSecond_TheOneStillInTheInboxReplacesTheOther()
    {
        _claim.MayReplaceOlder = true;
        Put(Error, SameSecond);
        var inInbox = _storage.Content.Put(Containers.Inbox, Name, "now"u8.ToArray());

        Assert.Null(await WriteAsync(Failed with { Drop = Failed.Drop! with { ETag = inInbox.ETag } }));

        Assert.Equal([(Error, Failed.Id)], Writers());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task OfTwoDropsInTheSameSecond_TheOneNoLongerInTheInboxGivesWay(bool replaced)
    {
        _claim.MayReplaceOlder = true;
        var other = Put(Error, SameSecond);
        if (replaced)
        {
            _storage.Content.Put(Containers.Inbox, Name, "other"u8.ToArray());
        }

        Assert.Equal(new BlobInTheWay(other, IsOwn: false) { Newer = SameSecond }, await WriteAsync(Failed));
        Assert.Equal([(Error, SameSecond)], Writers());
    }

    [Fact]
    public async Task ResultOverAnOlderOne_TakesTheOlderErrorBesideItAway()
    {
        _claim.MayReplaceOlder = true;
        Put(Result, Older);
        Put(Error, Older);

        Assert.Null(await WriteAsync(Answered, Hello));

        Assert.Equal([(Bare, Answered.Id), (Result, Answered.Id)], Writers());
    }

    [Fact]
    public async Task ErrorOverAnOlderOne_TakesTheOlderResultBesideItAway()
    {
        _claim.MayReplaceOlder = true;
        Put(Error, Older);
        Put(Result, Older);

        Assert.Null(await WriteAsync(Failed));

        Assert.Equal([(Error, Failed.Id)], Writers());
    }

    [Fact]
    public async Task ErrorOverAnOlderOne_LeavesTheNewerResultBesideIt()
    {
        _claim.MayReplaceOlder = true;
        Put(Error, Older);
        Put(Result, Newer);

        Assert.Null(await WriteAsync(Failed));

        Assert.Equal([(Error, Failed.Id), (Result, Newer)], Writers());
    }

    [Fact]
    public async Task OlderBlobThatIsGoneBeforeItIsReplaced_IsNoObstacle()
    {
        _claim.MayReplaceOlder = true;
        Put(Error, Older);
        var writes = 0;
        _storage.Faults = new Meanwhile(call =>
        {
            if (call.Operation == StorageOperations.BlobWrite && ++writes == 2)
            {
                _storage.Content.Remove(Containers.Results, Error);
            }
        });

        Assert.Null(await WriteAsync(Failed));

        Assert.Equal([(Error, Failed.Id)], Writers());
        Assert.Equal(3, writes);
    }

    [Fact]
    public async Task BlobThatNeverStandsStill_IsLeftForLater()
    {
        _storage.Faults = new Meanwhile(call =>
        {
            if (call.Operation == StorageOperations.BlobWrite)
            {
                Put(Error, Newer);
            }
            else
            {
                _storage.Content.Remove(Containers.Results, Error);
            }
        });

        var gaveUp = await Assert.ThrowsAsync<StorageUnavailableException>(() => WriteAsync(Failed));

        Assert.Equal($"results/{Error} kept changing while it was written; it is tried again later.", gaveUp.Message);
        Assert.Equal(6, _storage.Operations.Of(StorageOperations.BlobWrite));
        Assert.Empty(_claim.Own);
    }

    public static TheoryData<JobId?, JobId?, bool> Neighbours => new()
    {
        { Older, Newer, true },
        { Newer, Older, false },
        { Answered.Id, Answered.Id, false },
        { Answered.Id, SameSecond, false },
        { null, Newer, false },
        { Older, null, false },
    };

    [Theory]
    [MemberData(nameof(Neighbours))]
    public async Task ErrorBesideAResult_IsOutdatedOnlyWhenTheResultIsOfANewerDrop(JobId? error, JobId? result, bool outdated)
    {
        Put(Error, error);
        Put(Result, result);

        Assert.Equal(outdated, await _writer.RemoveOutdatedErrorAsync(At(Error), At(Result), CancellationToken.None));

        Assert.Equal(outdated ? [Result] : [Error, Result], _storage.Content.Names(Containers.Results));
    }

    private static BlobAddress At(string name) => new(Containers.Results, name);

    private Task<BlobInTheWay?> WriteAsync(Job job, Answer? answer = null) =>
        _writer.WriteAsync(job, answer, listUsd: null, _claim, CancellationToken.None);

    /// <summary>A blob that is there already, of the given job or of nobody's.</summary>
    private WrittenBlob Put(string name, JobId? writer)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        if (writer is { } id)
        {
            metadata[ResultWriter.JobMetadata] = id.ToString();
        }

        return new WrittenBlob(name, _storage.Content.Put(Containers.Results, name, "before"u8.ToArray(), metadata: metadata).ETag);
    }

    private WrittenBlob Own(string name) => new(name, _storage.Content.PeekInfo(Containers.Results, name)!.ETag);

    private string Text(string name) => Encoding.UTF8.GetString(_storage.Content.Peek(Containers.Results, name)!);

    private IEnumerable<(string Name, string? MediaType, JobId Writer)> Stored() =>
        from name in _storage.Content.Names(Containers.Results)
        let info = _storage.Content.PeekInfo(Containers.Results, name)
        select (name, info.ContentType, JobId.Parse(info.Metadata[ResultWriter.JobMetadata]));

    private IEnumerable<(string Name, JobId Writer)> Writers() => Stored().Select(blob => (blob.Name, blob.Writer));

    /// <summary>Somebody else who does something just before each effect on storage.</summary>
    private sealed class Meanwhile(Action<StorageCall> happens) : IFaultPlan
    {
        public ValueTask BeforeAsync(StorageCall effect, CancellationToken cancellationToken)
        {
            happens(effect);
            return ValueTask.CompletedTask;
        }

        public ValueTask AfterAsync(StorageCall effect, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
