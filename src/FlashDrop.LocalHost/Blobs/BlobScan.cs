using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.LocalHost.Settings;

namespace FlashDrop.LocalHost.Blobs;

/// <summary>
/// Triggers a function once for every version of every blob in a container. A failing blob is tried again after a rest and
/// reported as poison after too many failures, as <c>host.json</c> says.
/// </summary>
/// <param name="function">The function.</param>
/// <param name="source">The container.</param>
/// <param name="receipts">What was handled before.</param>
/// <param name="settings">How many at a time, how many failures.</param>
/// <param name="rest">Pause after a failure.</param>
/// <param name="handle">The function; takes the blob's name.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures go.</param>
internal sealed class BlobScan(
    string function,
    IBlobSource source,
    BlobReceipts receipts,
    BlobSettings settings,
    TimeSpan rest,
    Func<string, CancellationToken, Task> handle,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>Pause between two scans.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<BlobVersion, Failure> _failures = [];

    /// <summary>Scans until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await ScanAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                Log.StorageTrouble(logger, source.Container, exception.Message, exception);
            }

            await Task.Delay(Interval, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ScanAsync(CancellationToken stopping)
    {
        HashSet<string> present = new(StringComparer.Ordinal);
        List<BlobVersion> due = [];
        var now = time.GetUtcNow();
        await foreach (var blob in source.ListAsync(stopping))
        {
            present.Add(blob.Name);
            if (!receipts.Contains(blob) && (!_failures.TryGetValue(blob, out var failure) || failure.RetryAt <= now))
            {
                due.Add(blob);
            }
        }

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = settings.MaxDegreeOfParallelism, CancellationToken = stopping };
        try
        {
            await Parallel.ForEachAsync(due, parallel, async (blob, cancellationToken) => await HandleAsync(blob, cancellationToken));
        }
        finally
        {
            receipts.Save(present);
        }
    }

    private async Task HandleAsync(BlobVersion blob, CancellationToken stopping)
    {
        try
        {
            await handle(blob.Name, stopping);
            Forget(blob);
        }
        catch (Exception exception) when (!(exception is OutOfMemoryException or OperationCanceledException && stopping.IsCancellationRequested))
        {
            var failures = Count(blob);
            if (failures < settings.PoisonBlobThreshold)
            {
                Log.FunctionFailed(logger, function, exception.Message, exception);
                return;
            }

            var poison = FlashDrop.Core.Ports.Queues.BlobTriggerPoison;
            Log.Poisoned(logger, function, failures, poison, exception.Message, exception);
            var message = new PoisonedBlob("BlobTrigger", $"Host.Functions.{function}", "BlockBlob", source.Container, blob.Name, blob.ETag);
            await source.PoisonAsync(JsonSerializer.Serialize(message, BlobScanJson.Default.PoisonedBlob), stopping);
            Forget(blob);
        }
    }

    private void Forget(BlobVersion blob)
    {
        receipts.Add(blob);
        lock (_failures)
        {
            _failures.Remove(blob);
        }
    }

    private int Count(BlobVersion blob)
    {
        lock (_failures)
        {
            var count = _failures.TryGetValue(blob, out var failure) ? failure.Count + 1 : 1;
            _failures[blob] = new Failure(count, time.GetUtcNow() + rest);
            return count;
        }
    }

    private readonly record struct Failure(int Count, DateTimeOffset RetryAt);
}

/// <summary>What the Functions host puts into its queue for poisoned blobs.</summary>
internal sealed record PoisonedBlob(string Type, string FunctionId, string BlobType, string ContainerName, string BlobName, string ETag);

[JsonSerializable(typeof(PoisonedBlob))]
internal sealed partial class BlobScanJson : JsonSerializerContext;
