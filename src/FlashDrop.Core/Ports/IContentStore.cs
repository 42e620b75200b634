namespace FlashDrop.Core.Ports;

/// <summary>
/// Blobs. Safe for concurrent use. Names are relative to the container and use <c>/</c>. Transient storage failures surface as
/// <see cref="StorageUnavailableException"/>.
/// </summary>
public interface IContentStore
{
    /// <summary>
    /// Opens a blob with its properties in one operation, or returns null when there is none. The caller disposes the content.
    /// </summary>
    /// <param name="address">The blob.</param>
    /// <param name="ifMatch">Only this version (ETag).</param>
    /// <param name="cancellationToken">Cancels opening and reading.</param>
    /// <exception cref="BlobChangedException">The blob has another version than <paramref name="ifMatch"/>.</exception>
    Task<BlobContent?> OpenAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken);

    /// <summary>Reads a range of a blob, at most its end; for media inspection. Null when there is no such blob.</summary>
    Task<ReadOnlyMemory<byte>?> ReadRangeAsync(BlobAddress address, long offset, int count, CancellationToken cancellationToken);

    /// <summary>Properties and metadata, or null.</summary>
    Task<BlobInfo?> GetInfoAsync(BlobAddress address, CancellationToken cancellationToken);

    /// <summary>Writes a blob of known content.</summary>
    /// <returns>The new ETag, or null when <paramref name="condition"/> was not met (nothing was written).</returns>
    Task<string?> WriteAsync(
        BlobAddress address,
        ReadOnlyMemory<byte> content,
        string contentType,
        WriteCondition condition,
        IReadOnlyDictionary<string, string>? metadata,
        CancellationToken cancellationToken);

    /// <summary>Copies a blob within the account under another name, on the server, over whatever is there.</summary>
    /// <exception cref="FileNotFoundException">There is no source.</exception>
    Task CopyAsync(BlobAddress source, BlobAddress destination, CancellationToken cancellationToken);

    /// <summary>Deletes a blob. A missing one is no error.</summary>
    /// <param name="address">The blob.</param>
    /// <param name="ifMatch">Only this version (ETag); another version is left alone.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>Whether something was deleted.</returns>
    Task<bool> DeleteAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken);

    /// <summary>Lists a container in name order, in constant memory.</summary>
    IAsyncEnumerable<BlobInfo> ListAsync(string container, string? prefix, CancellationToken cancellationToken);

    /// <summary>A URL that lets its bearer read the blob for a while, without other credentials.</summary>
    Task<Uri> GetReadUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>A URL that lets its bearer create and write the blob for a while, and nothing else.</summary>
    Task<Uri> GetWriteUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken);
}

/// <summary>Names a blob.</summary>
/// <param name="Container">One of <see cref="Containers"/>.</param>
/// <param name="Name">Name within the container.</param>
public readonly record struct BlobAddress(string Container, string Name)
{
    /// <inheritdoc />
    public override string ToString() => $"{Container}/{Name}";
}

/// <summary>Names of the containers.</summary>
public static class Containers
{
    /// <summary>Drops: <c>{profile}/{path}</c>.</summary>
    public const string Inbox = "inbox";

    /// <summary>Profiles: <c>{profile}.json</c>.</summary>
    public const string Profiles = "profiles";

    /// <summary>Request bodies and inline inputs of HTTP jobs.</summary>
    public const string Requests = "requests";

    /// <summary>Answers and errors.</summary>
    public const string Results = "results";

    /// <summary>Reports.</summary>
    public const string Reports = "reports";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Inbox, Profiles, Requests, Results, Reports];
}

/// <summary>Properties of a blob.</summary>
public sealed record BlobInfo
{
    /// <summary>The blob.</summary>
    public required BlobAddress Address { get; init; }

    /// <summary>Version, without quotes.</summary>
    public required string ETag { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>Last modification, UTC, to the second.</summary>
    public required DateTimeOffset LastModified { get; init; }

    /// <summary>Media type it was stored with; a claim, not a fact.</summary>
    public string? ContentType { get; init; }

    /// <summary>Metadata, keys case-insensitive; empty in listings.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = EmptyMetadata;

    private static readonly Dictionary<string, string> EmptyMetadata = [];
}

/// <summary>An open blob.</summary>
/// <param name="Info">Its properties.</param>
/// <param name="Stream">Its bytes from the start, forward only; owned by this object.</param>
public sealed record BlobContent(BlobInfo Info, Stream Stream) : IAsyncDisposable
{
    /// <inheritdoc />
    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}

/// <summary>When a write may happen.</summary>
public readonly record struct WriteCondition
{
    private WriteCondition(bool onlyNew, string? ifMatch) => (OnlyNew, IfMatch) = (onlyNew, ifMatch);

    /// <summary>Always.</summary>
    public static WriteCondition Always { get; } = new(onlyNew: false, ifMatch: null);

    /// <summary>Only when there is no such blob.</summary>
    public static WriteCondition New { get; } = new(onlyNew: true, ifMatch: null);

    /// <summary>Only when there is no such blob.</summary>
    public bool OnlyNew { get; }

    /// <summary>Only over this version (ETag).</summary>
    public string? IfMatch { get; }

    /// <summary>Only over the given version.</summary>
    public static WriteCondition Over(string etag) => new(onlyNew: false, etag);
}

/// <summary>The blob was replaced since it was looked at.</summary>
public sealed class BlobChangedException(BlobAddress address)
    : Exception($"{address} was replaced while it was being processed; its newer version is a drop of its own.");
