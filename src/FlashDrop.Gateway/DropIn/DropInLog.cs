using FlashDrop.EvoLink;
using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.DropIn;

/// <summary>Log events of the drop-in endpoints, ids 4100 to 4199. Never content, keys or prompts.</summary>
internal static partial class DropInLog
{
    [LoggerMessage(4100, LogLevel.Warning, "Tier {Tier} failed ({Code}); going on with tier {Next}")]
    public static partial void FallingBack(ILogger logger, Tier tier, Tier next, string code);

    [LoggerMessage(4101, LogLevel.Information, "Call {RequestId} of {Caller} to {Model} answered by tier {Tier}, whole: {Whole}")]
    public static partial void Answered(ILogger logger, string requestId, string caller, string model, Tier tier, bool whole);

    [LoggerMessage(4102, LogLevel.Warning, "Call {RequestId} of {Caller} failed: {Code}")]
    public static partial void Failed(ILogger logger, string requestId, string caller, string code);

    [LoggerMessage(4103, LogLevel.Error, "Call {RequestId} failed unexpectedly")]
    public static partial void Unexpected(ILogger logger, Exception exception, string requestId);

    [LoggerMessage(4110, LogLevel.Error, "{Dropped} usage rows dropped so far: the store takes none and {Bound} are waiting")]
    public static partial void UsageDropped(ILogger logger, long dropped, int bound);

    [LoggerMessage(4112, LogLevel.Error, "Usage row {UsageId} cannot be written and is dropped")]
    public static partial void UsageUnwritable(ILogger logger, string usageId, Exception exception);

    [LoggerMessage(4111, LogLevel.Warning, "The usage store is away; {Waiting} rows are waiting")]
    public static partial void UsageWaiting(ILogger logger, int waiting, Exception exception);
}
