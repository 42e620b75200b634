using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Tasks;

namespace FlashDrop.EvoLink;

/// <summary>
/// The upstream, typed. Implementations are safe for concurrent use. Expected failures are values, never exceptions;
/// the only exceptions are <see cref="OperationCanceledException"/> for the caller's own cancellation and programming errors.
/// </summary>
public interface IEvoLinkClient
{
    /// <summary>
    /// Submits a request with <c>X-Async-Mode: true</c>. What came back is decided by the body, not by the header
    /// that was sent: the upstream may answer with a task, with the finished answer, with a stream, with an error,
    /// or with nothing in time. Never retried here after the request reached the wire: one call is one paid attempt at most.
    /// </summary>
    Task<SubmitOutcome> SubmitAsync(UpstreamRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Asks for one complete answer (<c>:generateContent</c>) and retries what is worth retrying.
    /// The outcome is <see cref="SubmitOutcome.Answered"/>, <see cref="SubmitOutcome.Failed"/> or <see cref="SubmitOutcome.Unanswered"/>.
    /// </summary>
    Task<SubmitOutcome> GenerateAsync(UpstreamRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Asks for a streamed answer (<c>:streamGenerateContent?alt=sse</c>). Failures before the first chunk are retried;
    /// a failure after it ends the sequence with a <see cref="StreamEvent.Broken"/> event. The last event is always
    /// <see cref="StreamEvent.Finished"/> or <see cref="StreamEvent.Broken"/>: a cut stream never looks whole.
    /// </summary>
    IAsyncEnumerable<StreamEvent> StreamAsync(UpstreamRequest request, CancellationToken cancellationToken);

    /// <summary>Reads one task (<c>GET /v1/tasks/{id}</c>), retrying transient failures of the read itself.</summary>
    Task<TaskReading> ReadTaskAsync(string taskId, CancellationToken cancellationToken);

    /// <summary>
    /// Reads one task whose answer, as the caller knows, can only be JSON. A result that is nothing but a URL is then a link to the
    /// answer wherever it points; otherwise only a link to the upstream's own hosts is followed and any other URL is the answer.
    /// </summary>
    Task<TaskReading> ReadJsonTaskAsync(string taskId, CancellationToken cancellationToken) => ReadTaskAsync(taskId, cancellationToken);
}
