using System.ComponentModel.DataAnnotations;

namespace FlashDrop.Core.Retention;

/// <summary>How long things are kept. Section <c>FlashDrop:Retention</c>. Ages are whole days; 0 keeps for ever.</summary>
public sealed class RetentionOptions
{
    /// <summary>The configuration section these options are bound to.</summary>
    public const string Section = "FlashDrop:Retention";

    private const int Longest = 36_500;

    /// <summary>Drops, from their last modification. Default 30 days, range 0 to 36,500.</summary>
    [Range(0, Longest)]
    public int InboxDays { get; set; } = 30;

    /// <summary>Request bodies, inline inputs and uploads. Default 7 days, range 0 to 36,500.</summary>
    [Range(0, Longest)]
    public int RequestsDays { get; set; } = 7;

    /// <summary>Answers and errors. Default 90 days, range 0 to 36,500.</summary>
    [Range(0, Longest)]
    public int ResultsDays { get; set; } = 90;

    /// <summary>Reports. Default 400 days, range 0 to 36,500.</summary>
    [Range(0, Longest)]
    public int ReportsDays { get; set; } = 400;

    /// <summary>
    /// Rows of finished jobs, from acceptance. Longer than <c>FlashDrop:Pipeline:SweepLookback</c>: a drop whose row is gone would be
    /// taken for one that was never accepted. Default 90 days, range 0 to 36,500.
    /// </summary>
    [Range(0, Longest)]
    public int JobRowsDays { get; set; } = 90;

    /// <summary>Usage rows, from their job's acceptance; what reports and bills are made of. Default 400 days, range 0 to 36,500.</summary>
    [Range(0, Longest)]
    public int UsageRowsDays { get; set; } = 400;

    /// <summary>How long one run takes in new work; the next one goes on. Default 7 min, well below the function timeout.</summary>
    public TimeSpan Budget { get; set; } = TimeSpan.FromMinutes(7);

    /// <summary>Blobs deleted at once. Default 8, range 1 to 64.</summary>
    [Range(1, 64)]
    public int Concurrency { get; set; } = 8;
}
