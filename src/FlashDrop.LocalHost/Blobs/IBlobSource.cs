namespace FlashDrop.LocalHost.Blobs;

/// <summary>A container as its scan sees it.</summary>
internal interface IBlobSource
{
    /// <summary>The container's name.</summary>
    string Container { get; }

    /// <summary>Every blob: name and version.</summary>
    IAsyncEnumerable<BlobVersion> ListAsync(CancellationToken cancellationToken);

    /// <summary>Reports a blob that failed too often.</summary>
    /// <param name="message">What the Functions host would put in its queue for poisoned blobs.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task PoisonAsync(string message, CancellationToken cancellationToken);
}

/// <summary>One version of a blob.</summary>
/// <param name="Name">Name in the container.</param>
/// <param name="ETag">Version, with the quotes the service puts around it.</param>
internal readonly record struct BlobVersion(string Name, string ETag);
