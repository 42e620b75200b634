using System.Security.Cryptography;
using System.Text;
using Azure;
using Azure.Data.Tables;
using Azure.Data.Tables.Models;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Storage;

/// <summary>
/// The idempotency keys, in the <c>jobs</c> table under a hash of caller and key, spread over 256 partitions. The key itself is not stored.
/// </summary>
internal sealed class TableIdempotencyStore(TableServiceClient tables, TimeProvider timeProvider) : IIdempotencyStore
{
    private const string Fingerprint = nameof(IdempotencyClaim.Fingerprint);
    private const string Job = nameof(IdempotencyClaim.JobId);
    private const int MaxKeyLength = 255;

    private readonly TableClient _table = tables.GetTableClient(StorageInitializer.JobsTable);

    public async Task<IdempotencyClaim> ClaimAsync(string caller, string key, IdempotencyClaim claim, CancellationToken cancellationToken)
    {
        if (key.Length is < 1 or > MaxKeyLength)
        {
            throw new ArgumentException($"An idempotency key has 1 to {MaxKeyLength} characters; this one has {key.Length}.", nameof(key));
        }

        // The length keeps "a" + "bc" apart from "ab" + "c".
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.Length}:{caller}:{key}")));
        var row = new TableEntity($"idempotency-{hash[..2]}", $"idempotency:{hash}")
        {
            [Job] = claim.JobId.ToString(),
            [Fingerprint] = claim.Fingerprint,
            [JobRows.Caller] = caller,
            ["ClaimedAt"] = timeProvider.GetUtcNow(),
        };
        try
        {
            try
            {
                await _table.AddEntityAsync(row, cancellationToken);
                return claim;
            }
            catch (RequestFailedException exception) when (exception.ErrorCode == TableErrorCode.EntityAlreadyExists)
            {
                // Somebody was first; or it was us, and the first answer was lost: the row says the same then.
                var winner = await _table.GetEntityAsync<TableEntity>(row.PartitionKey, row.RowKey, cancellationToken: cancellationToken);
                return new IdempotencyClaim(JobId.Parse(winner.Value.GetString(Job)), winner.Value.GetString(Fingerprint));
            }
        }
        catch (Exception exception) when (StorageErrors.IsUnavailable(exception, cancellationToken))
        {
            throw StorageErrors.Unavailable(exception, "an idempotency key");
        }
    }
}
