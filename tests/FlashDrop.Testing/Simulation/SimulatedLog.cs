using Microsoft.Extensions.Logging;

namespace FlashDrop.Testing.Simulation;

/// <summary>Puts what the core logs into the trace, and looks for what must not be in it.</summary>
internal sealed class SimulatedLog(SimulatedWorld simulation) : ILoggerProvider, ILogger
{
    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = formatter(state, exception);
        simulation.Invariants.CheckPublicText("log line", line + exception?.Message);
        simulation.Log($"    {logLevel} {line}{(exception is null ? "" : $" ({exception.GetType().Name})")}");
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
