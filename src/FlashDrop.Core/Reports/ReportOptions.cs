using System.ComponentModel.DataAnnotations;

namespace FlashDrop.Core.Reports;

/// <summary>What scheduled reports look like. Section <c>FlashDrop:Reports</c>.</summary>
public sealed class ReportOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Reports";

    /// <summary>
    /// Days before yesterday that every run reports again, because their late jobs may have finished since. Default 3, range 0 to 366.
    /// One run with a higher number fills a gap.
    /// </summary>
    [Range(0, 366)]
    public int RefreshDays { get; set; } = 3;

    /// <summary>
    /// Names kept apart in each breakdown (profiles, callers, models, failure codes); the names after them in alphabetical order are
    /// counted together as <c>(other)</c>. Sums are never affected. Default 500, range 10 to 10,000.
    /// </summary>
    [Range(10, 10_000)]
    public int MaxGroups { get; set; } = 500;

    /// <summary>Whether a job of the <c>digest</c> profile sums up each day's answers. Default false: it costs tokens.</summary>
    public bool Digest { get; set; }

    /// <summary>Answers a digest is made of at most, the day's first ones; each costs one storage read. Default 100, range 1 to 1,000.</summary>
    [Range(1, 1_000)]
    public int DigestAnswers { get; set; } = 100;
}
