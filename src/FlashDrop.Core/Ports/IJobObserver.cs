using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Ports;

/// <summary>Hears of every change of a job after it is stored, in this process only. Must return fast and not throw.</summary>
public interface IJobObserver
{
    /// <summary>The job as written.</summary>
    void OnChanged(Job job);
}
