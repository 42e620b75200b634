namespace FlashDrop.Core.Reports;

/// <summary>What a report says in words, for the page and for Markdown alike.</summary>
internal static class ReportText
{
    /// <summary>Lines of a breakdown that are shown; all of them are in the CSV and JSON.</summary>
    public const int MaxLines = 50;

    /// <summary>Characters of a name that are shown.</summary>
    public const int MaxNameLength = 80;

    /// <summary>For example <c>Daily report</c>.</summary>
    public static string Kind(Report report) => report.Period switch
    {
        PeriodKind.Week => "Weekly report",
        PeriodKind.Month => "Monthly report",
        _ => "Daily report",
    };

    /// <summary>For example <c>Sunday, 22 November 2026</c>.</summary>
    public static string Title(Report report) => PeriodOf(report).Title;

    /// <summary>What the figures are about.</summary>
    public static string Scope(Report report)
    {
        var days = PeriodOf(report).Days;
        var covers = report.Period == PeriodKind.Day
            ? "Jobs accepted on this day (UTC), and every answer they were given."
            : $"Jobs accepted on {(report.Days == days ? "all" : $"{report.Days} of")} {days} days (UTC), and every answer they were given.";
        return report.Jobs.Open == 0 ? covers : $"{covers} Not final: {Open(report)}.";
    }

    /// <summary>The lines of a breakdown that are shown: the dearest first, then the ones with the most jobs.</summary>
    public static IReadOnlyList<ReportGroup> Shown(IEnumerable<ReportGroup> groups) =>
    [
        .. groups.OrderByDescending(group => group.Usage.CostUsd)
            .ThenByDescending(group => group.Jobs.Accepted)
            .ThenByDescending(group => group.Usage.Answers)
            .ThenBy(group => group.Name, StringComparer.Ordinal)
            .Take(MaxLines),
    ];

    /// <summary>A name as shown.</summary>
    public static string Name(string name) => name.Length == 0 ? "(no name)" : Display.Shorten(name, MaxNameLength);

    /// <summary>A cost as shown: unknown costs are never shown as zero.</summary>
    public static string Cost(UsageTotals usage, int decimals) => usage switch
    {
        { UnknownCost: > 0 } when usage.UnknownCost == usage.Answers => "unknown",
        { UnknownCost: > 0 } => $"≥ {Display.Money(usage.CostUsd, decimals)}",
        _ => Display.Money(usage.CostUsd, decimals),
    };

    /// <summary>What somebody should look at, most serious first.</summary>
    public static IEnumerable<string> Attention(Report report)
    {
        var usage = report.Usage;
        foreach (var budget in report.Budgets.Where(budget => budget.SpentUsd > budget.BudgetUsd))
        {
            var decimals = Display.DecimalsFor(Math.Max(budget.SpentUsd, budget.BudgetUsd));
            yield return $"{Name(budget.Caller)} spent {Display.Money(budget.SpentUsd, decimals)} of a budget of {Display.Money(budget.BudgetUsd, decimals)}"
                + $" ({Display.Percent(budget.SpentUsd, budget.BudgetUsd)}).";
        }

        if (report.Jobs.Failed > 0)
        {
            var share = Display.Percent(report.Jobs.Failed, report.Jobs.Accepted);
            yield return $"{Display.Count(report.Jobs.Failed, "job")} failed ({share} of all): see Failures for what to do.";
        }

        if (usage.UnknownCost > 0)
        {
            yield return $"{Display.Count(usage.UnknownCost, "answer")} of unknown cost: the true total is higher than shown.";
        }

        if (usage.UnknownUsage > 0)
        {
            yield return $"{Display.Count(usage.UnknownUsage, "answer")} came without token counts.";
        }

        if (usage.Unpriced > 0)
        {
            yield return $"{Display.Count(usage.Unpriced, "answer")} matched no price row: add one to FlashDrop:Prices.";
        }

        if (usage.ForeignModel > 0)
        {
            var models = string.Join(", ", report.Models.Where(m => m.Usage.ForeignModel > 0).Take(5).Select(m => Name(m.Name)));
            yield return $"{Display.Count(usage.ForeignModel, "answer")} came from a model of another family than asked for: {models}.";
        }

        if (usage.Late > 0)
        {
            yield return $"{Display.Count(usage.Late, "answer")} came after being given up: paid for, but not used.";
        }

        if (report.Jobs.Open > 0)
        {
            yield return $"{Open(report)}; the report is written again when they are done.";
        }
    }

    /// <summary>The headline figures in one or two sentences.</summary>
    public static string Summary(Report report)
    {
        var (jobs, usage) = (report.Jobs, report.Usage);
        if (jobs.Accepted == 0 && usage.Answers == 0)
        {
            return "Nothing came in: no jobs and no answers.";
        }

        var cost = $"{Display.Count(jobs.Accepted, "job")}, {Display.Count(usage.Answers, "answer")}, {Cost(usage, Display.DecimalsFor(usage.CostUsd))}";
        return usage.SavedUsd == 0 ? $"{cost}." : $"{cost}; {Display.Percent(usage.SavedUsd, usage.SavedUsd + usage.CostUsd)} below the list price.";
    }

    /// <summary>Where a digest's result is, relative to the report's own folder, in storage as in the local mirror.</summary>
    public static string? DigestHref(Report report) =>
        report.Digest?.Result is { } result ? $"../../../results/{string.Join('/', result.Split('/').Select(Uri.EscapeDataString))}" : null;

    private static string Open(Report report) =>
        report.Jobs.Open == 1 ? "1 job is still under way" : $"{Display.Number(report.Jobs.Open)} jobs are still under way";

    private static ReportPeriod PeriodOf(Report report) => report.Period switch
    {
        PeriodKind.Week => ReportPeriod.WeekOf(report.From),
        PeriodKind.Month => ReportPeriod.MonthOf(report.From),
        _ => ReportPeriod.Day(report.From),
    };
}
