using FlashDrop.Core.Jobs;

namespace FlashDrop.Core.Reports;

/// <summary>
/// A report's figures: what <c>summary.json</c> holds, what the other files are made from, and what roll-ups are merged from. Holds
/// nothing about when or where it was made. Every list is in a fixed order.
/// </summary>
internal sealed record Report
{
    /// <summary>Version of the JSON and of the pages made from it; another one is written again.</summary>
    public const int CurrentFormat = 1;

    public required int Format { get; init; }

    public required PeriodKind Period { get; init; }

    public required string Name { get; init; }

    public required DateOnly From { get; init; }

    public required DateOnly To { get; init; }

    /// <summary>Days of the period that are in it.</summary>
    public required int Days { get; init; }

    /// <summary>Whether every day is in it and every job has its final state.</summary>
    public required bool Complete { get; init; }

    public required JobTotals Jobs { get; init; }

    public required UsageTotals Usage { get; init; }

    public required IReadOnlyList<ReportGroup> Profiles { get; init; }

    public required IReadOnlyList<ReportGroup> Callers { get; init; }

    public required IReadOnlyList<ReportGroup> Tiers { get; init; }

    public required IReadOnlyList<ReportGroup> MediaKinds { get; init; }

    public required IReadOnlyList<ReportGroup> Models { get; init; }

    /// <summary>Hours (<c>00</c> to <c>23</c>) of a day, days of a longer period: by when the jobs were accepted.</summary>
    public required IReadOnlyList<SeriesPoint> Series { get; init; }

    public required IReadOnlyList<FailureGroup> Failures { get; init; }

    public required IReadOnlyList<BudgetUse> Budgets { get; init; }

    public IReadOnlyList<Comparison> Comparisons { get; init; } = [];

    /// <summary>The job that sums up the day, if one was asked for.</summary>
    public DigestLink? Digest { get; init; }
}

/// <summary>One line of a breakdown.</summary>
internal sealed class ReportGroup
{
    /// <summary>Name of what did not fit into a breakdown.</summary>
    public const string OtherName = "(other)";

    public string Name { get; set; } = "";

    public JobTotals Jobs { get; set; } = new();

    public UsageTotals Usage { get; set; } = new();

    public void Merge(ReportGroup other)
    {
        Jobs.Merge(other.Jobs);
        Usage.Merge(other.Usage);
    }
}

/// <summary>One step of time.</summary>
internal sealed record SeriesPoint
{
    public required string Name { get; init; }

    public long Jobs { get; init; }

    public long Answers { get; init; }

    public decimal CostUsd { get; init; }
}

/// <summary>Failed jobs of one code.</summary>
internal sealed record FailureGroup
{
    public required string Code { get; init; }

    public required long Count { get; init; }

    public required string Message { get; init; }

    public required string Remedy { get; init; }

    public required IReadOnlyList<JobId> Examples { get; init; }
}

/// <summary>What a caller was allowed to spend and spent, over the days of the report.</summary>
internal sealed record BudgetUse
{
    public required string Caller { get; init; }

    public required decimal BudgetUsd { get; init; }

    public required decimal SpentUsd { get; init; }
}

/// <summary>Figures of an earlier period, from its own report.</summary>
internal sealed record Comparison
{
    /// <summary>For example <c>day before</c>.</summary>
    public required string Label { get; init; }

    public required string Name { get; init; }

    public required int Days { get; init; }

    public required long Jobs { get; init; }

    public required long Succeeded { get; init; }

    public required long Failed { get; init; }

    public required long Answers { get; init; }

    public required long Tokens { get; init; }

    public required decimal CostUsd { get; init; }

    public required decimal SavedUsd { get; init; }

    public double? P95Seconds { get; init; }

    public static Comparison With(string label, Report earlier) => new()
    {
        Label = label,
        Name = earlier.Name,
        Days = earlier.Days,
        Jobs = earlier.Jobs.Accepted,
        Succeeded = earlier.Jobs.Succeeded,
        Failed = earlier.Jobs.Failed,
        Answers = earlier.Usage.Answers,
        Tokens = earlier.Usage.TotalTokens,
        CostUsd = earlier.Usage.CostUsd,
        SavedUsd = earlier.Usage.SavedUsd,
        P95Seconds = earlier.Jobs.Latency?.Percentile(0.95)?.TotalSeconds,
    };
}

/// <summary>A digest job.</summary>
internal sealed record DigestLink
{
    public required JobId JobId { get; init; }

    /// <summary>Name of its envelope in <c>results</c>, once it succeeded.</summary>
    public string? Result { get; init; }
}
