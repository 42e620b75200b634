using FlashDrop.Core.Budgets;

namespace FlashDrop.Core.Ports;

/// <summary>
/// One ledger for each caller with a budget, beside the callers in their table. Safe for concurrent use. Storage failures surface as
/// <see cref="StorageUnavailableException"/>; a write may or may not have happened then.
/// </summary>
public interface IBudgetStore
{
    /// <summary>Reads a caller's ledger and its version, or null.</summary>
    /// <param name="caller">The caller; any name, <c>drop:{profile}</c> too.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<StoredLedger?> FindAsync(string caller, CancellationToken cancellationToken);

    /// <summary>Writes a caller's ledger over the version it was read at, or, for null, where there is none.</summary>
    /// <returns>False when it has another version by now, or exists already (nothing was written).</returns>
    Task<bool> WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken);
}

/// <summary>A ledger as stored.</summary>
/// <param name="Ledger">The ledger.</param>
/// <param name="Version">Opaque version (the row's ETag) for conditional writes.</param>
public sealed record StoredLedger(BudgetLedger Ledger, string Version);
