using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Profiles;
using FlashDrop.Core.Structured;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Results;

/// <summary>
/// Writes a finished job's blobs, before its row says so. A newer drop's result is never replaced, nor one of the same job that its
/// row may stand for already.
/// </summary>
internal sealed class ResultWriter(IContentStore content)
{
    /// <summary>Metadata key that names the job a blob was written for.</summary>
    public const string JobMetadata = "jobid";

    private const int MaxTries = 5;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the blobs of a terminal job; a cancelled one has none.</summary>
    /// <param name="job">The job as it is about to be stored.</param>
    /// <param name="answer">Its answer, if it came with one.</param>
    /// <param name="listUsd">The list price of that answer.</param>
    /// <param name="claim">What may be replaced; gets what is written added.</param>
    /// <param name="cancellationToken">Cancels writing.</param>
    /// <returns>
    /// Null when everything is written that has to be, or a blob that is in the way: only the job's row can tell whether it may be replaced.
    /// </returns>
    public async Task<BlobInTheWay?> WriteAsync(
        Job job, Answer? answer, decimal? listUsd, ResultClaim claim, CancellationToken cancellationToken)
    {
        if (job.State == JobState.Cancelled)
        {
            return null;
        }

        var envelope = JsonSerializer.SerializeToUtf8Bytes(ResultEnvelope.Of(job, answer, listUsd), ResultJson.Readable.ResultEnvelope);
        if (job.State == JobState.Failed)
        {
            return await PutAsync(job, ResultNames.Error(job), envelope, "application/json", claim, cancellationToken);
        }

        // Callers over HTTP read the bare answer through the API; only drops get a file of it.
        if (job.Drop is not null && answer is { Text.Length: > 0 })
        {
            var contentType = job.Output switch
            {
                OutputKind.Json => "application/json",
                OutputKind.Text => "text/plain; charset=utf-8",
                _ => "text/markdown; charset=utf-8",
            };
            if (await PutAsync(job, ResultNames.Answer(job), Bare(job, answer), contentType, claim, cancellationToken) is { } contested)
            {
                return contested;
            }
        }

        return await PutAsync(job, ResultNames.Result(job), envelope, "application/json", claim, cancellationToken);
    }

    /// <summary>Removes what <see cref="WriteAsync"/> wrote for a job that meanwhile ended another way; what others wrote since stays.</summary>
    public async Task WithdrawAsync(IReadOnlyCollection<WrittenBlob> written, CancellationToken cancellationToken)
    {
        foreach (var blob in written)
        {
            await content.DeleteAsync(new BlobAddress(Containers.Results, blob.Name), blob.ETag, cancellationToken);
        }
    }

    /// <summary>
    /// Removes what earlier tries left of a job that has ended: its row stands for none of the blobs of the given state.
    /// </summary>
    public async Task RemoveAsync(Job ended, JobState state, CancellationToken cancellationToken)
    {
        string[] names = state == JobState.Failed ? [ResultNames.Error(ended)] : [ResultNames.Answer(ended), ResultNames.Result(ended)];
        foreach (var name in names)
        {
            var address = new BlobAddress(Containers.Results, name);
            if (await content.GetInfoAsync(address, cancellationToken) is { } info && WrittenBy(info) == ended.Id)
            {
                await content.DeleteAsync(address, info.ETag, cancellationToken);
            }
        }
    }

    /// <summary>Removes a job's blobs; those of a newer drop under the same name stay.</summary>
    public async Task EraseAsync(Job job, CancellationToken cancellationToken)
    {
        await RemoveAsync(job, JobState.Succeeded, cancellationToken);
        await RemoveAsync(job, JobState.Failed, cancellationToken);
    }

    /// <summary>Removes an error beside a result that a newer drop of the same name has since come to.</summary>
    /// <returns>Whether it was removed; an error of the newer one stays.</returns>
    public async Task<bool> RemoveOutdatedErrorAsync(BlobAddress error, BlobAddress result, CancellationToken cancellationToken) =>
        await content.GetInfoAsync(error, cancellationToken) is { } failed && WrittenBy(failed) is { } older
        && await content.GetInfoAsync(result, cancellationToken) is { } succeeded && WrittenBy(succeeded) is { } newer
        && older.Time < newer.Time
        && await content.DeleteAsync(error, failed.ETag, cancellationToken);

