using FlashDrop.Core.Pipeline;
using FlashDrop.Testing.Upstream;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Core.Tests.Pipeline;

/// <summary>An empty upstream account is worth one alert, however many jobs find it empty and however long it lasts.</summary>
public sealed class HoldGateTests
{
    private const int Held = 1010;
    private const int Resumed = 1011;

    private readonly FakeTimeProvider _time = new();
    private readonly EventIds _log = new();
    private readonly HoldGate _gate;

    public HoldGateTests() => _gate = new HoldGate(Options.Create(new PipelineOptions()), _time, _log);

    [Fact]
    public void Hold_IsLoggedOnce_UntilWorkGoesOn()
    {
        for (var probe = 0; probe < 3; probe++)
        {
            _gate.Close(Errors.AccountEmpty);
            _gate.Close(Errors.AccountEmpty);
            Assert.NotNull(_gate.Closed);
            _time.Advance(TimeSpan.FromMinutes(5));
            Assert.Null(_gate.Closed);
        }

        Assert.Equal([Held], _log.Seen);
        _gate.Open();
        _gate.Open();
        Assert.Equal([Held, Resumed], _log.Seen);

        _gate.Close(Errors.AccountEmpty);
        Assert.Equal([Held, Resumed, Held], _log.Seen);
    }

    [Fact]
    public void AcceptedSubmission_OpensTheGateAtOnce()
    {
        _gate.Close(Errors.AccountEmpty);

        _gate.Open();

        Assert.Null(_gate.Closed);
    }

    private sealed class EventIds : ILogger<HoldGate>
    {
        public List<int> Seen { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Seen.Add(eventId.Id);
    }
}
