using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Requests;

/// <summary>A request whose media notes why it cannot be used when it is opened for sending: the upstream port says only that it cannot be read.</summary>
internal sealed class SentMedia
{
    public SentMedia(GenerateContentRequest body) =>
        Body = body with { Contents = [.. body.Contents.Select(turn => turn with { Parts = [.. turn.Parts.Select(Note)] })] };

    /// <summary>The request to send.</summary>
    public GenerateContentRequest Body { get; }

    /// <summary>Why the job cannot go on with its inputs; null when nothing was found.</summary>
    public JobError? Unusable { get; private set; }

    private Part Note(Part part) =>
        part.Media is { } media ? part with { Media = media with { OpenAsync = cancellationToken => OpenAsync(media, cancellationToken) } } : part;

    private async Task<Stream> OpenAsync(MediaSource media, CancellationToken cancellationToken)
    {
        try
        {
            return await media.OpenAsync(cancellationToken);
        }
        catch (InputException e)
        {
            Unusable = e.Error;
            throw;
        }
    }
}
