using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink;

/// <summary>One request to the upstream.</summary>
public sealed record UpstreamRequest
{
    /// <summary>The tier asked for; it selects the model id, the circuit breaker and the price.</summary>
    public required Tier Tier { get; init; }

    /// <summary>The body. Media in it is streamed from its source when the request is sent.</summary>
    public required GenerateContentRequest Body { get; init; }

    /// <summary>
    /// 16 to 96 characters of <c>[A-Za-z0-9._-]</c>, one per submit and body; sent as <c>Idempotency-Key</c>. Its effect on
    /// text endpoints is undocumented, so nothing relies on it.
    /// </summary>
    public string? IdempotencyKey { get; init; }
}
