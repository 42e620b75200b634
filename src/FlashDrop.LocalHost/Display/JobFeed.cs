using System.Threading.Channels;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;

namespace FlashDrop.LocalHost.Display;

/// <summary>Takes the pipeline's news and hands it on without ever holding the pipeline up: the oldest news is dropped first.</summary>
internal sealed class JobFeed : IJobObserver
{
    private const int Capacity = 10_000;

    private readonly Channel<Job> _changes =
        Channel.CreateBounded<Job>(new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>The news.</summary>
    public ChannelReader<Job> Changes => _changes.Reader;

    /// <inheritdoc />
    public void OnChanged(Job job) => _changes.Writer.TryWrite(job);
}
