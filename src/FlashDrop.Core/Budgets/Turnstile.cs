namespace FlashDrop.Core.Budgets;

/// <summary>
/// Lets one pass at a time, in order of arrival. Unlike a semaphore it goes on wherever the waiter came from, so that a test that schedules all work
/// itself keeps it. Safe for concurrent use.
/// </summary>
internal sealed class Turnstile
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _waiting = new();
    private bool _taken;

    /// <summary>Waits for one's turn; <see cref="Leave"/> ends it.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled; it is nobody's turn then.</exception>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (!_taken)
            {
                _taken = true;
                return;
            }

            _waiting.Enqueue(turn);
        }

        using var cancelling = cancellationToken.UnsafeRegister(static turn => ((TaskCompletionSource)turn!).TrySetCanceled(), turn);
        await turn.Task;
    }

    /// <summary>Passes the turn on.</summary>
    public void Leave()
    {
        while (true)
        {
            TaskCompletionSource? next;
            lock (_lock)
            {
                if (!_waiting.TryDequeue(out next))
                {
                    _taken = false;
                    return;
                }
            }

            // Whoever gave up waiting is passed over.
            if (next.TrySetResult())
            {
                return;
            }
        }
    }
}
