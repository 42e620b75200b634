using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.EvoLink.Keys;

namespace FlashDrop.Gateway.Health;

/// <summary>The jobs table answers a point read.</summary>
internal sealed class JobStoreProbe(IJobStore jobs) : IHealthProbe
{
    // A fixed id that belongs to no job: the first moment there is.
    private static readonly JobId Nobody = JobId.Create(DateTimeOffset.UnixEpoch, new byte[10]);

    public string Name => "jobs-table";

    public Task CheckAsync(CancellationToken cancellationToken) => jobs.FindAsync(Nobody, cancellationToken);
}

/// <summary>The queue service answers.</summary>
internal sealed class QueueProbe(IWorkQueue queue) : IHealthProbe
{
    public string Name => "submit-queue";

    public Task CheckAsync(CancellationToken cancellationToken) => queue.CountAsync(Queues.Submit, cancellationToken);
}

/// <summary>There is an upstream key.</summary>
internal sealed class KeyRingProbe(IKeyRing keys) : IHealthProbe
{
    public string Name => "upstream-key";

    public Task CheckAsync(CancellationToken cancellationToken) => keys.GetAsync(cancellationToken).AsTask();
}
