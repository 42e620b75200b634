using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using FlashDrop.LocalHost.Blobs;
using FlashDrop.LocalHost.Functions;
using FlashDrop.LocalHost.Queues;
using FlashDrop.LocalHost.Settings;
using FlashDrop.LocalHost.Timers;
using Microsoft.Azure.Functions.Worker;

namespace FlashDrop.LocalHost.Hosting;

/// <summary>Runs every function that is not for HTTP: queues, containers and timers.</summary>
/// <param name="catalog">The functions.</param>
/// <param name="settings">What <c>host.json</c> says.</param>
/// <param name="invoker">Calls functions.</param>
/// <param name="blobs">The account's blobs.</param>
/// <param name="queues">The account's queues.</param>
/// <param name="time">The clock.</param>
/// <param name="loggers">Where failures go.</param>
internal sealed class Engine(
    FunctionCatalog catalog,
    HostSettings settings,
    FunctionInvoker invoker,
    BlobServiceClient blobs,
    QueueServiceClient queues,
    TimeProvider time,
    ILoggerFactory loggers)
{
    /// <summary>Runs until stopped, then waits for what is in work.</summary>
    /// <param name="receiptsFolder">Where handled blobs are remembered; null for in memory only.</param>
    /// <param name="stopping">Stops.</param>
    public Task RunAsync(string? receiptsFolder, CancellationToken stopping) =>
        Task.WhenAll(catalog.All.Select(function => RunAsync(function, receiptsFolder, stopping)));

    private Task RunAsync(FunctionDefinition function, string? receiptsFolder, CancellationToken stopping)
    {
        var logger = loggers.CreateLogger($"FlashDrop.LocalHost.{function.Name}");
        return function switch
        {
            QueueFunction queue => Pump(queue, logger).RunAsync(stopping),
            BlobFunction blob => Scan(blob, receiptsFolder, logger).RunAsync(stopping),
            TimerFunction timer => Timer(timer, logger).RunAsync(stopping),
            _ => Task.CompletedTask,
        };
    }

    private QueuePump Pump(QueueFunction function, ILogger logger) => new(
        function.Name,
        new StorageTriggerQueue(queues, function.Queue),
        settings.Queues,
        (message, cancellationToken) => invoker.InvokeAsync(
            function,
            message.Text,
            new Dictionary<string, object?>(StringComparer.OrdinalIgnoreCase) { ["DequeueCount"] = message.Deliveries },
            cancellationToken),
        time,
        logger);

    private BlobScan Scan(BlobFunction function, string? receiptsFolder, ILogger logger)
    {
        var source = new StorageBlobSource(blobs, queues, function.Container);
        var receipts = new BlobReceipts(receiptsFolder is null ? null : Path.Combine(receiptsFolder, $"receipts-{function.Container}.json"));
        return new BlobScan(
            function.Name,
            source,
            receipts,
            settings.Blobs,
            settings.Queues.VisibilityTimeout,
            (name, cancellationToken) => invoker.InvokeAsync(function, source.Client(name), bindingData: null, cancellationToken),
            time,
            logger);
    }

    private TimerLoop Timer(TimerFunction function, ILogger logger) => new(
        function.Name,
        function.Schedule,
        function.RunOnStartup,
        cancellationToken => invoker.InvokeAsync(function, new TimerInfo(), bindingData: null, cancellationToken),
        time,
        logger);
}
