using FlashDrop.Core.Jobs;
using FlashDrop.EvoLink.Generation;
using FlashDrop.LocalHost.Display;
using Spectre.Console;

namespace FlashDrop.LocalHost.Tests.Display;

public sealed class DisplayTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("two\nlines\tand  more", "two lines and more")]
    [InlineData("\u001b[2Jcleared\u0007", "[2Jcleared")]
    [InlineData("right\u202Eleft", "right left")]
    public void TextFromElsewhere_CannotSteerTheTerminal(string text, string shown) => Assert.Equal(shown, TerminalText.OneLine(text, 40));

    [Fact]
    public void LongText_IsCut() => Assert.Equal("123456789…", TerminalText.OneLine("1234567890123", 10));

    [Fact]
    public void FirstLine_IsTheFirstThatSaysSomething() => Assert.Equal("Harbour at dusk", TerminalText.FirstLine("\n \n## Harbour at dusk\nmore", 40));

    [Fact]
    public void SucceededJob_ShowsTokensCostAndTime()
    {
        var line = JobLine.Of(Job(JobState.Succeeded) with
        {
            Usage = new TokenUsage { PromptTokens = 1234, CandidatesTokens = 200, ThoughtsTokens = 10 },
            CostUsd = 0.000812m,
            CompletedAt = Noon.AddSeconds(3.4),
            Error = new JobError("late", "An earlier attempt failed.", "Nothing."),
        });

        Assert.Equal("Succeeded   default/a.jpg  1,234 in, 210 out  $0.000812  3.4 s", line.ToString());
    }

    [Fact]
    public void FailedJob_ShowsWhyAndWhatToDo() => Assert.Equal(
        "Failed      default/a.jpg  0.0 s  unsupported_type: A spreadsheet cannot be read. Drop a PDF.",
        JobLine.Of(Job(JobState.Failed) with { Error = new JobError("unsupported_type", "A spreadsheet cannot be read.", "Drop a PDF.") }).ToString());

    [Fact]
    public void UnknownCost_IsNotShownAsZero() => Assert.DoesNotContain("$", JobLine.Of(Job(JobState.Succeeded)).ToString(), StringComparison.Ordinal);

    [Fact]
    public async Task PlainView_PrintsEachChangeOnceAndNoHeartbeats()
    {
        using StringWriter written = new();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(written) });
        console.Profile.Width = 200;
        JobFeed feed = new();
        await using (new RunningLoop(stopping => new JobView(console, live: false, VirtualTime.Create()).RunAsync(feed.Changes, stopping)))
        {
            feed.OnChanged(Job(JobState.Queued));
            feed.OnChanged(Job(JobState.Submitted));
            feed.OnChanged(Job(JobState.Submitted) with { UpdatedAt = Noon.AddMinutes(5) });
            feed.OnChanged(Job(JobState.Queued) with { Attempt = 2 });
            feed.OnChanged(Job(JobState.Succeeded));
            SpinWait.SpinUntil(() => written.ToString().Contains("Succeeded", StringComparison.Ordinal), TimeSpan.FromSeconds(10));
        }

        Assert.Equal(
            ["Queued", "Submitted", "Queued (attempt 2)", "Succeeded"],
            written.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split("  ", StringSplitOptions.RemoveEmptyEntries)[1]));
    }

    private static Job Job(JobState state) => new()
    {
        Id = JobId.Parse("01JNA0000000000000000000AB"),
        State = state,
        Origin = JobOrigin.Drop,
        Caller = "drop:default",
        Profile = "default",
        TierPolicy = TierPolicy.Standard,
        ResultName = "default/a.jpg",
        Drop = new DropReference("default/a.jpg", "1", Noon, 10),
        AcceptedAt = Noon,
        UpdatedAt = Noon,
        DeadlineAt = Noon.AddDays(1),
    };
}
