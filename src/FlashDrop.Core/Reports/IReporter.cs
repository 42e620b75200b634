using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Reports;

/// <summary>Writes the scheduled reports. Running it again is harmless, at the same time included.</summary>
public interface IReporter
{
    /// <summary>
    /// Reports yesterday (UTC) and, again, the days before it whose late jobs may have finished since; then the weeks and months these
    /// days belong to. Files whose content is the same are left alone.
    /// </summary>
    /// <remarks>
    /// A report holds nothing but what the rows say, so running again over the same rows gives the same bytes. A digest is no exception:
    /// its job's id is kept in the report once it is asked for, and its result is linked once the job has succeeded, which never changes
    /// any more. Until then the day is no more complete than one with open jobs, and is written again.
    /// </remarks>
    /// <exception cref="Ports.StorageUnavailableException">Storage failed; what was written is whole, run it again for the rest.</exception>
    Task<ReportRun> RunAsync(CancellationToken cancellationToken);
}

/// <summary>What one run did.</summary>
/// <param name="Written">Names of the files written in <c>reports</c>, in order.</param>
/// <param name="Unchanged">Reports that were as they should be.</param>
/// <param name="Digests">Digest jobs asked for.</param>
public sealed record ReportRun(IReadOnlyList<string> Written, int Unchanged, IReadOnlyList<JobId> Digests);
