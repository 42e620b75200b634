using System.Globalization;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using FlashDrop.Core.Budgets;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>The ledgers: one partition of the <c>callers</c> table, a row per caller, which a new day overwrites.</summary>
internal sealed class TableBudgetStore(TableServiceClient tables) : IBudgetStore
{
    private const string Partition = "budget";
    private const string Json = "Json";
    private const string Target = $"table {StorageInitializer.CallersTable}";

    private readonly TableClient _table = tables.GetTableClient(StorageInitializer.CallersTable);

    public async Task<StoredLedger?> FindAsync(string caller, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _table.GetEntityIfExistsAsync<TableEntity>(Partition, TableKeys.Escape(caller), cancellationToken: cancellationToken);
            return answer is { HasValue: true, Value: { } row } ? new StoredLedger(PortJson.ReadLedger(row.GetString(Json)), row.ETag.ToString()) : null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<bool> WriteAsync(string caller, BudgetLedger ledger, string? version, CancellationToken cancellationToken)
    {
        var row = new TableEntity(Partition, TableKeys.Escape(caller))
        {
            [nameof(BudgetLedger.Day)] = ledger.Day.ToString("O", CultureInfo.InvariantCulture),
            [nameof(BudgetLedger.SpentUsd)] = ledger.SpentUsd.ToString(CultureInfo.InvariantCulture),
            [nameof(BudgetLedger.CommittedUsd)] = ledger.CommittedUsd.ToString(CultureInfo.InvariantCulture),
            [Json] = PortJson.Write(ledger),
        };
        try
        {
            if (version is null)
            {
                await _table.AddEntityAsync(row, cancellationToken);
            }
            else
            {
                await _table.UpdateEntityAsync(row, new ETag(version), TableUpdateMode.Replace, cancellationToken);
            }

            return true;
        }
        catch (RequestFailedException exception) when (
            exception.Status is 412 || exception.ErrorCode == TableErrorCode.EntityAlreadyExists || exception.ErrorCode == TableErrorCode.ResourceNotFound)
        {
            // Whoever wrote it may have been us, with an answer that was lost: the grant's number tells.
            return false;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }
}
