using Azure.Data.Tables;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>The checkpoints: one partition of the <c>jobs</c> table, a row per name.</summary>
internal sealed class TableCheckpointStore(TableServiceClient tables) : ICheckpointStore
{
    private const string Partition = "checkpoint";
    private const string Value = "Value";
    private const int MaxNameLength = 200;
    private const int MaxValueLength = 32_000;

    private readonly TableClient _table = tables.GetTableClient(StorageInitializer.JobsTable);

    public async Task<string?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        Check(name);
        try
        {
            var answer = await _table.GetEntityIfExistsAsync<TableEntity>(Partition, name, [Value], cancellationToken);
            return answer is { HasValue: true, Value: { } row } ? row.GetString(Value) : null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"checkpoint {name}");
        }
    }

    public async Task WriteAsync(string name, string value, CancellationToken cancellationToken)
    {
        Check(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, MaxValueLength, nameof(value));
        try
        {
            await _table.UpsertEntityAsync(new TableEntity(Partition, name) { [Value] = value }, TableUpdateMode.Replace, cancellationToken);
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"checkpoint {name}");
        }
    }

    private static void Check(string name)
    {
        if (name.Length is < 1 or > MaxNameLength
            || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is ':' or '.' or '_' or '-'))
        {
            throw new ArgumentException($"'{name}' is not a checkpoint name: 1 to 200 characters of A-Z a-z 0-9 : . _ -.", nameof(name));
        }
    }
}
