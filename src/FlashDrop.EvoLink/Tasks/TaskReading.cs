using FlashDrop.EvoLink.Errors;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.EvoLink.Tasks;

/// <summary>What one look at a task showed: a closed set.</summary>
public abstract record TaskReading
{
    private TaskReading()
    {
    }

    /// <summary>Not finished, or in a status nobody knows yet.</summary>
    public sealed record Running(UpstreamTask Task) : TaskReading;

    /// <summary>Finished with an answer (judge it by <see cref="Answer.Quality"/>).</summary>
    public sealed record Completed(UpstreamTask Task, Answer Answer) : TaskReading;

    /// <summary>
    /// Finished without an answer: failed, cancelled, finished in a shape nobody can read (code <c>unreadable_result</c>),
    /// or unknown to the upstream (code <c>resource_not_found</c>). Failed tasks are not charged.
    /// </summary>
    public sealed record Failed(UpstreamError Error) : TaskReading;

    /// <summary>The task could not be looked at (transport failure, 429, 5xx, 401, …); nothing is known about it. Look again later.</summary>
    public sealed record Unknown(UpstreamError Error) : TaskReading;
}
