using FlashDrop.Gateway.Jobs;
using Microsoft.Extensions.Options;

namespace FlashDrop.Gateway.DropIn;

/// <summary>How the drop-in endpoints call the upstream. Section <see cref="Section"/>; checked at start.</summary>
public sealed class RelayOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = GatewayOptions.Section + ":Relay";

    /// <summary>
    /// How long a tier that has the whole request may be silent before its first byte (a stream: its first chunk) when the policy has another
    /// tier to turn to, 100 ms to 10 minutes. Default 15 s.
    /// </summary>
    public TimeSpan FirstTokenTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The same for the first chunk of a stream from the last or only tier, which may think for a while first; 100 ms to 10 minutes. A whole
    /// answer begins when it is finished, so there the last tier has what is left of <see cref="TotalTimeout"/>. Default 60 s.
    /// </summary>
    public TimeSpan LastFirstTokenTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Longest call, all tries and waits included; for a stream, until its first chunk. Counted from the end of the request. 1 s to 10 minutes,
    /// default 100 s.
    /// </summary>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>Tries on one tier, 1 to 6. Default 4.</summary>
    public int TriesPerTier { get; set; } = 4;

    /// <summary>Tries on all tiers together, 1 to 12. Default 6.</summary>
    public int MaxTries { get; set; } = 6;

    /// <summary>Median wait before the first retry, doubling, 10 ms to 30 s. Default 600 ms.</summary>
    public TimeSpan BaseDelay { get; set; } = TimeSpan.FromMilliseconds(600);

    /// <summary>Longest wait the upstream can ask for and still be tried again, 100 ms to 5 minutes. Default 30 s.</summary>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The same where the policy has another tier to turn to. Default 5 s.</summary>
    public TimeSpan MaxDelayBeforeFallback { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest silence inside an answer after its first byte, 100 ms to 5 minutes. Default 30 s.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stream whose finish reason came may stay open for late counts, 10 ms to 1 minute. Default 5 s.</summary>
    public TimeSpan FinishGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Share of failures within 30 s that opens a tier's circuit, 0.1 to 1. Default 0.5.</summary>
    public double FailureRatio { get; set; } = 0.5;

    /// <summary>Tries within 30 s before the share counts, 2 to 1,000. Default 8.</summary>
    public int MinimumThroughput { get; set; } = 8;

    /// <summary>How long a failing tier is left alone before one call probes it, 500 ms to 5 minutes. Default 10 s.</summary>
    public TimeSpan BreakDuration { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Usage rows held in memory while the store cannot take them, 10 to 1,000,000; more are dropped, counted and logged. Default 10,000.</summary>
    public int UsageBacklog { get; set; } = 10_000;

    /// <summary>
    /// Model names callers may use, and what each stands for: <c>caller</c> (the caller's own tier policy), <c>standard</c>, <c>beta</c> or
    /// <c>beta-then-standard</c>. Bound from <c>FlashDrop:Gateway:Models</c>; added to the defaults, which are the upstream's ids of both
    /// tiers, <c>gemini-2.5-flash</c> (caller) and <c>gemini-2.5-flash-beta</c> (beta).
    /// </summary>
    public IDictionary<string, string> Models { get; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>Reports every setting outside its range, with its value.</summary>
internal sealed class RelayOptionsValidator : IValidateOptions<RelayOptions>
{
    public ValidateOptionsResult Validate(string? name, RelayOptions options)
    {
        List<string> failures = [];
        Check(nameof(options.FirstTokenTimeout), options.FirstTokenTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        Check(nameof(options.LastFirstTokenTimeout), options.LastFirstTokenTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        Check(nameof(options.TotalTimeout), options.TotalTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        Check(nameof(options.TriesPerTier), options.TriesPerTier, 1, 6);
        Check(nameof(options.MaxTries), options.MaxTries, 1, 12);
        Check(nameof(options.BaseDelay), options.BaseDelay, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(30));
        Check(nameof(options.MaxDelay), options.MaxDelay, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        Check(nameof(options.MaxDelayBeforeFallback), options.MaxDelayBeforeFallback, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        Check(nameof(options.IdleTimeout), options.IdleTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        Check(nameof(options.FinishGrace), options.FinishGrace, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Check(nameof(options.FailureRatio), options.FailureRatio, 0.1, 1.0);
        Check(nameof(options.MinimumThroughput), options.MinimumThroughput, 2, 1000);
        Check(nameof(options.BreakDuration), options.BreakDuration, TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(5));
        Check(nameof(options.UsageBacklog), options.UsageBacklog, 10, 1_000_000);
        foreach (var (model, policy) in options.Models)
        {
            if (!string.Equals(policy, ModelCatalog.CallersChoice, StringComparison.Ordinal) && !TierPolicies.TryParse(policy, out _))
            {
                failures.Add($"{GatewayOptions.Section}:Models:{model} is '{policy}': use '{ModelCatalog.CallersChoice}', {TierPolicies.Known}.");
            }
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Check<T>(string setting, T value, T min, T max)
            where T : IComparable<T>
        {
            if (value.CompareTo(min) < 0 || value.CompareTo(max) > 0)
            {
                failures.Add($"{RelayOptions.Section}:{setting} is {value}: set it between {min} and {max}.");
            }
        }
    }
}
