using System.Text;

namespace FlashDrop.Core.Reports;

/// <summary>A report as one self-contained page: no script, nothing loaded, readable on a phone, on paper and by a screen reader.</summary>
internal sealed class HtmlReport
{
    private readonly Report _report;
    private readonly HtmlBuilder _html = new();
    private readonly HtmlCharts _charts;
    private readonly int _decimals;

    private HtmlReport(Report report)
    {
        _report = report;
        _decimals = Display.DecimalsFor(report.Usage.CostUsd);
        _charts = new HtmlCharts(_html);
    }

    public static ReadOnlyMemory<byte> Write(Report report)
    {
        var page = new HtmlReport(report);
        page.WritePage();
        return Encoding.UTF8.GetBytes(page._html.ToString());
    }

    private void WritePage()
    {
        _html.AddLiteral("""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">

            """);
        _html.Add($"<title>{ReportText.Kind(_report)} {_report.Name} – FlashDrop</title>\n<style>\n");
        _html.AddLiteral(HtmlStyle.Css);
        _html.AddLiteral("\n</style>\n</head>\n<body>\n<main>\n");
        WriteHeader();
        WriteTiles();
        WriteAttention();
        if (_report.Jobs.Accepted > 0 || _report.Usage.Answers > 0)
        {
            WriteSpend();
            WriteBreakdowns();
            WriteTokens();
            WriteJobs();
            WriteFailures();
        }

        if (_report.Comparisons.Count > 0)
        {
            WriteComparisons();
        }

        _html.AddLiteral("""
            <footer>
            <p>Amounts are US dollars, rounded for reading. Exact figures: <a href="summary.csv">summary.csv</a> and <a href="summary.json">summary.json</a>. Times are UTC.</p>
            </footer>
            </main>
            </body>
            </html>

            """);
    }

    private void WriteHeader()
    {
        _html.Add($"<header>\n<p class=\"kicker\">FlashDrop · {ReportText.Kind(_report)}</p>\n<h1>{ReportText.Title(_report)}</h1>\n");
        _html.Add($"<p class=\"lead\">{ReportText.Summary(_report)}</p>\n<p class=\"soft\">{ReportText.Scope(_report)}</p>\n");
        if (ReportText.DigestHref(_report) is { } href)
        {
            _html.Add($"<p><a href=\"{href}\">Digest of the day’s answers</a></p>\n");
        }

        _html.AddLiteral("</header>\n");
    }

    private void WriteTiles()
    {
        var (jobs, usage) = (_report.Jobs, _report.Usage);
        _html.AddLiteral("<dl class=\"tiles\">\n");
        Tile("Cost", ReportText.Cost(usage, _decimals), [.. _report.Comparisons.Select(c => $"{Display.Change(usage.CostUsd, c.CostUsd)} on the {c.Label}")]);
        Tile(
            "Saved vs list",
            Display.Money(usage.SavedUsd, _decimals),
            usage.ListUsd == 0 ? [] :
            [
                $"{Display.Percent(usage.SavedUsd, usage.SavedUsd + usage.CostUsd)} of {Display.Money(usage.ListUsd, _decimals)}",
                $"and {Display.Money(usage.CacheSavedUsd, _decimals)} by the cache",
            ]);
        Tile(
            "Jobs",
            Display.Number(jobs.Accepted),
            [
                $"{Display.Number(jobs.Succeeded)} succeeded, {Display.Number(jobs.Failed)} failed",
                .. _report.Comparisons.Take(1).Select(c => $"{Display.Change(jobs.Accepted, c.Jobs)} on the {c.Label}"),
            ]);
        Tile(
            "Cost per job",
            Display.Money(jobs.CostPerJobUsd),
            [.. usage.CostPerMediaMinuteUsd is { } minute ? [$"{Display.Money(minute)} per minute of audio or video"] : Array.Empty<string>()]);
        Tile("Tokens", Display.Compact(usage.TotalTokens), $"{Display.Compact(usage.PromptTokens + usage.ToolUseTokens)} in, {Display.Compact(usage.AnswerTokens + usage.ThinkingTokens)} out");
        Tile(
            "Drop to result, p95",
            Display.Duration(jobs.Latency?.Percentile(0.95)),
            $"p50 {Display.Duration(jobs.Latency?.Percentile(0.50))}, p99 {Display.Duration(jobs.Latency?.Percentile(0.99))}");
        _html.AddLiteral("</dl>\n");
    }

