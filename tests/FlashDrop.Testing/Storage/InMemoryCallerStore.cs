using System.Globalization;
using System.Runtime.CompilerServices;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>The callers in memory; kept as text, as in a row.</summary>
public sealed class InMemoryCallerStore : ICallerStore
{
    private readonly InMemoryStorage _storage;
    private readonly VersionedRows _rows = new();

    internal InMemoryCallerStore(InMemoryStorage storage) => _storage = storage;

    public Task<string?> AddAsync(CallerRecord caller, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.CallerAdd, caller.Name, () => _rows.Write(caller.Name, PortJson.Write(caller), version: null), cancellationToken);

    public Task<StoredCaller?> FindAsync(string name, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.CallerFind, name, () => _rows.Find(name) is { } row ? Stored(row) : null, cancellationToken);

    public Task<string?> UpdateAsync(CallerRecord caller, string version, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.CallerUpdate, caller.Name, () => _rows.Write(caller.Name, PortJson.Write(caller), version), cancellationToken);

    public Task<bool> DeleteAsync(string name, string version, CancellationToken cancellationToken) =>
        _storage.RunAsync(StorageOperations.CallerDelete, name, () => _rows.Delete(name, version), cancellationToken);

    public async IAsyncEnumerable<StoredCaller> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var row in await _storage.RunAsync(StorageOperations.CallerList, "all", _rows.All, cancellationToken))
        {
            yield return Stored(row);
        }
    }

    /// <summary>The rows as text.</summary>
    public IReadOnlyList<string> AllText() => [.. _rows.All().Select(row => row.Json)];

    private static StoredCaller Stored((string Json, string Version) row) => new(PortJson.ReadCaller(row.Json), row.Version);
}

/// <summary>Rows of text with versions. Safe for concurrent use.</summary>
internal sealed class VersionedRows
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, (string Json, string Version)> _rows = new(StringComparer.Ordinal);
    private long _writes;

    public (string Json, string Version)? Find(string key)
    {
        lock (_lock)
        {
            return _rows.TryGetValue(key, out var row) ? row : null;
        }
    }

    public IReadOnlyList<(string Json, string Version)> All()
    {
        lock (_lock)
        {
            return [.. _rows.Values];
        }
    }

    /// <summary>The new version; null when the row has another version than the given one, or is there although none was given.</summary>
    public string? Write(string key, string json, string? version)
    {
        lock (_lock)
        {
            var found = _rows.TryGetValue(key, out var row) ? row.Version : null;
            if (found != version)
            {
                return null;
            }

            var written = (++_writes).ToString(CultureInfo.InvariantCulture);
            _rows[key] = (json, written);
            return written;
        }
    }

    public bool Delete(string key, string version)
    {
        lock (_lock)
        {
            return _rows.TryGetValue(key, out var row) && row.Version == version && _rows.Remove(key);
        }
    }
}
