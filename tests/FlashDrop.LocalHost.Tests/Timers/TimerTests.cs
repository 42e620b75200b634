using System.Globalization;
using FlashDrop.LocalHost.Timers;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.LocalHost.Tests.Timers;

public sealed class TimerTests
{
    private readonly FakeTimeProvider _time = VirtualTime.Create();
    private readonly List<DateTimeOffset> _runs = [];

    [Theory]
    [InlineData("*/2 * * * * *", "2026-03-01T12:00:00Z", "2026-03-01T12:00:02Z")]
    [InlineData("0 * * * * *", "2026-03-01T12:00:01Z", "2026-03-01T12:01:00Z")]
    [InlineData("0 30 6 * * *", "2026-03-01T12:00:00Z", "2026-03-02T06:30:00Z")]
    [InlineData("0 0 0 1 * *", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")]
    public void Schedule_KnowsItsNextOccurrence(string expression, string after, string next) => Assert.Equal(
        DateTimeOffset.Parse(next, CultureInfo.InvariantCulture),
        TimerSchedule.Parse(expression).NextAfter(DateTimeOffset.Parse(after, CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("every minute")]
    [InlineData("* * * * *")]
    [InlineData("61 * * * * *")]
    public void OtherExpressions_AreRefusedWithTheRemedy(string expression)
    {
        var message = Assert.Throws<LocalHostException>(() => TimerSchedule.Parse(expression)).Message;
        Assert.Contains($"'{expression}' is not a schedule.", message, StringComparison.Ordinal);
        Assert.Contains("six fields", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Timer_RunsAtEveryOccurrence()
    {
        await using var loop = Run("*/10 * * * * *", runOnStartup: false, _ => Task.CompletedTask);
        await _time.AdvanceUntilAsync(() => _runs.Count == 3, TimeSpan.FromSeconds(1));

        Assert.Equal([10, 20, 30], _runs.Select(run => run.Second));
    }

    [Fact]
    public async Task RunOnStartup_RunsAtOnceToo()
    {
        await using var loop = Run("0 0 * * * *", runOnStartup: true, _ => Task.CompletedTask);
        await _time.AdvanceUntilAsync(() => _runs.Count == 1, limit: TimeSpan.FromSeconds(1));

        Assert.Equal(12, _runs[0].Hour);
    }

    [Fact]
    public async Task LongRun_SwallowsTheOccurrencesItLastsOver()
    {
        await using var loop = Run("*/10 * * * * *", runOnStartup: false, stopping => Task.Delay(TimeSpan.FromSeconds(25), _time, stopping));
        await _time.AdvanceUntilAsync(() => _runs.Count == 2, TimeSpan.FromSeconds(1));

        Assert.Equal([10, 40], _runs.Select(run => run.Second));
    }

    [Fact]
    public async Task FailingRun_DoesNotEndTheTimer()
    {
        await using var loop = Run("*/10 * * * * *", runOnStartup: false, _ => throw new InvalidDataException("no"));
        await _time.AdvanceUntilAsync(() => _runs.Count == 3, TimeSpan.FromSeconds(1));

        Assert.Equal([10, 20, 30], _runs.Select(run => run.Second));
    }

    private RunningLoop Run(string expression, bool runOnStartup, Func<CancellationToken, Task> run) => new(new TimerLoop(
        "Test",
        TimerSchedule.Parse(expression),
        runOnStartup,
        stopping =>
        {
            _runs.Add(_time.GetUtcNow());
            return run(stopping);
        },
        _time,
        NullLogger.Instance).RunAsync);
}
