using Microsoft.Extensions.Logging;

namespace FlashDrop.Gateway.Http;

/// <summary>Log events of the HTTP face, ids 4000 to 4099. Never content, keys, prompts, names of uploads or signed URLs.</summary>
internal static partial class Log
{
    [LoggerMessage(4000, LogLevel.Error, "Request {TraceId} to {Method} failed unexpectedly")]
    public static partial void UnexpectedFailure(ILogger logger, Exception exception, string traceId, string method);

    [LoggerMessage(4001, LogLevel.Warning, "Request {TraceId}: storage is unavailable")]
    public static partial void StorageUnavailable(ILogger logger, Exception exception, string traceId);

    [LoggerMessage(4002, LogLevel.Information, "Request {TraceId} refused: no valid caller key")]
    public static partial void Unauthenticated(ILogger logger, string traceId);

    [LoggerMessage(4010, LogLevel.Information, "Job {JobId} accepted for {Caller}, replayed: {Replayed}")]
    public static partial void JobAccepted(ILogger logger, Core.Jobs.JobId jobId, string caller, bool replayed);

    [LoggerMessage(4011, LogLevel.Information, "Request of {Caller} for a job refused: {Code}")]
    public static partial void JobRefused(ILogger logger, string caller, string code);

    [LoggerMessage(4012, LogLevel.Information, "Job {JobId} cancelled by {Caller}, now {State}")]
    public static partial void JobCancelled(ILogger logger, Core.Jobs.JobId jobId, string caller, Core.Jobs.JobState state);

    [LoggerMessage(4013, LogLevel.Information, "Job {JobId} erased by {Caller}")]
    public static partial void JobErased(ILogger logger, Core.Jobs.JobId jobId, string caller);

    [LoggerMessage(4015, LogLevel.Information, "Job {JobId} tried again for {Caller}, attempt {Attempt}")]
    public static partial void JobRetried(ILogger logger, Core.Jobs.JobId jobId, string caller, int attempt);

    [LoggerMessage(4014, LogLevel.Information, "Job {JobId} discarded by {Caller}")]
    public static partial void JobDiscarded(ILogger logger, Core.Jobs.JobId jobId, string caller);

    [LoggerMessage(4021, LogLevel.Information, "File of {Bytes} bytes put into the inbox by {Caller}")]
    public static partial void Dropped(ILogger logger, long bytes, string caller);

    [LoggerMessage(4020, LogLevel.Information, "Upload URL issued to {Caller}")]
    public static partial void UploadIssued(ILogger logger, string caller);

    [LoggerMessage(4040, LogLevel.Warning, "The callers' table cannot be read; the callers known so far go on")]
    public static partial void CallersUnreadable(ILogger logger, Exception exception);

    [LoggerMessage(4041, LogLevel.Warning, "Caller {Caller} is in the table and in the configuration; the configuration counts")]
    public static partial void CallerShadowed(ILogger logger, string caller);

    [LoggerMessage(4042, LogLevel.Information, "Caller {Caller} created by {Admin}, administrator: {IsAdmin}")]
    public static partial void CallerCreated(ILogger logger, string caller, string admin, bool isAdmin);

    [LoggerMessage(4043, LogLevel.Information, "Caller {Caller} changed by {Admin}, disabled: {Disabled}, new key: {NewKey}")]
    public static partial void CallerChanged(ILogger logger, string caller, string admin, bool disabled, bool newKey);

    [LoggerMessage(4044, LogLevel.Information, "Caller {Caller} deleted by {Admin}")]
    public static partial void CallerDeleted(ILogger logger, string caller, string admin);

    [LoggerMessage(4030, LogLevel.Warning, "Readiness check {Check} failed: {Reason}")]
    public static partial void ProbeFailed(ILogger logger, Exception? exception, string check, string reason);
}
