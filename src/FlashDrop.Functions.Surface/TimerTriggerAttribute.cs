using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

/// <summary>Runs the function on a schedule.</summary>
public sealed class TimerTriggerAttribute : TriggerBindingAttribute
{
    /// <summary>A six-field cron expression, or <c>%Setting%</c> that holds one.</summary>
    public TimerTriggerAttribute(string schedule)
    {
        Schedule = schedule;
        UseMonitor = true;
    }

    /// <summary>The schedule.</summary>
    public string Schedule { get; private set; }

    /// <summary>Whether occurrences are remembered over restarts.</summary>
    public bool UseMonitor { get; set; }

    /// <summary>Whether it also runs at start.</summary>
    public bool RunOnStartup { get; set; }
}
