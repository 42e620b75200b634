namespace FlashDrop.LocalHost.Timers;

/// <summary>Runs one timer. A run that lasts past an occurrence swallows it: runs of one timer never overlap.</summary>
/// <param name="name">The function, for the log.</param>
/// <param name="schedule">When.</param>
/// <param name="runOnStartup">Whether to run at once, too.</param>
/// <param name="run">The function.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where failures go.</param>
internal sealed class TimerLoop(
    string name,
    TimerSchedule schedule,
    bool runOnStartup,
    Func<CancellationToken, Task> run,
    TimeProvider time,
    ILogger logger)
{
    /// <summary>Runs until stopped.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        if (runOnStartup)
        {
            await RunOnceAsync(stopping);
        }

        while (!stopping.IsCancellationRequested)
        {
            var now = time.GetUtcNow();
            await Task.Delay(schedule.NextAfter(now) - now, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await RunOnceAsync(stopping);
        }
    }

    private async Task RunOnceAsync(CancellationToken stopping)
    {
        if (stopping.IsCancellationRequested)
        {
            return;
        }

        try
        {
            await run(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Shutdown; whatever was left undone is found again.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Log.FunctionFailed(logger, name, exception.Message, exception);
        }
    }
}
