using System.Text;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Results;

/// <summary>
/// Writes a finished job's blobs, before its row says so. Writing again is harmless, and a newer drop's result is never replaced.
/// </summary>
internal sealed class ResultWriter(IContentStore content)
{
    /// <summary>Metadata key that names the job a blob was written for.</summary>
    public const string JobMetadata = "jobid";

    private const int MaxTries = 5;

    /// <summary>Writes the blobs of a terminal job; a cancelled one has none.</summary>
    /// <param name="job">The job as it is about to be stored.</param>
    /// <param name="answer">Its answer, if it came with one.</param>
    /// <param name="listUsd">The list price of that answer.</param>
    /// <param name="cancellationToken">Cancels writing.</param>
    /// <returns>The names written or found written.</returns>
    public async Task<IReadOnlyList<string>> WriteAsync(Job job, Answer? answer, decimal? listUsd, CancellationToken cancellationToken)
    {
        if (job.State == JobState.Cancelled)
        {
            return [];
        }

        var envelope = JsonSerializer.SerializeToUtf8Bytes(ResultEnvelope.Of(job, answer, listUsd), ResultJson.Readable.ResultEnvelope);
        if (job.State == JobState.Failed)
        {
            await PutAsync(job, ResultNames.Error(job), envelope, "application/json", cancellationToken);
            return [ResultNames.Error(job)];
        }

        List<string> written = [];

        // Callers over HTTP read the bare answer through the API; only drops get a file of it.
        if (job.Drop is not null && answer is { Text.Length: > 0 })
        {
            var contentType = job.Output switch
            {
                OutputKind.Json => "application/json",
                OutputKind.Text => "text/plain; charset=utf-8",
                _ => "text/markdown; charset=utf-8",
            };
            var name = ResultNames.Answer(job);
            await PutAsync(job, name, Encoding.UTF8.GetBytes(answer.Text), contentType, cancellationToken);
            written.Add(name);
        }

        await PutAsync(job, ResultNames.Result(job), envelope, "application/json", cancellationToken);
        written.Add(ResultNames.Result(job));
        return written;
    }

    /// <summary>Removes what <see cref="WriteAsync"/> wrote for a job that meanwhile ended another way.</summary>
    public async Task WithdrawAsync(Job job, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        foreach (var name in names)
        {
            var address = new BlobAddress(Containers.Results, name);
            if (await content.GetInfoAsync(address, cancellationToken) is { } info && WrittenBy(info) == job.Id)
            {
                await content.DeleteAsync(address, info.ETag, cancellationToken);
            }
        }
    }

    /// <summary>Removes a job's blobs; those of a newer drop under the same name stay.</summary>
    public Task EraseAsync(Job job, CancellationToken cancellationToken) =>
        WithdrawAsync(job, [ResultNames.Result(job), ResultNames.Error(job), ResultNames.Answer(job)], cancellationToken);

    /// <summary>Whether a result blob was written for this job, and not for another drop under the same name.</summary>
    public static bool IsOf(Job job, BlobInfo info) => WrittenBy(info) is not { } writer || writer == job.Id;

    private async Task PutAsync(Job job, string name, ReadOnlyMemory<byte> bytes, string contentType, CancellationToken cancellationToken)
    {
        var address = new BlobAddress(Containers.Results, name);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [JobMetadata] = job.Id.ToString() };
        var condition = job.Drop is null ? WriteCondition.Always : WriteCondition.New;
        for (var tries = 0; await content.WriteAsync(address, bytes, contentType, condition, metadata, cancellationToken) is null; tries++)
        {
            if (tries == MaxTries)
            {
                throw new StorageUnavailableException($"{address} kept changing while it was written; it is tried again later.");
            }

            var existing = await content.GetInfoAsync(address, cancellationToken);
            if (existing is null)
            {
                condition = WriteCondition.New;
            }
            else if (await MayReplaceAsync(job, existing, cancellationToken))
            {
                condition = WriteCondition.Over(existing.ETag);
                await RemoveStaleAsync(job, name, cancellationToken);
            }
            else
            {
                return;
            }
        }
    }

    /// <summary>Whether an existing result is our own, or of an older drop under the same name.</summary>
    private async Task<bool> MayReplaceAsync(Job job, BlobInfo existing, CancellationToken cancellationToken)
    {
        if (WrittenBy(existing) is not { } writer || writer == job.Id)
        {
            return true;
        }

        if (writer.Time != job.Id.Time)
        {
            return writer.Time < job.Id.Time;
        }

        // Two drops in the same second: the one that is still in the inbox is the newer.
        var inInbox = await content.GetInfoAsync(new BlobAddress(Containers.Inbox, job.Drop!.Path), cancellationToken);
        return inInbox?.ETag == job.Drop.ETag;
    }

    /// <summary>A result replaces the error of an older drop, and the other way round: only one of them may stand.</summary>
    private async Task RemoveStaleAsync(Job job, string name, CancellationToken cancellationToken)
    {
        var other = name == ResultNames.Error(job) ? ResultNames.Result(job) : ResultNames.Error(job);
        var address = new BlobAddress(Containers.Results, other);
        if (await content.GetInfoAsync(address, cancellationToken) is { } info && WrittenBy(info) is { } writer && writer.Time < job.Id.Time)
        {
            await content.DeleteAsync(address, info.ETag, cancellationToken);
        }
    }

    private static JobId? WrittenBy(BlobInfo info) =>
        info.Metadata.TryGetValue(JobMetadata, out var text) && JobId.TryParse(text, out var id) ? id : null;
}
