using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Faults;

namespace FlashDrop.Simulator.Tasks;

/// <summary>A task: its answer is known from the start and shown once the duration has passed.</summary>
internal sealed class SimulatedTask
{
    private int _reads;

    public required string Id { get; init; }

    public required string Model { get; init; }

    public required string PromptText { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required TimeSpan Duration { get; init; }

    public required ModelAnswer Answer { get; init; }

    /// <summary>Whether the task was asked for in OpenAI's format.</summary>
    public required bool IsChat { get; init; }

    /// <summary>The fault met when the task was submitted.</summary>
    public FaultAction? Fault { get; init; }

    /// <summary>Code with which the task ends failed; null when it completes.</summary>
    public string? FailedCode { get; set; }

    public DateTimeOffset CompletesAt => CreatedAt + Duration;

    /// <summary>Counts a read; false when a fault has lost the task.</summary>
    public bool Read() => Interlocked.Increment(ref _reads) is var reads && !(Fault is { LostTask: true } fault && reads > fault.LostAfterReads);
}
