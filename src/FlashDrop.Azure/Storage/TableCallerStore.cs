using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>The callers: one partition of the <c>callers</c> table, a row of JSON per name, beside columns that people read.</summary>
internal sealed class TableCallerStore(TableServiceClient tables) : ICallerStore
{
    private const string Partition = "caller";
    private const string Json = "Json";
    private const string Target = $"table {StorageInitializer.CallersTable}";

    private readonly TableClient _table = tables.GetTableClient(StorageInitializer.CallersTable);

    public async Task<string?> AddAsync(CallerRecord caller, CancellationToken cancellationToken)
    {
        var writeId = TableWrites.NewId();
        try
        {
            return TableWrites.VersionOf(await _table.AddEntityAsync(ToRow(caller, writeId), cancellationToken));
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == TableErrorCode.EntityAlreadyExists)
        {
            return await TableWrites.VersionIfOursAsync(_table, Partition, TableKeys.Escape(caller.Name), writeId, cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<StoredCaller?> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _table.GetEntityIfExistsAsync<TableEntity>(Partition, TableKeys.Escape(name), cancellationToken: cancellationToken);
            return answer is { HasValue: true, Value: { } row } ? ToCaller(row) : null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<string?> UpdateAsync(CallerRecord caller, string version, CancellationToken cancellationToken)
    {
        var writeId = TableWrites.NewId();
        try
        {
            return TableWrites.VersionOf(await _table.UpdateEntityAsync(ToRow(caller, writeId), new ETag(version), TableUpdateMode.Replace, cancellationToken));
        }
        catch (RequestFailedException exception) when (exception.Status is 412 || exception.ErrorCode == TableErrorCode.ResourceNotFound)
        {
            return await TableWrites.VersionIfOursAsync(_table, Partition, TableKeys.Escape(caller.Name), writeId, cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async Task<bool> DeleteAsync(string name, string version, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _table.DeleteEntityAsync(Partition, TableKeys.Escape(name), new ETag(version), cancellationToken);
            return answer.Status != 404;
        }
        catch (RequestFailedException exception) when (exception.Status is 412 || exception.ErrorCode == TableErrorCode.ResourceNotFound)
        {
            return false;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, Target);
        }
    }

    public async IAsyncEnumerable<StoredCaller> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var rows = _table.QueryAsync<TableEntity>(row => row.PartitionKey == Partition, cancellationToken: cancellationToken)
            .GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await rows.MoveNextAsync())
                {
                    yield break;
                }
            }
            catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
            {
                throw StorageErrors.Unavailable(exception, Target);
            }

            yield return ToCaller(rows.Current);
        }
    }

    private static TableEntity ToRow(CallerRecord caller, string writeId) => new(Partition, TableKeys.Escape(caller.Name))
    {
        [nameof(CallerRecord.IsAdmin)] = caller.IsAdmin,
        [nameof(CallerRecord.IsDisabled)] = caller.IsDisabled,
        [nameof(CallerRecord.UpdatedAt)] = caller.UpdatedAt,
        [Json] = PortJson.Write(caller),
        [JobRows.WriteId] = writeId,
    };

    private static StoredCaller ToCaller(TableEntity row) => new(PortJson.ReadCaller(row.GetString(Json)), row.ETag.ToString());
}
