using NCrontab;

namespace FlashDrop.LocalHost.Timers;

/// <summary>When a timer runs: a cron expression of six fields, seconds first, in UTC.</summary>
internal sealed class TimerSchedule
{
    private static readonly CrontabSchedule.ParseOptions WithSeconds = new() { IncludingSeconds = true };

    private readonly string _expression;
    private readonly CrontabSchedule _cron;

    private TimerSchedule(string expression, CrontabSchedule cron) => (_expression, _cron) = (expression, cron);

    /// <summary>Reads an expression.</summary>
    /// <exception cref="LocalHostException">It is not a six-field cron expression.</exception>
    public static TimerSchedule Parse(string expression) =>
        CrontabSchedule.TryParse(expression, WithSeconds) is { } cron
            ? new TimerSchedule(expression, cron)
            : throw new LocalHostException(
                $"'{expression}' is not a schedule.",
                "Write six fields: second minute hour day month weekday, for example '0 */5 * * * *'.");

    /// <summary>The first occurrence after a time.</summary>
    public DateTimeOffset NextAfter(DateTimeOffset time) =>
        new(_cron.GetNextOccurrence(time.UtcDateTime), TimeSpan.Zero);

    /// <summary>The expression.</summary>
    public override string ToString() => _expression;
}
