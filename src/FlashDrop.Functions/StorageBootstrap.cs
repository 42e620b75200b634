using FlashDrop.Azure.Storage;
using FlashDrop.Core.Ports;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Functions;

/// <summary>
/// Creates missing containers, queues and the table while the app starts. A deployment has made them already; when storage cannot be
/// reached, or the identity may not create anything, the app starts all the same and its triggers say what is wrong.
/// </summary>
/// <param name="storage">Creates them.</param>
/// <param name="logger">Where a failure goes.</param>
public sealed partial class StorageBootstrap(StorageInitializer storage, ILogger<StorageBootstrap> logger) : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await storage.EnsureAsync(stoppingToken);
        }
        catch (Exception exception) when (exception is StorageUnavailableException or global::Azure.RequestFailedException)
        {
            NotReady(logger, exception.Message, exception);
        }
    }

    [LoggerMessage(EventId = 5001, Level = LogLevel.Error, Message = "Storage could not be prepared: {Reason}")]
    private static partial void NotReady(ILogger logger, string reason, Exception exception);
}
