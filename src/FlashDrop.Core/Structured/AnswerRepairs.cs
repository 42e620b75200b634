using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Structured;

/// <summary>
/// Keeps an answer that did not fit until the attempt that repairs it, and turns the request into one that shows the model its own
/// answer and what is wrong with it.
/// </summary>
internal sealed class AnswerRepairs(IContentStore content)
{
    /// <summary>Characters of the broken answer that are sent back; what is beyond has to be written anew anyway.</summary>
    private const int MaxAnswerLength = 200_000;

    /// <summary>Whether the job's current attempt repairs an earlier answer.</summary>
    public static bool IsDue(Job job) => job.Check is { Repair: true } && job.Attempts.Any(IsMisfit);

    /// <summary>Whether an answer that does not fit may be sent back: once a job.</summary>
    public static bool IsAllowed(Job job) => job.Check is { Repair: true } && !job.Attempts.Any(IsMisfit);

    /// <summary>Keeps an answer for repair.</summary>
    public Task KeepAsync(Job job, string answer, IReadOnlyList<string> misfits, CancellationToken cancellationToken)
    {
        var kept = new BrokenAnswer { Answer = answer[..Math.Min(answer.Length, MaxAnswerLength)], Misfits = misfits };
        return content.WriteAsync(
            Address(job), JsonSerializer.SerializeToUtf8Bytes(kept, RepairJson.Default.BrokenAnswer), "application/json", WriteCondition.Always, metadata: null, cancellationToken);
    }

    /// <summary>The request that asks for the repair; the given one when nothing was kept.</summary>
    public async Task<GenerateContentRequest> AskAsync(Job job, GenerateContentRequest request, CancellationToken cancellationToken)
    {
        await using var blob = await content.OpenAsync(Address(job), ifMatch: null, cancellationToken);
        var broken = blob is null ? null : await JsonSerializer.DeserializeAsync(blob.Stream, RepairJson.Default.BrokenAnswer, cancellationToken);
        if (broken is not { Answer.Length: > 0 })
        {
            return request;
        }

        var complaint = $"""
            Your answer does not fit what was asked for:
            {string.Join('\n', broken.Misfits.Select(m => $"- {m}"))}
            Give the whole answer again, corrected, and nothing else.
            """;
        return request with
        {
            Contents = [.. request.Contents, new Content("model", [Part.FromText(broken.Answer)]), Content.User(Part.FromText(complaint))],
        };
    }

    private static bool IsMisfit(Attempt attempt) => attempt.ErrorCode == JobErrors.AnswerMisfit;

    /// <summary>Below the folder of the job's own request, so that whatever erases a job finds it.</summary>
    private static BlobAddress Address(Job job) =>
        new(Containers.Requests, $"{job.Id.Time:yyyy}/{job.Id.Time:MM}/{job.Id.Time:dd}/{job.Id}/repair.json");
}

/// <summary>An answer that did not fit.</summary>
internal sealed record BrokenAnswer
{
    public required string Answer { get; init; }

    public required IReadOnlyList<string> Misfits { get; init; }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(BrokenAnswer))]
internal sealed partial class RepairJson : JsonSerializerContext;
