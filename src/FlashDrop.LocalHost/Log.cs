namespace FlashDrop.LocalHost;

/// <summary>Log messages of this host. Never content, never secrets.</summary>
internal static partial class Log
{
    [LoggerMessage(EventId = 6001, Level = LogLevel.Warning, Message = "{Function} failed and will run again: {Reason}")]
    public static partial void FunctionFailed(ILogger logger, string function, string reason, Exception exception);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Warning, Message = "{Function} failed {Deliveries} times; its message goes to {Poison}: {Reason}")]
    public static partial void Poisoned(ILogger logger, string function, long deliveries, string poison, string reason, Exception? exception);

    [LoggerMessage(EventId = 6003, Level = LogLevel.Warning, Message = "Storage did not answer for {Source}; trying again: {Reason}")]
    public static partial void StorageTrouble(ILogger logger, string source, string reason, Exception exception);

    [LoggerMessage(EventId = 6004, Level = LogLevel.Warning, Message = "{Path} cannot be mirrored: {Reason}")]
    public static partial void NotMirrored(ILogger logger, string path, string reason);

    [LoggerMessage(EventId = 6005, Level = LogLevel.Information, Message = "{Process}: {Line}")]
    public static partial void ProcessOutput(ILogger logger, string process, string line);
}
