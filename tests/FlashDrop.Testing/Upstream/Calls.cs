using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using FlashDrop.EvoLink;
using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Testing.Upstream;

/// <summary>What the stand-ins for the upstream have in common with the real client, whatever they answer.</summary>
internal static partial class Calls
{
    /// <summary>Reads every media source to its end, as sending does.</summary>
    /// <returns>SHA-256 of each, in hex; or why the request could not be completed.</returns>
    /// <exception cref="ArgumentException">The idempotency key has no valid form.</exception>
    public static async Task<(IReadOnlyList<string> MediaHashes, UpstreamError? Error)> SendAsync(UpstreamRequest request, CancellationToken cancellationToken)
    {
        if (request.IdempotencyKey is { } key && !IdempotencyKeyForm().IsMatch(key))
        {
            throw new ArgumentException($"No idempotency key: '{key}'.", nameof(request));
        }

        cancellationToken.ThrowIfCancellationRequested();
        List<string> hashes = [];
        foreach (var media in request.Body.Contents.SelectMany(c => c.Parts).Select(p => p.Media).OfType<MediaSource>())
        {
            try
            {
                var (hash, length) = await ReadAsync(media, cancellationToken);
                hashes.Add(hash);
                if (length != media.Length)
                {
                    return (hashes, Errors.MediaLengthMismatch);
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return (hashes, Errors.Timeout);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                return (hashes, Errors.MediaUnreadable with { Message = exception.Message });
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        return (hashes, null);
    }

    /// <exception cref="ArgumentException">No task can have this id.</exception>
    public static void RequireTaskId(string taskId)
    {
        if (string.IsNullOrWhiteSpace(taskId) || taskId.Length > 256 || taskId is "." or "..")
        {
            throw new ArgumentException($"No task id: '{taskId}'.", nameof(taskId));
        }
    }

    /// <summary>What a plain call makes of what came back.</summary>
    public static SubmitOutcome OfPlainCall(SubmitOutcome outcome) => outcome switch
    {
        SubmitOutcome.TaskCreated => new SubmitOutcome.Unanswered(Errors.UnexpectedTask),
        SubmitOutcome.Streamed streamed => new SubmitOutcome.Answered(streamed.Answer),
        _ => outcome,
    };

    /// <summary>What a streamed call makes of what came back.</summary>
    public static IEnumerable<StreamEvent> OfStream(SubmitOutcome outcome) => outcome switch
    {
        SubmitOutcome.Answered answered => Whole(answered.Answer),
        SubmitOutcome.Streamed streamed => Whole(streamed.Answer),

        // The port tells for submits and plain calls only whether anything was sent.
        SubmitOutcome.Failed failed => [new StreamEvent.Broken(failed.Error with { Sent = true }, Partial: null)],
        SubmitOutcome.Unanswered { Error.Code: "truncated_stream" } cut => [Chunk("Cut"), new StreamEvent.Broken(cut.Error, new Answer { Text = "Cut" })],
        SubmitOutcome.Unanswered silent => [new StreamEvent.Broken(silent.Error, Partial: null)],
        _ => [new StreamEvent.Broken(Errors.EmptyResponse, Partial: null)],
    };

    private static IEnumerable<StreamEvent> Whole(Answer answer) => [Chunk(answer.Text), new StreamEvent.Finished(answer)];

    private static StreamEvent.Chunk Chunk(string text) => new(text, JsonSerializer.SerializeToElement(text));

    private static async Task<(string Hash, long Length)> ReadAsync(MediaSource media, CancellationToken cancellationToken)
    {
        await using var stream = await media.OpenAsync(cancellationToken);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[16 * 1024];
        var length = 0L;
        while (await stream.ReadAsync(block, cancellationToken) is > 0 and var read)
        {
            hash.AppendData(block, 0, read);
            length += read;
        }

        return (Convert.ToHexStringLower(hash.GetHashAndReset()), length);
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{16,96}$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex IdempotencyKeyForm();
}
