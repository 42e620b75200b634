using FlashDrop.Simulator.Faults;

namespace FlashDrop.Simulator.Recording;

/// <summary>One request as the simulator saw it. Keys are never recorded.</summary>
public sealed record RequestRecord
{
    /// <summary>Position in the order of arrival, from 1.</summary>
    public required long Sequence { get; init; }

    /// <summary>When it arrived, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Value of the answer's <c>x-request-id</c>.</summary>
    public required string RequestId { get; init; }

    /// <summary>HTTP method.</summary>
    public required string Method { get; init; }

    /// <summary>Path without query.</summary>
    public required string Path { get; init; }

    /// <summary>What it asks for.</summary>
    public required RequestKind Kind { get; init; }

    /// <summary>Model asked for; for a task, the model it runs on.</summary>
    public string? Model { get; init; }

    /// <summary>Value of <c>Idempotency-Key</c>.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Whether <c>X-Async-Mode: true</c> was sent.</summary>
    public bool Async { get; init; }

    /// <summary>SHA-256 of the body, hexadecimal; null when there was none or it was not read.</summary>
    public string? BodySha256 { get; init; }

    /// <summary>Size of the body in bytes.</summary>
    public long BodyBytes { get; init; }

    /// <summary>Media of the request, in order.</summary>
    public IReadOnlyList<MediumRecord> Media { get; init; } = [];

    /// <summary>HTTP status sent, or null while none was.</summary>
    public int? Status { get; init; }

    /// <summary><c>pending</c>, <c>answered</c>, <c>streamed</c>, <c>task</c>, <c>refused</c>, <c>replayed</c> or <c>broken</c> (cut, reset or never answered).</summary>
    public string Outcome { get; init; } = "pending";

    /// <summary>Name of the fault rule that fired.</summary>
    public string? Fault { get; init; }

    /// <summary>Task created or read.</summary>
    public string? TaskId { get; init; }

    /// <summary>Id of the answer given.</summary>
    public string? AnswerId { get; init; }

    /// <summary>Time until the request was done with, in milliseconds.</summary>
    public double? DurationMs { get; init; }

    /// <summary>Whether the client went away before the request was done with.</summary>
    public bool ClientDisconnected { get; init; }
}

/// <summary>A medium of a recorded request.</summary>
/// <param name="MimeType">Declared type.</param>
/// <param name="Bytes">Size in bytes.</param>
/// <param name="Sha256">Hash of the bytes, hexadecimal.</param>
/// <param name="Inline">True when it came in the body, false when it was fetched from a link.</param>
public sealed record MediumRecord(string MimeType, long Bytes, string Sha256, bool Inline);
