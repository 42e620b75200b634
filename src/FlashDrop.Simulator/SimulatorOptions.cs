using FlashDrop.Simulator.Faults;
using FlashDrop.Simulator.Tasks;

namespace FlashDrop.Simulator;

/// <summary>How the stand-in behaves. Every default gives the documented upstream on a fast day.</summary>
public sealed record SimulatorOptions
{
    /// <summary>TCP port on 127.0.0.1, 0–65535; 0 (default) takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Seed of everything that looks random: answers, thinking tokens, task durations, fault probabilities. Default 1.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The only clock. Default: the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Keys that are let in; empty (default) lets in every key that starts with <c>sk-</c>. Replaceable at run time.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Model ids that exist; any other is a 404. Default: the two tiers, the successor and <c>evolink/auto</c>.</summary>
    public IReadOnlyList<string> Models { get; init; } =
        ["gemini-2.5-flash", "gemini-2.5-flash-beta", "gemini-3.5-flash-lite", "evolink/auto"];

    /// <summary>Fault rules in force from the start. Default: none.</summary>
    public IReadOnlyList<FaultRule> Faults { get; init; } = [];

    /// <summary>Shortest time a task takes. Default 1 s.</summary>
    public TimeSpan TaskBaseDuration { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Time a task takes in addition per output token, thinking included. Default 2 ms.</summary>
    public TimeSpan TaskDurationPerToken { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>Seeded extra time, from nothing up to this. Default 1 s.</summary>
    public TimeSpan TaskDurationSpread { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Longest time a task takes unless a <c>lateTask</c> fault says otherwise. Default 4 s.</summary>
    public TimeSpan TaskLongestDuration { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Where a finished task carries its answer. Default: the whole response object in <c>results[0]</c>.</summary>
    public TaskResultForm TaskResultForm { get; init; } = TaskResultForm.ResponseObject;

    /// <summary>Pause before each stream chunk but the first. Default none.</summary>
    public TimeSpan ChunkDelay { get; init; } = TimeSpan.Zero;

    /// <summary>Whether a repeated <c>Idempotency-Key</c> replays the first answer (and 409s for another body). Default false: ignored.</summary>
    public bool ReplaysIdempotencyKeys { get; init; }

    /// <summary>Shortest prompt prefix, in tokens, that the implicit cache remembers. Default 1,024.</summary>
    public int CacheMinimumTokens { get; init; } = 1024;

    /// <summary>Credits on the account at start; 68 credits are one USD. Default 10,000.</summary>
    public decimal Credits { get; init; } = 10_000m;
}
