using FlashDrop.EvoLink.Errors;

namespace FlashDrop.EvoLink.Resilience;

/// <summary>How far a failed call got: it decides whether repeating it can cost twice.</summary>
internal enum Fate
{
    /// <summary>The upstream answered.</summary>
    Answered,

    /// <summary>The upstream said no.</summary>
    Refused,

    /// <summary>No connection: nothing was sent.</summary>
    Unreached,

    /// <summary>The request was cut off before it was whole: the upstream cannot have worked on it.</summary>
    Incomplete,

    /// <summary>The connection or the answer broke after the whole request was sent.</summary>
    Lost,

    /// <summary>Silence after the whole request was sent: the upstream may still be at work.</summary>
    Silent,
}

/// <summary>One try as the resilience strategies see it. Failures are values; its text form names the code only.</summary>
internal abstract class Call(UpstreamError? error, Fate fate)
{
    public UpstreamError? Error { get; } = error;

    public Fate Fate { get; } = fate;

    /// <summary>Whether the failure speaks against the host, not against the request, the key or the caller's own media.</summary>
    public bool IsHostFailure => Fate switch
    {
        Fate.Unreached or Fate.Lost or Fate.Silent => true,
        Fate.Refused => Error is { Kind: ErrorKind.Retry, HttpStatus: >= 500 },
        _ => false,
    };

    /// <summary>Whether the upstream may have seen anything of it.</summary>
    public bool WasSent => Fate != Fate.Unreached && Error?.Code != "key_unavailable";

    /// <summary>Whether the submit may be tried again without any risk of paying twice.</summary>
    public bool MayRepeatSubmit => Fate == Fate.Unreached;

    /// <summary>Whether another try is worth it and not likely to be paid twice.</summary>
    public bool MayRepeatGeneration => Fate != Fate.Silent && Error?.Kind == ErrorKind.Retry;

    /// <summary>Whether another look may help.</summary>
    public bool MayRepeatRead => Error?.Kind == ErrorKind.Retry;

    public override string ToString() => Error is null ? Fate.ToString() : $"{Fate} ({Error.Code})";
}

/// <summary>One try and what it brought.</summary>
internal sealed class Call<T> : Call
    where T : class
{
    private Call(T? value, UpstreamError? error, Fate fate)
        : base(error, fate) => Value = value;

    public T? Value { get; }

    public static Call<T> Success(T value) => new(value, null, Fate.Answered);

    public static Call<T> Failure(UpstreamError error, Fate fate) => new(null, error, fate);
}
