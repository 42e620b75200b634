using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Reports;

/// <summary>Failed jobs of one code. Independent of order; two of them merge without loss. Not safe for concurrent use.</summary>
internal sealed class FailureTotals
{
    private const int MaxExamples = 5;
    private const int MaxTextLength = 500;

    public long Count { get; set; }

    /// <summary>What went wrong in the first example, in its words: holds names that people chose.</summary>
    public string Message { get; set; } = "";

    /// <summary>What to do about it.</summary>
    public string Remedy { get; set; } = "";

    /// <summary>Ids of the first jobs, at most five, oldest first.</summary>
    public IReadOnlyList<JobId> Examples { get; set; } = [];

    public void Add(JobId id, JobError error)
    {
        if (Examples.Count < MaxExamples || id < Examples[^1])
        {
            Merge(new FailureTotals { Count = 1, Message = Bound(error.Message), Remedy = Bound(error.Remedy), Examples = [id] });
        }
        else
        {
            Count++;
        }
    }

    public void Merge(FailureTotals other)
    {
        Count += other.Count;
        if (Examples.Count == 0 || (other.Examples.Count > 0 && other.Examples[0] < Examples[0]))
        {
            (Message, Remedy) = (other.Message, other.Remedy);
        }

        Examples = [.. Examples.Concat(other.Examples).Distinct().Order().Take(MaxExamples)];
    }

    private static string Bound(string text) => Display.Shorten(text, MaxTextLength);
}
