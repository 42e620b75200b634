using FlashDrop.Core.Diagnostics;
using FlashDrop.EvoLink.Errors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FlashDrop.Core.Pipeline;

/// <summary>
/// Stops this process from submitting while the upstream account is empty: after one refusal nothing is sent until the hold
/// delay has passed; then the next submission probes. The alert-worthy event is logged when the gate closes, once.
/// </summary>
internal sealed class HoldGate(IOptions<PipelineOptions> options, TimeProvider time, ILogger<HoldGate> logger)
{
    private readonly Lock _lock = new();
    private DateTimeOffset _closedUntil = DateTimeOffset.MinValue;
    private bool _held;
    private UpstreamError? _reason;

    /// <summary>How much longer nothing should be sent and why, or null when the gate is open.</summary>
    public UpstreamError? Closed
    {
        get
        {
            lock (_lock)
            {
                var left = _closedUntil - time.GetUtcNow();
                return left > TimeSpan.Zero ? _reason! with { RetryAfter = left } : null;
            }
        }
    }

    /// <summary>The upstream refused for want of balance.</summary>
    public void Close(UpstreamError reason)
    {
        lock (_lock)
        {
            _closedUntil = time.GetUtcNow() + options.Value.HoldDelay;
            _reason = reason;
            if (_held)
            {
                return;
            }

            _held = true;
        }

        Log.WorkHeld(logger, reason.Code);
    }

    /// <summary>The upstream accepted a submission.</summary>
    public void Open()
    {
        lock (_lock)
        {
            if (!_held)
            {
                return;
            }

            _held = false;
            _closedUntil = DateTimeOffset.MinValue;
        }

        Log.WorkResumed(logger);
    }
}