    private void Tile(string name, string figure, params ReadOnlySpan<string> notes)
    {
        _html.Add($"<div><dt>{name}</dt><dd class=\"figure\">{figure}</dd>");
        foreach (var note in notes)
        {
            _html.Add($"<dd>{note}</dd>");
        }

        _html.AddLiteral("</div>\n");
    }

    private void WriteAttention()
    {
        var lines = ReportText.Attention(_report).ToList();
        if (lines.Count == 0)
        {
            _html.AddLiteral("<p class=\"calm\">✓ Nothing needs attention.</p>\n");
            return;
        }

        _html.AddLiteral("<section class=\"attention\" aria-labelledby=\"attention\">\n<h2 id=\"attention\">Needs attention</h2>\n<ul>\n");
        foreach (var line in lines)
        {
            _html.Add($"<li>{line}</li>\n");
        }

        _html.AddLiteral("</ul>\n</section>\n");
    }

    private void WriteSpend()
    {
        _html.AddLiteral("<section aria-labelledby=\"spend\">\n<h2 id=\"spend\">Spend and speed</h2>\n<div class=\"card\">\n<figure>\n");
        var (unit, labelled) = _report.Period == PeriodKind.Day ? ("hour", 6) : ("day", _report.Period == PeriodKind.Week ? 1 : 5);
        var top = _report.Series.OrderByDescending(p => p.CostUsd).ThenBy(p => p.Name, StringComparer.Ordinal).FirstOrDefault();
        var best = top is null || top.CostUsd == 0
            ? $"Nothing was spent in any {unit}."
            : $"Most {(unit == "hour" ? "in the hour from" : "on")} {PointName(top)}: {Display.Money(top.CostUsd, _decimals)} of {Display.Money(_report.Usage.CostUsd, _decimals)}.";
        _html.Add($"<h3 id=\"by-time\">Spend by {unit}</h3>\n<figcaption id=\"by-time-text\">{best} By when the job was accepted, UTC.</figcaption>\n");
        _charts.Columns("by-time", [.. _report.Series.Select((point, i) => new ChartPoint(
            i % labelled == 0 ? AxisName(point) : "",
            $"{PointName(point)}: {Display.Money(point.CostUsd, _decimals)}, {Display.Count(point.Jobs, "job")}",
            point.CostUsd))], max => Display.Money(max, _decimals));
        _html.AddLiteral("</figure>\n<details>\n<summary>Figures</summary>\n");
        Table(
            $"Spend by {unit}",
            "",
            [new(unit == "hour" ? "Hour" : "Day"), new("Jobs"), new("Answers"), new("Cost")],
            [.. _report.Series.Select(p => (string[])[PointName(p), Display.Number(p.Jobs), Display.Number(p.Answers), Display.Money(p.CostUsd, _decimals)])],
            ["All", Display.Number(_report.Series.Sum(p => p.Jobs)), Display.Number(_report.Series.Sum(p => p.Answers)), Display.Money(_report.Usage.CostUsd, _decimals)]);
        _html.AddLiteral("</details>\n</div>\n<div class=\"pair\">\n<figure class=\"card\">\n");
        WriteProfileChart();
        _html.AddLiteral("</figure>\n<figure class=\"card\">\n");
        WriteLatencyChart();
        _html.AddLiteral("</figure>\n</div>\n</section>\n");
    }

    private void WriteProfileChart()
    {
        const int Shown = 8;
        var groups = ReportText.Shown(_report.Profiles);
        var shown = groups.Take(Shown).Where(group => group.Usage.CostUsd > 0).ToList();
        var rest = _report.Usage.CostUsd - shown.Sum(group => group.Usage.CostUsd);
        var text = shown.Count == 0
            ? "Nothing was spent."
            : $"{ReportText.Name(shown[0].Name)} leads with {Display.Percent(shown[0].Usage.CostUsd, _report.Usage.CostUsd)} of the cost.";
        _html.Add($"<h3 id=\"by-profile\">Spend by profile</h3>\n<figcaption id=\"by-profile-text\">{text}</figcaption>\n");
        List<ChartPoint> points =
        [
            .. shown.Select(group => new ChartPoint(
                Display.Shorten(ReportText.Name(group.Name), 26),
                $"{Display.Money(group.Usage.CostUsd, _decimals)} · {Display.Percent(group.Usage.CostUsd, _report.Usage.CostUsd)}",
                group.Usage.CostUsd)),
        ];
        if (rest > 0)
        {
            points.Add(new ChartPoint("all others", $"{Display.Money(rest, _decimals)} · {Display.Percent(rest, _report.Usage.CostUsd)}", rest));
        }

        _charts.Bars("by-profile", points);
    }

