using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.EvoLink.Generation;

/// <summary>What came back for one submit: a closed set of five.</summary>
public abstract record SubmitOutcome
{
    private SubmitOutcome()
    {
    }

    /// <summary>The upstream's correlation id (<c>x-request-id</c>), when it sent one.</summary>
    public string? RequestId { get; init; }

    /// <summary>The upstream accepted the work as a task to poll.</summary>
    public sealed record TaskCreated(UpstreamTask Task) : SubmitOutcome;

    /// <summary>The upstream ignored the asynchronous header and answered at once.</summary>
    public sealed record Answered(Answer Answer) : SubmitOutcome;

    /// <summary>The upstream ignored the asynchronous header and streamed; the stream was read to its end and merged.</summary>
    public sealed record Streamed(Answer Answer) : SubmitOutcome;

    /// <summary>The upstream, or the way to it, said no.</summary>
    public sealed record Failed(UpstreamError Error) : SubmitOutcome;

    /// <summary>
    /// Nothing came back in time, or the answer broke off: the work may have been done and charged. A repeat is a new paid attempt.
    /// </summary>
    public sealed record Unanswered(UpstreamError Error) : SubmitOutcome;
}
