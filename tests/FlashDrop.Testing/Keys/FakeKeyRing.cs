using System.Collections.Concurrent;
using FlashDrop.EvoLink.Keys;

namespace FlashDrop.Testing.Keys;

/// <summary>A key ring under the test's control.</summary>
public sealed class FakeKeyRing(string secret = "sk-test-1") : IKeyRing
{
    private readonly ConcurrentQueue<ApiKey> _rejected = new();
    private volatile ApiKey? _current = new(secret, "v1");
    private volatile ApiKey? _replacement;

    /// <summary>The keys that were reported as refused, oldest first.</summary>
    public IReadOnlyCollection<ApiKey> Rejected => _rejected;

    /// <summary>The key in force; null makes <see cref="GetAsync"/> fail.</summary>
    public ApiKey? Current
    {
        get => _current;
        set => _current = value;
    }

    /// <summary>What the next report of a refused key finds; null for nothing else.</summary>
    public ApiKey? Replacement
    {
        get => _replacement;
        set => _replacement = value;
    }

    public ValueTask<ApiKey> GetAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return _current is { } key
            ? ValueTask.FromResult(key)
            : ValueTask.FromException<ApiKey>(new KeyUnavailableException("The test took the key away; give FakeKeyRing.Current a value."));
    }

    public ValueTask<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken cancellationToken)
    {
        _rejected.Enqueue(rejected);
        cancellationToken.ThrowIfCancellationRequested();
        if (_current is { } current && current.Secret != rejected.Secret)
        {
            return ValueTask.FromResult<ApiKey?>(current);
        }

        if (_replacement is not { } replacement || replacement.Secret == rejected.Secret)
        {
            return ValueTask.FromResult<ApiKey?>(null);
        }

        _current = replacement;
        return ValueTask.FromResult<ApiKey?>(replacement);
    }
}
