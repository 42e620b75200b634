using System.Text;
using System.Text.Json;
using FlashDrop.Core.Jobs;
using FlashDrop.Core.Ports;
using FlashDrop.Testing.Storage;

namespace FlashDrop.Core.Tests.Reports;

public sealed class DigestTests
{
    private const string Html = "daily/2026-11-22/summary.html";

    private static readonly DateOnly Day = ReportFixture.Yesterday;

    [Fact]
    public async Task Switched_off_asks_for_no_digest()
    {
        using var fixture = new ReportFixture();
        await AnswerAsync(fixture, 1, "Hello");

        var run = await fixture.RunAsync();

        Assert.Empty(run.Digests);
        Assert.Single(fixture.Storage.Jobs.AllJobs());
    }

    [Fact]
    public async Task A_day_with_answers_gets_one_job_made_of_their_first_lines()
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:Digest", "true"), ("FlashDrop:Reports:DigestAnswers", "2"));
        await AnswerAsync(fixture, 3, "Third");
        await AnswerAsync(fixture, 1, "# First\nmore");
        await AnswerAsync(fixture, 2, "\n\n  " + new string('x', 500));

        var run = await fixture.RunAsync();

        var id = Assert.Single(run.Digests);
        var digest = Assert.Single(fixture.Storage.Jobs.AllJobs(), job => job.Origin == JobOrigin.Digest);
        Assert.Equal((id, "digest", "digest", JobState.Queued), (digest.Id, digest.Caller, digest.Profile, digest.State));
        using var request = JsonDocument.Parse(fixture.Storage.Content.Peek(Containers.Requests, digest.RequestName!));
        Assert.Equal(
            $"default: First\ndefault: {new string('x', 199)}…\n",
            request.RootElement.GetProperty("inputs")[0].GetProperty("text").GetString());
        Assert.DoesNotContain("Digest of the day", fixture.Text(Html), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_finished_digest_is_linked_and_the_report_stays_the_same_from_then_on()
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:Digest", "true"));
        await AnswerAsync(fixture, 1, "Hello");
        var id = Assert.Single((await fixture.RunAsync()).Digests);
        var unfinished = fixture.Files();
        Assert.Empty((await fixture.RunAsync()).Written);
        Assert.Equal(unfinished, fixture.Files());

        var stored = (await fixture.Storage.Jobs.FindAsync(id, TestContext.Current.CancellationToken))!;
        await fixture.Storage.Jobs.UpdateAsync(
            stored.Job with { State = JobState.Succeeded, CompletedAt = fixture.Time.GetUtcNow() }, stored.Version, [], TestContext.Current.CancellationToken);
        var linking = await fixture.RunAsync();
        var linked = fixture.Files();
        var again = await fixture.RunAsync();

        Assert.Equal(4, linking.Written.Count);
        Assert.Contains($"href=\"../../../results/api/2026/11/23/{id}.result.json\"", fixture.Text(Html), StringComparison.Ordinal);
        Assert.Empty(again.Written);
        Assert.Equal(linked, fixture.Files());
        Assert.Single(fixture.Storage.Jobs.AllJobs(), job => job.Origin == JobOrigin.Digest);
    }

    [Fact]
    public async Task A_run_lost_after_asking_does_not_ask_twice()
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:Digest", "true"), ("FlashDrop:Reports:RefreshDays", "0"));
        await AnswerAsync(fixture, 1, "Hello");
        fixture.Storage.Faults = new ScriptedFaults().FailBefore(StorageOperations.BlobWrite, target: $"reports/{Html}");
        await Assert.ThrowsAsync<StorageUnavailableException>(fixture.RunAsync);
        await AnswerAsync(fixture, 2, "One more, so that the text is another one");

        await fixture.RunAsync();

        var digest = Assert.Single(fixture.Storage.Jobs.AllJobs(), job => job.Origin == JobOrigin.Digest);
        Assert.Equal(digest.Id, fixture.Report("daily/2026-11-22").Digest!.JobId);
    }

    [Fact]
    public async Task Answers_that_cannot_be_read_are_left_out()
    {
        using var fixture = new ReportFixture(("FlashDrop:Reports:Digest", "true"));
        await AnswerAsync(fixture, 1, "Hello");
        fixture.Storage.Content.Put(Containers.Results, fixture.Storage.Content.Names(Containers.Results)[0], "{ nonsense"u8.ToArray());

        Assert.Empty((await fixture.RunAsync()).Digests);
    }

    private static async Task AnswerAsync(ReportFixture fixture, int number, string text)
    {
        var job = SampleDay.Job(Day, number);
        await fixture.AddAsync(job);
        var envelope = JsonSerializer.Serialize(new { jobId = job.Id.ToString(), answer = new { text } });
        fixture.Storage.Content.Put(Containers.Results, $"{job.ResultName}.result.json", Encoding.UTF8.GetBytes(envelope));
    }
}
