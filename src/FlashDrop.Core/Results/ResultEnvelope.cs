using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Results;

/// <summary>
/// What is stored beside a drop, or under <c>api/</c>: <c>.result.json</c> when the job succeeded, <c>.error.json</c> when it failed.
/// </summary>
public sealed record ResultEnvelope
{
    /// <summary>The job.</summary>
    public required JobId JobId { get; init; }

    /// <summary><see cref="JobState.Succeeded"/> or <see cref="JobState.Failed"/>.</summary>
    public required JobState State { get; init; }

    /// <summary>Who is billed.</summary>
    public required string Caller { get; init; }

    /// <summary>The profile.</summary>
    public required string Profile { get; init; }

    /// <summary>The drop, when there was one.</summary>
    public DropReference? Drop { get; init; }

    /// <summary>What the input was.</summary>
    public MediaSummary? Input { get; init; }

    /// <summary>What it was expected to take; null when that could not be told.</summary>
    public JobEstimate? Estimate { get; init; }

    /// <summary>The answer, when the job succeeded.</summary>
    public AnswerView? Answer { get; init; }

    /// <summary>Why it failed and what to do, when it failed.</summary>
    public JobError? Error { get; init; }

    /// <summary>Token counts of the answer; null when the upstream gave none.</summary>
    public UsageView? Usage { get; init; }

    /// <summary>What it cost.</summary>
    public required CostView Cost { get; init; }

    /// <summary>Every upstream submission made for the job.</summary>
    public required IReadOnlyList<Attempt> Attempts { get; init; }

    /// <summary>When things happened.</summary>
    public required TimingsView Timings { get; init; }

    /// <summary>Caller's own labels.</summary>
    public IReadOnlyDictionary<string, string>? Tags { get; init; }

    /// <summary>The upstream's answer as received.</summary>
    public JsonElement? Raw { get; init; }

    /// <summary>Builds the envelope of a finished job.</summary>
    /// <param name="job">The job, terminal.</param>
    /// <param name="answer">Its answer, if one came.</param>
    /// <param name="listUsd">The list price of its last answer, when known.</param>
    public static ResultEnvelope Of(Job job, Answer? answer, decimal? listUsd)
    {
        var last = job.Attempts.Count > 0 ? job.Attempts[^1] : null;
        var wasAnswered = job.Attempts.Any(a => a.ModelVersion is not null || a.Usage is not null || a.CostUsd is not null);
        return new ResultEnvelope
        {
            JobId = job.Id,
            State = job.State,
            Caller = job.Caller,
            Profile = job.Profile,
            Drop = job.Drop,
            Input = job.Media,
            Estimate = job.Estimate,
            Answer = answer is null || job.State != JobState.Succeeded ? null : new AnswerView
            {
                Text = answer.Text,
                Json = StructuredAnswers.Read(job.Check, answer.Text),
                FinishReason = answer.FinishReason,
                FunctionCalls = answer.FunctionCalls.Count > 0 ? answer.FunctionCalls : null,
                Tier = last?.Tier,
                ModelVersion = answer.ModelVersion,
                ResponseId = answer.ResponseId,
            },
            Error = job.Error,
            Usage = job.Usage is { } usage ? UsageView.Of(usage) : null,
            Cost = new CostView
            {
                Usd = job.CostUsd ?? (wasAnswered ? null : 0m),
                ListUsd = listUsd,
                Known = job.CostUsd is not null || !wasAnswered,
            },
            Attempts = job.Attempts,
            Timings = new TimingsView
            {
                AcceptedAt = job.AcceptedAt,
                CompletedAt = job.CompletedAt ?? job.UpdatedAt,
                Seconds = ((job.CompletedAt ?? job.UpdatedAt) - job.AcceptedAt).TotalSeconds,
            },
            Tags = job.Tags.Count > 0 ? job.Tags : null,
            Raw = answer?.Raw,
        };
    }
}

/// <summary>The answer in an envelope.</summary>
public sealed record AnswerView
{
    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>The answer as JSON, when that was asked for; it fits the schema.</summary>
    public JsonElement? Json { get; init; }

    /// <summary>Why the model stopped.</summary>
    public string? FinishReason { get; init; }

    /// <summary>Function calls the model asks for: data, never executed.</summary>
    public IReadOnlyList<JsonElement>? FunctionCalls { get; init; }

    /// <summary>Tier that was asked.</summary>
    public Tier? Tier { get; init; }

    /// <summary>The model that answered.</summary>
    public string? ModelVersion { get; init; }

    /// <summary>The upstream's id of the answer.</summary>
    public string? ResponseId { get; init; }
}

/// <summary>Token counts in an envelope.</summary>
public sealed record UsageView
{
    /// <summary>Whole prompt, cached tokens included.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>Part of it served from cache.</summary>
    public required long CachedTokens { get; init; }

    /// <summary>Share of the prompt served from cache, 0 to 1.</summary>
    public double CachedShare { get; init; }

    /// <summary>Visible output.</summary>
    public required long AnswerTokens { get; init; }

    /// <summary>Thinking, billed as output.</summary>
    public required long ThinkingTokens { get; init; }

    /// <summary>Prompt tokens added by built-in tools.</summary>
    public long ToolUseTokens { get; init; }

    /// <summary>All of them together.</summary>
    public required long TotalTokens { get; init; }

    /// <summary>Prompt tokens by modality.</summary>
    public IReadOnlyList<ModalityTokens>? PromptDetails { get; init; }

    /// <summary>The view of the given counts.</summary>
    public static UsageView Of(TokenUsage usage) => new()
    {
        PromptTokens = usage.PromptTokens,
        CachedTokens = usage.CachedTokens,
        CachedShare = usage.PromptTokens > 0 ? Math.Round(Math.Clamp((double)usage.CachedTokens / usage.PromptTokens, 0, 1), 4) : 0,
        AnswerTokens = usage.CandidatesTokens,
        ThinkingTokens = usage.ThoughtsTokens,
        ToolUseTokens = usage.ToolUsePromptTokens,
        TotalTokens = usage.TotalTokens > 0
            ? usage.TotalTokens
            : usage.PromptTokens + usage.OutputTokens + usage.ToolUsePromptTokens,
        PromptDetails = usage.PromptDetails.Count > 0 ? usage.PromptDetails : null,
    };
}

/// <summary>Money in an envelope.</summary>
public sealed record CostView
{
    /// <summary>Exact cost in USD of all attempts; null when it is not known.</summary>
    public decimal? Usd { get; init; }

    /// <summary>The same counts at the official list price in USD.</summary>
    public decimal? ListUsd { get; init; }

    /// <summary>Whether the cost is known; a job that was never answered is known to cost nothing.</summary>
    public required bool Known { get; init; }
}

/// <summary>Times in an envelope, UTC.</summary>
public sealed record TimingsView
{
    /// <summary>When the job was accepted.</summary>
    public required DateTimeOffset AcceptedAt { get; init; }

    /// <summary>When it was done.</summary>
    public required DateTimeOffset CompletedAt { get; init; }

    /// <summary>Seconds between the two.</summary>
    public required double Seconds { get; init; }
}

/// <summary>JSON of envelopes: camelCase, indented for people, nulls left out, characters of other scripts as they are.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ResultEnvelope))]
public sealed partial class ResultJson : JsonSerializerContext
{
    /// <summary>The context to write with.</summary>
    public static ResultJson Readable { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
