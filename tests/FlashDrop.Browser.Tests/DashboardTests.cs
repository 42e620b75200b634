using System.Text.RegularExpressions;
using FlashDrop.EndToEnd.Tests;
using Microsoft.Playwright;

namespace FlashDrop.Browser.Tests;

/// <summary>A person at the dashboard: LocalHost with Azurite and the simulator on one side, Chromium on the other.</summary>
public sealed class DashboardTests : IDisposable
{
    private const float Patience = 30_000;

    private static readonly string Chromium = Environment.GetEnvironmentVariable("CHROMIUM")
        ?? throw new InvalidOperationException("Run eng/browser-tests.sh, or name the browser: CHROMIUM=/path/to/chromium.");

    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Person_SignsIn_Uploads_WatchesTheJobFinish_OpensItsResult_AndAReport()
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
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        context.SetDefaultTimeout(Patience);
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

        await SignInAsync(page, host);
        await UploadAsync(page);
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
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(5);
        await Assertions.Expect(page.Locator("#jobs .Succeeded")).ToHaveCountAsync(4, new() { Timeout = 60_000 });
        await ShootAsync(page, "3-jobs");
        await Assertions.Expect(letter).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await letter.GetByRole(AriaRole.Button, new() { Name = "Discard" }).ClickAsync();
        await Assertions.Expect(letter).ToHaveCountAsync(0);
        await Assertions.Expect(page.Locator("#tile-failed")).ToHaveTextAsync("0");
    }

    private static async Task FilterAsync(IPage page)
    {
        await page.GetByLabel("Search").FillAsync("NOTES");
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(1);
        await page.GetByLabel("Search").FillAsync("");
        await page.GetByLabel("State").SelectOptionAsync("Failed");
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(1);
        await page.GetByLabel("State").SelectOptionAsync("");
        await Assertions.Expect(page.Locator("#jobs tr")).ToHaveCountAsync(5);
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
        foreach (var width in new[] { 1280, 390 })
        {
            await page.SetViewportSizeAsync(width, width == 390 ? 844 : 900);
            foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
            {
                await page.EmulateMediaAsync(new() { ColorScheme = scheme });
                Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth"), $"The page is wider than {width} pixels.");
                await ShootAsync(page, $"5-{width}-{scheme}", whole: true);
            }
        }

        await page.GetByRole(AriaRole.Button, new() { Name = "Result: norway.txt" }).ClickAsync();
        await ShootAsync(page, "6-result-390");
        await page.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.SetViewportSizeAsync(1280, 900);
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
        await ShootAsync(page, "8-report-390");
        await page.SetViewportSizeAsync(1280, 900);
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
}
