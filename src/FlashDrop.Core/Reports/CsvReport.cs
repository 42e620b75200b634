using System.Text;

namespace FlashDrop.Core.Reports;

/// <summary>
/// A report as one flat table with exact figures: one row for each line of each breakdown, told apart by <c>section</c>. Within one
/// section the rows add up to the <c>total</c> row.
/// </summary>
internal static class CsvReport
{
    /// <summary>Spreadsheets tell UTF-8 by it.</summary>
    private const char ByteOrderMark = '\uFEFF';

    private static readonly string[] Columns =
    [
        "period", "section", "name", "jobs", "succeeded", "failed", "cancelled", "open", "attempts", "retries", "fallbacks",
        "answers", "unknown_usage", "unknown_cost", "unpriced", "foreign_model",
        "prompt_tokens", "cached_tokens", "answer_tokens", "thinking_tokens", "tool_use_tokens",
        "cost_usd", "list_usd", "saved_usd", "cache_saved_usd", "media_seconds", "media_cost_usd", "budget_usd",
        "p50_seconds", "p95_seconds", "p99_seconds", "remedy",
    ];

    public static ReadOnlyMemory<byte> Write(Report report)
    {
        var csv = new CsvWriter().Row(Columns);
        foreach (var line in LinesOf(report))
        {
            Write(csv, report.Name, line);
        }

        return Encoding.UTF8.GetBytes($"{ByteOrderMark}{csv}");
    }

    private static IEnumerable<Line> LinesOf(Report report)
    {
        yield return new Line("total", "total") { Jobs = report.Jobs, Usage = report.Usage };
        foreach (var (section, groups) in new[]
        {
            ("profile", report.Profiles), ("caller", report.Callers), ("tier", report.Tiers), ("media", report.MediaKinds), ("model", report.Models),
        })
        {
            foreach (var group in groups)
            {
                yield return new Line(section, group.Name) { Jobs = group.Jobs, Usage = group.Usage };
            }
        }

        foreach (var (name, tokens) in report.Usage.PromptByModality.All())
        {
            yield return new Line("modality", name) { PromptTokens = tokens };
        }

        foreach (var point in report.Series)
        {
            yield return new Line(report.Period == PeriodKind.Day ? "hour" : "day", point.Name)
            {
                JobCount = point.Jobs,
                Answers = point.Answers,
                CostUsd = point.CostUsd,
            };
        }

        foreach (var failure in report.Failures)
        {
            yield return new Line("failure", failure.Code) { Failed = failure.Count, Remedy = failure.Remedy };
        }

        foreach (var budget in report.Budgets)
        {
            yield return new Line("budget", budget.Caller) { CostUsd = budget.SpentUsd, BudgetUsd = budget.BudgetUsd };
        }
    }

    private static void Write(CsvWriter csv, string period, Line line)
    {
        var (jobs, usage) = (line.Jobs, line.Usage);
        csv.Text(period).Text(line.Section).Text(line.Name)
            .Number(jobs?.Accepted ?? line.JobCount).Number(jobs?.Succeeded).Number(jobs?.Failed ?? line.Failed).Number(jobs?.Cancelled).Number(jobs?.Open)
            .Number(jobs?.Attempts).Number(jobs?.Retries).Number(jobs?.Fallbacks)
            .Number(usage?.Answers ?? line.Answers).Number(usage?.UnknownUsage).Number(usage?.UnknownCost).Number(usage?.Unpriced).Number(usage?.ForeignModel)
            .Number(usage?.PromptTokens ?? line.PromptTokens).Number(usage?.CachedTokens)
            .Number(usage?.AnswerTokens).Number(usage?.ThinkingTokens).Number(usage?.ToolUseTokens)
            .Number(usage?.CostUsd ?? line.CostUsd).Number(usage?.ListUsd).Number(usage?.SavedUsd).Number(usage?.CacheSavedUsd)
            .Number(usage?.MediaMilliseconds / 1000m).Number(usage?.MediaCostUsd).Number(line.BudgetUsd)
            .Seconds(jobs?.Latency?.Percentile(0.50)).Seconds(jobs?.Latency?.Percentile(0.95)).Seconds(jobs?.Latency?.Percentile(0.99))
            .Text(line.Remedy).EndRow();
    }

    private sealed record Line(string Section, string Name)
    {
        public JobTotals? Jobs { get; init; }

        public UsageTotals? Usage { get; init; }

        public long? JobCount { get; init; }

        public long? Failed { get; init; }

        public long? Answers { get; init; }

        public long? PromptTokens { get; init; }

        public decimal? CostUsd { get; init; }

        public decimal? BudgetUsd { get; init; }

        public string? Remedy { get; init; }
    }
}
