using System.Text;

namespace FlashDrop.Core.Reports;

/// <summary>A report in Markdown, for mail and chat. Everything that people named is escaped.</summary>
internal static class MarkdownReport
{
    public static ReadOnlyMemory<byte> Write(Report report)
    {
        var text = new StringBuilder();
        var decimals = Display.DecimalsFor(report.Usage.CostUsd);
        text.Append($"# {ReportText.Kind(report)}: {ReportText.Title(report)}\n\n{Escape(ReportText.Summary(report))}\n\n{ReportText.Scope(report)}\n");

        var attention = ReportText.Attention(report).ToList();
        if (attention.Count > 0)
        {
            text.Append("\n## Needs attention\n\n");
            attention.ForEach(line => text.Append($"- {Escape(line)}\n"));
        }

        if (ReportText.DigestHref(report) is { } href)
        {
            text.Append($"\n[Digest of the day's answers]({href})\n");
        }

        Table(text, "Money", ["", "USD"], [
            ["Cost", ReportText.Cost(report.Usage, decimals)],
            ["At the official list price", Display.Money(report.Usage.ListUsd, decimals)],
            ["Saved against the list price", Display.Money(report.Usage.SavedUsd, decimals)],
            ["Saved by the cache", Display.Money(report.Usage.CacheSavedUsd, decimals)],
            ["Per job", Display.Money(report.Jobs.CostPerJobUsd)],
            ["Per minute of audio or video", Display.Money(report.Usage.CostPerMediaMinuteUsd)],
        ]);
        Table(text, "Jobs", ["", "Jobs"], [
            ["Accepted", Display.Number(report.Jobs.Accepted)],
            ["Succeeded", Display.Number(report.Jobs.Succeeded)],
            ["Failed", Display.Number(report.Jobs.Failed)],
            ["Cancelled", Display.Number(report.Jobs.Cancelled)],
            ["Queued", Display.Number(report.Jobs.Queued)],
            ["Submitted", Display.Number(report.Jobs.Submitted)],
            ["Held", Display.Number(report.Jobs.Held)],
            ["Attempts", Display.Number(report.Jobs.Attempts)],
            ["Retries", Display.Number(report.Jobs.Retries)],
            ["Tier fallbacks", Display.Number(report.Jobs.Fallbacks)],
        ]);
        Table(text, "Time from drop to result", ["", "Time"], [
            ["p50", Display.Duration(report.Jobs.Latency?.Percentile(0.50))],
            ["p95", Display.Duration(report.Jobs.Latency?.Percentile(0.95))],
            ["p99", Display.Duration(report.Jobs.Latency?.Percentile(0.99))],
        ]);
        Table(text, "Tokens", ["", "Tokens"], [
            .. report.Usage.PromptByModality.All().Where(m => m.Tokens > 0).Select(m => (IReadOnlyList<string>)[$"Input, {m.Name}", Display.Number(m.Tokens)]),
            ["Input, all", Display.Number(report.Usage.PromptTokens)],
            ["of it cached", Display.Number(report.Usage.CachedTokens)],
            ["Output", Display.Number(report.Usage.AnswerTokens)],
            ["Thinking", Display.Number(report.Usage.ThinkingTokens)],
            ["Tool use", Display.Number(report.Usage.ToolUseTokens)],
        ]);
        if (report.Comparisons.Count > 0)
        {
            Table(text, "Compared", ["With", "Cost", "Change", "Jobs", "Change"], report.Comparisons.Select(c => (IReadOnlyList<string>)
            [
                $"{c.Label} ({c.Name})", Display.Money(c.CostUsd, decimals), Display.Change(report.Usage.CostUsd, c.CostUsd),
                Display.Number(c.Jobs), Display.Change(report.Jobs.Accepted, c.Jobs),
            ]));
        }

        foreach (var (title, groups) in new[]
        {
            ("Profiles", report.Profiles), ("Callers", report.Callers), ("Tiers", report.Tiers), ("Media", report.MediaKinds), ("Models", report.Models),
        })
        {
            if (groups.Count > 0)
            {
                Table(text, title, ["Name", "Jobs", "Failed", "Answers", "Tokens", "Cost"], ReportText.Shown(groups).Select(group => (IReadOnlyList<string>)
                [
                    ReportText.Name(group.Name), Display.Number(group.Jobs.Accepted), Display.Number(group.Jobs.Failed),
                    Display.Number(group.Usage.Answers), Display.Number(group.Usage.TotalTokens), ReportText.Cost(group.Usage, decimals),
                ]));
            }
        }

        if (report.Budgets.Count > 0)
        {
            Table(text, "Budgets", ["Caller", "Budget", "Spent", "Used"], report.Budgets.Select(budget => (IReadOnlyList<string>)
            [
                ReportText.Name(budget.Caller), Display.Money(budget.BudgetUsd, 2), Display.Money(budget.SpentUsd, decimals),
                Display.Percent(budget.SpentUsd, budget.BudgetUsd),
            ]));
        }

        if (report.Failures.Count > 0)
        {
            Table(text, "Failures", ["Code", "Jobs", "What to do", "Examples"], report.Failures.Select(failure => (IReadOnlyList<string>)
            [
                ReportText.Name(failure.Code), Display.Number(failure.Count), failure.Remedy, string.Join(" ", failure.Examples),
            ]));
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Table(StringBuilder text, string title, string[] columns, IEnumerable<IReadOnlyList<string>> rows)
    {
        text.Append($"\n## {title}\n\n| {string.Join(" | ", columns)} |\n|{string.Concat(columns.Select((_, i) => i == 0 ? " --- |" : " ---: |"))}\n");
        foreach (var row in rows)
        {
            text.Append($"| {string.Join(" | ", row.Select(Escape))} |\n");
        }
    }

    /// <summary>Takes the meaning from every character that has one in Markdown or HTML, and keeps a cell on its line.</summary>
    private static string Escape(string value)
    {
        var text = new StringBuilder(value.Length);
        foreach (var c in value)
        {
            _ = c switch
            {
                '&' => text.Append("&amp;"),
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '\\' or '`' or '*' or '_' or '[' or ']' or '|' or '~' or '#' or '!' => text.Append('\\').Append(c),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' => text.Append(' '),
                _ => text.Append(c),
            };
        }

        // Most renderers make links of bare addresses, but not of ones spelled with entities.
        return text.Replace("://", ":&#47;&#47;").Replace("www.", "www&#46;").Replace("@", "&#64;").ToString();
    }
}
