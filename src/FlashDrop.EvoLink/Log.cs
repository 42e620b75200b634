using Microsoft.Extensions.Logging;

namespace FlashDrop.EvoLink;

/// <summary>What the upstream client logs: event ids 2000 to 2099 (see <c>docs/operations.md</c>); never content, never a key.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Warning, "The upstream refused key {Version} ({Code}); trying key {Replacement}")]
    public static partial void KeyReplaced(ILogger logger, string version, string code, string replacement);

    [LoggerMessage(2001, LogLevel.Error, "The upstream refused key {Version} ({Code}) and there is no other")]
    public static partial void KeyRefused(ILogger logger, string version, string code);

    [LoggerMessage(2002, LogLevel.Information, "The upstream takes no system role; repeating the request with the instruction in the first user turn")]
    public static partial void RolesMerged(ILogger logger);

    [LoggerMessage(2003, LogLevel.Warning, "Task {TaskId} finished in a form that cannot be read")]
    public static partial void UnreadableTask(ILogger logger, string taskId);
}
