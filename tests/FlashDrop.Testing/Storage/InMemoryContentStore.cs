using System.Runtime.CompilerServices;
using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>The blob containers in memory. Modification times have whole seconds, as the service's have.</summary>
public sealed class InMemoryContentStore : IContentStore
{
    private const int ListPage = 5000;

    private readonly InMemoryStorage _storage;
    private readonly Lock _lock = new();
    private readonly SortedDictionary<BlobAddress, Blob> _blobs = new(ByName.Instance);
    private long _version;

    internal InMemoryContentStore(InMemoryStorage storage) => _storage = storage;

    /// <summary>Places a blob as a user would: not counted, never failing. Returns its properties.</summary>
    public BlobInfo Put(
        string container, string name, ReadOnlyMemory<byte> content, string? contentType = null,
        IReadOnlyDictionary<string, string>? metadata = null)
    {
        lock (_lock)
        {
            return Store(new BlobAddress(container, name), content, contentType, metadata);
        }
    }

    /// <summary>A blob's bytes, or null: not counted, never failing.</summary>
    public byte[]? Peek(string container, string name)
    {
        lock (_lock)
        {
            return _blobs.TryGetValue(new BlobAddress(container, name), out var blob) ? blob.Bytes : null;
        }
    }

    /// <summary>A blob's properties, or null: not counted, never failing.</summary>
    public BlobInfo? PeekInfo(string container, string name) => Find(new BlobAddress(container, name))?.Info;

    /// <summary>Deletes a blob as a user would: not counted, never failing.</summary>
    public void Remove(string container, string name)
    {
        lock (_lock)
        {
            _blobs.Remove(new BlobAddress(container, name));
        }
    }

    /// <summary>Names in a container, in order: not counted, never failing.</summary>
    public IReadOnlyList<string> Names(string container)
    {
        lock (_lock)
        {
            return [.. _blobs.Keys.Where(address => address.Container == container).Select(address => address.Name)];
        }
    }

