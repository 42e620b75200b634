namespace FlashDrop.EvoLink.Keys;

/// <summary>
/// The upstream API keys in force. Implementations are safe for concurrent use and answer from memory in the common case.
/// </summary>
public interface IKeyRing
{
    /// <summary>The key to use now; the newest when every one was refused. A key that is rotated comes into force by itself.</summary>
    /// <exception cref="KeyUnavailableException">There is none: it was never obtained, or was taken out of the configuration; the message names the remedy.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; whoever waits for the same refresh goes on waiting.</exception>
    ValueTask<ApiKey> GetAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Reports that the upstream refused <paramref name="rejected"/> (401). Refreshes at once (single flight) and returns another
    /// key to try, the same one to everybody who reports this one, or null when there is none.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; whoever waits for the same refresh goes on waiting.</exception>
    ValueTask<ApiKey?> ReplaceAsync(ApiKey rejected, CancellationToken cancellationToken);
}

/// <summary>One upstream key. Its text form never shows the secret.</summary>
/// <param name="Secret">The secret value.</param>
/// <param name="Version">Names the version in logs; never secret.</param>
public sealed record ApiKey(string Secret, string Version)
{
    /// <summary>The version only.</summary>
    public override string ToString() => $"ApiKey {Version}";
}

/// <summary>No upstream key can be had; the message says why and what to do.</summary>
public sealed class KeyUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
