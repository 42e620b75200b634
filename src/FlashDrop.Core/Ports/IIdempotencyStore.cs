using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Ports;

/// <summary>Maps a caller's idempotency key to the first job accepted under it. Safe for concurrent use.</summary>
public interface IIdempotencyStore
{
    /// <summary>
    /// Claims a key for a job, atomically: of concurrent claims one wins, and everybody is told the winner.
    /// </summary>
    /// <param name="caller">The caller the key belongs to.</param>
    /// <param name="key">The key as sent, 1 to 255 characters; stored as a hash.</param>
    /// <param name="claim">The job and the fingerprint of the body to claim it for.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The claim in force: <paramref name="claim"/> itself, or the earlier one.</returns>
    Task<IdempotencyClaim> ClaimAsync(string caller, string key, IdempotencyClaim claim, CancellationToken cancellationToken);
}

/// <summary>What an idempotency key stands for.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Fingerprint">SHA-256 of the request body, hexadecimal.</param>
public sealed record IdempotencyClaim(JobId JobId, string Fingerprint);
