namespace Microsoft.Azure.Functions.Worker;

/// <summary>One run of a timer.</summary>
public class TimerInfo
{
    /// <summary>Remembered occurrences; null for schedules under a minute.</summary>
    public ScheduleStatus? ScheduleStatus { get; set; }

    /// <summary>Whether the run makes up for a missed one.</summary>
    public bool IsPastDue { get; set; }
}
