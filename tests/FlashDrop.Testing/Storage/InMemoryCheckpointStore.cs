using System.Collections.Concurrent;
using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>The checkpoints in memory.</summary>
public sealed class InMemoryCheckpointStore : ICheckpointStore
{
    private readonly InMemoryStorage _storage;
    private readonly ConcurrentDictionary<string, string> _values = new(StringComparer.Ordinal);

    internal InMemoryCheckpointStore(InMemoryStorage storage) => _storage = storage;

    public Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        Check(name);
        return _storage.RunAsync(StorageOperations.CheckpointRead, name, () => _values.GetValueOrDefault(name), cancellationToken);
    }

    public Task WriteAsync(string name, string value, CancellationToken cancellationToken)
    {
        Check(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, 32_000, nameof(value));
        return _storage.RunAsync(StorageOperations.CheckpointWrite, name, () => _values[name] = value, cancellationToken);
    }

    private static void Check(string name)
    {
        if (name.Length is < 1 or > 200 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is ':' or '.' or '_' or '-'))
        {
            throw new ArgumentException($"'{name}' is not a checkpoint name: 1 to 200 characters of A-Z a-z 0-9 : . _ -.", nameof(name));
        }
    }
}
