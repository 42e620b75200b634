using Microsoft.Extensions.Logging;

namespace FlashDrop.Core.Diagnostics;

/// <summary>Log events of the core, ids 1000 to 1999 (see <c>docs/operations.md</c>). Never content, never secrets.</summary>
internal static partial class Log
{
    [LoggerMessage(1000, LogLevel.Information, "Job {JobId} accepted from {Origin} for {Caller}, profile {Profile}")]
    public static partial void Accepted(ILogger logger, string jobId, string origin, string caller, string profile);

    [LoggerMessage(1001, LogLevel.Information, "Job {JobId} is {State} (attempt {Attempt}, code {Code})")]
    public static partial void Changed(ILogger logger, string jobId, string state, int attempt, string? code);

    [LoggerMessage(1002, LogLevel.Information, "Drop {Path} is gone or was replaced before it was looked at")]
    public static partial void DropGone(ILogger logger, string path);

    [LoggerMessage(1003, LogLevel.Debug, "Job {JobId}: {Message} message ignored, the job is {State} at attempt {Attempt}")]
    public static partial void StaleMessage(ILogger logger, string jobId, string message, string state, int attempt);

    [LoggerMessage(1004, LogLevel.Warning, "Job {JobId}: its change met another one ({Try}); deciding again")]
    public static partial void LostRace(ILogger logger, string jobId, int @try);

    [LoggerMessage(1005, LogLevel.Warning, "Task {TaskId} of job {JobId} was given up and finished late; its usage is counted")]
    public static partial void LateTask(ILogger logger, string taskId, string jobId);

    [LoggerMessage(1010, LogLevel.Error, "Work is held: the upstream account or key limit is exhausted ({Code}). Top up; held jobs resume by themselves")]
    public static partial void WorkHeld(ILogger logger, string code);

    [LoggerMessage(1011, LogLevel.Information, "Work is no longer held: the upstream accepts submissions again")]
    public static partial void WorkResumed(ILogger logger);

    [LoggerMessage(1012, LogLevel.Error, "The upstream refused our key ({Code}); jobs fail until a valid one is set")]
    public static partial void KeyRefused(ILogger logger, string code);

    [LoggerMessage(1080, LogLevel.Warning, "The budget ledger of {Caller} is out of reach; what was left at the last look serves on")]
    public static partial void LedgerAway(ILogger logger, Exception exception, string caller);

    [LoggerMessage(1081, LogLevel.Information, "The budget ledger of {Caller} was reconciled with the usage rows: {Usd} USD are free again")]
    public static partial void BudgetReconciled(ILogger logger, string caller, decimal usd);

    [LoggerMessage(1020, LogLevel.Debug, "Poll cycle: {Received} received, {Running} running, {Finished} finished, {Failed} failed")]
    public static partial void PollCycle(ILogger logger, int received, int running, int finished, int failed);

    [LoggerMessage(1021, LogLevel.Error, "Polling job {JobId} failed; its message comes back by itself")]
    public static partial void PollFailed(ILogger logger, Exception exception, string jobId);

    [LoggerMessage(1030, LogLevel.Information, "Sweep: {Resubmitted} resubmitted, {Repolled} polled again, {Expired} expired, {DropsFound} drops found")]
    public static partial void Sweep(ILogger logger, int resubmitted, int repolled, int expired, int dropsFound);

    [LoggerMessage(1031, LogLevel.Error, "Sweep could not handle {What}; it is tried again at the next sweep")]
    public static partial void SweepItemFailed(ILogger logger, Exception exception, string what);

    [LoggerMessage(1060, LogLevel.Warning, "Profile {Profile} is broken; its last good version serves on for a while: {Reason}")]
    public static partial void ProfileBroken(ILogger logger, string profile, string reason);

    [LoggerMessage(1006, LogLevel.Information, "Job {JobId} was erased; its usage stays")]
    public static partial void Erased(ILogger logger, string jobId);

    [LoggerMessage(1070, LogLevel.Information, "Purge: {Blobs} blobs, {JobRows} job rows, {UsageRows} usage rows deleted; complete: {Complete}")]
    public static partial void Purged(ILogger logger, int blobs, int jobRows, int usageRows, bool complete);

    [LoggerMessage(1071, LogLevel.Error, "Purge could not delete a blob in {Container}; the next run tries again")]
    public static partial void PurgeItemFailed(ILogger logger, Exception exception, string container);

    [LoggerMessage(1040, LogLevel.Error, "A message on {Queue} failed too often: {Reason}")]
    public static partial void Poisoned(ILogger logger, string queue, string reason);

    [LoggerMessage(1050, LogLevel.Information, "Reports up to {Day}: {Written} files written, {Unchanged} reports unchanged")]
    public static partial void Reported(ILogger logger, DateOnly day, int written, int unchanged);

    [LoggerMessage(1051, LogLevel.Warning, "{Report} cannot be read as a report; it is left out of roll-ups and comparisons until it is written again")]
    public static partial void ReportUnreadable(ILogger logger, Exception exception, string report);

    [LoggerMessage(1052, LogLevel.Warning, "The digest of {Day} was refused ({Code})")]
    public static partial void DigestRejected(ILogger logger, DateOnly day, string code);
}
