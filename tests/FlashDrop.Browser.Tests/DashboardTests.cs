using System.Net.Http.Json;
using System.Text.RegularExpressions;
using FlashDrop.EndToEnd.Tests;
using Microsoft.Playwright;

namespace FlashDrop.Browser.Tests;

/// <summary>A person at the dashboard: LocalHost with Azurite and the simulator on one side, Chromium on the other.</summary>
public sealed partial class DashboardTests : IDisposable
{
    private const float Patience = 60_000;

    private static readonly string Chromium = Environment.GetEnvironmentVariable("CHROMIUM")
        ?? throw new InvalidOperationException("Run eng/browser-tests.sh, or name the browser: CHROMIUM=/path/to/chromium.");

    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Person_SignsIn_UploadsAndDropsFiles_WatchesJobsFinish_Cancels_Retries_OpensResultAndReport()
    {
        await using var host = await LocalHostProcess.StartAndWaitAsync(
            _folder.Path, "--set", "DailyReportSchedule=*/5 * * * * *", "--set", "PollTasksSchedule=*/1 * * * * *");
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            ],
        });
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1440, Height = 900 } });
        context.SetDefaultTimeout(Patience);
        Assertions.SetDefaultExpectTimeout(Patience);
        var page = await context.NewPageAsync();
        List<string> complaints = [];
        page.Console += (_, message) =>
        {
            // A refused request is the browser's own line; ours asks for some on purpose.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                complaints.Add(message.Text);
            }
        };
        page.PageError += (_, error) => complaints.Add(error);
        page.RequestFailed += (_, request) =>
        {
            // A page that is left gives up what it was still reading.
            if (request.Failure is { } failure && failure != "net::ERR_ABORTED")
            {
                complaints.Add($"{request.Method} {request.Url}: {failure}\n{host.Output}\n{host.Errors}");
            }
        };

        await SignInAsync(page, host);
        await UploadAsync(page);
        await DropAsync(page);
        await CancelAsync(page, host);
        await RetryAsync(page, host);
        await FilterAsync(page);
        await OpenResultAsync(page);
        await ShowEverywhereAsync(page);
        await OpenReportAsync(page);
        await SignOutAsync(page);

        Assert.Empty(complaints);
    }

    private static async Task SignInAsync(IPage page, LocalHostProcess host)
    {
        await page.GotoAsync(host.Url.ToString());
        Assert.EndsWith("/dashboard", page.Url, StringComparison.Ordinal);
        await page.GetByLabel("Caller key").FillAsync("fd_wrong");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.GetByText("This is not a valid key.")).ToBeVisibleAsync();
        await ShootAsync(page, "1-sign-in");

        await page.GetByLabel("Caller key").FillAsync(host.Key);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByText("local (administrator)")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("No jobs here yet.")).ToBeVisibleAsync();
        Assert.DoesNotContain(host.Key, await page.ContentAsync(), StringComparison.Ordinal);
        await ShootAsync(page, "2-empty");
    }

    private static async Task UploadAsync(IPage page)
    {
        await page.GetByLabel("Choose files").SetInputFilesAsync(
        [
            File("norway.txt", "What is the capital of Norway?"),
            File("<img src=x onerror=alert(1)>.txt", "Is this markup?"),
            File("notes.txt", "Milk, bread, a very long walk."),
            File("empty.jpg", ""),
        ]);
        await Assertions.Expect(RowOf(page, "norway.txt").GetByText("Succeeded")).ToBeVisibleAsync(new() { Timeout = 90_000 });
        await Assertions.Expect(RowOf(page, "<img src=x onerror=alert(1)>.txt").GetByText("Succeeded")).ToBeVisibleAsync(new() { Timeout = 90_000 });
        await Assertions.Expect(RowOf(page, "empty.jpg").GetByText("empty_file")).ToBeVisibleAsync(new() { Timeout = 90_000 });
        await Assertions.Expect(RowOf(page, "norway.txt").Locator("td[data-label=Cost]")).ToHaveTextAsync(new Regex(@"^\$0\.\d+$"));
        await Assertions.Expect(page.Locator("#tile-done")).ToHaveTextAsync("3");
        await Assertions.Expect(page.Locator("#tile-spent")).ToHaveTextAsync(new Regex(@"^\$0\.\d+$"));

        // The same name again does not replace the file.
        await page.GetByLabel("Choose files").SetInputFilesAsync([File("norway.txt", "And of Sweden?")]);
        await Assertions.Expect(page.GetByText("This name is taken.")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Keep both" }).ClickAsync();
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(5, new() { Timeout = 60_000 });
    }

    /// <summary>A file dragged from outside the browser, by the browser's own drag events.</summary>
    private async Task DropAsync(IPage page)
    {
        var file = Path.Combine(_folder.Path, "dragged.txt");
        await System.IO.File.WriteAllTextAsync(file, "Was this dragged?", TestContext.Current.CancellationToken);
        var browser = await page.Context.NewCDPSessionAsync(page);
        var zone = page.Locator("#drop-zone");

        // Beside the zone nothing happens; above all the page stays.
        await DragAsync("#spend-title", "dragEnter", "dragOver", "drop");
        await Assertions.Expect(page.GetByText("local (administrator)")).ToBeVisibleAsync();

        await DragAsync("#drop-zone", "dragEnter", "dragOver");
        await Assertions.Expect(zone).ToHaveClassAsync(new Regex("over"));
        await ShootAsync(page, "3-dragging");
        await DragAsync("#drop-zone", "drop");
        await Assertions.Expect(zone).Not.ToHaveClassAsync(new Regex("over"));
        await Assertions.Expect(RowOf(page, "dragged.txt").GetByText("Succeeded")).ToBeVisibleAsync(new() { Timeout = 90_000 });
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(6);

        async Task DragAsync(string target, params string[] events)
        {
            var box = (await page.Locator(target).BoundingBoxAsync())!;
            foreach (var name in events)
            {
                await browser.SendAsync("Input.dispatchDragEvent", new Dictionary<string, object>(StringComparer.Ordinal)
                {
                    ["type"] = name,
                    ["x"] = box.X + (box.Width / 2),
                    ["y"] = box.Y + (box.Height / 2),
                    ["data"] = new { items = Array.Empty<object>(), files = new[] { file }, dragOperationsMask = 1 },
                });
            }
        }
    }

    private static async Task CancelAsync(IPage page, LocalHostProcess host)
    {
        using var simulator = new HttpClient { BaseAddress = new Uri(SimulatorLine().Match(host.Output).Groups["url"].Value) };
        using var accepted = await simulator.PostAsJsonAsync(
            new Uri("control/faults", UriKind.Relative),
            new[] { new { match = new { kind = "submit", contains = "TAKE TEN MINUTES" }, action = new { lateTask = 600 } } },
            TestContext.Current.CancellationToken);
        accepted.EnsureSuccessStatusCode();
        await page.GetByLabel("Choose files").SetInputFilesAsync([File("slow.txt", "TAKE TEN MINUTES")]);
        var row = RowOf(page, "slow.txt");
        await Assertions.Expect(row.GetByText("Submitted")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("#tile-active")).ToHaveTextAsync("1");
        await ShootAsync(page, "3-running");
        await row.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(page.GetByText("slow.txt is cancelled.")).ToBeVisibleAsync();
        await Assertions.Expect(row.GetByText("Cancelled")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#tile-active")).ToHaveTextAsync("0");
    }

    private static async Task RetryAsync(IPage page, LocalHostProcess host)
    {
        var letter = page.Locator("#failed-list li").Filter(new() { HasText = "empty.jpg" });
        await Assertions.Expect(letter.GetByText("is empty (0 bytes)")).ToBeVisibleAsync();
        await letter.GetByRole(AriaRole.Button, new() { Name = "Retry" }).ClickAsync();
        await Assertions.Expect(page.GetByText("empty.jpg is tried again.")).ToBeVisibleAsync();

        // It fails as before, as the same job.
        using var http = host.CreateClient();
        var failed = "";
        for (var look = 0; look < 60 && !failed.Contains("retriedAt", StringComparison.Ordinal); look++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            failed = await http.GetStringAsync(new Uri("api/jobs?state=Failed", UriKind.Relative));
        }

        await Assertions.Expect(RowOf(page, "empty.jpg").GetByText("Failed")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(7);
        await Assertions.Expect(page.Locator("#jobs .Succeeded")).ToHaveCountAsync(5, new() { Timeout = 60_000 });
        await ShootAsync(page, "3-jobs");
        await Assertions.Expect(letter).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await letter.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
        await Assertions.Expect(letter).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("#tile-failed")).ToHaveTextAsync("0");
        await Assertions.Expect(RowOf(page, "empty.jpg").GetByText("empty_file, discarded")).ToBeVisibleAsync();
    }

    private static async Task FilterAsync(IPage page)
    {
        await page.GetByLabel("Search").FillAsync("NOTES");
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(1);
        await page.GetByLabel("Search").FillAsync("");
        await page.GetByLabel("State").SelectOptionAsync("Failed");
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(1);
        await page.GetByLabel("State").SelectOptionAsync("Cancelled");
        await Assertions.Expect(RowOf(page, "slow.txt")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(1);
        await page.GetByLabel("State").SelectOptionAsync("");
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(7);
        await page.GetByLabel("Search").FillAsync("no such job");
        await Assertions.Expect(page.GetByText("No job matches the search.")).ToBeVisibleAsync();
        await page.GetByLabel("Search").FillAsync("");
    }

    private static async Task OpenResultAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Result: norway.txt" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Assertions.Expect(dialog.GetByRole(AriaRole.Heading, new() { Name = "Answer" })).ToBeVisibleAsync();
        Assert.NotEmpty(await dialog.Locator("#answer pre").InnerTextAsync());
        await ShootAsync(page, "4-result");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(dialog).ToBeHiddenAsync();
    }

    private static async Task ShowEverywhereAsync(IPage page)
    {
        await Assertions.Expect(page.Locator("#message")).ToBeHiddenAsync();
        foreach (var width in new[] { 1440, 390 })
        {
            await page.SetViewportSizeAsync(width, width == 390 ? 844 : 900);
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await page.EmulateMediaAsync(new() { ColorScheme = scheme });
                Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"The page is wider than {width} pixels.");
                await page.EvaluateAsync("scrollTo(0, 0)");
                await ShootAsync(page, $"5-{width}-{scheme}", whole: true);
            }
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Result: norway.txt" }).ClickAsync();
        await ShootAsync(page, "6-result-390");
        await page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.SetViewportSizeAsync(1440, 900);
    }

    private static async Task OpenReportAsync(IPage page)
    {
        await page.ReloadAsync();
        var link = page.Locator("#report-list a").First;
        await Assertions.Expect(link).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await link.ClickAsync();
        var report = page.FrameLocator("iframe");
        await Assertions.Expect(report.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToBeVisibleAsync();

        // Its own style applies, and its frame runs nothing.
        Assert.Equal("", await page.Locator("iframe").GetAttributeAsync("sandbox"));
        Assert.NotEqual("0px", await report.Locator("main").EvaluateAsync<string>("main => getComputedStyle(main).maxWidth === 'none' ? '0px' : 'styled'"));
        await ShootAsync(page, "7-report");
        await page.SetViewportSizeAsync(390, 844);
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), "The report is wider than a phone.");
        await ShootAsync(page, "8-report-390");
        await page.SetViewportSizeAsync(1440, 900);
        await page.GetByRole(AriaRole.Link, new() { Name = "Dashboard" }).ClickAsync();
        await Assertions.Expect(page.GetByText("local (administrator)")).ToBeVisibleAsync();
    }

    private static async Task SignOutAsync(IPage page)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Caller key")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(0);
        await page.ReloadAsync();
        await Assertions.Expect(page.GetByLabel("Caller key")).ToBeVisibleAsync();
    }

    private static ILocator RowOf(IPage page, string file) =>
        page.Locator("#jobs tr").Filter(new() { Has = page.GetByRole(AriaRole.Button, new() { Name = file, Exact = true }) });

    private static FilePayload File(string name, string text) =>
        new() { Name = name, MimeType = "text/plain", Buffer = System.Text.Encoding.UTF8.GetBytes(text) };

    private static async Task ShootAsync(IPage page, string name, bool whole = false)
    {
        if (Environment.GetEnvironmentVariable("SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png"), FullPage = whole });
        }
    }

    [GeneratedRegex(@"a simulator at (?<url>http://127\.0\.0\.1:\d+/?)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex SimulatorLine();
}
