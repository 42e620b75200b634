using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;
using FlashDrop.Core.Ports;
using BlobInfo = FlashDrop.Core.Ports.BlobInfo;

namespace FlashDrop.Azure.Storage;

/// <summary>The blob containers.</summary>
internal sealed class BlobContentStore(BlobServiceClient blobs, TimeProvider timeProvider) : IContentStore, IDisposable
{
    // A value of its own for every conditional write, so that one whose answer was lost is known again. Not shown to callers.
    private const string WriteId = "flashdrop_write";

    private static readonly TimeSpan CopyPollInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CopyTimeout = TimeSpan.FromMinutes(5);

    private readonly BlobUrlSigner _signer = new(blobs, timeProvider);

    public void Dispose() => _signer.Dispose();

    public async Task<BlobContent?> OpenAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken)
    {
        try
        {
            var options = new BlobDownloadOptions { Conditions = IfMatch(ifMatch) };
            var answer = await Client(address).DownloadStreamingAsync(options, cancellationToken);
            var details = answer.Value.Details;
            var info = Describe(
                address, details.ETag, details.ContentLength, details.LastModified, answer.Value.Details.ContentType, details.Metadata);
            return new BlobContent(info, new BlobReadStream(answer.Value.Content, address));
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            return null;
        }
        catch (RequestFailedException exception) when (exception.Status == 412)
        {
            // Some services check the condition before they look whether the blob is there.
            return await GetInfoAsync(address, cancellationToken) is null ? null : throw new BlobChangedException(address);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"blob {address}");
        }
    }

    public async Task<ReadOnlyMemory<byte>?> ReadRangeAsync(
        BlobAddress address, long offset, int count, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        try
        {
            var options = new BlobDownloadOptions { Range = new HttpRange(offset, count) };
            var answer = await Client(address).DownloadStreamingAsync(options, cancellationToken);
            await using var content = answer.Value.Content;
            var buffer = new byte[count];
            var read = await content.ReadAtLeastAsync(buffer, count, throwOnEndOfStream: false, cancellationToken);
            return buffer.AsMemory(0, read);
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            return null;
        }
        catch (RequestFailedException exception) when (exception.Status == 416)
        {
            // The range begins at or after the end.
            return ReadOnlyMemory<byte>.Empty;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"blob {address}");
        }
    }

    public async Task<BlobInfo?> GetInfoAsync(BlobAddress address, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await Client(address).GetPropertiesAsync(cancellationToken: cancellationToken);
            var found = answer.Value;
            return Describe(address, found.ETag, found.ContentLength, found.LastModified, found.ContentType, found.Metadata);
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            return null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"blob {address}");
        }
    }

    public async Task<string?> WriteAsync(
        BlobAddress address,
        ReadOnlyMemory<byte> content,
        string contentType,
        WriteCondition condition,
        IReadOnlyDictionary<string, string>? metadata,
        CancellationToken cancellationToken)
    {
        var conditional = condition.OnlyNew || condition.IfMatch is not null;
        var writeId = conditional ? Guid.NewGuid().ToString("N") : null;
        var options = new BlobUploadOptions
        {
            HttpHeaders = new BlobHttpHeaders { ContentType = contentType },
            Metadata = Encode(metadata, writeId),
            Conditions = condition.OnlyNew ? new BlobRequestConditions { IfNoneMatch = ETag.All } : IfMatch(condition.IfMatch),
        };
        var client = blobs.GetBlobContainerClient(address.Container).GetBlockBlobClient(address.Name);
        try
        {
            try
            {
                using var stream = AsStream(content);
                var answer = await client.UploadAsync(stream, options, cancellationToken);
                return Text(answer.Value.ETag);
            }
            catch (RequestFailedException exception) when (conditional && IsRefused(exception))
            {
                return await VersionIfOursAsync(client, writeId!, cancellationToken);
            }
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"blob {address}");
        }
    }

    public async Task CopyAsync(BlobAddress source, BlobAddress destination, CancellationToken cancellationToken)
    {
        var target = Client(destination);
        try
        {
            var operation = await target.StartCopyFromUriAsync(Client(source).Uri, cancellationToken: cancellationToken);
            if (operation.GetRawResponse().Headers.TryGetValue("x-ms-copy-status", out var status) && status == "success")
            {
                // As a rule a copy within the account is done at once.
                return;
            }

            await FinishCopyAsync(target, operation.Id, source, destination, cancellationToken);
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            throw new FileNotFoundException($"There is no blob {source} to copy.", exception);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"blob {destination}");
        }
    }

    public async Task<bool> DeleteAsync(BlobAddress address, string? ifMatch, CancellationToken cancellationToken)
    {
        try
        {
            await Client(address).DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, IfMatch(ifMatch), cancellationToken);
            return true;
        }
        catch (RequestFailedException exception) when (IsMissing(exception) || exception.Status == 412)
        {
            return false;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"blob {address}");
        }
    }

    public async IAsyncEnumerable<BlobInfo> ListAsync(
        string container, string? prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = new GetBlobsOptions { Prefix = prefix };
        await using var found = blobs.GetBlobContainerClient(container).GetBlobsAsync(options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await found.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
            {
                throw StorageErrors.Unavailable(exception, $"container {container}");
            }

            var item = found.Current;
            yield return Describe(
                new BlobAddress(container, item.Name),
                item.Properties.ETag ?? default,
                item.Properties.ContentLength ?? 0,
                item.Properties.LastModified ?? default,
                item.Properties.ContentType,
                metadata: null);
        }
    }

    public Task<Uri> GetReadUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) =>
        SignAsync(address, BlobSasPermissions.Read, lifetime, cancellationToken);

    public Task<Uri> GetWriteUrlAsync(BlobAddress address, TimeSpan lifetime, CancellationToken cancellationToken) =>
        SignAsync(address, BlobSasPermissions.Create | BlobSasPermissions.Write, lifetime, cancellationToken);

    private async Task FinishCopyAsync(
        BlobClient target, string copyId, BlobAddress source, BlobAddress destination, CancellationToken cancellationToken)
    {
        var deadline = timeProvider.GetUtcNow() + CopyTimeout;
        while (true)
        {
            var properties = (await target.GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            if (properties.CopyId != copyId || properties.CopyStatus == CopyStatus.Success)
            {
                // Done; or overwritten by now, which can only have happened after it was done.
                return;
            }

            if (properties.CopyStatus != CopyStatus.Pending || timeProvider.GetUtcNow() >= deadline)
            {
                throw new StorageUnavailableException(
                    $"Copying {source} to {destination} ended {properties.CopyStatus} ({properties.CopyStatusDescription}); it is tried again.");
            }

            await Task.Delay(CopyPollInterval, timeProvider, cancellationToken);
        }
    }

    private async Task<Uri> SignAsync(
        BlobAddress address, BlobSasPermissions permissions, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        try
        {
            return await _signer.SignAsync(Client(address), permissions, lifetime, cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, "a signing key");
        }
    }

    private static async Task<string?> VersionIfOursAsync(BlockBlobClient client, string writeId, CancellationToken cancellationToken)
    {
        try
        {
            var found = (await client.GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            return found.Metadata.TryGetValue(WriteId, out var seen) && seen == writeId ? Text(found.ETag) : null;
        }
        catch (RequestFailedException exception) when (IsMissing(exception))
        {
            return null;
        }
    }

    private BlobClient Client(BlobAddress address) => blobs.GetBlobContainerClient(address.Container).GetBlobClient(address.Name);

    // A missing container is trouble, not an answer.
    private static bool IsMissing(RequestFailedException exception) =>
        exception.Status == 404 && exception.ErrorCode != BlobErrorCode.ContainerNotFound;

    private static bool IsRefused(RequestFailedException exception) =>
        exception.Status == 412 || IsMissing(exception) || exception.ErrorCode == BlobErrorCode.BlobAlreadyExists;

    private static BlobRequestConditions? IfMatch(string? etag) =>
        etag is null ? null : new BlobRequestConditions { IfMatch = new ETag(etag.Trim('"')) };

    private static string Text(ETag etag) => etag.ToString().Trim('"');

    private static MemoryStream AsStream(ReadOnlyMemory<byte> content) =>
        System.Runtime.InteropServices.MemoryMarshal.TryGetArray(content, out var segment)
            ? new MemoryStream(segment.Array!, segment.Offset, segment.Count, writable: false)
            : new MemoryStream(content.ToArray(), writable: false);

    private static Dictionary<string, string> Encode(IReadOnlyDictionary<string, string>? metadata, string? writeId)
    {
        var encoded = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in metadata ?? encoded)
        {
            encoded[BlobMetadata.NormalizeKey(key)] = MetadataValues.Encode(value);
        }

        if (writeId is not null)
        {
            encoded[WriteId] = writeId;
        }

        return encoded;
    }

    private static BlobInfo Describe(
        BlobAddress address, ETag etag, long length, DateTimeOffset lastModified, string? contentType, IDictionary<string, string>? metadata)
    {
        var decoded = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (key, value) in metadata ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            if (!string.Equals(key, WriteId, StringComparison.OrdinalIgnoreCase))
            {
                decoded[key] = MetadataValues.Decode(value);
            }
        }

        return new BlobInfo
        {
            Address = address,
            ETag = Text(etag),
            Length = length,
            LastModified = lastModified.ToUniversalTime(),
            ContentType = contentType,
            Metadata = decoded,
        };
    }
}
