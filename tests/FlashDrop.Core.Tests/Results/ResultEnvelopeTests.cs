using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Results;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;
using FlashDrop.Testing;
using FlashDrop.Testing.Upstream;

namespace FlashDrop.Core.Tests.Results;

public sealed class ResultEnvelopeTests
{
    private static readonly DateTimeOffset Noon = TestJobs.Noon;

    private static readonly Job Queued = TestJobs.Job(TestJobs.Id(Noon, 1));

    private static readonly Attempt Unanswered = new() { Number = 1, Tier = Tier.Beta, StartedAt = Noon };

    [Fact]
    public void SucceededJob_SaysAllThatIsKnown()
    {
        var job = Queued with
        {
            State = JobState.Succeeded,
            CompletedAt = Noon.AddSeconds(90),
            UpdatedAt = Noon.AddSeconds(91),
            Check = new AnswerCheck { MimeType = "application/json" },
            Estimate = new JobEstimate { InputTokens = 310, InputUsd = 0.0001m, MaxUsd = 0.1m },
            Attempts =
            [
                Unanswered with { TaskId = "task-1", EndedAt = Noon.AddSeconds(5), ErrorCode = "upstream_busy" },
                new Attempt
                {
                    Number = 2,
                    Tier = Tier.Standard,
                    TaskId = "task-2",
                    StartedAt = Noon.AddSeconds(10),
                    EndedAt = Noon.AddSeconds(90),
                    ModelVersion = "gemini-2.5-flash",
                    CostUsd = 0.0012m,
                },
            ],
            CostUsd = 0.0012m,
            Usage = new TokenUsage
            {
                PromptTokens = 300,
                CachedTokens = 100,
                CandidatesTokens = 20,
                ThoughtsTokens = 3,
                ToolUsePromptTokens = 4,
                PromptDetails = [new ModalityTokens("AUDIO", 250), new ModalityTokens("TEXT", 50)],
            },
        };
        var answer = Answers.Text("```json\n{\"Ort\":\"Köln\"}\n```") with
        {
            FunctionCalls = [Json("""{"name":"file","args":{"to":"x"}}""")],
            Raw = Json("{}"),
        };

        AssertReads(
            $$"""
            {
              "jobId": "{{job.Id}}",
              "state": "Succeeded",
              "caller": "drop:meeting-notes",
              "profile": "meeting-notes",
              "drop": {
                "path": "meeting-notes/2026/stand up – März.mp3",
                "eTag": "0x8DD",
                "lastModified": "2026-03-14T12:00:00+00:00",
                "length": 1234567
              },
              "input": {
                "kind": "audio",
                "mimeType": "audio/mpeg",
                "bytes": 1234567,
                "seconds": 12.5
              },
              "estimate": {
                "inputTokens": 310,
                "inputUsd": 0.0001,
                "maxUsd": 0.1
              },
              "answer": {
                "text": "```json\n{\"Ort\":\"Köln\"}\n```",
                "json": {
                  "Ort": "Köln"
                },
                "finishReason": "STOP",
                "functionCalls": [
                  {
                    "name": "file",
                    "args": {
                      "to": "x"
                    }
                  }
                ],
                "tier": "standard",
                "modelVersion": "gemini-2.5-flash",
                "responseId": "response-1"
              },
              "usage": {
                "promptTokens": 300,
                "cachedTokens": 100,
                "cachedShare": 0.3333,
                "answerTokens": 20,
                "thinkingTokens": 3,
                "toolUseTokens": 4,
                "totalTokens": 327,
                "promptDetails": [
                  {
                    "modality": "AUDIO",
                    "tokens": 250
                  },
                  {
                    "modality": "TEXT",
                    "tokens": 50
                  }
                ]
              },
              "cost": {
                "usd": 0.0012,
                "listUsd": 0.002,
                "known": true
              },
              "attempts": [
                {
                  "number": 1,
                  "tier": "beta",
                  "taskId": "task-1",
                  "startedAt": "2026-03-14T12:00:00+00:00",
                  "endedAt": "2026-03-14T12:00:05+00:00",
                  "errorCode": "upstream_busy",
                  "modelRefused": false
                },
                {
                  "number": 2,
                  "tier": "standard",
                  "taskId": "task-2",
                  "startedAt": "2026-03-14T12:00:10+00:00",
                  "endedAt": "2026-03-14T12:01:30+00:00",
                  "modelRefused": false,
                  "modelVersion": "gemini-2.5-flash",
                  "costUsd": 0.0012
                }
              ],
              "timings": {
                "acceptedAt": "2026-03-14T12:00:00+00:00",
                "completedAt": "2026-03-14T12:01:30+00:00",
                "seconds": 90
              },
              "tags": {
                "team": "Überblick \"x\" <y> \uD83C\uDFA7"
              },
              "raw": {}
            }
            """,
            ResultEnvelope.Of(job, answer, 0.002m));
    }