    /// <summary>Whether a result blob was written for this job, and not for another drop under the same name.</summary>
    public static bool IsOf(Job job, BlobInfo info) => WrittenBy(info) is not { } writer || writer == job.Id;

    /// <summary>The answer by itself: JSON is indented for people, everything else is as the model wrote it.</summary>
    private static ReadOnlyMemory<byte> Bare(Job job, Answer answer)
    {
        if (StructuredAnswers.Read(job.Check, answer.Text) is not { } json)
        {
            return Encoding.UTF8.GetBytes(answer.Text);
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            json.WriteTo(writer);
        }

        return buffer.WrittenMemory;
    }

    private async Task<BlobInTheWay?> PutAsync(
        Job job, string name, ReadOnlyMemory<byte> bytes, string contentType, ResultClaim claim, CancellationToken cancellationToken)
    {
        var address = new BlobAddress(Containers.Results, name);
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { [JobMetadata] = job.Id.ToString() };
        var condition = WriteCondition.New;
        for (var tries = 0; tries <= MaxTries; tries++)
        {
            if (await content.WriteAsync(address, bytes, contentType, condition, metadata, cancellationToken) is { } etag)
            {
                claim.Own.Add(new WrittenBlob(name, etag));
                return null;
            }

            var existing = await content.GetInfoAsync(address, cancellationToken);
            if (existing is null)
            {
                condition = WriteCondition.New;
            }
            else if (WrittenBy(existing) == job.Id)
            {
                var own = new WrittenBlob(name, existing.ETag);
                if (!claim.Own.Contains(own))
                {
                    return new BlobInTheWay(own, IsOwn: true);
                }

                condition = WriteCondition.Over(existing.ETag);
            }
            else if (claim.Own.Contains(new WrittenBlob(name, existing.ETag)))
            {
                condition = WriteCondition.Over(existing.ETag);
            }
            else if (await MayReplaceAsync(job, existing, cancellationToken))
            {
                if (!claim.MayReplaceOlder)
                {
                    return new BlobInTheWay(new WrittenBlob(name, existing.ETag), IsOwn: false);
                }

                condition = WriteCondition.Over(existing.ETag);
                await RemoveStaleAsync(job, name, cancellationToken);
            }
            else if (claim.GivesWay)
            {
                return null;
            }
            else
            {
                return new BlobInTheWay(new WrittenBlob(name, existing.ETag), IsOwn: false) { Newer = WrittenBy(existing) };
            }
        }

        throw new StorageUnavailableException($"{address} kept changing while it was written; it is tried again later.");
    }

    /// <summary>Whether an existing result is of an older drop under the same name.</summary>
    private async Task<bool> MayReplaceAsync(Job job, BlobInfo existing, CancellationToken cancellationToken)
    {
        if (WrittenBy(existing) is not { } writer)
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

/// <summary>What the one who ends a job may replace.</summary>
internal sealed class ResultClaim
{
    /// <summary>Whether results of older drops under the same name may be: only for a job that is known not to have ended another way.</summary>
    public bool MayReplaceOlder { get; set; }

    /// <summary>Whether what a newer drop under the same name has left is its result, or may become it.</summary>
    public bool GivesWay { get; set; }

    /// <summary>Blobs that were written here, or that no row will ever stand for.</summary>
    public HashSet<WrittenBlob> Own { get; } = [];
}

/// <summary>A version of a result blob.</summary>
/// <param name="Name">Its name in <c>results</c>.</param>
/// <param name="ETag">The version.</param>
internal readonly record struct WrittenBlob(string Name, string ETag);

/// <summary>A blob that cannot be replaced as things are.</summary>
/// <param name="Blob">The blob.</param>
/// <param name="IsOwn">Whether it is of the same job: then somebody else has ended the job, or tried to.</param>
internal readonly record struct BlobInTheWay(WrittenBlob Blob, bool IsOwn)
{
    /// <summary>The newer drop under the same name that it is of.</summary>
    public JobId? Newer { get; init; }
}
