namespace FlashDrop.Simulator.Faults;

/// <summary>One scripted fault: which requests it hits and what happens to them. The first rule that fires wins.</summary>
public sealed record FaultRule
{
    /// <summary>Label shown in the request log; default the rule's position.</summary>
    public string? Name { get; init; }

    /// <summary>Which requests; default all.</summary>
    /// <remarks>Source-generated JSON sets a missing property to null whatever its initial value is.</remarks>
    public FaultMatch Match { get; init => field = value ?? new FaultMatch(); } = new();

    /// <summary>What happens.</summary>
    public required FaultAction Action { get; init; }

    /// <summary>Says what is wrong with the rule, or null.</summary>
    internal string? Problem() => this switch
    {
        { Action: null } => "action is missing",
        { Match.Nth: < 1 } => $"match.nth is {Match.Nth}; it counts from 1",
        { Match.Times: < 1 } => $"match.times is {Match.Times}; it must be at least 1",
        { Match.Probability: < 0 or > 1 or double.NaN } => $"match.probability is {Match.Probability}; it lies from 0 to 1",
        { Action.Status: < 200 or > 599 } => $"action.status is {Action.Status}; it lies from 200 to 599",
        { Action.DelayMs: < 0 } => $"action.delayMs is {Action.DelayMs}; it cannot be negative",
        { Action.ChunkDelayMs: < 0 } => $"action.chunkDelayMs is {Action.ChunkDelayMs}; it cannot be negative",
        { Action.LateTask: < 0 } => $"action.lateTask is {Action.LateTask}; it cannot be negative",
        { Action.RetryAfter: < 0 } => $"action.retryAfter is {Action.RetryAfter}; it cannot be negative",
        { Action.RetryInfo: < 0 } => $"action.retryInfo is {Action.RetryInfo}; it cannot be negative",
        _ => null,
    };
}

/// <summary>Which requests a rule hits. All conditions must hold.</summary>
public sealed record FaultMatch
{
    /// <summary>Kind of request; default any.</summary>
    public RequestKind Kind { get; init; } = RequestKind.Any;

    /// <summary>Exact model id; for a task, the model it runs on. Default any.</summary>
    public string? Model { get; init; }

    /// <summary>Substring of the prompt (system text included), case-sensitive; for a task, of the prompt it answers. Default any.</summary>
    public string? Contains { get; init; }

    /// <summary>The first request hit, counted from 1 over all that satisfy the conditions above. Default 1.</summary>
    public int? Nth { get; init; }

    /// <summary>How many requests are hit in all. Default 1 when <see cref="Nth"/> is given, otherwise without limit.</summary>
    public int? Times { get; init; }

    /// <summary>Chance of each request to be hit, 0–1, thrown from the seed. Default 1.</summary>
    public double? Probability { get; init; }
}
