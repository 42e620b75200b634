using FlashDrop.Core.Budgets;
using FlashDrop.Core.Ports;

namespace FlashDrop.Testing.Storage;

/// <summary>The ledgers in memory; kept as text, as in a row.</summary>
public sealed class InMemoryBudgetStore : IBudgetStore
{
    private readonly InMemoryStorage _storage;
    private readonly VersionedRows _rows = new();

    internal InMemoryBudgetStore(InMemoryStorage storage) => _storage = storage;

    public Task<StoredLedger?> FindAsync(string caller, CancellationToken cancellationToken) => _storage.RunAsync(
        StorageOperations.BudgetFind, caller, () => _rows.Find(caller) is { } row ? new StoredLedger(PortJson.ReadLedger(row.Json), row.Version) : null, cancellationToken);

    public Task<bool> WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken) => _storage.RunAsync(
        StorageOperations.BudgetWrite, caller, () => _rows.Write(caller, PortJson.Write(ledger), version) is not null, cancellationToken);

    /// <summary>A ledger as it stands; not counted and never failing.</summary>
    public BudgetLedger? Peek(string caller) => _rows.Find(caller) is { } row ? PortJson.ReadLedger(row.Json) : null;
}