    public Task<BlobContent?> OpenAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) =>
        _storage.RunAsync(
            StorageOperations.BlobOpen,
            address.ToString(),
            () =>
            {
                if (Find(address) is not { } blob)
                {
                    return null;
                }

                if (ifMatch is not null && Unquote(ifMatch) != blob.Info.ETag)
                {
                    throw new BlobChangedException(address);
                }

                return new BlobContent(blob.Info, new MemoryStream(blob.Bytes, writable: false));
            },
            cancellationToken);

    public Task<ReadOnlyMemory<byte>?> ReadRangeAsync(BlobAddress address, long offset, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        return _storage.RunAsync<ReadOnlyMemory<byte>?>(
            StorageOperations.BlobReadRange,
            address.ToString(),
            () =>
            {
                if (Find(address) is not { } blob)
                {
                    return null;
                }

                var start = (int)Math.Min(offset, blob.Bytes.Length);
                return blob.Bytes.AsMemory(start, Math.Min(count, blob.Bytes.Length - start));
            },
            cancellationToken);
    }

    public Task<BlobInfo?> GetInfoAsync(BlobAddress address, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.BlobInfo, address.ToString(), () => Find(address)?.Info, cancellationToken);

    public Task<string?> WriteAsync(
        BlobAddress address,
        ReadOnlyMemory<byte> content,
        string contentType,
        WriteCondition condition,
        IReadOnlyDictionary<string, string>? metadata,
        CancellationToken cancellationToken) =>
        _storage.RunAsync(
            StorageOperations.BlobWrite,
            address.ToString(),
            () =>
            {
                lock (_lock)
                {
                    var existing = _blobs.GetValueOrDefault(address);
                    var refused = (condition.OnlyNew && existing is not null)
                        || (condition.IfMatch is { } etag && existing?.Info.ETag != Unquote(etag));
                    return refused ? null : Store(address, content, contentType, metadata).ETag;
                }
            },
            cancellationToken);

    public Task CopyAsync(BlobAddress source, BlobAddress destination, CancellationToken cancellationToken) =>
        _storage.RunAsync(
            StorageOperations.BlobCopy,
            destination.ToString(),
            () =>
            {
                lock (_lock)
                {
                    var blob = _blobs.GetValueOrDefault(source) ?? throw new FileNotFoundException($"There is no blob {source} to copy.");
                    return Store(destination, blob.Bytes, blob.Info.ContentType, blob.Info.Metadata);
                }
            },
            cancellationToken);

    public Task<bool> DeleteAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken) =>
        _storage.RunAsync(
            StorageOperations.BlobDelete,
            address.ToString(),
            () =>
            {
                lock (_lock)
                {
                    return _blobs.TryGetValue(address, out var blob)
                        && (ifMatch is null || Unquote(ifMatch) == blob.Info.ETag)
                        && _blobs.Remove(address);
                }
            },
            cancellationToken);

    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string container, string? prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        BlobInfo? last = null;
        while (true)
        {
            var after = last;
            var page = await _storage.RunAsync(
                StorageOperations.BlobList, container, () => Page(container, prefix, after?.Address.Name), cancellationToken);
            foreach (var blob in page)
            {
                yield return blob;
            }

            if (page.Count < ListPage)
            {
                yield break;
            }

            last = page[^1];
        }
    }

    public Task<Uri> GetReadUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) =>
        Task.FromResult(SignedUrl(address, "r", lifetime));

    public Task<Uri> GetWriteUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) =>
        Task.FromResult(SignedUrl(address, "cw", lifetime));

    private Uri SignedUrl(BlobAddress address, string permissions, TimeSpan lifetime)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        var path = string.Join('/', address.Name.Split('/').Select(Uri.EscapeDataString));
        var expiry = Uri.EscapeDataString($"{_storage.TimeProvider.GetUtcNow() + lifetime:yyyy-MM-ddTHH:mm:ssZ}");
        return new Uri($"https://storage.invalid/{address.Container}/{path}?sp={permissions}&se={expiry}&sig=in-memory");
    }

    private List<BlobInfo> Page(string container, string? prefix, string? after)
    {
        lock (_lock)
        {
            var found = from pair in _blobs
                        where pair.Key.Container == container
                        where prefix is null || pair.Key.Name.StartsWith(prefix, StringComparison.Ordinal)
                        where after is null || string.CompareOrdinal(pair.Key.Name, after) > 0
                        select pair.Value.Info with { Metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) };
            return [.. found.Take(ListPage)];
        }
    }

    private Blob? Find(BlobAddress address)
    {
        lock (_lock)
        {
            return _blobs.GetValueOrDefault(address);
        }
    }

    private BlobInfo Store(
        BlobAddress address, ReadOnlyMemory<byte> content, string? contentType, IReadOnlyDictionary<string, string>? metadata)
    {
        var kept = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in metadata ?? kept)
        {
            kept[BlobMetadata.NormalizeKey(key)] = value;
        }

        var info = new BlobInfo
        {
            Address = address,
            ETag = $"0x8DD{++_version:X12}",
            Length = content.Length,
            LastModified = DateTimeOffset.FromUnixTimeSeconds(_storage.TimeProvider.GetUtcNow().ToUnixTimeSeconds()),
            ContentType = contentType ?? "application/octet-stream",
            Metadata = kept,
        };
        _blobs[address] = new Blob(info, content.ToArray());
        return info;
    }

    private static string Unquote(string etag) => etag.Trim('"');

    private sealed record Blob(BlobInfo Info, byte[] Bytes);

    private sealed class ByName : IComparer<BlobAddress>
    {
        public static ByName Instance { get; } = new();

        public int Compare(BlobAddress x, BlobAddress y) =>
            string.CompareOrdinal(x.Container, y.Container) is var order and not 0 ? order : string.CompareOrdinal(x.Name, y.Name);
    }
}
