using FlashDrop.Core.Callers;

namespace FlashDrop.Core.Ports;

/// <summary>
/// The callers of the <c>callers</c> table. Safe for concurrent use. Storage failures surface as <see cref="StorageUnavailableException"/>;
/// a write may or may not have happened then.
/// </summary>
public interface ICallerStore
{
    /// <summary>Adds a caller.</summary>
    /// <returns>The version written, or null when there is one of this name (nothing was written).</returns>
    Task<string?> AddAsync(CallerRecord caller, CancellationToken cancellationToken);

    /// <summary>Reads a caller and its version, or null.</summary>
    Task<StoredCaller?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Replaces a caller that still has <paramref name="version"/>.</summary>
    /// <returns>The new version, or null when the caller is gone or has another version (nothing was written).</returns>
    Task<string?> UpdateAsync(CallerRecord caller, string version, CancellationToken cancellationToken);

    /// <summary>Removes a caller that still has <paramref name="version"/>.</summary>
    /// <returns>False when the caller is gone or has another version (nothing was removed).</returns>
    Task<bool> DeleteAsync(string name, string version, CancellationToken cancellationToken);

    /// <summary>All callers, by name.</summary>
    IAsyncEnumerable<StoredCaller> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A caller as stored.</summary>
/// <param name="Caller">The caller.</param>
/// <param name="Version">Opaque version (the row's ETag) for conditional writes.</param>
public sealed record StoredCaller(CallerRecord Caller, string Version);
