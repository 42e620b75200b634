using System.ComponentModel.DataAnnotations;

namespace FlashDrop.EvoLink.Resilience;

/// <summary>
/// How long to wait for the upstream, how often to try, and when to leave it alone. Section <c>FlashDrop:Upstream:Resilience</c>.
/// </summary>
public sealed class UpstreamResilienceOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = UpstreamOptions.Section + ":Resilience";

    /// <summary>
    /// Submits. An attempt may take minutes (default 4 of 4.5 in all), because the upstream may answer synchronously. Only a
    /// connection that was never established is tried again (default 2 times): one submit is one paid attempt at most.
    /// </summary>
    public OperationOptions Submit { get; set; } = new()
    {
        AttemptTimeout = TimeSpan.FromMinutes(4),
        TotalTimeout = TimeSpan.FromMinutes(4.5),
        Retries = 2,
        BaseDelay = TimeSpan.FromMilliseconds(500),
        MaxDelay = TimeSpan.FromSeconds(5),
    };

    /// <summary>
    /// Plain calls. Defaults: 90 s of 100 s in all, 3 retries. A call that timed out is not repeated: the answer may have been charged.
    /// </summary>
    public OperationOptions Generate { get; set; } = new()
    {
        AttemptTimeout = TimeSpan.FromSeconds(90),
        TotalTimeout = TimeSpan.FromSeconds(100),
        Retries = 3,
        BaseDelay = TimeSpan.FromSeconds(1),
        MaxDelay = TimeSpan.FromSeconds(30),
    };

    /// <summary>
    /// Streams up to their first chunk; both timeouts end there. Defaults: 30 s to the first chunk, 100 s in all, 3 retries. A silent
    /// attempt is not repeated.
    /// </summary>
    public OperationOptions Stream { get; set; } = new()
    {
        AttemptTimeout = TimeSpan.FromSeconds(30),
        TotalTimeout = TimeSpan.FromSeconds(100),
        Retries = 3,
        BaseDelay = TimeSpan.FromSeconds(1),
        MaxDelay = TimeSpan.FromSeconds(30),
    };

    /// <summary>Reads of a task and of a linked result. Defaults: 15 s of 60 s in all, 3 retries.</summary>
    public OperationOptions ReadTask { get; set; } = new()
    {
        AttemptTimeout = TimeSpan.FromSeconds(15),
        TotalTimeout = TimeSpan.FromSeconds(60),
        Retries = 3,
        BaseDelay = TimeSpan.FromMilliseconds(500),
        MaxDelay = TimeSpan.FromSeconds(10),
    };

    /// <summary>Longest silence inside a stream after its first chunk. Default 30 s, range 1 s to 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan StreamIdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a stream whose finish reason came may stay open for late counts; at most <see cref="StreamIdleTimeout"/>.
    /// Default 5 s, range 100 ms to 1 minute.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan StreamFinishGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>When to stop calling a host that fails.</summary>
    public BreakerOptions CircuitBreaker { get; set; } = new();

    /// <summary>How many calls run at once.</summary>
    public ConcurrencyOptions Concurrency { get; set; } = new();
}

/// <summary>Timeouts and retries of one kind of call.</summary>
public sealed class OperationOptions
{
    /// <summary>Longest single try. Range 10 ms to 1 hour; at most <see cref="TotalTimeout"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan AttemptTimeout { get; set; }

    /// <summary>Longest call, waiting and retries included. Range 10 ms to 2 hours.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "02:00:00")]
    public TimeSpan TotalTimeout { get; set; }

    /// <summary>Tries after the first one. Range 0 to 10.</summary>
    [Range(0, 10)]
    public int Retries { get; set; }

    /// <summary>Median wait before the first retry, growing and jittered. Range 1 ms to 1 minute; at most <see cref="MaxDelay"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan BaseDelay { get; set; }

    /// <summary>
    /// Longest wait before a retry. A failure whose <c>Retry-After</c> asks for more is returned at once, for the caller to come back
    /// later. Range 1 ms to 10 minutes.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:10:00")]
    public TimeSpan MaxDelay { get; set; }
}

/// <summary>Circuit breaker, one per host and tier.</summary>
public sealed class BreakerOptions
{
    /// <summary>Share of failed calls that opens the circuit. Default 0.5, range 0.05 to 1.</summary>
    [Range(0.05, 1.0)]
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>Calls needed in the window before the share counts. Default 10, range 2 to 10,000.</summary>
    [Range(2, 10_000)]
    public int MinimumThroughput { get; set; } = 10;

    /// <summary>The window. Default 30 s, range 500 ms to 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "01:00:00")]
    public TimeSpan SamplingDuration { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the circuit stays open before one call probes it. Default 10 s, range 500 ms to 1 hour.</summary>
    [Range(typeof(TimeSpan), "00:00:00.5", "01:00:00")]
    public TimeSpan BreakDuration { get; set; } = TimeSpan.FromSeconds(10);
}

/// <summary>Concurrency limit, one per host and tier; a stream counts until it ends.</summary>
public sealed class ConcurrencyOptions
{
    /// <summary>Calls at once. Default 64, range 1 to 10,000.</summary>
    [Range(1, 10_000)]
    public int Permits { get; set; } = 64;

    /// <summary>Calls waiting for their turn; more are refused with <c>concurrency_limited</c>. Default 256, range 0 to 100,000.</summary>
    [Range(0, 100_000)]
    public int Queue { get; set; } = 256;
}