    private void WriteLatencyChart()
    {
        var latency = _report.Jobs.Latency;
        var text = latency is not { Count: > 0 }
            ? "No job has a result yet."
            : $"Half of the jobs took at most {Display.Duration(latency.Percentile(0.50))}, 95% at most {Display.Duration(latency.Percentile(0.95))}, "
                + $"99% at most {Display.Duration(latency.Percentile(0.99))} (each within 0.8%).";
        _html.Add($"<h3 id=\"latency\">Time from drop to result</h3>\n<figcaption id=\"latency-text\">{text}</figcaption>\n");
        var bands = Bands.Select(band => (band.Name, Count: latency?.CountBetween(band.From, band.To) ?? 0)).ToList();
        var (first, last) = (bands.FindIndex(band => band.Count > 0), bands.FindLastIndex(band => band.Count > 0));
        _charts.Bars("latency", first < 0 ? [] :
        [
            .. bands[first..(last + 1)].Select(band => new ChartPoint(
                band.Name, $"{Display.Count(band.Count, "job")} · {Display.Percent(band.Count, latency!.Count)}", band.Count)),
        ]);
    }

    private void WriteBreakdowns()
    {
        _html.AddLiteral("<section aria-labelledby=\"who\">\n<h2 id=\"who\">By whom and on what</h2>\n");
        GroupTable("Profiles", "Profile", _report.Profiles, latency: true);
        GroupTable("Callers", "Caller", _report.Callers, latency: false);
        if (_report.Budgets.Count > 0)
        {
            Table(
                "Budgets",
                _report.Period == PeriodKind.Day ? "What each caller may spend a day, and spent." : "Daily budgets added up over the days of the report.",
                [new("Caller"), new("Budget"), new("Spent"), new("Used"), new("State")],
                [.. _report.Budgets.Select(b => (string[])
                [
                    ReportText.Name(b.Caller), Display.Money(b.BudgetUsd, 2), Display.Money(b.SpentUsd, _decimals),
                    Display.Percent(b.SpentUsd, b.BudgetUsd), b.SpentUsd > b.BudgetUsd ? "over budget" : "within budget",
                ])]);
        }

        GroupTable("Tiers", "Tier", _report.Tiers, latency: false);
        GroupTable("Media", "Kind", _report.MediaKinds, latency: false);
        Table(
            "Models",
            "As the upstream names what answered.",
            [new("Model"), new("Answers"), new("Input tokens"), new("Output tokens"), new("Cost"), new("Of another family"), new("Unpriced")],
            [.. ReportText.Shown(_report.Models).Select(g => (string[])
            [
                ReportText.Name(g.Name), Display.Number(g.Usage.Answers), Display.Number(g.Usage.PromptTokens),
                Display.Number(g.Usage.AnswerTokens + g.Usage.ThinkingTokens), ReportText.Cost(g.Usage, _decimals),
                Display.Number(g.Usage.ForeignModel), Display.Number(g.Usage.Unpriced),
            ])]);
        _html.AddLiteral("</section>\n");
    }

    private void GroupTable(string caption, string column, IReadOnlyList<ReportGroup> groups, bool latency)
    {
        var shown = ReportText.Shown(groups);
        var note = shown.Count < groups.Count ? $"The first {shown.Count} of {groups.Count} by cost; all of them are in summary.csv." : "";
        Table(
            caption,
            note,
            [new(column), new("Cost"), new("Share"), new("Saved"), new("Jobs"), new("Failed"), new("Answers"), new("Tokens"), new("Cost per job"), .. latency ? [new("p95")] : Array.Empty<Column>()],
            [.. shown.Select(group => Cells(ReportText.Name(group.Name), group.Jobs, group.Usage))],
            Cells("All", _report.Jobs, _report.Usage));

        string[] Cells(string name, JobTotals jobs, UsageTotals usage) =>
        [
            name,
            ReportText.Cost(usage, _decimals),
            Display.Percent(usage.CostUsd, _report.Usage.CostUsd),
            Display.Money(usage.SavedUsd, _decimals),
            Display.Number(jobs.Accepted),
            Display.Number(jobs.Failed),
            Display.Number(usage.Answers),
            Display.Number(usage.TotalTokens),
            Display.Money(jobs.CostPerJobUsd),
            .. latency ? [Display.Duration(jobs.Latency?.Percentile(0.95))] : Array.Empty<string>(),
        ];
    }

