using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;

namespace FlashDrop.Gateway.Jobs;

/// <summary>Wakes those who wait for a job that finishes in this process. One entry per waiting request, gone with it.</summary>
internal sealed class JobSignals : IJobObserver
{
    private readonly Lock _gate = new();
    private readonly Dictionary<JobId, List<TaskCompletionSource>> _waiters = [];

    public void OnChanged(Job job)
    {
        if (!job.IsTerminal)
        {
            return;
        }

        List<TaskCompletionSource>? waiters;
        lock (_gate)
        {
            _waiters.Remove(job.Id, out waiters);
        }

        foreach (var waiter in waiters ?? [])
        {
            waiter.TrySetResult();
        }
    }

    /// <summary>Starts listening; dispose to stop.</summary>
    public Subscription Subscribe(JobId id)
    {
        var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (!_waiters.TryGetValue(id, out var waiters))
            {
                _waiters[id] = waiters = [];
            }

            waiters.Add(source);
        }

        return new Subscription(this, id, source);
    }

    private void Unsubscribe(JobId id, TaskCompletionSource source)
    {
        lock (_gate)
        {
            if (_waiters.TryGetValue(id, out var waiters) && waiters.Remove(source) && waiters.Count == 0)
            {
                _waiters.Remove(id);
            }
        }
    }

    /// <summary>One listener.</summary>
    public sealed class Subscription(JobSignals owner, JobId id, TaskCompletionSource source) : IDisposable
    {
        /// <summary>Ends when the job has finished in this process.</summary>
        public Task Finished => source.Task;

        public void Dispose() => owner.Unsubscribe(id, source);
    }
}
