using System.Text.RegularExpressions;
using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink.Generation;

namespace FlashDrop.Core.Tests.Reports;

public sealed partial class ReportFilesTests
{
    private static readonly DateOnly Day = ReportFixture.Yesterday;

    [Theory]
    [InlineData("html")]
    [InlineData("json")]
    [InlineData("csv")]
    [InlineData("md")]
    public async Task Reports_look_as_agreed(string extension)
    {
        using var fixture = new ReportFixture(
            ("FlashDrop:Reports:RefreshDays", "7"), ("FlashDrop:Budgets:mobile-app", "0.02"), ("FlashDrop:Budgets:drop:meeting-notes", "2.50"));
        foreach (var (back, jobs) in new[] { (0, 90), (1, 35), (2, 80), (3, 70), (7, 60) })
        {
            await fixture.AddAsync(SampleDay.Busy(Day.AddDays(-back), jobs));
        }

        await fixture.RunAsync();

        Golden.Matches($"day.{extension}", fixture.Text($"daily/2026-11-22/summary.{extension}"));
        Golden.Matches($"empty.{extension}", fixture.Text($"daily/2026-11-18/summary.{extension}"));
        Golden.Matches($"week.{extension}", fixture.Text($"weekly/2026-W47/summary.{extension}"));
        Golden.Matches($"month.{extension}", fixture.Text($"monthly/2026-11/summary.{extension}"));
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("\"><img src=x onerror=alert(1)>")]
    [InlineData("'; </style></title></svg><b>")]
    [InlineData("&lt;b&gt; {{x}} ${y}")]
    [InlineData("a\u202Egnp.exe \u0000 \uFEFF")]
    [InlineData("](javascript:alert(1)) | `x` \n# h <!--")]
    public async Task Names_never_become_markup(string name)
    {
        var hostile = await WithNameAsync(name);
        var harmless = await WithNameAsync("harmless");

        Assert.Equal(Tags(harmless.Html), Tags(hostile.Html));
        Assert.Equal(harmless.Markdown.Count(c => c == '\n'), hostile.Markdown.Count(c => c == '\n'));
        Assert.DoesNotContain('<', hostile.Markdown);
        Assert.DoesNotMatch(MarkdownLink(), hostile.Markdown);
    }

    [Fact]
    public async Task Names_that_are_formulas_are_not_run_by_spreadsheets()
    {
        using var fixture = new ReportFixture();
        await AddNamedAsync(fixture, "=1+1");

        await fixture.RunAsync();

        var csv = fixture.Text("daily/2026-11-22/summary.csv");
        Assert.Contains(",profile,\"'=1+1\",", csv, StringComparison.Ordinal);
        Assert.DoesNotContain(",=1+1", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_cost_is_never_shown_as_zero()
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:RefreshDays", "0"));
        var job = SampleDay.Job(Day);
        await fixture.AddAsync(job, SampleDay.Usage(job, usage: null));

        await fixture.RunAsync();

        Assert.Contains("<dt>Cost</dt><dd class=\"figure\">unknown</dd>", fixture.Text("daily/2026-11-22/summary.html"), StringComparison.Ordinal);
        Assert.Contains("| Cost | unknown |", fixture.Text("daily/2026-11-22/summary.md"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_is_self_contained_and_accessible()
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:RefreshDays", "1"));
        await fixture.AddAsync(SampleDay.Busy(Day, 60));

        await fixture.RunAsync();

        var html = fixture.Text("daily/2026-11-22/summary.html");
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotMatch("(src=|@import|url\\(|https?://)", html);
        Assert.Contains("<html lang=\"en\">", html, StringComparison.Ordinal);
        Assert.Single(Matches("<h1>", html));
        Assert.Equal(Matches("<table>", html).Count, Matches("<caption>", html).Count);
        var charts = Matches("<svg role=\"img\" aria-labelledby=\"([a-z-]+) ([a-z-]+)\"", html);
        Assert.Equal(3, charts.Count);
        Assert.All(charts, chart =>
        {
            Assert.Contains($"id=\"{chart.Groups[1].Value}\"", html, StringComparison.Ordinal);
            Assert.Contains($"id=\"{chart.Groups[2].Value}\"", html, StringComparison.Ordinal);
        });
        var ids = Matches(" id=\"([^\"]+)\"", html).Select(id => id.Groups[1].Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Text_colours_keep_their_contrast_in_both_schemes()
    {
        var schemes = Matches("--page:[^}]+", Core.Reports.HtmlStyle.Css);
        Assert.Equal(3, schemes.Count);
        Assert.All(schemes, scheme =>
        {
            var colours = Matches("--([a-z-]+): (#[0-9a-f]{3,6})", scheme.Value).ToDictionary(c => c.Groups[1].Value, c => Luminance(c.Groups[2].Value), StringComparer.Ordinal);
            foreach (var (text, surface) in new[]
            {
                ("text", "page"), ("text", "card"), ("text", "warn-card"), ("soft", "page"), ("soft", "card"), ("accent", "page"), ("accent", "card"), ("warn", "warn-card"), ("good", "page"),
            })
            {
                var (light, dark) = (Math.Max(colours[text], colours[surface]), Math.Min(colours[text], colours[surface]));
                Assert.True((light + 0.05) / (dark + 0.05) >= 4.5, $"--{text} on --{surface}");
            }
        });
    }

    private static async Task<(string Html, string Markdown)> WithNameAsync(string name)
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:RefreshDays", "0"));
        await AddNamedAsync(fixture, name);
        await fixture.RunAsync();
        return (fixture.Text("daily/2026-11-22/summary.html"), fixture.Text("daily/2026-11-22/summary.md"));
    }

    private static Task AddNamedAsync(ReportFixture fixture, string name)
    {
        var job = SampleDay.Job(Day, state: JobState.Failed) with
        {
            Profile = name,
            Caller = name,
            Media = new MediaSummary { Kind = name, MimeType = name },
            Error = new JobError(name, name, name),
        };
        return fixture.AddAsync(job, SampleDay.Usage(job, new TokenUsage { PromptTokens = 9_000, PromptDetails = [new(name, 9_000)] }, model: $"gemini-2.5-flash{name}"));
    }

    private static string Tags(string html) => string.Join('\n', Matches("<[^>]*>", html).Select(tag => tag.Value).Select(tag => TagValue().Replace(tag, "")));

    private static MatchCollection Matches(string pattern, string text) => Regex.Matches(text, pattern, RegexOptions.None, TimeSpan.FromSeconds(5));

    private static double Luminance(string colour)
    {
        var hex = colour.Length == 4 ? string.Concat(colour.Skip(1).Select(c => $"{c}{c}")) : colour[1..];
        var parts = Convert.FromHexString(hex).Select(part => part / 255d).Select(part => part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4)).ToArray();
        return (0.2126 * parts[0]) + (0.7152 * parts[1]) + (0.0722 * parts[2]);
    }

    /// <summary>A number in a drawing, which may differ with the length of names.</summary>
    [GeneratedRegex("\"[0-9.%]+\"")]
    private static partial Regex TagValue();

    [GeneratedRegex(@"(?<!\\)\]\(")]
    private static partial Regex MarkdownLink();
}