    private void WriteTokens()
    {
        var usage = _report.Usage;
        var all = usage.TotalTokens;
        _html.AddLiteral("<section aria-labelledby=\"tokens\">\n<h2 id=\"tokens\">Tokens and money</h2>\n<div class=\"pair\">\n");
        Table(
            "Tokens",
            "Thinking is billed as output.",
            [new("Kind"), new("Tokens"), new("Share")],
            [
                .. usage.PromptByModality.All().Where(m => m.Tokens > 0).Select(m => Cells($"Input, {m.Name}", m.Tokens)),
                .. usage.ToolUseTokens > 0 ? [Cells("Input, added by tools", usage.ToolUseTokens)] : Array.Empty<string[]>(),
                Cells("of the input, from cache", usage.CachedTokens),
                Cells("Output", usage.AnswerTokens),
                Cells("Thinking", usage.ThinkingTokens),
            ],
            Cells("All", all));
        Table(
            "Money",
            "",
            [new("What"), new("Amount")],
            [
                ["At the official list price", Display.Money(usage.ListUsd, _decimals)],
                ["Saved by the tiers’ prices", Display.Money(usage.SavedUsd, _decimals)],
                ["Saved by the cache (in the cost already)", Display.Money(usage.CacheSavedUsd, _decimals)],
                ["Per job", Display.Money(_report.Jobs.CostPerJobUsd)],
                ["Per minute of audio or video", Display.Money(usage.CostPerMediaMinuteUsd)],
                ["Audio and video", Display.Duration(TimeSpan.FromMilliseconds(usage.MediaMilliseconds))],
            ],
            ["Cost", ReportText.Cost(usage, _decimals)]);
        _html.AddLiteral("</div>\n</section>\n");

        string[] Cells(string name, long tokens) => [name, Display.Number(tokens), Display.Percent(tokens, all)];
    }

    private void WriteJobs()
    {
        var jobs = _report.Jobs;
        _html.AddLiteral("<section aria-labelledby=\"jobs\">\n<h2 id=\"jobs\">Jobs and attempts</h2>\n<div class=\"pair\">\n");
        Table(
            "Jobs by state",
            "",
            [new("State"), new("Jobs"), new("Share")],
            [
                .. from state in new[]
                   {
                       ("Succeeded", jobs.Succeeded), ("Failed", jobs.Failed), ("Cancelled", jobs.Cancelled),
                       ("Queued", jobs.Queued), ("Submitted", jobs.Submitted), ("Held", jobs.Held),
                   }
                   select (string[])[state.Item1, Display.Number(state.Item2), Display.Percent(state.Item2, jobs.Accepted)],
            ],
            ["Accepted", Display.Number(jobs.Accepted), Display.Percent(jobs.Accepted, jobs.Accepted)]);
        Table(
            "Attempts",
            "Upstream submissions made for the jobs.",
            [new("What"), new("Count")],
            [
                ["Attempts", Display.Number(jobs.Attempts)],
                ["of them retries", Display.Number(jobs.Retries)],
                ["Jobs that fell back from beta to standard", Display.Number(jobs.Fallbacks)],
                ["Attempts that were held", Display.Number(jobs.Holds)],
                ["Answers that came too late", Display.Number(_report.Usage.Late)],
            ]);
        _html.AddLiteral("</div>\n</section>\n");
    }

    private void WriteFailures()
    {
        if (_report.Failures.Count == 0)
        {
            return;
        }

        _html.AddLiteral("<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">Failures</h2>\n<ul class=\"failures\">\n");
        foreach (var failure in _report.Failures.Take(ReportText.MaxLines))
        {
            _html.Add($"<li class=\"card\">\n<h3><code>{ReportText.Name(failure.Code)}</code> · {Display.Count(failure.Count, "job")}</h3>\n");
            _html.Add($"<p><strong>What to do:</strong> <bdi>{failure.Remedy}</bdi></p>\n<p class=\"soft\">For example: <bdi>{failure.Message}</bdi></p>\n<p class=\"soft\">Jobs:");
            foreach (var id in failure.Examples)
            {
                _html.Add($" <code>{id.ToString()}</code>");
            }

            _html.AddLiteral("</p>\n</li>\n");
        }

        _html.AddLiteral("</ul>\n</section>\n");
    }

