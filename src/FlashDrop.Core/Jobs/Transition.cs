using FlashDrop.Core.Metering;

namespace FlashDrop.Core.Jobs;

/// <summary>A decided change: the job as it will be, and what has to follow once it is stored.</summary>
/// <param name="Job">The job after the change; the same instance when nothing changes.</param>
/// <param name="Next">What to do after storing it.</param>
internal sealed record Transition(Job Job, NextStep Next)
{
    /// <summary>Usage to store with it.</summary>
    public IReadOnlyList<UsageRecord> Usage { get; init; } = [];

    /// <summary>Nothing to change and nothing to do.</summary>
    public static Transition None(Job job) => new(job, NextStep.Nothing);
}

/// <summary>What follows a change.</summary>
/// <param name="Kind">The step.</param>
/// <param name="Delay">When.</param>
internal readonly record struct NextStep(NextStepKind Kind, TimeSpan Delay)
{
    public static NextStep Nothing { get; } = new(NextStepKind.Nothing, TimeSpan.Zero);

    public static NextStep Submit(TimeSpan delay) => new(NextStepKind.Submit, delay);

    public static NextStep Poll(TimeSpan delay) => new(NextStepKind.Poll, delay);
}

internal enum NextStepKind
{
    Nothing,
    Submit,
    Poll,
}
