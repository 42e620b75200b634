namespace FlashDrop.Core.Ports;

/// <summary>
/// Small named values that outlive an instance: how far the sweep came, how long tasks take lately, why work is held.
/// Last writer wins. Safe for concurrent use.
/// </summary>
public interface ICheckpointStore
{
    /// <summary>Reads a value, or null.</summary>
    /// <param name="name">1 to 200 characters of <c>[A-Za-z0-9:._-]</c>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<string?> ReadAsync(string name, CancellationToken cancellationToken);

    /// <summary>Writes a value of at most 32,000 characters.</summary>
    Task WriteAsync(string name, string value, CancellationToken cancellationToken);
}
