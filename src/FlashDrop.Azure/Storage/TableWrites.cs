using Azure;
using Azure.Data.Tables;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>
/// What conditional writes of rows share. Each marks its rows with an id: a write that seems to have met another one may have met itself, when
/// its first answer was lost and the client sent it again.
/// </summary>
internal static class TableWrites
{
    /// <summary>The id of a new write.</summary>
    public static string NewId() => Guid.NewGuid().ToString("N");

    /// <summary>The version a write gave its row.</summary>
    /// <exception cref="StorageUnavailableException">The service did not say.</exception>
    public static string VersionOf(Response response) =>
        response.Headers.ETag?.ToString()
        ?? throw new StorageUnavailableException("The table service stored the row and did not say its version; it is tried again.");

    /// <summary>The row's version when the write of this id made it; null when another one did, or it is gone.</summary>
    /// <exception cref="StorageUnavailableException">The table cannot be read.</exception>
    public static async Task<string?> VersionIfOursAsync(TableClient table, string partition, string key, string writeId, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await table.GetEntityIfExistsAsync<TableEntity>(partition, key, [JobRows.WriteId], cancellationToken);
            return answer is { HasValue: true, Value: { } row } && row.GetString(JobRows.WriteId) == writeId ? row.ETag.ToString() : null;
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, $"table {table.Name}");
        }
    }
}