    [Fact]
    public void FailedJob_SaysWhy_AndHandsOutNoAnswerButWhatCameAsReceived()
    {
        var job = Queued with
        {
            State = JobState.Failed,
            Drop = null,
            Media = null,
            Tags = new Dictionary<string, string>(StringComparer.Ordinal),
            CompletedAt = Noon.AddSeconds(1.5),
            Error = new JobError("answer_blocked", "The prompt was blocked (SAFETY).", "Change the prompt.")
            {
                UpstreamCode = "blocked",
                RequestId = "req-9",
            },
        };

        AssertReads(
            $$"""
            {
              "jobId": "{{job.Id}}",
              "state": "Failed",
              "caller": "drop:meeting-notes",
              "profile": "meeting-notes",
              "error": {
                "code": "answer_blocked",
                "message": "The prompt was blocked (SAFETY).",
                "remedy": "Change the prompt.",
                "upstreamCode": "blocked",
                "requestId": "req-9"
              },
              "cost": {
                "usd": 0,
                "known": true
              },
              "attempts": [],
              "timings": {
                "acceptedAt": "2026-03-14T12:00:00+00:00",
                "completedAt": "2026-03-14T12:00:01.5+00:00",
                "seconds": 1.5
              },
              "raw": {
                "blocked": "SAFETY"
              }
            }
            """,
            ResultEnvelope.Of(job, Answers.Blocked("SAFETY"), listUsd: null));
    }

    [Fact]
    public void AnswerOfWordsOnly_HasNoListOfFunctionCalls_AndNoTierWithoutAnAttempt()
    {
        var view = ResultEnvelope.Of(Queued with { State = JobState.Succeeded }, Answers.Text("Hello."), listUsd: null).Answer;

        Assert.Equal(
            new AnswerView { Text = "Hello.", FinishReason = "STOP", ModelVersion = "gemini-2.5-flash", ResponseId = "response-1" },
            view);
    }

    [Fact]
    public void SucceededJobWhoseAnswerIsGone_HasNone() =>
        Assert.Null(ResultEnvelope.Of(Queued with { State = JobState.Succeeded }, answer: null, listUsd: null).Answer);

    [Fact]
    public void JobWithoutATimeOfCompletion_IsTimedByItsLastChange() =>
        Assert.Equal(
            new TimingsView { AcceptedAt = Noon, CompletedAt = Noon.AddSeconds(40), Seconds = 40 },
            ResultEnvelope.Of(Queued with { State = JobState.Failed, UpdatedAt = Noon.AddSeconds(40) }, null, null).Timings);

    public static TheoryData<string, Attempt, decimal?, CostView> Costs => new()
    {
        { "never answered", Unanswered, null, new CostView { Usd = 0m, Known = true } },
        { "answered, not counted", Unanswered with { ModelVersion = "gemini-2.5-flash" }, null, new CostView { Known = false } },
        { "counted, not priced", Unanswered with { Usage = Answers.Usage }, null, new CostView { Known = false } },
        { "priced beside one that is not", Unanswered with { CostUsd = 0.01m }, null, new CostView { Known = false } },
        { "priced", Unanswered with { CostUsd = 0.01m }, 0.01m, new CostView { Usd = 0.01m, Known = true } },
    };

    [Theory]
    [MemberData(nameof(Costs))]
    public void Cost_IsZeroOnlyWhenNothingWasAnswered(string attempt, Attempt made, decimal? cost, CostView expected)
    {
        var job = Queued with { State = JobState.Failed, Attempts = [made], CostUsd = cost };

        Assert.Equal((attempt, expected), (attempt, ResultEnvelope.Of(job, answer: null, listUsd: null).Cost));
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0, 5, 0)]
    [InlineData(3, 2, 0.6667)]
    [InlineData(4, 4, 1)]
    [InlineData(4, 6, 1)]
    public void CachedShare_IsBetweenZeroAndOne(long prompt, long cached, double expected) =>
        Assert.Equal(expected, UsageView.Of(new TokenUsage { PromptTokens = prompt, CachedTokens = cached }).CachedShare);

    [Theory]
    [InlineData(0, 100 + 20 + 3 + 4)]
    [InlineData(1, 1)]
    [InlineData(130, 130)]
    public void TotalTokens_AreTheUpstreamsOwn_OrTheSumOfAllWhenItGaveNone(long given, long expected)
    {
        var usage = new TokenUsage
        {
            PromptTokens = 100,
            CachedTokens = 50,
            CandidatesTokens = 20,
            ThoughtsTokens = 3,
            ToolUsePromptTokens = 4,
            TotalTokens = given,
        };

        Assert.Equal(expected, UsageView.Of(usage).TotalTokens);
    }

    [Fact]
    public void CountsWithoutModalities_HaveNoListOfThem() => Assert.Null(UsageView.Of(new TokenUsage { PromptTokens = 1 }).PromptDetails);

    private static void AssertReads(string expected, ResultEnvelope envelope) =>
        Assert.Equal(expected, JsonSerializer.Serialize(envelope, ResultJson.Readable.ResultEnvelope), ignoreLineEndingDifferences: true);

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}
