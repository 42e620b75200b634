namespace FlashDrop.Core.Profiles;

/// <summary>Tells which profiles there are. Safe for concurrent use.</summary>
public interface IProfileNames
{
    /// <summary>Names of the profiles a drop or request may use, built-in ones included, in order; at most 50.</summary>
    /// <exception cref="Ports.StorageUnavailableException">Storage failed; ask again later.</exception>
    Task<IReadOnlyList<string>> KnownNamesAsync(CancellationToken cancellationToken);
}
