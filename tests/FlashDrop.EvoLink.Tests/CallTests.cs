using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Resilience;

namespace FlashDrop.EvoLink.Tests;

/// <summary>What a failed try means for the host, the money and the next try.</summary>
public sealed class CallTests
{
    [Theory]
    [InlineData(Fate.Refused, ErrorKind.Retry, "http_500", 500, true, true, false, true, true)]
    [InlineData(Fate.Refused, ErrorKind.Retry, "http_499", 499, false, true, false, true, true)]
    [InlineData(Fate.Refused, ErrorKind.Retry, "unexpected_task", null, false, true, false, true, true)]
    [InlineData(Fate.Refused, ErrorKind.Fix, "http_501", 501, false, true, false, false, false)]
    [InlineData(Fate.Unreached, ErrorKind.Retry, "connection_failed", null, true, false, true, true, true)]
    [InlineData(Fate.Incomplete, ErrorKind.Retry, "media_unreadable", null, false, true, false, true, true)]
    [InlineData(Fate.Incomplete, ErrorKind.Stop, "key_unavailable", null, false, false, false, false, false)]
    [InlineData(Fate.Lost, ErrorKind.Retry, "connection_failed", null, true, true, false, true, true)]
    [InlineData(Fate.Silent, ErrorKind.Retry, "timeout", null, true, true, false, false, true)]
    internal void Failure_IsJudgedByHowFarItGot(
        Fate fate, ErrorKind kind, string code, int? status, bool againstHost, bool sent, bool repeatSubmit, bool repeatGeneration, bool repeatRead)
    {
        var call = Call<string>.Failure(new UpstreamError { Kind = kind, Code = code, Message = "m", HttpStatus = status }, fate);

        Assert.Equal(
            (againstHost, sent, repeatSubmit, repeatGeneration, repeatRead),
            (call.IsHostFailure, call.WasSent, call.MayRepeatSubmit, call.MayRepeatGeneration, call.MayRepeatRead));
    }
}