    private void WriteComparisons()
    {
        _html.AddLiteral("<section aria-labelledby=\"compared\">\n<h2 id=\"compared\">Compared with before</h2>\n");
        var (jobs, usage) = (_report.Jobs, _report.Usage);
        var p95 = jobs.Latency?.Percentile(0.95);
        Table(
            "Key figures",
            string.Join(" ", _report.Comparisons.Where(c => c.Days != _report.Days).Select(c => $"{c.Name} covers {Display.Count(c.Days, "day")}, this report {_report.Days}.")),
            [new("Figure"), new("Now"), .. _report.Comparisons.SelectMany(c => new Column[] { new($"{c.Label} ({c.Name})"), new("Change") })],
            [
                Line("Cost", ReportText.Cost(usage, _decimals), c => (Display.Money(c.CostUsd, _decimals), Display.Change(usage.CostUsd, c.CostUsd))),
                Line("Saved", Display.Money(usage.SavedUsd, _decimals), c => (Display.Money(c.SavedUsd, _decimals), Display.Change(usage.SavedUsd, c.SavedUsd))),
                Line("Jobs", Display.Number(jobs.Accepted), c => (Display.Number(c.Jobs), Display.Change(jobs.Accepted, c.Jobs))),
                Line("Succeeded", Display.Number(jobs.Succeeded), c => (Display.Number(c.Succeeded), Display.Change(jobs.Succeeded, c.Succeeded))),
                Line("Failed", Display.Number(jobs.Failed), c => (Display.Number(c.Failed), Display.Change(jobs.Failed, c.Failed))),
                Line("Answers", Display.Number(usage.Answers), c => (Display.Number(c.Answers), Display.Change(usage.Answers, c.Answers))),
                Line("Tokens", Display.Number(usage.TotalTokens), c => (Display.Number(c.Tokens), Display.Change(usage.TotalTokens, c.Tokens))),
                Line("Drop to result, p95", Display.Duration(p95), c => c.P95Seconds is { } before && p95 is { } now
                    ? (Display.Duration(TimeSpan.FromSeconds(before)), Display.Change((decimal)now.TotalSeconds, (decimal)before))
                    : (Display.Duration(c.P95Seconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null), "–")),
            ]);
        _html.AddLiteral("</section>\n");

        string[] Line(string name, string now, Func<Comparison, (string Before, string Change)> compare) =>
            [name, now, .. _report.Comparisons.Select(compare).SelectMany(pair => new[] { pair.Before, pair.Change })];
    }

    private void Table(string caption, string note, IReadOnlyList<Column> columns, IReadOnlyList<string[]> rows, string[]? total = null)
    {
        _html.Add($"<div class=\"table\" role=\"region\" aria-label=\"{caption}\" tabindex=\"0\">\n<table>\n<caption>{caption}");
        if (note.Length > 0)
        {
            _html.Add($"<span>{note}</span>");
        }

        _html.AddLiteral("</caption>\n<thead><tr>");
        foreach (var column in columns)
        {
            _html.Add($"<th scope=\"col\">{column.Name}</th>");
        }

        _html.AddLiteral("</tr></thead>\n<tbody>\n");
        foreach (var row in rows)
        {
            Row(row);
        }

        _html.AddLiteral("</tbody>\n");
        if (total is not null)
        {
            _html.AddLiteral("<tfoot>\n");
            Row(total);
            _html.AddLiteral("</tfoot>\n");
        }

        _html.AddLiteral("</table>\n</div>\n");
    }

    private void Row(string[] cells)
    {
        _html.Add($"<tr><th scope=\"row\"><bdi>{cells[0]}</bdi></th>");
        foreach (var cell in cells.AsSpan(1))
        {
            _html.Add($"<td>{cell}</td>");
        }

        _html.AddLiteral("</tr>\n");
    }

    private string PointName(SeriesPoint point) => _report.Period == PeriodKind.Day ? $"{point.Name}:00" : point.Name;

    private string AxisName(SeriesPoint point) => _report.Period == PeriodKind.Day ? $"{point.Name}:00" : point.Name[^2..];

    private static readonly (string Name, TimeSpan From, TimeSpan To)[] Bands =
    [
        ("under 5 s", TimeSpan.Zero, TimeSpan.FromSeconds(5)),
        ("5 to 10 s", TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)),
        ("10 to 30 s", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(30)),
        ("30 s to 1 min", TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(1)),
        ("1 to 2 min", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2)),
        ("2 to 5 min", TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(5)),
        ("5 to 15 min", TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15)),
        ("15 to 60 min", TimeSpan.FromMinutes(15), TimeSpan.FromHours(1)),
        ("over 1 h", TimeSpan.FromHours(1), TimeSpan.MaxValue),
    ];

    private readonly record struct Column(string Name);
}
