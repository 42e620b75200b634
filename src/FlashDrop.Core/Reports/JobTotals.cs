using System.Text.Json.Serialization;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink;

namespace FlashDrop.Core.Reports;

/// <summary>Counts of jobs. Independent of order; two of them merge without loss. Not safe for concurrent use.</summary>
internal sealed class JobTotals
{
    public long Accepted { get; set; }

    public long Succeeded { get; set; }

    public long Failed { get; set; }

    public long Cancelled { get; set; }

    public long Queued { get; set; }

    public long Submitted { get; set; }

    public long Held { get; set; }

    /// <summary>Upstream submissions.</summary>
    public long Attempts { get; set; }

    /// <summary>Submissions after a job's first.</summary>
    public long Retries { get; set; }

    /// <summary>Jobs that began on the beta tier and moved on to standard.</summary>
    public long Fallbacks { get; set; }

    /// <summary>Attempts that ended in a hold.</summary>
    public long Holds { get; set; }

    /// <summary>Jobs of known cost.</summary>
    public long Priced { get; set; }

    /// <summary>Their cost in USD.</summary>
    public decimal PricedUsd { get; set; }

    /// <summary>Time from acceptance (for a drop: from the drop) to the result of the jobs that succeeded; null where it is not kept.</summary>
    public LatencyHistogram? Latency { get; set; }

    /// <summary>Jobs without a final state yet.</summary>
    [JsonIgnore]
    public long Open => Queued + Submitted + Held;

    /// <summary>Average cost in USD of a job of known cost.</summary>
    [JsonIgnore]
    public decimal? CostPerJobUsd => Priced > 0 ? PricedUsd / Priced : null;

    public void Add(Job job)
    {
        Accepted++;
        switch (job.State)
        {
            case JobState.Succeeded:
                Succeeded++;
                Latency?.Add((job.CompletedAt ?? job.UpdatedAt) - job.Id.Time);
                break;
            case JobState.Failed:
                Failed++;
                break;
            case JobState.Cancelled:
                Cancelled++;
                break;
            case JobState.Submitted:
                Submitted++;
                break;
            case JobState.Held:
                Held++;
                break;
            case JobState.Queued:
            default:
                Queued++;
                break;
        }

        Attempts += job.Attempts.Count;
        Retries += Math.Max(0, job.Attempts.Count - 1);
        Fallbacks += job.Attempts.Count > 1 && job.Attempts[0].Tier == Tier.Beta && job.Attempts[^1].Tier == Tier.Standard ? 1 : 0;
        Holds += job.Holds;
        if (job.CostUsd is { } cost)
        {
            Priced++;
            PricedUsd += cost;
        }
    }

    public void Merge(JobTotals other)
    {
        Accepted += other.Accepted;
        Succeeded += other.Succeeded;
        Failed += other.Failed;
        Cancelled += other.Cancelled;
        Queued += other.Queued;
        Submitted += other.Submitted;
        Held += other.Held;
        Attempts += other.Attempts;
        Retries += other.Retries;
        Fallbacks += other.Fallbacks;
        Holds += other.Holds;
        Priced += other.Priced;
        PricedUsd += other.PricedUsd;
        if (other.Latency is not null)
        {
            Latency ??= new LatencyHistogram();
            Latency.Merge(other.Latency);
        }
    }
}
