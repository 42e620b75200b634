using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Sas;

namespace FlashDrop.Azure.Storage;

/// <summary>
/// Signs blob URLs: with the account key of a connection string, or with a user delegation key, which is fetched once a day or when
/// a URL has to outlive it.
/// </summary>
internal sealed class BlobUrlSigner(BlobServiceClient blobs, TimeProvider timeProvider) : IDisposable
{
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(7);
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromDays(1);

    // A key is taken to end this much earlier, for clocks that differ.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(15);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private UserDelegationKey? _key;

    public async Task<Uri> SignAsync(BlobClient blob, BlobSasPermissions permissions, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(lifetime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, MaxLifetime);
        var expiry = timeProvider.GetUtcNow() + lifetime;
        var secure = blob.Uri.Scheme == Uri.UriSchemeHttps;
        var sas = new BlobSasBuilder(permissions, expiry)
        {
            BlobContainerName = blob.BlobContainerName,
            BlobName = blob.Name,
            Resource = "b",
            Protocol = secure ? SasProtocol.Https : SasProtocol.HttpsAndHttp,
        };
        if (blob.CanGenerateSasUri)
        {
            return blob.GenerateSasUri(sas);
        }

        // A delegation key lives seven days at most, so the longest lifetimes are cut by less than an hour.
        var longest = timeProvider.GetUtcNow() + MaxLifetime - (3 * Margin);
        sas.ExpiresOn = expiry < longest ? expiry : longest;
        var key = await KeyUntilAsync(sas.ExpiresOn, cancellationToken);
        return new BlobUriBuilder(blob.Uri) { Sas = sas.ToSasQueryParameters(key, blobs.AccountName) }.ToUri();
    }

    public void Dispose() => _gate.Dispose();

    private async Task<UserDelegationKey> KeyUntilAsync(DateTimeOffset expiry, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_key is { } cached && cached.SignedExpiresOn >= expiry + Margin)
            {
                return cached;
            }

            var now = timeProvider.GetUtcNow();
            var needed = expiry + (2 * Margin);
            var until = needed > now + KeyLifetime ? needed : now + KeyLifetime;
            var fetched = await blobs.GetUserDelegationKeyAsync(new BlobGetUserDelegationKeyOptions(until), cancellationToken);
            return _key = fetched.Value;
        }
        finally
        {
            _gate.Release();
        }
    }
}
