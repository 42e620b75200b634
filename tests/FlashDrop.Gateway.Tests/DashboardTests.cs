using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Testing;

namespace FlashDrop.Gateway.Tests;

/// <summary>The pages, and what they need beside the jobs API.</summary>
public sealed partial class DashboardTests
{
    [Fact]
    public async Task Root_LeadsToTheDashboard()
    {
        await using var host = await GatewayHost.StartAsync();
        using var browser = host.Browser();

        using var response = await browser.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.Redirect, "/dashboard"), (response.StatusCode, response.Headers.Location?.ToString()));
    }

    [Theory]
    [InlineData("dashboard", "text/html")]
    [InlineData("dashboard/", "text/html")]
    [InlineData("dashboard/report", "text/html")]
    [InlineData("dashboard/app.css", "text/css")]
    [InlineData("dashboard/app.js", "text/javascript")]
    [InlineData("dashboard/report.js", "text/javascript")]
    [InlineData("dashboard/icon.svg", "image/svg+xml")]
    public async Task Page_NeedsNoKey_AndLetsNothingIn(string path, string mediaType)
    {
        await using var host = await GatewayHost.StartAsync();
        using var browser = host.Browser();

        using var response = await browser.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(response.Headers.ETag!);
        using var unchanged = await browser.SendAsync(again, TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, mediaType), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; script-src 'self'; style-src 'self'", policy, StringComparison.Ordinal);
        Assert.Equal(path.EndsWith("/report", StringComparison.Ordinal), policy.Contains("unsafe-inline", StringComparison.Ordinal));
        Assert.DoesNotContain("script-src 'self' 'unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Theory]
    [InlineData("dashboard/openapi.json")]
    [InlineData("dashboard/..%2Fopenapi.json")]
    public async Task PageThatIsNotThere_Is404(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        using var browser = host.Browser();

        using var response = await browser.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task Scripts_NeverMakeMarkupOrCodeOfText_AndPagesHoldNoInlineCode()
    {
        await using var host = await GatewayHost.StartAsync();
        using var browser = host.Browser();
        foreach (var script in new[] { "app.js", "report.js" })
        {
            Assert.DoesNotMatch(Dangerous(), await browser.GetStringAsync(new Uri($"dashboard/{script}", UriKind.Relative), TestContext.Current.CancellationToken));
        }

        foreach (var page in new[] { "dashboard", "dashboard/report" })
        {
            Assert.DoesNotMatch(Inline(), await browser.GetStringAsync(new Uri(page, UriKind.Relative), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task TextColours_KeepTheirContrast_InBothSchemes()
    {
        await using var host = await GatewayHost.StartAsync();
        using var browser = host.Browser();

        var schemes = Stylesheet.Schemes(await browser.GetStringAsync(new Uri("dashboard/app.css", UriKind.Relative), TestContext.Current.CancellationToken), "bg");

        Assert.Equal(2, schemes.Count);
        Assert.All(schemes, colours =>
        {
            foreach (var (text, surface) in new[]
            {
                ("text", "bg"), ("text", "card"), ("text", "soft"), ("text", "hover"), ("text", "bad-bg"), ("muted", "bg"), ("muted", "card"), ("muted", "hover"),
                ("accent", "bg"), ("accent", "card"), ("accent", "hover"), ("accent-text", "accent"), ("bad", "card"),
                ("ok", "ok-bg"), ("bad", "bad-bg"), ("wait", "wait-bg"), ("run", "run-bg"), ("off", "off-bg"),
            })
            {
                Assert.True(Stylesheet.Contrast(colours[text], colours[surface]) >= Stylesheet.Readable, $"--{text} on --{surface}");
            }
        });
    }

    [Fact]
    public async Task Me_TellsWhoseKeyItIs()
    {
        await using var host = await GatewayHost.StartAsync();

        var alice = await host.SendAsync("GET", "api/me");
        var root = await host.SendAsync("GET", "api/me", key: GatewayHost.AdminKey);

        Assert.Equal(("alice", "False"), (alice["caller"], alice["admin"]));
        Assert.Equal(("root", "True"), (root["caller"], root["admin"]));
        Assert.Equal(["default", "digest", "meeting-notes"], alice.Json.GetProperty("profiles").EnumerateArray().Select(profile => profile.GetString()));
        Assert.Equal(25L * 1024 * 1024, alice.Json.GetProperty("maxRequestBytes").GetInt64());
    }

    [Fact]
    public async Task UnchangedListOfJobs_Is304()
    {
        await using var host = await GatewayHost.StartAsync();
        var job = host.Jobs.Add("alice");
        var tag = (await host.SendAsync("GET", "api/jobs")).Header("ETag")!;

        var unchanged = await host.SendAsync("GET", "api/jobs", headers: [("If-None-Match", tag)]);
        host.Jobs.Change(job with { State = JobState.Submitted });
        var changed = await host.SendAsync("GET", "api/jobs", headers: [("If-None-Match", tag)]);

        Assert.Equal((304, ""), (unchanged.Status, unchanged.Text));
        Assert.Equal(200, changed.Status);
    }

    [Fact]
    public async Task Drop_LandsInTheInbox_AndNeverReplacesAnother()
    {
        await using var host = await GatewayHost.StartAsync();

        var first = await host.SendAsync("POST", "api/drops/meeting-notes/st%C3%A4nd%20up.txt", "one", GatewayHost.AdminKey, ("Content-Type", "application/octet-stream"));
        var second = await host.SendAsync("POST", "api/drops/meeting-notes/st%C3%A4nd%20up.txt", "two", GatewayHost.AdminKey);

        var info = await host.Storage.Content.GetInfoAsync(new BlobAddress(Containers.Inbox, "meeting-notes/ständ up.txt"), CancellationToken.None);
        Assert.Equal((201, "3"), (first.Status, first["bytes"]));
        Assert.Equal(JobId.ForDrop(Containers.Inbox, "meeting-notes/ständ up.txt", info!.ETag, info.LastModified).ToString(), first["jobId"]);
        Assert.Equal((409, "drop_exists"), (second.Status, second["code"]));
        Assert.Equal("one", Encoding.UTF8.GetString(host.Storage.Content.Peek(Containers.Inbox, "meeting-notes/ständ up.txt")!));
    }

    [Theory]
    [InlineData("api/drops/default/..")]
    [InlineData("api/drops/default/a%5Cb")]
    [InlineData("api/drops/default/a%2Fb")]
    [InlineData("api/drops/..%2Fprofiles/a.json")]
    [InlineData("api/drops/default/a%01b")]
    public async Task DropUnderAStrangeName_ReachesNoContainer(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        using var browser = host.Browser();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative));
        request.Headers.Add("x-api-key", GatewayHost.AdminKey);
        request.Content = new ByteArrayContent([1]);

        using var response = await browser.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Contains(response.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.MethodNotAllowed });
        Assert.All(Containers.All, container => Assert.Empty(host.Storage.Content.Names(container)));
    }

    [Fact]
    public async Task DropOfACaller_IsRefused_SinceItsProfileWouldPay()
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.SendAsync("POST", "api/drops/default/a.txt", "x");

        Assert.Equal((403, "forbidden"), (reply.Status, reply["code"]));
        Assert.Empty(host.Storage.Content.Names(Containers.Inbox));
    }

    [Fact]
    public async Task Reports_AreListedNewestFirst_ForAdministrators()
    {
        await using var host = await GatewayHost.StartAsync();
        foreach (var name in new[] { "daily/2026-03-02", "daily/2026-03-03", "daily/2026-03-04", "weekly/2026-W09", "monthly/2026-02" })
        {
            foreach (var format in new[] { "html", "json" })
            {
                host.Storage.Content.Put(Containers.Reports, $"{name}/summary.{format}", "x"u8.ToArray());
            }
        }

        host.Storage.Content.Put(Containers.Reports, "daily/notes.txt", "x"u8.ToArray());

        var reply = await host.SendAsync("GET", "api/reports?limit=2", key: GatewayHost.AdminKey);
        var refused = await host.SendAsync("GET", "api/reports");

        var reports = reply.Json.GetProperty("reports").EnumerateArray().ToList();
        Assert.Equal(["2026-03-04", "2026-03-03", "2026-W09", "2026-02"], reports.Select(report => report.GetProperty("period").GetString()));
        Assert.Equal(
            ["html /api/reports/daily/2026-03-04/summary.html", "json /api/reports/daily/2026-03-04/summary.json"],
            reports[0].GetProperty("files").EnumerateArray().Select(file => $"{file.GetProperty("format")} {file.GetProperty("path")}"));
        Assert.Equal(403, refused.Status);
    }

    [Fact]
    public async Task Report_IsServedSandboxed()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Storage.Content.Put(Containers.Reports, "daily/2026-03-04/summary.html", "<h1>Report</h1>"u8.ToArray());

        var reply = await host.SendAsync("GET", "api/reports/daily/2026-03-04/summary.html", key: GatewayHost.AdminKey);
        var refused = await host.SendAsync("GET", "api/reports/daily/2026-03-04/summary.html");

        Assert.Equal((200, "text/html", "<h1>Report</h1>"), (reply.Status, reply.MediaType, reply.Text));
        Assert.StartsWith("sandbox; default-src 'none'", reply.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal(403, refused.Status);
    }

    [Theory]
    [InlineData("daily/2026-03-04/summary.exe")]
    [InlineData("daily/2026-03-04/secret.html")]
    [InlineData("yearly/2026/summary.html")]
    [InlineData("daily/2026-03-05/summary.html")]
    public async Task ReportThatIsNotThere_Is404(string path)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Storage.Content.Put(Containers.Reports, "daily/2026-03-04/summary.exe", "x"u8.ToArray());
        host.Storage.Content.Put(Containers.Reports, "daily/2026-03-04/secret.html", "x"u8.ToArray());

        var reply = await host.SendAsync("GET", $"api/reports/{path}", key: GatewayHost.AdminKey);

        Assert.Equal((404, "report_not_found"), (reply.Status, reply["code"]));
    }

    [GeneratedRegex(@"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser|\.style\b", RegexOptions.CultureInvariant)]
    private static partial Regex Dangerous();

    [GeneratedRegex(@"<script(?![^>]*\ssrc=)|\son[a-z]+=|\sstyle=|<style|https?://", RegexOptions.CultureInvariant)]
    private static partial Regex Inline();
}
