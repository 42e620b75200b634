using System.Collections.Concurrent;
using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>The idempotency keys in memory.</summary>
public sealed class InMemoryIdempotencyStore : IIdempotencyStore
{
    private readonly InMemoryStorage _storage;
    private readonly ConcurrentDictionary<(string Caller, string Key), IdempotencyClaim> _claims = new();

    internal InMemoryIdempotencyStore(InMemoryStorage storage) => _storage = storage;

    public Task<IdempotencyClaim> ClaimAsync(string caller, string key, IdempotencyClaim claim, CancellationToken cancellationToken)
    {
        if (key.Length is < 1 or > 255)
        {
            throw new ArgumentException($"An idempotency key has 1 to 255 characters; this one has {key.Length}.", nameof(key));
        }

        return _storage.RunAsync(
            StorageOperations.IdempotencyClaim, caller, () => _claims.GetOrAdd((caller, key), claim), cancellationToken);
    }
}
